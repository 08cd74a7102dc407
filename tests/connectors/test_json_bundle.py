"""FHIR bundles: the path form, strict JSON, and resources that do not fit."""

import json
import time
from pathlib import Path

import pytest

from connectors._json_path import MisfitError, parse_path, value_at
from connectors.json_bundle import JsonBundle
from nostop.model import FeedError
from nostop.testing import check_connector

COLUMNS = {
    "id": "id",
    "surname": "name[use=official].family",
    "forename": "name[use=official].given[0]",
    "middle_names": "name[use=official].given[1:]",
}
BUNDLE = JsonBundle(resources=["Patient"], columns=COLUMNS)
ANN = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [
        {"use": "official", "family": "Marsh", "given": ["Ann", "May", "Joy"]},
        {"use": "maiden", "family": "Field", "given": ["Ann"]},
    ],
}


def written(folder: Path, content: object) -> Path:
    path = folder / "feed.json"
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def bundle(*resources: object) -> dict[str, object]:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def test_json_bundle_keeps_every_promise_of_the_seam(tmp_path: Path) -> None:
    table = check_connector(BUNDLE, written(tmp_path, bundle(ANN, {**ANN, "id": "p2", "name": []})))
    assert table.rows.to_dicts() == [
        {"id": "p1", "surname": "Marsh", "forename": "Ann", "middle_names": "May Joy", "_line": 1},
        {"id": "p2", "surname": None, "forename": None, "middle_names": None, "_line": 2},
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "p1"),
        ("absent", None),
        ("absent.deeper[0].still", None),
        ("name[use=maiden].family", "Field"),
        ("name[use=old].family", None),
        ("name[0].given[2]", "Joy"),
        ("name[0].given[9]", None),
        ("name[1].given[1:]", None),
        ("active", "true"),
        ("count", "5"),
        ("link[coding.code=B].value", "two"),
        ("link[system=https://example.org/a.b/c].value", "one"),
        ("one.value", "alone"),
    ],
)
def test_path_leads_to_its_value(path: str, value: str | None) -> None:
    resource = {
        **ANN,
        "active": True,
        "count": "5",
        "link": [
            {"system": "https://example.org/a.b/c", "value": "one"},
            {"coding": [{"code": "A"}, {"code": "B"}], "value": "two"},
        ],
        "one": [{"value": "alone"}],
    }
    assert value_at(resource, parse_path(path)) == value


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("name.family", "has 2 values where one is expected"),
        ("name[0]", "has an object where a value is expected"),
        ("id.deeper", "has a plain value where 'deeper' is expected inside"),
        ("id[0]", "'id' is no list"),
        ("bad", r"holds half a character \(a lone surrogate\)"),
    ],
)
def test_path_that_does_not_fit_says_why(path: str, said: str) -> None:
    with pytest.raises(MisfitError, match=said):
        value_at({**ANN, "bad": "\ud800"}, parse_path(path))


