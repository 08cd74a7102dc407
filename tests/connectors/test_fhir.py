"""FHIR bundles from a search: pages, resources that are others' concern, and half a search."""

import json
from pathlib import Path

import pytest

from connectors.fhir import FhirBundle
from nostop.model import FeedError
from nostop.testing import check_connector

COLUMNS = {
    "id": "id",
    "nhs_number": "identifier[system=https://fhir.nhs.uk/Id/nhs-number].value",
    "surname": "name[use=official].family",
    "line": "address[0].line[0]",
    "ethnicity": "extension[url=https://example.org/ethnic].valueCode",
    "payer": "payor[0].reference",
}
PATIENTS = FhirBundle(["Patient"], COLUMNS, others=["Organization"])
ANN = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [
        {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990102329"},
        {"system": "https://example.org/local", "value": "7"},
    ],
    "name": [{"use": "official", "family": "Marsh"}, {"use": "old", "family": "Field"}],
    "address": [{"line": ["1 Elm Road", "Skelbeck"]}],
    "extension": [{"url": "https://example.org/ethnic", "valueCode": "A"}],
}
BEN = {"resourceType": "Patient", "id": "p2"}


def page(
    *resources: object, links: dict[str, str] | None = None, **head: object
) -> dict[str, object]:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": to, "url": url} for to, url in (links or {}).items()],
        "entry": [{"resource": resource} for resource in resources],
        **head,
    }


def written(folder: Path, content: object) -> Path:
    path = folder / "patients.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_fhir_keeps_every_promise_of_the_seam(tmp_path: Path) -> None:
    table = check_connector(PATIENTS, written(tmp_path, page(ANN, BEN)))
    nothing = dict.fromkeys(COLUMNS, None)
    assert table.rows.to_dicts() == [
        {
            "id": "p1",
            "nhs_number": "9990102329",
            "surname": "Marsh",
            "line": "1 Elm Road",
            "ethnicity": "A",
            "payer": None,
            "_line": 1,
        },
        {**nothing, "id": "p2", "_line": 2},
    ]


def test_pages_of_one_search_are_read_as_one_and_entries_counted_through(tmp_path: Path) -> None:
    pages = [
        page(ANN, {"resourceType": "Organization"}, links={"self": "a", "next": "b"}),
        page(BEN, {"resourceType": "Group"}, links={"self": "b", "previous": "a", "next": "c"}),
        {"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "self", "url": "c"}]},
    ]
    table = PATIENTS.read(written(tmp_path, pages))
    assert table.rows.select("id", "_line").rows() == [("p1", 1), ("p2", 3)]
    assert table.rejected.rows() == [(4, None, "is not a resource of the contract: Patient")]


def test_claims_and_cover_are_read_by_the_same_paths(tmp_path: Path) -> None:
    columns = {"of": "beneficiary.reference", "from": "period.start", "payer": "payor.display"}
    cover = {
        "resourceType": "Coverage",
        "beneficiary": {"reference": "Patient/p1"},
        "period": {"start": "2026-01-01"},
        "payor": [{"display": "DWP"}],
    }
    two = {**cover, "payor": [{"display": "DWP"}, {"display": "HMRC"}]}
    reader = FhirBundle(["Coverage"], columns, others=["Patient"])
    table = reader.read(written(tmp_path, page(ANN, cover, two, type="collection")))
    assert table.rows.rows() == [("Patient/p1", "2026-01-01", "DWP", 2)]
    assert table.rejected.rows() == [(3, "payer", "has 2 values where one is expected")]


@pytest.mark.parametrize(
    ("resource", "column", "reason"),
    [
        ({**BEN, "modifierExtension": []}, None, "has modifierExtension, which may turn what"),
        ({**BEN, "implicitRules": "x"}, None, "has implicitRules, which may turn what it says"),
        ({"resourceType": "Practitioner"}, None, "is not a resource of the contract: Patient"),
        ({**BEN, "id": "a\u202e"}, "id", "holds a control or an invisible character"),
        ({**BEN, "name": [ANN["name"][0]] * 2}, "surname", "has 2 values where one is expected"),  # type: ignore[index]
    ],
)
def test_resource_that_cannot_be_a_row_is_rejected(
    tmp_path: Path, resource: object, column: str | None, reason: str
) -> None:
    table = PATIENTS.read(written(tmp_path, page(ANN, resource)))
    (line, found, said) = table.rejected.row(0)
    assert (line, found) == (2, column)
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (page(ANN, links={"next": "b"}), "its last page says that another follows"),
        ([page(ANN), page(BEN)], "page 1 says that it is the last, and 2 are in the file"),
        (
            [page(ANN, links={"next": "b"}), page(BEN, links={"self": "c"})],
            "page 2 is not the one that follows",
        ),
        (page(ANN, type="history"), "is no bundle of type searchset or collection"),
        (page(ANN, resourceType="Patient"), "is no FHIR bundle"),
        ([page(ANN, links={"next": "b"}), {"resourceType": "X"}], "page 2: is no FHIR bundle"),
        ([], "is an empty list"),
        (json.dumps(page(ANN))[:-30], "line 1, column"),
        (json.dumps([page(ANN)])[:-1], "expected ',', found the end"),
        (json.dumps([page(ANN)]) + "x", "something follows the end of the list"),
        ('[{"type": NaN}]', "NaN is not JSON"),
        ('[{"type": "a", "type": "b"}]', "key 'type' is written twice"),
    ],
)
def test_half_a_search_and_other_files_are_refused_whole(
    tmp_path: Path, content: object, said: str
) -> None:
    with pytest.raises(FeedError) as error:
        PATIENTS.read(written(tmp_path, content))
    assert said in str(error.value)
