"""Facts in the schema of cases: what may stand for each person, benefit unit and household of a
situation."""

from typing import Any

from nostop.model import AWARD_STATUSES, Level, Period
from nostop.rulebook.catalogue import Catalogue, Fact

Schema = dict[str, Any]

_DAY = {"type": "string", "format": "date"}
_IDS = {"type": "array", "items": {"type": "string"}}
_GROUPS: dict[str, tuple[Level, Schema]] = {
    "people": (Level.PERSON, {}),
    "benefit_units": (Level.BENEFIT_UNIT, {"adults": _IDS, "children": _IDS}),
    "households": (Level.HOUSEHOLD, {"members": _IDS}),
}
_ALL_THE_REST = {"const": "nil", "description": "There is none of anything that is not written."}


def situation_schemas(catalogue: Catalogue) -> dict[str, Schema]:
    """Return the schema of a situation as it is `written`, and as a case has `changed` it: there a
    person or group may be taken out."""
    return {
        "written": _situation(catalogue, may_go=False),
        "changed": _situation(catalogue, may_go=True),
    }


def _situation(catalogue: Catalogue, *, may_go: bool) -> Schema:
    groups = {}
    for name, (level, members) in _GROUPS.items():
        item = _item(catalogue, level, members)
        gone = {"const": "unknown", "description": "Taken out."}
        groups[name] = {
            "type": "object",
            "additionalProperties": {"anyOf": [item, gone]} if may_go else item,
        }
    return {"type": "object", "properties": groups, "additionalProperties": False}


def _item(catalogue: Catalogue, level: Level, members: Schema) -> Schema:
    facts = {name: fact_schema(fact) for name, fact in catalogue.at(level).items()}
    awards = {"awards": _awards(catalogue)} if level is Level.PERSON else {}
    return {
        "type": "object",
        "properties": {"everything_else": _ALL_THE_REST, **members, **awards, **facts},
        "additionalProperties": False,
    }


def fact_schema(fact: Fact) -> Schema:
    """Return the schema of a fact's value in a situation."""
    return {
        "anyOf": [_value(fact), {"const": "unknown", "description": "Not known."}],
        "description": f"{fact.means}{_unit(fact)}.",
    }


def _unit(fact: Fact) -> str:
    if fact.type == "money":
        return f", in whole pence for the {fact.per}" if fact.per else ", in whole pence"
    return {"date": ", a day as 2026-06-01", "int": ", a whole number"}.get(fact.type, "")


def _value(fact: Fact) -> Schema:
    if fact.type == "enum":
        return {"enum": list(fact.values)}
    if fact.type == "date":
        return {"anyOf": [_DAY, {"const": "never", "description": "It never happened."}]}
    simple: Schema = {"type": {"bool": "boolean", "code": "string"}.get(fact.type, "integer")}
    if fact.non_negative:
        simple["minimum"] = 0
    if fact.at_most is not None:
        simple["maximum"] = fact.at_most
    return simple


def _awards(catalogue: Catalogue) -> Schema:
    award = {
        "type": "object",
        "properties": {
            "scheme": {"enum": list(catalogue.awards)},
            "status": {"enum": list(AWARD_STATUSES)},
            "amount": {"type": "integer", "minimum": 0, "description": "Whole pence."},
            "per": {"enum": [each.value for each in Period]},
            "starts_on": _DAY,
            "ends_on": _DAY,
        },
        "required": ["scheme", "status"],
        "additionalProperties": False,
    }
    words = "What the person has claimed. An empty list: nothing. Left out: not known."
    anything = {"const": "unknown", "description": "Not known."}
    return {"anyOf": [{"type": "array", "items": award}, anything], "description": words}