@pytest.mark.parametrize(
    "path", ["", "a.", ".a", "a..b", "a[", "a[]", "a[b]", "a[-1]", "a[1:].b", "a b", "a[x=]"]
)
def test_path_of_another_form_is_refused(path: str) -> None:
    with pytest.raises(FeedError, match="path '"):
        parse_path(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1, column 1: expected '{', found the end"),
        ("[1]", "line 1, column 1: expected '{', found something else"),
        ('{"entry": [}', "line 1, column 12: Expecting value"),
        ('{"entry": []', "expected ',', found the end"),
        ('{"entry": [] x}', "expected ',', found something else"),
        ('{"entry": {}}', "expected '['"),
        ('{"resourceType": "Patient", "entry": []}', "is no FHIR bundle"),
        ('{"entry": []} {}', "something follows the end of the object"),
        ('{"entry": [], "entry": []}', "key 'entry' is written twice in one object"),
        (
            '{"entry": [\n{"resource": {"id": "a", "id": "b"}}]}',
            "line 2, column 1: key 'id' is written",
        ),
        ('{"entry": [{"a": NaN}]}', "NaN is not JSON"),
        ('{"entry": [{"a": -Infinity}]}', "-Infinity is not JSON"),
        ('{"entry": [{"a": ' + "9" * 5000 + "}]}", "a number of 5,000 digits"),
        ('{"entry": [{"a": 1.' + "9" * 5000 + "}]}", "a number of 5,002 digits"),
        ('{"entry": [' + "[" * 65 + "]" * 65 + "]}", "is nested more than 64 deep"),
        ('{"entry": [' + "[" * 100_000 + "]}", "is nested more than 64 deep"),
        ('{"entry": [{"a": "x\ty"}]}', "Invalid control character"),
        ("{'entry': []}", "expected a key in quotation marks"),
        ('{"entry": []}'.encode("utf-16"), "is UTF-16 or UTF-32"),
        ('{"entry": ["José"]}'.encode("latin-1"), "line 1: byte 0xE9 is not utf-8"),
    ],
)
def test_bad_file_is_refused_whole(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(FeedError) as error:
        BUNDLE.read(written(tmp_path, content))
    assert said in str(error.value)


def test_64_levels_are_not_too_deep_and_brackets_in_text_do_not_count(tmp_path: Path) -> None:
    deep: object = "["
    for _ in range(60):
        deep = [deep]
    table = BUNDLE.read(written(tmp_path, bundle({**ANN, "x": deep, "y": "{" * 1000})))
    assert table.rows.height == 1


@pytest.mark.parametrize(
    ("resource", "column", "reason"),
    [
        ({"resourceType": "Group"}, None, "is not a resource of the contract: Patient"),
        ("text", None, "is not a resource of the contract: Patient"),
        ({**ANN, "id": ["a", "b"]}, "id", "has 2 values where one is expected"),
        ({**ANN, "id": {"a": 1}}, "id", "has an object where a value is expected"),
        ({**ANN, "id": "p\u0000"}, "id", "holds a control or an invisible character"),
        ({**ANN, "id": "p\u202e"}, "id", "holds a control or an invisible character"),
        (
            {**ANN, "name": [ANN["name"][0], ANN["name"][0]]},  # type: ignore[index]
            "surname",
            "has 2 values where one is expected",
        ),
    ],
)
def test_resource_that_does_not_fit_is_rejected_by_its_number(
    tmp_path: Path, resource: object, column: str | None, reason: str
) -> None:
    table = BUNDLE.read(written(tmp_path, bundle(ANN, resource, {**ANN, "id": "p3"})))
    assert table.rejected.rows() == [(2, column, reason)]
    assert table.rows["_line"].to_list() == [1, 3]


def test_numbers_keep_their_digits_and_text_is_composed(tmp_path: Path) -> None:
    resource = '{"resourceType": "Patient", "id": 1.10}'
    content = '{"resourceType": "Bundle", "entry": [{"resource": ' + resource + "}]}"
    assert BUNDLE.read(written(tmp_path, content)).rows["id"].to_list() == ["1.10"]
    table = BUNDLE.read(written(tmp_path, bundle({**ANN, "id": "e\u0301"})))
    assert table.rows["id"].to_list() == ["\u00e9"]


def test_hostile_sizes_are_refused_quickly(tmp_path: Path) -> None:
    began = time.process_time()
    with pytest.raises(FeedError, match="at most 10 are read"):
        JsonBundle(["Patient"], COLUMNS, max_bytes=10).read(written(tmp_path, bundle(ANN)))
    with pytest.raises(FeedError, match="has more than 1 entries"):
        JsonBundle(["Patient"], COLUMNS, max_rows=1).read(written(tmp_path, bundle(ANN, ANN)))
    assert time.process_time() - began < 1


def test_settings_without_columns_or_with_a_bad_path_are_refused() -> None:
    with pytest.raises(FeedError, match="resources, columns"):
        JsonBundle([], COLUMNS)
    with pytest.raises(FeedError, match="path 'a\\['"):
        JsonBundle(["Patient"], {"a": "a["})
