"""The NHS register as a FHIR R4 Bundle of Patient resources, and Encounter resources for people
in hospital.

One entry stands on one line. Names hold no quotation mark or backslash, so that the text is put
together without escaping.
"""

import polars as pl

from nostop.model import NEVER
from nostop.synth.chance import PER_10000
from nostop.synth.days import YEAR_DAYS
from nostop.synth.views.feed import Feed, Seen, mention, no_bad_rows

SOURCE = "nhs_register"
NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
CONTACT_PATIENT_URL = "https://example.org/fhir/StructureDefinition/contact-patient"
RELATIONSHIP_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
CONFIDENTIALITY_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ENCOUNTER_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_DAY = "%Y-%m-%d"
_UPDATED_DAYS_BEFORE = 5
_PROTECTED_PER_10000 = 40
_WELSH_PER_10000 = 50
_OLD_NAME_KEPT_PERCENT = 50
_NO_PARENT_NAMED_PERCENT = 9


def view(seen: Seen) -> Feed:
    """Return the register; `rows` has one column, `entry`, the JSON of one resource."""
    patients = _patients(seen)
    stays = patients.filter(pl.col("in_hospital_since") != NEVER)
    entries = pl.concat(
        [patients.select(entry=_patient_json(seen)), stays.select(entry=_encounter_json())]
    )
    mentions = patients.select(mention(pl.col("patient_id"), "person_id"))
    return Feed(SOURCE, "nhs_register.json", entries, mentions, no_bad_rows())


def _patients(seen: Seen) -> pl.DataFrame:
    rng = seen.chance.part("nhs register")
    count = len(seen.people)
    unit = seen.people["unit"].to_numpy()
    per_unit = rng.integers(0, PER_10000, (2, int(unit.max()) + 1))[:, unit]
    born_by_then = seen.people["age_days"].to_numpy() > _UPDATED_DAYS_BEFORE
    known = born_by_then & (
        rng.integers(0, PER_10000, count) >= seen.shapes["not_on_nhs_register_per_10000"]
    )
    own = [
        "patient_id",
        "nhs_number",
        "phone",
        "email",
        "died_on",
        "in_hospital_since",
        "former_surname",
        "former_name_in",
        "unit",
        "role",
        "age_days",
        "is_married",
        "member",
    ]
    people = (
        seen.people.select("person_id", *own)
        .with_columns(
            known=pl.Series(known),
            protected=pl.Series(per_unit[0] < _PROTECTED_PER_10000),
            welsh=pl.Series(per_unit[1] < _WELSH_PER_10000),
            old_name_kept=pl.Series(rng.integers(0, 100, count) < _OLD_NAME_KEPT_PERCENT),
            parents_named=pl.Series(rng.integers(0, 100, count) >= _NO_PARENT_NAMED_PERCENT),
        )
        .filter("known")
    )
    written = seen.written(SOURCE, people["person_id"])
    people = people.join(written, on="person_id", how="left", validate="1:1", maintain_order="left")
    return _with_parents(people).sort("patient_id")


def _with_parents(patients: pl.DataFrame) -> pl.DataFrame:
    """Add `contacts`: the JSON of the registered adults of a child's benefit unit; null for
    adults."""
    code = pl.col("sex").replace_strict({"female": "MTH", "male": "FTH"})
    parents = patients.filter(pl.col("role") == "adult").select("unit", contact=_contact_json(code))
    parents = parents.group_by("unit").agg(pl.col("contact").str.join(",").alias("contacts"))
    young = (
        (pl.col("role") == "child")
        & (pl.col("age_days") < 16 * YEAR_DAYS)
        & pl.col("parents_named")
    )
    patients = patients.join(parents, on="unit", how="left", validate="m:1", maintain_order="left")
    return patients.with_columns(contacts=pl.when(young).then("contacts"))


