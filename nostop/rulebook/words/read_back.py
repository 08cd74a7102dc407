"""A formula read back as an English sentence, from its typed tree and the words that authors gave
to facts, rates and workings: whether a formula says what was meant is then seen without reading
formulas.

Nothing is simplified: the sentence has the formula's own shape, with brackets where the words alone
could be read in two ways.
"""

from nostop.model import Level
from nostop.rulebook.book import Rulebook
from nostop.rulebook.rates import Constants
from nostop.rulebook.results import all_definitions
from nostop.rulebook.schedule import applies_to
from nostop.rulebook.tree import (
    INT,
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Compare,
    Convert,
    Definition,
    DefRef,
    FactRef,
    Kind,
    Lit,
    Logic,
    Lookup,
    Node,
    RateRef,
    Receipt,
    Today,
    Word,
)
from nostop.rulebook.words.call_phrases import LEAVE_SUMS_OPEN, NEED_NO_BRACKETS, PHRASES
from nostop.rulebook.words.explain import shown
from nostop.rulebook.words.phrases import SUBJECTS, contrary, listed, noun, quoted, sentence, title
from nostop.rulebook.words.said import (
    LOOSE,
    NAME,
    OPEN,
    SUM,
    Said,
    claimed,
    named,
    narrowed,
    predicated,
)


def read_back(definition: Definition, book: Rulebook, constants: Constants | None = None) -> str:
    """Return what a definition's formula says, as one English sentence.

    Args:
        constants: the rates of a day (`rates.constants_on`); with them each rate is named with its
            value on that day.
    """
    return sentence(_Reader(book, constants).said(definition.tree).text)


_COMPARED = {
    "<": "is below", "<=": "is at most", "==": "is", "!=": "is not", ">=": "is at least",
    ">": "is above",
}  # fmt: skip
_COMPARED_DATES = {
    **_COMPARED, "<": "is before", "<=": "is on or before", ">=": "is on or after", ">": "is after",
}  # fmt: skip
_ARITHMETIC = {"+": "plus", "-": "minus", "*": "times", "//": "divided by"}
#: What may stand on the left without brackets: `a - b + c` is read from the left.
_CHAINS = {"+": ("+", "-"), "-": ("+", "-"), "*": ("*",), "//": ()}
_PERIODS = {"week": "weekly", "month": "monthly", "year": "yearly"}
_PLURALS = {
    "adult": "adults", "child": "children", "person": "people", "benefit unit": "benefit units",
}  # fmt: skip


