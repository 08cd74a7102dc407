"""Packs from a template: councils' schemes that differ in their figures and not in their shape.

`template: income_banded` in a pack.yaml takes each topmost key that it does not write itself from
`templates/income_banded.yaml`. There `((scheme))` stands for the pack's `cited_as`, so that every
citation names the council's own scheme.
"""

from pathlib import Path

from nostop.model import Problem, YamlError, nearest
from nostop.rulebook.reading.models import placed
from nostop.strict_yaml import Document, read_yaml

#: The folder of templates within a rules folder.
TEMPLATES = "templates"
_OWN_SCHEME = "((scheme))"


def with_template(document: Document, rules: Path) -> list[Problem]:
    """Lay a pack.yaml over the template that it names, if it does, and return what is wrong."""
    data = document.data
    name = data.get("template") if isinstance(data, dict) else None
    if name is None:
        return []
    known = sorted(file.stem for file in (rules / TEMPLATES).glob("*.yaml"))
    if name not in known:
        return [document.problem(f"'{name}' is no template{nearest(str(name), known)}", "template")]
    file = rules / TEMPLATES / f"{name}.yaml"
    try:
        template = read_yaml(file)
    except YamlError as error:
        return [placed(file, str(error))]
    called = data.get("cited_as")
    if not isinstance(called, str):
        needed = "a pack from a template says what its scheme is cited as: write cited_as"
        return [document.problem(needed, "template")]
    lent = {key: value for key, value in template.data.items() if key not in data}
    data |= {key: _cited(value, called) for key, value in lent.items()}
    document.lent |= dict.fromkeys(lent, file)
    document.places |= {
        keys: place for keys, place in template.places.items() if keys and keys[0] in lent
    }
    return []


def _cited(value: object, called: str) -> object:
    if isinstance(value, str):
        return value.replace(_OWN_SCHEME, called)
    if isinstance(value, dict):
        return {key: _cited(each, called) for key, each in value.items()}
    return [_cited(each, called) for each in value] if isinstance(value, list) else value
