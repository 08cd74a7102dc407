"""Gateways by their dates and status: what is not open to a scheme is unknown to it, never a no."""

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from nostop.app.gateways import (
    ANY,
    IN_FORCE,
    Statuses,
    closed_facts,
    determine_lawfully,
    refuse_without_gateway,
)
from nostop.model import SettingsError
from nostop.rulebook import Rulebook, load_rulebook
from tests.rulebook.small import ON, pack_text, situation, write_rules

ALPHA = pack_text({"poor": "total(pay) < week_a", "well": "any_adult(not ill)"}, {"a": "week_a"})
BETA = pack_text({"ill": "any_adult(ill)"}, {"b": "week_b"}, scheme="beta")
GAMMA = pack_text({"both": "entitled(alpha)"}, {"c": "week_b"}, scheme="gamma")
GATEWAY = """\
  - id: {id}
    law: Invented for tests
    fields: [{fields}]
    from_body: A
    to_body: B
    purpose: To test
    schemes: [alpha, beta, gamma]
    from: {from_}
    to: {to}
    status: {status}
"""


def book(folder: Path, **pay: str) -> Rulebook:
    """Return three schemes, with one gateway for pay as it is given and one for all else."""
    said = {"from_": "2000-01-01", "to": "2100-01-01", "status": "synthetic_only"}
    gateways = GATEWAY.format(id="rest", fields="role, ill, nation", **said)
    gateways += GATEWAY.format(id="pay", fields="pay", **(said | pay))
    files = {"gateways.yaml": f"gateways:\n{gateways}"}
    return load_rulebook(write_rules(folder, files, alpha=ALPHA, beta=BETA, gamma=GAMMA))


def outcomes(rules: Rulebook, statuses: Statuses = ANY) -> dict[str, str]:
    """Return what comes out for somebody of whom pay alone stands against alpha."""
    somebody = situation(rules.catalogue, [{"pay": 90_000, "ill": False}])
    rows = determine_lawfully(somebody, rules, ON, ["alpha", "beta", "gamma"], statuses)
    assert rows["scheme"].is_sorted()
    return dict(rows.select("scheme", "outcome").iter_rows())


OPEN = {"alpha": "not_entitled", "beta": "not_entitled", "gamma": "not_entitled"}
CLOSED = {"alpha": "unknown", "beta": "not_entitled", "gamma": "unknown"}


@pytest.mark.parametrize(
    ("pay", "expected"),
    [
        ({}, OPEN),
        ({"from_": "2026-06-01"}, OPEN),
        ({"from_": "2026-06-02"}, CLOSED),
        ({"to": "2026-06-01"}, OPEN),
        ({"to": "2026-05-31"}, CLOSED),
        ({"status": "proposed"}, OPEN),
    ],
)
def test_fact_is_unknown_to_a_scheme_on_a_day_without_its_gateway(
    pay: dict[str, str], expected: dict[str, str], tmp_path: Path
) -> None:
    assert outcomes(book(tmp_path, **pay)) == expected


def test_what_rests_on_a_closed_fact_names_it_as_missing(tmp_path: Path) -> None:
    rules = book(tmp_path, to="2026-05-31")
    somebody = situation(rules.catalogue, [{"pay": 90_000, "ill": False}])
    rows = determine_lawfully(somebody, rules, ON, ["alpha"], ANY)
    assert rows["missing"].to_list() == [["pay"]]


def test_all_open_is_the_plain_determination(tmp_path: Path) -> None:
    rules = book(tmp_path)
    somebody = situation(rules.catalogue, [{"pay": 90_000, "ill": None}])
    rows = determine_lawfully(somebody, rules, ON, ["alpha", "beta"], ANY)
    assert rows.filter(pl.col("scheme") == "beta")["missing"].to_list() == [["ill"]]


def test_real_people_have_only_gateways_in_force(tmp_path: Path) -> None:
    rules = book(tmp_path, status="in_force")
    assert closed_facts(rules, ["alpha"], ON, IN_FORCE)["alpha"] == {"ill"}
    assert closed_facts(rules, ["alpha"], ON, ANY) == {"alpha": set()}


@pytest.mark.parametrize("status", ["synthetic_only", "proposed"])
def test_real_people_are_refused_where_no_gateway_is_in_force(status: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="alpha: 2 of its facts, among them ill, pay"):
        refuse_without_gateway(book(tmp_path, status=status), ["alpha"])


def test_gateway_that_ended_is_no_reason_to_refuse_a_run(tmp_path: Path) -> None:
    rules = book(tmp_path, status="in_force", to="2026-05-31")
    with pytest.raises(SettingsError, match=re.escape("alpha: 1 of its facts, among them ill")):
        refuse_without_gateway(rules, ["alpha"])


def test_without_roles_there_is_nobody_to_decide_for(tmp_path: Path) -> None:
    counted = pack_text({"family": 'count(role == "child") > 0'}, {"a": "week_a"})
    said = {"from_": "2000-01-01", "to": "2026-05-31", "status": "synthetic_only"}
    gateways = "gateways:\n" + GATEWAY.format(id="roles", fields="role", **said)
    rules = load_rulebook(write_rules(tmp_path, {"gateways.yaml": gateways}, alpha=counted))
    somebody = situation(rules.catalogue, [{}])
    with pytest.raises(SettingsError, match="alpha: no gateway opens 'role' on 2026-06-01"):
        determine_lawfully(somebody, rules, date(2026, 6, 1), ["alpha"], ANY)