class _Reader:
    """Trees -> words, for one rule book and, if given, one day's rates."""

    def __init__(self, book: Rulebook, constants: Constants | None) -> None:
        self.book = book
        self.constants = constants
        self.definitions: dict[str, Definition] = all_definitions(book)

    def said(self, node: Node) -> Said:
        match node:
            case Logic():
                return self.logic(node)
            case Compare():
                return self.compare(node)
            case Among():
                return self.among(node)
            case Arith():
                return self.arithmetic(node)
            case Choose():
                return self.choose(node)
            case Aggregate():
                return self.aggregate(node)
            case Call() | Convert() | Lookup():
                return self.call(node)
        return self.name(node)

    # --- names ------------------------------------------------------------------------------------

    def name(self, node: Node) -> Said:
        match node:
            case Lit(value=value):
                words = {True: "it is always so", False: "it is never so"}
                return Said(words[bool(value)] if node.kind.base == "bool" else str(value))
            case Word(text=text):
                return Said(_word(text))
            case Today():
                return Said("the effective date")
            case FactRef(name=name):
                return named(self.book.catalogue.facts[name].means, node)
            case RateRef():
                return self.rate(node)
            case Receipt():
                return self.receipt(node)
            case DefRef():
                return self.definition(node)
        raise AssertionError(f"{type(node).__name__} has no words")

    def definition(self, node: DefRef) -> Said:
        if node.name in self.book.definitions:
            return named(self.book.definitions[node.name].says, node)
        scheme, _, key = node.name.partition(".")
        called = self.book.schemes[scheme].pack.title.en
        if key in ("amount", "award"):
            what = "entitlement to" if key == "amount" else "award of"
            return Said(f"the {what} {title(called)}")
        return named(_RESULTS[key].format(called), node)

    def receipt(self, node: Receipt) -> Said:
        means = self.book.catalogue.awards[node.scheme].means
        if node.function == "award":
            return Said(f"the {title(means)} in payment")
        return named(_RECEIPTS[node.function].format(means), node)

    def rate(self, node: RateRef) -> Said:
        means = self.book.rates[node.name].means
        value = f" ({self.value(node)})" if self.constants else ""
        if node.kind.base == "bool":
            return Said(f"{quoted(means)}{value} holds")
        return Said(f"{noun(means, is_count=node.kind == INT)}{value}")

    def value(self, node: RateRef) -> str:
        """What a rate is on the day, in words; "no value then" where none is in force."""
        rates = self.constants.rates if self.constants else {}
        if node.name not in rates:
            return "no value then"
        value = rates[node.name]
        if isinstance(value, bool):
            return shown(value, node.kind)
        percent = value * 100
        if node.kind.base == "ratio" and 10_000 % percent.denominator == 0:
            return f"{float(percent):.10g}%"
        return shown((value, value), node.kind)

    # --- yes or no --------------------------------------------------------------------------------

    def logic(self, node: Logic) -> Said:
        if node.op == "not":
            return self.contrary(node.items[0])
        items = [self.said(item) for item in node.items]
        about = {item.about for item in items}
        if len(about) > 1 or not all(item.predicate for item in items):
            told = [item.within(SUM) for item in items[:-1]]
            return Said(listed([*told, items[-1].within(OPEN)], node.op), LOOSE)
        parts = [f"({i.predicate})" if i.holds > SUM else i.predicate for i in items]
        return predicated(listed(parts, node.op), about.pop(), LOOSE)

    def contrary(self, item: Node) -> Said:
        said = self.said(item)
        if said.predicate and said.about is not None and not isinstance(item, Logic):
            return claimed(contrary(said.predicate, SUBJECTS[said.about]), said.about)
        if said.text.startswith("“") and said.text.endswith("” holds"):
            return Said(f"{said.text.removesuffix('holds')}does not hold")
        return Said(f"it is not so that {said.within(SUM)}", OPEN)

    def compare(self, node: Compare) -> Said:
        role = _role(node)
        if role:
            return predicated(role, Level.PERSON)
        left, right = node.left, node.right
        if left.kind.base == "bool":
            how = "both or neither" if node.op == "==" else "only one"
            both = " and ".join(f"[{self.said(each).text}]" for each in (left, right))
            return Said(f"{how} of these holds: {both}", LOOSE)
        words = _COMPARED_DATES if left.kind.base == "date" else _COMPARED
        first, second = self.beside(left, right.kind), self.beside(right, left.kind)
        return Said(f"{first.within(SUM)} {words[node.op]} {second.within(SUM)}")

    def among(self, node: Among) -> Said:
        words = listed([_word(word) for word in node.words], "or")
        verb = "is not" if node.negated else "is"
        return Said(f"{self.said(node.item).within(SUM)} {verb} {words}")

    # --- numbers ----------------------------------------------------------------------------------

    def beside(self, node: Node, kind: Kind) -> Said:
        """A number beside another of a kind: 0 beside an amount is an amount."""
        if node.kind.base == "zero" and kind.base == "money":
            return Said("£0.00")
        return self.said(node)

    def arithmetic(self, node: Arith) -> Said:
        left, right = node.left, node.right
        first, second = self.beside(left, right.kind), self.beside(right, left.kind)
        is_chain = isinstance(left, Arith) and left.op in _CHAINS[node.op]
        text = first.text if is_chain else first.within(NAME)
        text = f"{text} {_ARITHMETIC[node.op]} {second.within(NAME)}"
        return Said(f"{text}, rounded down", LOOSE) if node.op == "//" else Said(text, SUM)

    def choose(self, node: Choose) -> Said:
        then, rest = (
            "nothing" if item.kind.base == "zero" and node.kind.base == "money" else self.said(item)
            for item in (node.then, node.otherwise)
        )
        first = then if isinstance(then, str) else then.within(SUM)
        if not isinstance(rest, str):
            rest = rest.text if isinstance(node.otherwise, Choose) else rest.within(SUM)
        condition = self.said(node.condition)
        when = condition.within(SUM) if isinstance(node.condition, Choose) else condition.text
        return Said(f"{first} if {when}; otherwise {rest}", LOOSE)

    def call(self, node: Call | Convert | Lookup) -> Said:
        if isinstance(node, Convert):
            period = _PERIODS[str(node.kind.per)]
            return Said(f"the {period} amount of {self.said(node.item).within(NAME)}")
        if isinstance(node, Lookup):
            keys = listed([self.said(key).within(NAME) for key in node.keys], "and")
            return Said(f"{noun(self.book.tables[node.table].means)} for {keys}")
        most = SUM if node.function in LEAVE_SUMS_OPEN else NAME
        first, *others = (self.beside(each, node.kind) for each in node.args)
        said = [first.within(most), *(each.within(NAME) for each in others)]
        if node.function.endswith(("_before", "_after")):
            said[1] = self.how_many(node.args[1])
        holds = NAME if node.function in NEED_NO_BRACKETS else LOOSE
        return Said(PHRASES[node.function](said, node.option), holds)

    def how_many(self, node: Node) -> str:
        """A number of years, months or weeks: where its value is known, that comes first."""
        if isinstance(node, RateRef) and self.constants:
            return f"{self.value(node)} ({noun(self.book.rates[node.name].means)})"
        return self.said(node).within(NAME)

    # --- those of a benefit unit or household -----------------------------------------------------

    def aggregate(self, node: Aggregate) -> Said:
        item = self.said(node.item)
        if node.function == "count":
            return self.count(node, item)
        each, is_narrowed = self.each(node)
        if node.function in ("any", "all"):
            quantity = "at least one" if node.function == "any" else "every"
            if item.predicate and item.about is node.over and not is_narrowed:
                return Said(f"{quantity} {each} {item.predicate}", item.holds)
            return Said(f"for {quantity} {each}, {item.text}", OPEN if item.holds < OPEN else LOOSE)
        what = f"the {node.function} of {item.within(NAME)}"
        among = "over every" if node.function == "total" else "of every"
        text = f"{what} {among} {each}"
        return Said(text, narrowed(text) if is_narrowed else SUM)

    def count(self, node: Aggregate, item: Said) -> Said:
        """How many there are: `where` and what is counted narrow in the same way."""
        role, rest = _split_role(node.item)
        word = _PLURALS[role or self.member(node)]
        conditions = [item if rest is node.item else self.said(rest)] if rest else []
        if node.where is not None:
            conditions.append(self.said(node.where))
        text = f"the number of {word} {_where(node)}"
        whom = "each of whom" if node.over is Level.PERSON else "each of which"
        for condition in conditions:
            if condition.predicate and condition.about is node.over:
                text += f" {whom} {condition.predicate}"
            else:
                text += f" for {whom} {condition.text}"
        return Said(text, narrowed(text) if conditions else NAME)

    def member(self, node: Aggregate) -> str:
        """What an aggregate ranges over, in one word."""
        if node.over is Level.BENEFIT_UNIT:
            return "benefit unit"
        roles = applies_to(self.book.catalogue, self.definitions, node.item) & set(node.who)
        return roles.pop() if len(roles) == 1 else "person"

    def each(self, node: Aggregate) -> tuple[str, bool]:
        """One of those an aggregate ranges over, and whether a condition narrows them."""
        role, rest = _split_role(node.where) if node.where else ("", None)
        text = f"{role or self.member(node)} {_where(node)}"
        if rest is None:
            return text, False
        where = self.said(rest)
        if where.predicate and where.about is node.over:
            who = "who" if node.over is Level.PERSON else "that"
            return f"{text} {who} {where.predicate}", True
        return f"{text} for {'whom' if node.over is Level.PERSON else 'which'} {where.text}", True


