"""Our own eight declarations, each on rows as its department writes them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from connectors.delimited import DelimitedFile
from connectors.fixed_width import FixedWidthFile
from connectors.json_bundle import JsonBundle
from nostop.feeds import FeedBatch, FeedDeclaration, load, read_declaration
from nostop.frames import FactCatalogue, empty
from nostop.model import FeedError
from nostop.plugins import build
from nostop.strict_yaml import read_yaml

ROOT = Path(__file__).parents[2]
FEEDS = ROOT / "connectors" / "feeds"
CONNECTORS = {"delimited": DelimitedFile, "fixed_width": FixedWidthFile, "json": JsonBundle}
EVERY = (
    "council_tax", "dwp_awards", "hmrc_child_benefit", "hmrc_rti", "housing_benefit",
    "nhs_register", "outreach_register", "school_census",
)  # fmt: skip


def declared(name: str) -> FeedDeclaration:
    return read_declaration(FEEDS / f"{name}.yaml")


def loaded(name: str, content: str, folder: Path) -> FeedBatch:
    declaration = declared(name)
    connector = build(
        CONNECTORS[declaration.connector], declaration.settings, what=name, method="read"
    )
    path = folder / "feed"
    path.write_text(content, encoding="utf-8")
    return load(declaration, connector.read(path))  # type: ignore[attr-defined]


def csv(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def facts(batch: FeedBatch) -> dict[tuple[str, str], str]:
    return {
        (record, fact): value
        for record, fact, value in batch.facts.select("record_id", "fact", "value").rows()
    }


def good(batch: FeedBatch) -> FeedBatch:
    assert batch.quarantine.rows() == []
    return batch


def test_every_declaration_of_the_folder_is_tested_here() -> None:
    assert sorted(path.stem for path in FEEDS.glob("*.yaml")) == sorted(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_declaration_agrees_with_the_catalogues_of_rules(name: str) -> None:
    said = read_yaml(ROOT / "rules" / "facts.yaml").data["facts"]
    rows = [
        {"fact": fact, "level": entry["level"], "type": entry["type"], "per": entry.get("per"),
         "nil": None, "applies_to_adults": True, "applies_to_children": True}
        for fact, entry in said.items()
    ]  # fmt: skip
    catalogue = pl.DataFrame(rows, schema=empty(FactCatalogue).schema)
    declaration = read_declaration(FEEDS / f"{name}.yaml", catalogue)
    gateways = read_yaml(ROOT / "rules" / "gateways.yaml").data["gateways"]
    assert declaration.gateway in {gateway["id"] for gateway in gateways}
    awards = read_yaml(ROOT / "rules" / "awards.yaml").data["awards"]
    for award in declaration.awards:
        schemes = [award.scheme] if isinstance(award.scheme, str) else award.scheme.codes.values()
        assert set(schemes) <= set(awards)
    for fact in declaration.facts:
        words = said[fact.fact].get("values")
        stated = set(fact.codes.values()) | ({fact.constant} - {None})
        assert words is None or stated - {"unstated"} <= set(words)
    for complete in declaration.complete_for:
        assert all("nil" in said[fact] for fact in complete.facts)


DWP = (
    "award_ref,nino,forename,middle_names,surname,dob,sex,addr1,town,postcode,benefit,rate,status,"
    "amount,freq,start,end,partner_nino,partner_forename,partner_surname,partner_dob,residence,"
    "public_funds,custody,care_home,wca,wca_from,as_at"
)


def test_dwp_awards(tmp_path: Path) -> None:
    who = 'QQ123456C,ANN,MAY,MARSH,01/03/1950,F,"1, LOW ROAD",SKELBECK,ZZ1 1AA'
    batch = good(loaded("dwp_awards", csv(
        DWP,
        f"AW1,{who},SP,,IP,150.00,W,01/03/2016,,,,,,GB,,N,,,,11/05/2026",
        f"AW2,{who},PC,,NIL,,,01/03/2016,,QQ222222A,TOM,MARSH,02/03/1951,GB,Y,N,Y,,,11/05/2026",
        f"AW3,{who},AA,L,IP,76.70,W,01/03/2020,,,,,,XX,N,Y,N,,,11/05/2026",
        f"AW4,{who},UC,,IP,400.14,M,01/03/2020,,,,,,NI,Y,N,,LCWRA,01/06/2021,11/05/2026",
        f"AW5,{who},PIPDL,E,END,,,01/03/2020,01/03/2024,,,,,GB,Y,N,N,,,11/05/2026",
        f"AW6,{who},UC,,PEND,,,01/03/2020,,,,,,GB,,N,,,,11/05/2026",
    ), tmp_path))  # fmt: skip
    stated = facts(batch)
    assert stated["AW1", "state_pension"] == "15000"
    assert stated["AW1", "lives_in_uk"] == "true"
    assert ("AW1", "has_recourse_to_public_funds") not in stated
    assert stated["AW2", "in_care_home"] == "true"
    assert stated["AW3", "attendance_allowance_rate"] == "lower"
    assert stated["AW3", "lives_in_uk"] == "false"
    assert stated["AW3", "has_recourse_to_public_funds"] == "false"
    assert stated["AW3", "in_prison"] == "true"
    assert stated["AW4", "limited_capability"] == "lcwra"
    assert stated["AW4", "limited_capability_since"] == "2021-06-01"
    assert ("AW5", "pip_daily_living_rate") not in stated
    assert ("AW5", "lives_in_uk") not in stated
    assert ("AW6", "limited_capability") not in stated
    assert batch.awards.select("scheme", "status", "amount", "per").rows() == [
        ("state_pension", "in_payment", 15000, "week"),
        ("pension_credit", "nil_award", None, None),
        ("attendance_allowance", "in_payment", 7670, "week"),
        ("universal_credit", "in_payment", 40014, "month"),
        ("pip", "ended", None, None),
        ("universal_credit", "pending", None, None),
    ]
    assert batch.relations.select("record_id", "other_record_id", "relation").rows() == [
        ("AW2", "AW2#partner", "partner")
    ]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("SP,,IP,,,01/03/2016,,,,,,GB,,N,,,", "amount", "should state state_pension"),
        ("SP,,IP,650.00,M,01/03/2016,,,,,,GB,,N,,,", None, "a benefit that is weekly"),
        ("UC,,IP,150.00,W,01/03/2016,,,,,,GB,,N,,,", None, "Universal Credit, which is monthly"),
        ("AA,S,IP,76.70,W,01/03/2016,,,,,,GB,,N,,,", "rate", "code without a meaning"),
        (
            "AA,,IP,76.70,W,01/03/2016,,,,,,GB,,N,,,",
            "rate",
            "should state attendance_allowance_rate",
        ),
        ("HBX,,IP,76.70,W,01/03/2016,,,,,,GB,,N,,,", "benefit", "is none of the codes SP, PC, UC"),
        (
            "SP,,IP,150.00,W,01/03/2016,,,,,,UK,,N,,,",
            "residence",
            "is none of the codes GB, NI, XX",
        ),
    ],
)
def test_dwp_row_that_contradicts_itself_is_set_aside(
    tmp_path: Path, row: str, column: str | None, reason: str
) -> None:
    who = "QQ123456C,ANN,MAY,MARSH,01/03/1950,F,1 LOW ROAD,SKELBECK,ZZ1 1AA"
    fine = f"{who},SP,,IP,150.00,W,01/03/2016,,,,,,GB,,N,,,,11/05/2026"
    others = [f"OK{number},{fine}" for number in range(60)]
    batch = loaded("dwp_awards", csv(DWP, *others, f"AW1,{who},{row},11/05/2026"), tmp_path)
    assert batch.quarantine.select("line", "column").rows() == [(62, column)]
    assert reason in batch.quarantine["reason"].item()
    assert batch.set_aside["surname"].to_list() == ["MARSH"]


def test_hmrc_rti_takes_the_latest_month_only(tmp_path: Path) -> None:
    head = (
        "employer_ref,payroll_id,nino,forename,surname,dob,gender,addr1,postcode,month,kind,"
        "taxable_pay,tax,ni_ee,pension_ee"
    )
    who = "QQ123456C,Ann,Marsh,19800229,F,1 Low Rd,ZZ1 1AA"
    batch = good(loaded("hmrc_rti", csv(
        head,
        f"123/A1,7,{who},2026-04,EARN,999.99,1.00,1.00,1.00",
        f"123/A1,7,{who},2026-05,EARN,1000.10,10.00,5.00,2.50",
        f"456/B2,8,{who},2026-05,EARN,500.00,0.00,0.00,0.00",
        f"789/C3,9,{who},2026-05,PENS,200.00,40.00,0.00,0.00",
    ), tmp_path))  # fmt: skip
    assert batch.records.height == 4
    stated = batch.facts.filter(pl.col("additive"))
    assert stated.height == batch.facts.height == 9
    assert stated["as_of"].unique().to_list() == [date(2026, 5, 31)]
    pay = stated.filter(fact="gross_earnings").select("record_id", "value").rows()
    assert pay == [("123/A1/7/2026-05/EARN", "100010"), ("456/B2/8/2026-05/EARN", "50000")]
    assert stated.filter(fact="private_pension")["value"].to_list() == ["20000"]
    assert stated.filter(fact="income_tax_paid")["value"].to_list() == ["1000", "0"]


def test_hmrc_child_benefit_counts_a_family_award_once(tmp_path: Path) -> None:
    head = (
        "claim_ref,child_no,claimant_nino,claimant_forename,claimant_surname,claimant_dob,"
        "claimant_addr1,claimant_postcode,child_forename,child_surname,child_dob,status,"
        "weekly_amount,start,end,right_to_reside,as_at"
    )
    who = "QQ123456C,Ann,Marsh,1990-01-02,1 Low Road,ZZ1 1AA"
    batch = good(loaded("hmrc_child_benefit", csv(
        head,
        f"C1,1,{who},Tom,Marsh,2019-02-03,PAID,44.95,2019-03-01,,Y,2026-05-14",
        f"C1,2,{who},Eve,Marsh,2021-02-03,PAID,44.95,2021-03-01,,Y,2026-05-14",
        f"C2,1,{who},Ian,Marsh,2022-02-03,OPTED_OUT,,2022-03-01,,N,2026-05-14",
        f"C3,1,{who},Zoë,Marsh,2022-02-04,PENDING,,2022-03-01,,,2026-05-14",
    ), tmp_path))  # fmt: skip
    assert batch.awards.select("record_id", "status", "amount", "per").rows() == [
        ("C1/1", "in_payment", 4495, "week"),
        ("C2/1", "opted_out", None, None),
        ("C3/1", "pending", None, None),
    ]
    assert batch.relations.select("record_id", "other_record_id", "relation").rows()[0] == (
        "C1/1", "C1/1#child", "child",
    )  # fmt: skip
    assert facts(batch) == {
        ("C1/1", "lives_in_uk"): "true",
        ("C1/1", "has_recourse_to_public_funds"): "true",
        ("C1/2", "lives_in_uk"): "true",
        ("C1/2", "has_recourse_to_public_funds"): "true",
        ("C2/1", "has_recourse_to_public_funds"): "false",
    }


def test_council_tax_facts_stand_with_the_first_liable_person(tmp_path: Path) -> None:
    def line(account: str, second: tuple[str, str], tenure: str) -> str:
        return (
            f"{account:10}000100023456D{'PHILIP':20}{'KIRKUP':25}{second[0]:20}{second[1]:25}"
            f"NONE00241700{'FLAT 5, 24 LOW WAY':35}{'SKELBECK':20}{'ZZ1 0NG':8}{tenure:1}"
            "2015100220260502"
        )

    lines = csv(line("CT1", ("ZOË", "KIRKUP"), "O"), line("CT2", ("", ""), ""))
    batch = good(loaded("council_tax", lines, tmp_path))
    assert batch.records["record_id"].to_list() == ["CT1", "CT1#liable2", "CT2"]
    assert batch.records["uprn"].unique().to_list() == ["100023456"]
    stated = facts(batch)
    assert stated["CT1", "council_tax_band"] == "d"
    assert stated["CT1", "council_tax"] == "241700"
    assert stated["CT1", "tenure"] == "owned_outright"
    assert stated["CT2", "local_authority"] == "E06000005"
    assert ("CT2", "tenure") not in stated
    assert not any(record == "CT1#liable2" for record, _ in stated)
    assert batch.relations["relation"].to_list() == ["joint_liable"]


def test_housing_benefit_capital_stands_with_the_claimant(tmp_path: Path) -> None:
    head = (
        "claim_ref,nino,surname,forename,dob,sex,partner_nino,partner_surname,partner_forename,"
        "partner_dob,addr1,town,postcode,uprn,tenure,weekly_rent,weekly_service_charge,bedrooms,"
        "non_dependants,capital,other_pension_weekly,has_pay,has_self_employment,has_other_pension,"
        "award_weekly,status,start,residence_ok,assessed_on"
    )
    who = "MARSH,Ann,24/08/1954,F"
    home = "1 Low Road,Skelbeck,ZZ1 0GQ,999095877483"
    couple = f"QQ123456C,{who},QQ222222A,MARSH,Tom,26/10/1952,{home}"
    alone = f"QQ123456C,{who},,,,,{home}"
    batch = good(loaded("housing_benefit", csv(
        head,
        f"HB1,{couple},2,107.06,5.00,2,0,1508.00,19.85,N,N,Y,92.02,IP,30/05/2021,Y,06/02/2026",
        f"HB2,{alone},1,80.00,0.00,1,0,,,Y,Y,N,92.02,IP,30/05/2021,N,06/03/2026",
        f"HB3,{alone},3,80.00,0.00,1,0,5.00,,N,N,N,0.00,END,30/05/2021,Y,06/04/2026",
    ), tmp_path))  # fmt: skip
    stated = facts(batch)
    assert stated["HB1", "capital"] == "150800"
    assert stated["HB1#partner", "capital"] == "0"
    assert stated["HB1#partner", "lives_in_uk"] == "true"
    assert stated["HB1", "gross_earnings"] == stated["HB1#partner", "self_employed_profit"] == "0"
    assert ("HB1", "private_pension") not in stated
    assert ("HB2", "gross_earnings") not in stated
    assert stated["HB2", "private_pension"] == "0"
    assert stated["HB1", "rent"] == "10706"
    assert stated["HB1", "tenure"] == "housing_association_rent"
    assert ("HB2", "capital") not in stated
    assert ("HB2", "lives_in_uk") not in stated
    assert not any(record.startswith("HB3") for record, _ in stated)
    assert batch.awards.select("status", "amount", "per").rows() == [
        ("in_payment", 9202, "week"), ("in_payment", 9202, "week"), ("ended", 0, "week"),
    ]  # fmt: skip
    assert batch.status["as_of"].item() == date(2026, 4, 6)


def patient(number: str, *more: str) -> str:
    parts = [
        f'{{"resource":{{"resourceType":"Patient","id":"{number}"',
        '"meta":{"lastUpdated":"2026-05-27T06:00:00Z"}',
        '"name":[{"use":"official","family":"Marsh","given":["Ann","May"]},'
        '{"use":"maiden","family":"Field","given":["Ann"]}]',
        '"gender":"female","birthDate":"1991-10-28"',
        '"address":[{"id":"999027438033","line":["7 Low Road"],"city":"Skelbeck",'
        '"postalCode":"ZZ1 0QD"}]',
        *more,
    ]
    return ",".join(parts) + "}}"


PARENT = (
    '{"extension":[{"url":"https://example.org/fhir/StructureDefinition/contact-patient",'
    '"valueReference":{"reference":"Patient/%s"}}],"relationship":[{"coding":[{"code":"%s"}]}]}'
)


def stay(subject: str, start: str = "2026-05-20") -> str:
    return (
        f'{{"resource":{{"resourceType":"Encounter","id":"e-{subject}","status":"in-progress",'
        f'"class":{{"code":"IMP"}},"subject":{{"reference":"Patient/{subject}"}},'
        f'"period":{{"start":"{start}"}}}}}}'
    )


def nhs(*entries: str) -> str:
    return '{"resourceType":"Bundle","type":"collection","entry":[' + ",".join(entries) + "]}"


def test_nhs_register(tmp_path: Path) -> None:
    parents = ",".join([PARENT % ("p1", "MTH"), PARENT % ("p2", "MTH"), PARENT % ("away", "GUARD")])
    content = nhs(
        patient("p1", '"telecom":[{"system":"phone","value":"07700 900123"}]'),
        patient("p2", '"deceasedDateTime":"2026-04-02T10:00:00Z"'),
        patient(
            "p3",
            f'"contact":[{parents}]',
            '"communication":[{"language":{"coding":[{"code":"cy"}]},"preferred":true}]',
        ),
        patient("p4").replace('"meta":{', '"meta":{"security":[{"code":"R"}],'),
        stay("p1"),
    )
    batch = good(loaded("nhs_register", content, tmp_path))
    assert batch.records["record_id"].to_list() == ["p1", "p2", "p3", "p4"]
    assert batch.records.select("surname", "first_name", "middle_names").row(0) == (
        "Marsh", "Ann", "May",
    )  # fmt: skip
    stated = facts(batch)
    assert stated["p2", "died_on"] == "2026-04-02"
    assert ("p1", "died_on") not in stated
    assert stated["p1", "in_hospital_since"] == "2026-05-20"
    assert batch.facts["as_of"].unique().to_list() == [date(2026, 5, 27)]
    # Two mothers are two parents; one who is not in the file is left out.
    assert batch.relations.select("record_id", "other_record_id").rows() == [
        ("p1", "p3"), ("p2", "p3"),
    ]  # fmt: skip
    said = batch.contacts.select("record_id", "phone", "language", "protected_address").rows()
    assert said == [
        ("p1", "07700900123", None, False), ("p2", None, None, False),
        ("p3", None, "cy", False), ("p4", None, None, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (patient("x", '"deceasedBoolean":true'), "is a patient who has died, without the day"),
        (patient("x").replace('"use":"official",', ""), "is a patient without an official surname"),
        (patient("x", '"deceasedDateTime":"2026-04"'), "is no date written"),
        (stay("nobody"), "speaks of a record that is not in this file, or was set aside"),
        (stay("p1").replace("Patient/", "Group/"), "is no reference that begins with 'Patient/'"),
        (stay("p1", "yesterday"), "is no date written"),
        (
            patient("p1", '"telecom":[{"system":"email","value":"a@b"}]'),
            "is no plain e-mail address",
        ),
    ],
)
def test_nhs_resource_that_cannot_stand_is_set_aside(
    tmp_path: Path, entry: str, reason: str
) -> None:
    patients = [patient(f"p{number}") for number in range(1, 61)]
    batch = loaded("nhs_register", nhs(*patients, entry), tmp_path)
    assert batch.quarantine["line"].to_list() == [61]
    assert reason in batch.quarantine["reason"].item()


def test_stay_that_cannot_be_read_sets_its_patient_aside(tmp_path: Path) -> None:
    # Without this, "no stay in the register" would be read of somebody who is in hospital.
    patients = [patient(f"p{number}") for number in range(1, 61)]
    batch = loaded("nhs_register", nhs(*patients, stay("p7", "yesterday")), tmp_path)
    assert batch.set_aside["record_id"].to_list() == ["p7"]
    assert "p7" in batch.records["record_id"].to_list()


def test_school_census(tmp_path: Path) -> None:
    head = (
        "upn,forename,middle_names,surname,dob,sex,addr1,postcode,year_group,fsm_taken,"
        "contact1_forename,contact1_surname,contact1_relationship,as_at"
    )
    batch = good(loaded("school_census", csv(
        head,
        "A1,Tom,,Marsh,2016-05-29,M,1 Low Road,ZZ1 0JL,5,Y,Ann,Field,M,2026-05-21",
        "A2,Eve,,Marsh,2021-02-19,F,,ZZ1 0AA,R,N,,,,2026-05-21",
    ), tmp_path))  # fmt: skip
    assert facts(batch) == {("A1", "education"): "school", ("A2", "education"): "school"}
    assert batch.awards.select("record_id", "scheme", "status").rows() == [
        ("A1#contact", "free_school_meals", "in_payment")
    ]
    assert batch.relations.select("record_id", "other_record_id", "relation").rows() == [
        ("A1#contact", "A1", "child")
    ]
    assert batch.records["record_id"].to_list() == ["A1", "A1#contact", "A2"]


REGISTER = (
    "entry_id,nino,forename,surname,dob,postcode,language,opted_out,safeguarding_hold,"
    "no_contact_address,as_at"
)


def entry(number: int, flags: str) -> str:
    return f"OR{number},QQ123456C,Ann,Marsh,1984-08-18,ZZ1 0AA,{flags},2026-05-31"


def test_outreach_register_says_only_whom_not_to_contact(tmp_path: Path) -> None:
    content = csv(REGISTER, entry(1, "cy,Y,N,N"), entry(2, "en,N,Y,Y"))
    batch = good(loaded("outreach_register", content, tmp_path))
    flags = ["language", "opted_out", "safeguarding_hold", "protected_address"]
    assert batch.contacts.select(flags).rows() == [
        ("cy", True, False, False), ("en", False, True, True),
    ]  # fmt: skip
    assert batch.facts.is_empty()
    assert batch.awards.is_empty()
    assert batch.completeness.is_empty()


def test_wish_that_cannot_be_read_is_a_hold(tmp_path: Path) -> None:
    others = [entry(number, "en,N,N,N") for number in range(60)]
    batch = loaded("outreach_register", csv(REGISTER, *others, entry(99, "en,X,N,N")), tmp_path)
    held = batch.contacts.filter(pl.col("safeguarding_hold"))
    assert held["record_id"].to_list() == ["line 62"]
    lost = "OR98,,,Marsh,1984-08-18,ZZ1 0AA,en,X,N,N"
    with pytest.raises(FeedError, match="do not say whose they are"):
        loaded("outreach_register", csv(REGISTER, *others, lost), tmp_path)


def test_no_declaration_reads_a_feed_with_another_department_s_columns(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="lacks the columns"):
        loaded("school_census", csv(REGISTER, entry(1, "en,N,N,N")), tmp_path)
