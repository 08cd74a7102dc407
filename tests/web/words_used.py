"""Every text that pages show, read from the templates and the code of the web app."""

import ast
import re
from pathlib import Path

from jinja2 import nodes

import nostop.web
from nostop.web.navigation import ROOMS
from nostop.web.pages import environment

WEB = Path(nostop.web.__file__).parent
_PROBLEM = re.compile(r"Problem|wanted")


def words_used() -> set[str]:
    """Return the English of every text."""
    found = {room.name for room in ROOMS}
    for template in sorted((WEB / "templates").rglob("*.html")):
        found |= _of_template(template)
    for module in sorted(WEB.rglob("*.py")):
        found |= _of_module(module)
    return found


def _of_template(template: Path) -> set[str]:
    tree = environment().parse(template.read_text(encoding="utf-8"))
    return {
        call.args[0].value
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
        and call.node.name == "t"
        and call.args
        and isinstance(call.args[0], nodes.Const)
    }


def _of_module(module: Path) -> set[str]:
    """The texts of `visitor.t("...")`, of problems, and of what is said after a form."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        place = {"t": 0, "translated": 0, "Problem": 1, "see_other": 2}.get(name)
        if place is not None and len(node.args) > place:
            found |= _text(node.args[place])
        for keyword in node.keywords:
            if keyword.arg in ("wanted", "said"):
                found |= _text(keyword.value)
    return found


def _text(node: ast.expr) -> set[str]:
    return (
        {node.value}
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value
        else set()
    )
