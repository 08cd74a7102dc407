"""`make golden`: puts what commands print now into the pages; look at the difference afterwards.

Blocks with a line `...` are left alone: somebody chose which lines matter there.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.test_docs import PAGES, ROOT, blocks_of, commands_of, matches, run


def refresh(page: Path, folder: Path) -> None:
    """Run the commands of one page in a folder and rewrite their output in the page."""
    shutil.copytree(ROOT / "rules", folder / "rules")
    text = page.read_text(encoding="utf-8")
    for block in blocks_of(page):
        if block.name:
            (folder / block.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.name).write_text(block.text, encoding="utf-8")
        for command, said in commands_of(block) if block.language == "console" else ():
            printed = run(command, folder)
            if matches(said, printed):
                continue
            if "\n..." in f"\n{said}":
                sys.stderr.write(f"{page.name}: mend by hand: $ {command}\n{printed}\n")
                continue
            shown = "\n".join(line.rstrip() for line in printed.strip().splitlines())
            text = text.replace(f"$ {command}\n{said}", f"$ {command}\n{shown}\n", 1)
            sys.stderr.write(f"{page.name}: $ {command}\n")
    page.write_text(text, encoding="utf-8")


def main() -> None:
    """Refresh the pages named, or all of them."""
    wanted = set(sys.argv[1:])
    for page in PAGES:
        if not wanted or page.name in wanted:
            with TemporaryDirectory() as folder:
                refresh(page, Path(folder))


if __name__ == "__main__":
    main()
