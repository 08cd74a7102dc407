# ruff: noqa: E501 - a grammar reads better one form a line
"""Random packs as text, from a grammar over the small catalogue, and random people with
unknowns."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from nostop.frames import Situation
from nostop.rulebook import Rulebook
from tests.rulebook.small import library_text, pack_text, situation

RANK = {"household": 1, "benefit_unit": 2, "person": 3}

#: What may stand for a value of a kind, by the level it is tied to ("" for nobody).
LEAVES: dict[str, list[tuple[str, str]]] = {
    "bool": [
        ("ill", "person"), ("is_married", "benefit_unit"), ("is_owned", "household"), ("flag", ""), ("true", ""),
        ("in_payment(carers_allowance)", "person"), ("claimed(universal_credit)", "person"),
    ],
    "week": [
        ("pay", "person"), ("profit", "person"), ("maintenance", "benefit_unit"), ("rent", "household"),
        ("week_a", ""), ("week_b", ""), ("award(carers_allowance)", "person"),
    ],
    "month": [("grant", "person"), ("month_a", ""), ("award(universal_credit)", "person")],
    "stock": [("savings", "person"), ("stock_a", "")],
    "int": [("hours", "person"), ("rooms", "household"), ("two", ""), ("many", ""), ("1", ""), ("-1", "")],
    "ratio": [("share", ""), ("share", ""), ("rate(share_by_care, care)", "person")],
    "date": [("born_on", "person"), ("away_since", "person"), ("day_a", ""), ("effective_date", "")],
    "care": [("care", "person"), ('"low"', "")],
}  # fmt: skip
AMOUNTS = ("week", "month", "stock", "int")
CHANGES = {"week": "weekly", "month": "monthly"}


@dataclass
class Grammar:
    """Writes formulas of a wanted kind at a level; `known` are the workings it may name: (name,
    level, kind)."""

    random: Random
    known: list[tuple[str, str, str]] = field(default_factory=list)
    inside: bool = False

    def formula(self, kind: str, level: str, depth: int) -> str:
        """Return a formula of a kind for subjects of a level."""
        if depth <= 0 or self.random.random() < 0.15:
            return self.leaf(kind, level)
        return str(self.random.choice(getattr(self, f"forms_{kind}")(level, depth - 1))())

    def leaf(self, kind: str, level: str) -> str:
        leaves = [*LEAVES[kind], *((name, at) for name, at, what in self.known if what == kind)]
        fitting = [name for name, at in leaves if RANK.get(at, 0) <= RANK[level]]
        return self.random.choice(fitting)

    def pair(self, kind: str, level: str, depth: int) -> tuple[str, str]:
        return self.formula(kind, level, depth), self.formula(kind, level, depth - 1)

    def forms_bool(self, level: str, depth: int) -> list[Any]:
        def both(word: str) -> str:
            first, second = self.pair("bool", level, depth)
            return f"({first} {word} {second})"

        def compared() -> str:
            kind = self.random.choice(("week", "week", "month", "stock", "int", "date"))
            first, second = self.pair(kind, level, depth)
            op = self.random.choice(("<", "<=", "==", "!=", ">=", ">"))
            return f"({first} {op} {second})"

        forms = [
            lambda: both("and"), lambda: both("or"), lambda: f"(not {self.formula('bool', level, depth)})",
            compared, compared, compared, lambda: self.chosen("bool", level, depth),
        ]  # fmt: skip
        if level == "person":
            forms += [
                lambda: f"({self.formula('care', level, depth)} in [\"low\", \"high\"])", lambda: '(care != "none")',
                lambda: "(age_on(born_on, effective_date) >= many)", lambda: '(role == "adult")',
            ]  # fmt: skip
        else:
            kinds = ("any_adult", "all_adults", "any_child", "any_member", "all_members")
            if not self.inside:
                forms += [
                    lambda: f"{self.random.choice(kinds)}({self.formula('bool', 'person', depth)})"
                ] * 3
            forms += [lambda: '(nation in ["england", "scotland"])', lambda: '(area == "E1")']
        if level == "household":
            units = ("any_benefit_unit", "all_benefit_units")
            forms += [
                lambda: (
                    f"{self.random.choice(units)}({self.of_member('bool', 'benefit_unit', depth)})"
                )
            ] * 3
        return forms

    def forms_money(self, kind: str, level: str, depth: int) -> list[Any]:
        def sum_of(op: str) -> str:
            first, second = self.pair(kind, level, depth)
            return f"({first} {op} {second})"

        def clipped() -> str:
            first, second = self.pair(kind, level, depth)
            limit = self.random.choice((second, second, "0"))
            return f"{self.random.choice(('at_least', 'at_most'))}({first}, {limit})"

        def times() -> str:
            factor = self.formula(self.random.choice(("int", "int", "ratio")), level, depth - 1)
            rounding = self.random.choice(("up", "down", "nearest"))
            unit = self.random.choice(("penny", "penny", "pound"))
            return f'round_to({self.formula(kind, level, 0)} * {factor}, "{unit}", "{rounding}")'

        forms = [
            lambda: sum_of("+"), lambda: sum_of("-"), clipped, clipped, times,
            lambda: self.chosen(kind, level, depth), lambda: f"({self.formula(kind, level, depth)} // two)",
        ]  # fmt: skip
        if level != "person" and not self.inside:
            forms += [lambda: self.aggregated(kind, level, depth)] * 4
        return forms

    def forms_week(self, level: str, depth: int) -> list[Any]:
        def changed() -> str:
            return f'round_to(weekly({self.formula("month", level, depth)}), "penny", "down")'

        forms = [*self.forms_money("week", level, depth), changed]
        return [
            *forms,
            lambda: "rate(week_by_place, nation, rooms)",
            lambda: "rate(week_by_area, area, rooms)",
            lambda: f"(-{self.leaf('week', level)})",
        ]

    def forms_month(self, level: str, depth: int) -> list[Any]:
        return self.forms_money("month", level, depth)

    def forms_stock(self, level: str, depth: int) -> list[Any]:
        return self.forms_money("stock", level, depth)

    def forms_int(self, level: str, depth: int) -> list[Any]:
        def steps() -> str:
            return f"steps_over({self.formula('stock', level, depth)}, stock_a, step)"

        def parts() -> str:
            return f"({self.formula('week', level, depth)} // week_b)"

        forms = [steps, steps, parts, lambda: self.chosen("int", level, depth)]
        if level == "person":
            age = "age_on({}, effective_date)"
            forms += [
                lambda: age.format(self.formula("date", level, depth)),
                lambda: "rate(months_by_birth, born_on)",
            ]
        elif not self.inside:
            forms += [lambda: f"count({self.of_member('bool', self.member_of(level), depth)})"] * 3
            forms += [lambda: self.aggregated("int", level, depth)]
        return forms

    def forms_ratio(self, level: str, depth: int) -> list[Any]:
        return [lambda: self.leaf("ratio", level), lambda: self.chosen("ratio", level, depth)]

    def forms_date(self, level: str, depth: int) -> list[Any]:
        def moved() -> str:
            name = self.random.choice(
                ("years_after", "years_before", "months_after", "months_before")
            )
            count = self.random.choice(("two", "many", "-1", "0"))
            if level == "person" and name == "months_after" and self.random.random() < 0.5:
                count = "rate(months_by_birth, born_on)"
            return f"{name}({self.formula('date', level, depth)}, {count})"

        return [
            moved,
            moved,
            lambda: "weeks_before(effective_date, many)",
            lambda: self.chosen("date", level, depth),
        ]

    def forms_care(self, level: str, depth: int) -> list[Any]:
        return [lambda: self.chosen("care", level, depth)]

    def chosen(self, kind: str, level: str, depth: int) -> str:
        first, second = self.pair(kind, level, depth)
        return f"({first} if {self.formula('bool', level, depth)} else {second})"

    def of_member(self, kind: str, member: str, depth: int) -> str:
        """Return a formula about one of those an aggregate ranges over: none stands in another."""
        outside, self.inside = self.inside, True
        formula = self.formula(kind, member, depth)
        self.inside = outside
        return formula

    def member_of(self, level: str) -> str:
        is_over_units = level == "household" and self.random.random() < 0.5
        return "benefit_unit" if is_over_units else "person"

    def aggregated(self, kind: str, level: str, depth: int) -> str:
        name = self.random.choice(("total", "total", "total", "smallest", "largest"))
        member = self.member_of(level)
        item = self.of_member(kind, member, depth)
        if self.random.random() < 0.5:
            return f"{name}({item})"
        return f"{name}({item}, where={self.of_member('bool', member, depth)})"


def random_rules(random: Random) -> dict[str, str]:
    """Return the files of a random rules folder: a library, and two packs of which the second
    may read the first."""
    grammar = Grammar(random)
    shared = _workings(grammar, "s", 2)
    first = _pack(grammar, "alpha", random.choice(("benefit_unit", "benefit_unit", "household")))
    grammar.known = [each for each in grammar.known if each[0].startswith("s")]
    level = random.choice(("benefit_unit", "person"))
    at = "household" if "decides_for: household" in first else "benefit_unit"
    grammar.known += [("entitled(alpha)", at, "bool"), ("entitlement(alpha)", at, "week")]
    second = _pack(grammar, "beta", level)
    library = library_text("shared", shared)
    return {
        "uk/shared/library.yaml": library,
        "uk/alpha/pack.yaml": first,
        "uk/beta/pack.yaml": second,
    }


def _workings(grammar: Grammar, letter: str, count: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index in range(count):
        level = grammar.random.choice(("person", "person", "benefit_unit", "household"))
        kind = grammar.random.choice(("bool", "week", "week", "month", "stock", "int"))
        if level == "person" and grammar.random.random() < 0.2:
            kind = grammar.random.choice(("date", "care"))
        found[f"{letter}{index}"] = (level, grammar.formula(kind, level, 3))
        grammar.known.append((f"{letter}{index}", level, kind))
    return found


def _pack(grammar: Grammar, scheme: str, level: str) -> str:
    random = grammar.random
    letter = scheme[0]
    workings = _workings(grammar, f"{letter}w", random.randint(2, 5))
    if random.random() < 0.6:
        points = [name for name in ("week_a", "week_b") if random.random() < 0.7]
        turning = f"at_least({grammar.formula('week', level, 2)}, 0)"
        workings[f"{letter}income"] = (level, turning, points) if points else (level, turning)
        grammar.known += [(f"{letter}income", level, "week")] * 3
    parts = {
        f"{letter}part{index}": grammar.formula("week", level, 3)
        for index in range(random.randint(1, 2))
    }
    grammar.known += [(name, level, "week") for name in parts]
    tied = {"person": "ill", "benefit_unit": "is_married", "household": "is_owned"}[level]
    conditions = {}
    for index in range(random.randint(1, 3)):
        word = random.choice(("or", "or", "or not", "and"))
        conditions[f"c{index}"] = f"{grammar.formula('bool', level, 3)} {word} {tied}"
    formulas = [*parts.values(), *conditions.values()]
    return pack_text(
        conditions, parts, workings, scheme=scheme, level=level, uses=["shared"],
        notes=_notes(formulas, workings, level), to=random.choice(("penny", "penny", "pound")),
        direction=random.choice(("up", "down", "nearest")),
        receipt="carers_allowance" if scheme == "beta" else "pension_credit",
    )  # fmt: skip


def _notes(formulas: list[str], workings: dict[str, Any], level: str) -> dict[str, str]:
    """Formulas for notes, so that no working is read by nothing; the last first, since only
    later ones read it."""
    found = {}
    for name in reversed(workings):
        if not any(name in str(each) for each in (*formulas, *workings.values())):
            if RANK[workings[name][0]] > RANK[level]:
                workings[name] = (level, "week_a")
            found[f"note_{name}"] = name
    return found


# --- people ---------------------------------------------------------------------------------------


def random_situation(
    random: Random, book: Rulebook, households: int, unknown: float = 0.25
) -> Situation:
    """Return a situation with random families: some facts are known for everybody, each other
    value is unknown with the given chance."""
    whole = {name for name in book.catalogue.facts if random.random() < 0.4}
    people: list[dict[str, Any]] = []
    units: list[dict[str, Any]] = []
    homes: list[dict[str, Any]] = []
    for home in range(households):
        homes.append(
            {"household_id": f"h{home}", **_facts(random, book, "household", unknown, whole)}
        )
        for unit in range(random.choice((1, 1, 2))):
            key = f"b{home}-{unit}"
            units.append(
                {"benefit_unit_id": key, **_facts(random, book, "benefit_unit", unknown, whole)}
            )
            roles = ["adult"] * random.choice((1, 2)) + ["child"] * random.choice((0, 0, 1, 2))
            for index, role in enumerate(roles):
                people.append(
                    {**_facts(random, book, "person", unknown, whole), "person_id": f"{key}-{index}", "benefit_unit_id": key,
                     "household_id": f"h{home}", "role": role, "awards_known": random.choice((True, True, False, None)),
                     "confidence": random.choice((None, 0.5, 1.0))}
                )  # fmt: skip
    if random.random() < 0.5:
        # As records often are: nothing is held of a child where a fact is about adults.
        of_adults = [
            name for name, fact in book.catalogue.facts.items() if len(fact.applies_to) == 1
        ]
        lacking = dict.fromkeys(of_adults)
        people = [each if each["role"] == "adult" else {**each, **lacking} for each in people]
    awards = _awards(random, people)
    if awards is None:
        people = [{**person, "awards_known": None} for person in people]
    return situation(book.catalogue, people, units, homes, awards)


def _facts(
    random: Random, book: Rulebook, level: str, unknown: float, whole: set[str]
) -> dict[str, Any]:
    return {
        name: None
        if name not in whole and random.random() < unknown
        else random_value(random, fact)
        for name, fact in book.catalogue.facts.items()
        if fact.level == level and name != "role"
    }


def random_value(random: Random, fact: Any) -> Any:
    """Return a value of a fact, often one on an edge."""
    if fact.type == "bool":
        return random.random() < 0.5
    if fact.type == "enum":
        return random.choice(fact.values)
    if fact.type == "code":
        return random.choice(("E1", "E2"))
    if fact.type == "date":
        edges = (
            date(9999, 12, 31),
            date(1960, 2, 29),
            date(1960, 7, 31),
            date(2008, 6, 1),
            date(2024, 2, 29),
        )
        return random.choice((*edges, date(1930, 1, 1) + timedelta(days=random.randrange(34000))))
    largest = fact.at_most or (3_000_000 if fact.per is None else 40_000)
    value = random.choice(
        (0, 1, 2, 333, 9_999, 10_000, 10_001, 1_000_000, random.randrange(largest))
    )
    if fact.at_most is not None:
        value = min(value, fact.at_most)
    return value if fact.non_negative or random.random() < 0.7 else -value


def _awards(random: Random, people: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    if random.random() < 0.1:
        return None
    rows = []
    for person in people:
        for scheme, per in (
            ("carers_allowance", "week"),
            ("universal_credit", "month"),
            ("pension_credit", "week"),
        ):
            if random.random() < 0.3:
                status = random.choice(
                    ("in_payment", "in_payment", "nil_award", "pending", "opted_out", "ended")
                )
                amount = random.choice((None, 8_645, 40_000)) if status == "in_payment" else None
                rows.append(
                    {"person_id": person["person_id"], "scheme": scheme, "status": status, "amount": amount, "per": per,
                     "starts_on": random.choice((None, date(2025, 1, 1), date(2026, 9, 1))),
                     "ends_on": random.choice((None, None, date(2026, 1, 1)))}
                )  # fmt: skip
    return rows
