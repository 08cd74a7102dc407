"""What pages say, in English and Welsh: the English text is the key, `cy/*.yaml` its Welsh."""

from functools import cache
from pathlib import Path

from nostop.strict_yaml import read_yaml

LANGUAGES = ("en", "cy")
FOLDER = Path(__file__).parent


@cache
def welsh() -> dict[str, str]:
    """Return the Welsh of every text there is."""
    found: dict[str, str] = {}
    for file in sorted((FOLDER / "cy").glob("*.yaml")):
        found.update(read_words(file))
    return found


def read_words(file: Path) -> dict[str, str]:
    """Return one file's texts: English to Welsh."""
    read: dict[str, str] = read_yaml(file).data
    return read


def translated(text: str, language: str) -> str:
    """Return a text in a language; what has no Welsh stays English."""
    return welsh().get(text, text) if language == "cy" else text
