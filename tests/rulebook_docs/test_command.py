"""`nostop rules docs` as a person meets it."""

from pathlib import Path

import pytest

from nostop.cli import main


def docs(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["rules", "docs", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_pages_are_written_and_the_first_one_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pages"
    assert docs("--out", out, "--scheme", "child_benefit", "--on", "2026-06-01") == 0
    assert f"open {out / 'index.html'}" in capsys.readouterr().out
    names = sorted(each.name for each in out.iterdir())
    assert names == [
        "facts.html", "files.txt", "gateways.html", "index.html", "left_out.html",
        "library-qualifying_young_person.html", "scheme-child_benefit.html", "style.css",
    ]  # fmt: skip
    assert "in force on 1 June 2026" in (out / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scheme", "child_benfit"], "did you mean 'child_benefit'?"),
        (["--on", "1 June"], "--on: '1 June' is no date"),
        (["--previous", "nowhere"], "nowhere: is no folder of rules"),
    ],
)
def test_mistake_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert docs("--out", tmp_path / "pages", *arguments) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "pages").exists()


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert docs("--out", tmp_path / name, "--scheme", "child_benefit") == 0
    one, two = (
        {each.name: each.read_bytes() for each in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two