def _contact_json(code: pl.Expr) -> pl.Expr:
    return _joined(
        '{"extension":[{"url":"', CONTACT_PATIENT_URL, '",',
        '"valueReference":{"reference":"Patient/', pl.col("patient_id"), '"}}],',
        '"relationship":[{"coding":[{"system":"', RELATIONSHIP_SYSTEM, '","code":"', code, '"}]}],',
        '"name":{"family":"', pl.col("surname"), '","given":["', pl.col("first_name"), '"]}}',
    )  # fmt: skip


def _patient_json(seen: Seen) -> pl.Expr:
    died, contacts = pl.col("died_on"), pl.col("contacts")
    deceased = _joined(',"deceasedDateTime":"', died.dt.strftime(_DAY), '"')
    welsh = pl.lit(
        ',"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"cy"}]},'
        '"preferred":true}]'
    )
    return _joined(
        '{"resource":{"resourceType":"Patient","id":"', pl.col("patient_id"), '"', _meta(seen),
        ',"identifier":[{"system":"', NHS_NUMBER_SYSTEM, '","value":"', pl.col("nhs_number"), '"}]',
        _names(), _telecom(),
        ',"gender":"', pl.col("sex"), '","birthDate":"', pl.col("born_on").dt.strftime(_DAY), '"',
        _when(died != NEVER, deceased), _address(), _when(pl.col("welsh"), welsh),
        _when(contacts.is_not_null(), _joined(',"contact":[', contacts, "]")), "}}",
    )  # fmt: skip


def _meta(seen: Seen) -> pl.Expr:
    updated = seen.day(_UPDATED_DAYS_BEFORE).isoformat() + "T06:00:00Z"
    restricted = pl.lit(',"security":[{"system":"' + CONFIDENTIALITY_SYSTEM + '","code":"R"}]')
    security = _when(pl.col("protected"), restricted)
    return _joined(',"meta":{"lastUpdated":"', updated, '"', security, "}")


def _names() -> pl.Expr:
    family, first, middle = pl.col("surname"), pl.col("first_name"), pl.col("middle_names")
    also = _when(middle.is_not_null(), _joined(',"', middle, '"'))
    former = pl.col("former_surname")
    kept = former.is_not_null() & pl.col("old_name_kept") & (pl.col("former_name_in") != SOURCE)
    use = pl.when("is_married").then(pl.lit("maiden")).otherwise(pl.lit("old"))
    old = _joined(',{"use":"', use, '","family":"', former, '","given":["', first, '"]}')
    official = ('{"use":"official","family":"', family, '","given":["', first, '"', also, "]}")
    return _joined(',"name":[', *official, _when(kept, old), "]")


def _telecom() -> pl.Expr:
    phone, email = pl.col("phone"), pl.col("email")
    one = _joined('{"system":"phone","value":"', phone, '"}')
    other = _joined('{"system":"email","value":"', email, '"}')
    both = pl.concat_str(one, other, separator=",", ignore_nulls=True)
    known = phone.is_not_null() | email.is_not_null()
    return _when(known, _joined(',"telecom":[', both, "]"))


def _address() -> pl.Expr:
    return _joined(
        ',"address":[{"id":"', pl.col("uprn"), '","use":"home","line":["', pl.col("address_line_1"),
        '"],"city":"', pl.col("town"), '","postalCode":"', pl.col("postcode"), '"}]',
    )  # fmt: skip


def _encounter_json() -> pl.Expr:
    patient = pl.col("patient_id")
    return _joined(
        '{"resource":{"resourceType":"Encounter","id":"enc-', patient.str.slice(4), '",',
        '"status":"in-progress","class":{"system":"', ENCOUNTER_SYSTEM, '","code":"IMP"},',
        '"subject":{"reference":"Patient/', patient, '"},',
        '"period":{"start":"', pl.col("in_hospital_since").dt.strftime(_DAY), '"}}}',
    )  # fmt: skip


def _joined(*parts: str | pl.Expr) -> pl.Expr:
    """Return the parts as one text; null where a column is null."""
    return pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])


def _when(holds: pl.Expr, text: pl.Expr) -> pl.Expr:
    """Return the text where it holds, and nothing elsewhere."""
    return pl.when(holds).then(text).otherwise(pl.lit(""))