_RECEIPTS = {
    "in_payment": "has {} in payment",
    "claimed": "has claimed {}",
}
_RESULTS = {
    "entitled": "is entitled to {}",
    "claimed": "has claimed {}",
    "when.applies_in": "lives where {} applies",
}


def _word(text: str) -> str:
    return quoted(text.replace("_", " "))


def _where(node: Aggregate) -> str:
    return f"in {SUBJECTS[node.level or Level.HOUSEHOLD]}"


def _role(node: Node) -> str:
    """Return "is an adult" or "is not a child" for a comparison of the role; else an empty text."""
    match node:
        case Compare(op=op, left=FactRef(name="role"), right=Word(text=text)):
            return f"{_COMPARED[op]} {'an' if text[:1] in 'aeiou' else 'a'} {text}"
    return ""


def _split_role(node: Node) -> tuple[str, Node | None]:
    """Return the role that a condition asks for, and the rest of the condition."""
    items = node.items if isinstance(node, Logic) and node.op == "and" else (node,)
    asked = next((each for each in items if _role(each).startswith("is a")), None)
    if not isinstance(asked, Compare) or not isinstance(asked.right, Word):
        return "", node
    rest = tuple(each for each in items if each is not asked)
    if len(rest) > 1:
        return asked.right.text, Logic(node.kind, node.level, "and", rest)
    return asked.right.text, rest[0] if rest else None
