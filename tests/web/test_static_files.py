"""The files that pages link to: all there, in the package too, and nothing of GOV.UK's own look."""

import json
import re
import shutil
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from nostop.model import SettingsError
from nostop.web.static_files import checked, static_dir

ROOT = Path(__file__).resolve().parent.parent.parent
TEXTS = ("*.css", "*.js")


def files_of(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_package_has_every_static_file_though_git_ignores_some() -> None:
    builder = WheelBuilder(str(ROOT))
    with builder.config.set_build_data({"artifacts": [], "force_include": {}, "build_hooks": ()}):
        packed = {file.distribution_path for file in builder.recurse_included_files()}
    served = {f"nostop/web/static/{name}" for name in files_of(static_dir())}
    assert {"nostop/web/static/vendor/htmx.min.js", "nostop/web/static/nostop.css"} <= served
    assert served - packed == set()


@pytest.mark.parametrize("missing", ["htmx.min.js", "VERSIONS.txt"])
def test_missing_static_file_is_named_with_what_to_do(tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "static"
    shutil.copytree(static_dir(), folder)
    assert checked(folder) == folder
    (folder / "vendor" / missing).unlink()
    with pytest.raises(SettingsError, match=rf"missing: {missing} of .*Run `make install`"):
        checked(folder)


def test_copied_files_are_of_the_versions_in_the_lock() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted = lock[""]["dependencies"]
    locked = {name: lock[f"node_modules/{name}"]["version"] for name in wanted}
    copied = (static_dir() / "vendor/VERSIONS.txt").read_text(encoding="utf-8")
    assert locked == wanted
    assert dict(line.rsplit(" ", 1) for line in copied.splitlines()) == wanted


def test_npm_lock_has_hashes_and_no_address() -> None:
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    packages = [package for name, package in json.loads(text)["packages"].items() if name]
    assert len(packages) >= 3
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert "resolved" not in text
    assert "://" not in text


def test_style_sheets_ask_for_nothing_but_images_that_are_there() -> None:
    for sheet in static_dir().rglob("*.css"):
        for address in re.findall(r"url\(([^)]*)\)", sheet.read_text(encoding="utf-8")):
            assert (sheet.parent / address).is_file(), f"{sheet.name}: {address}"


def test_nothing_of_govuk_alone_is_served() -> None:
    # The crown, the crest and the typeface may be used on GOV.UK only.
    names = {name for name in files_of(static_dir()) if re.search(r"crown|crest|font|woff", name)}
    assert names == set()
    said = {
        (file.name, words.lower())
        for kind in TEXTS
        for file in static_dir().rglob(kind)
        for words in re.findall(
            r"(?i)gds transport|@font-face|govuk-crest|sourceMappingURL",
            file.read_text(encoding="utf-8"),
        )
    }
    assert said == set()
