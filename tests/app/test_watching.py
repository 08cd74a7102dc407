"""A folder watched: what is told after each save. Nothing waits: each look is a test's step."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from nostop.app.watching import watch
from nostop.model import SettingsError
from tests.app.tidy import CASES, tidy_rules
from tests.rulebook.small import library_text


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return tidy_rules(tmp_path, "alpha", "beta")


def replace(file: Path, old: str, new: str) -> None:
    """Save a file with something else in it, at a time of its own."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    state = file.stat()
    file.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))


def told(
    rules: Path, *saves: Callable[[], object], schemes: list[str] | None = None
) -> list[list[str]]:
    """Return what is told at first, and after each save, when the watch is then ended by Ctrl-C."""
    steps: list[list[str]] = [[]]
    waiting = list(saves)

    def wait() -> None:
        if not waiting:
            raise KeyboardInterrupt
        steps.append([])
        waiting.pop(0)()

    lines = watch(rules, schemes, wait)
    with suppress(KeyboardInterrupt):
        for line in lines:
            steps[-1].append(line)
    return steps


def test_at_first_all_cases_run_and_nothing_is_told_of_a_quiet_folder(rules: Path) -> None:
    assert told(rules, lambda: None, lambda: None) == [["all 4 cases pass (alpha, beta)"], [], []]


def test_only_the_scheme_that_was_saved_runs_again(rules: Path) -> None:
    pack = rules / "uk/beta/pack.yaml"
    steps = told(rules, lambda: replace(pack, "any_adult(ill)", "any_member(ill)"))
    assert steps[1] == ["all 2 cases pass (beta)"]


def test_comment_changes_no_scheme_and_runs_nothing(rules: Path) -> None:
    pack = rules / "uk/beta/pack.yaml"
    assert told(rules, lambda: replace(pack, "scheme:", "# a remark\nscheme:"))[1] == []


def test_scheme_is_run_when_one_that_it_reads_changes(rules: Path) -> None:
    replace(rules / "uk/beta/pack.yaml", "any_adult(ill)", "entitled(alpha)")
    pack = rules / "uk/alpha/pack.yaml"
    steps = told(rules, lambda: replace(pack, "any_adult(ill)", "any_member(ill)"))
    assert steps[1] == ["all 4 cases pass (alpha, beta)"]


def test_failed_case_is_told_once_and_again_only_if_it_fails_otherwise(rules: Path) -> None:
    rates, cases = rules / "uk/alpha/rates.yaml", rules / "uk/alpha/cases/one.yaml"
    steps = told(
        rules,
        lambda: replace(rates, "value: 10000,", "value: 10001,"),
        lambda: replace(cases, "name: Well", "name: Not ill"),
        lambda: replace(rates, "value: 10001,", "value: 10002,"),
        lambda: replace(rates, "value: 10002,", "value: 10000,"),
    )
    assert [len(step) for step in steps[1:]] == [2, 1, 2, 1]
    assert steps[1][0].startswith(
        f"FAIL alpha: Ill ({cases}:9): amount: expected 10000, found 10001"
    )
    assert steps[1][1] == steps[2][0] == steps[3][1] == "1 of 2 cases failed (alpha)"
    assert "found 10002" in steps[3][0]
    assert steps[4] == ["all 2 cases pass (alpha)"]


def test_problem_is_told_once_until_it_is_mended(rules: Path) -> None:
    alpha, beta = rules / "uk/alpha/pack.yaml", rules / "uk/beta/pack.yaml"
    steps = told(
        rules,
        lambda: replace(alpha, "any_adult(ill)", "any_adult(il)"),
        lambda: replace(beta, "any_adult(ill)", "any_adlt(ill)"),
        lambda: replace(alpha, "any_adult(il)", "any_adult(ill)"),
        lambda: replace(beta, "any_adlt(ill)", "any_adult(ill)"),
    )
    assert "'il' is no fact" in steps[1][0]
    assert "'any_adlt' is no function" in steps[2][0]
    assert [step[-1] for step in steps[1:]] == [
        "1 problem",
        "2 problems",
        "1 problem",
        "no problem left",
    ]
    assert [len(step) for step in steps[1:]] == [2, 2, 1, 1]


def test_case_file_that_cannot_be_read_is_a_problem(rules: Path) -> None:
    cases = rules / "uk/alpha/cases/two.yaml"
    cases.write_text(CASES, encoding="utf-8")
    steps = told(
        rules,
        lambda: replace(cases, "outcome: entitled", "outcom: entitled"),
        lambda: replace(cases, "outcom: entitled", "outcome: entitled"),
    )
    assert "'outcom' is not known here; did you mean 'outcome'?" in steps[1][0]
    assert steps[2] == ["no problem left", "all 4 cases pass (alpha)"]


def test_only_the_schemes_asked_for_run(rules: Path) -> None:
    pack = rules / "uk/beta/pack.yaml"
    steps = told(
        rules, lambda: replace(pack, "any_adult(ill)", "any_member(ill)"), schemes=["alpha"]
    )
    assert steps == [["all 2 cases pass (alpha)"], []]


def test_many_failures_of_one_mistake_do_not_fill_the_screen(rules: Path) -> None:
    cases = rules / "uk/alpha/cases/one.yaml"
    more = "".join(
        f"  - {{name: Ill {n}, effective_date: 2026-06-01, start_from: one, "
        "change: {people: {ann: {ill: true}}}, expect: {outcome: unknown}}\n"
        for n in range(30)
    )
    cases.write_text(CASES + more, encoding="utf-8")
    (first,) = told(rules, schemes=["alpha"])
    assert len(first) == 12
    assert first[-2:] == ["... and 20 more", "30 of 32 cases failed (alpha)"]


def test_scheme_that_is_none_is_refused(rules: Path) -> None:
    with pytest.raises(SettingsError, match="no rule pack for scheme 'alfa'; did you mean 'alpha'"):
        next(watch(rules, ["alfa"], lambda: None))


def test_folder_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no folder of rules"):
        next(watch(tmp_path, None, lambda: None))


def test_library_that_is_saved_runs_every_case(rules: Path) -> None:
    library = rules / "uk/common/library.yaml"
    library.parent.mkdir()
    library.write_text(
        library_text("common", {"is_anybody_ill": ("benefit_unit", "any_member(ill)")}),
        encoding="utf-8",
    )
    pack = rules / "uk/alpha/pack.yaml"
    replace(pack, "any_adult(ill)", "is_anybody_ill")
    replace(pack, "receipt:", "uses: [common]\nreceipt:")
    steps = told(rules, lambda: replace(library, "any_member(ill)", "any_adult(ill)"))
    assert steps == [["all 4 cases pass (all schemes and libraries)"]] * 2
