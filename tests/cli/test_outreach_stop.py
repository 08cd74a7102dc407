"""`nostop outreach suppress` and `stop`: a mistyped id must not lose somebody's wish in silence."""

from pathlib import Path

import pytest

from nostop.cli import main


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    monkeypatch.setenv("NOSTOP_DATABASE_URL", address)
    return address


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = 0
    try:
        main(list(arguments))
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.usefixtures("url")
def test_an_id_that_nobody_is_known_by_is_refused(capsys: pytest.CaptureFixture[str]):
    wish = ("outreach", "suppress", "P123", "--reason", "opted_out", "--by", "Bo")
    code, said = told(capsys, *wish)
    assert code == 2
    assert "nobody who could be written to is known by this id" in " ".join(said.split())
    assert told(capsys, *wish, "--unknown-too") == (0, "P123: opted_out\n")


def test_without_a_store_a_command_says_which_variable_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("NOSTOP_DATABASE_URL", raising=False)
    code, said = told(capsys, "outreach", "stop")
    assert code == 2
    assert "set NOSTOP_DATABASE_URL" in " ".join(said.split())
