"""Rules folders meant to break what reads them: bombs, nests, look-alikes and formulas that are
programs. Each is a good small folder with one file put in its place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

FACT = "level: person, valid_for: always, effort: 1, absent_means: unknown"
FACTS = f"""\
facts:
  role: {{means: Role, type: enum, values: [adult, child], {FACT}}}
  pay: {{means: Pay, type: money, per: week, non_negative: true, nil: 0, {FACT}}}
  ill: {{means: Is ill, type: bool, nil: false, {FACT}}}
"""
AWARDS = "awards:\n  pension_credit: {means: Pension Credit, per: week}\n"
GATEWAYS = """\
gateways:
  - {id: all, law: None, fields: [role, pay, ill], from_body: A, to_body: B, purpose: To try,
     schemes: [alpha], from: 2000-01-01, status: synthetic_only}
"""
RATES = """\
rates:
  week_a: {means: A limit, type: money, per: week, values: [{from: 2020-01-01, value: 10000, reference: law}]}
"""  # noqa: E501 - one rate a line
PACK = """\
scheme: alpha
version: "2026.1"
title: {en: A scheme, cy: Cynllun}
summary: {en: A sentence., cy: Brawddeg.}
owner: Nobody
authority: DWP
applies_in: [england, wales, scotland, northern_ireland]
in_force: {from: 2020-01-01}
decides_for: benefit_unit
receipt: pension_credit
work_out:
  money: {says: Their pay, formula: total(pay), cite: law}
entitled_when:
  - {id: poor, says: It holds, when: 'money < week_a', cite: law, if_not: It does not}
award:
  parts:
    part_a: {formula: 'at_least(week_a - money, 0)', cite: law}
  per: week
claim: {url: "https://example.org/claim"}
"""
CASES = """\
situations: {somebody: {people: {ann: {role: adult}}}}
cases:
  - {name: poor, effective_date: 2026-06-01, start_from: somebody, expect: {outcome: entitled}}
  - {name: rich, effective_date: 2026-06-01, start_from: somebody, expect: {outcome: not_entitled}}
"""
PACK_FILE, RATES_FILE, FACTS_FILE = "uk/alpha/pack.yaml", "uk/alpha/rates.yaml", "facts.yaml"


@dataclass(frozen=True, slots=True)
class HostileInput:
    """One rules folder: its files by their path, and for what it stands."""

    name: str
    changed: dict[str, bytes] = field(repr=False)

    @property
    def files(self) -> dict[str, bytes]:
        """Every file of the folder."""
        good = {
            FACTS_FILE: FACTS,
            "awards.yaml": AWARDS,
            "gateways.yaml": GATEWAYS,
            PACK_FILE: PACK,
            RATES_FILE: RATES,
            "uk/alpha/cases/some.yaml": CASES,
        }
        return {name: text.encode() for name, text in good.items()} | self.changed


def hostile_inputs() -> list[HostileInput]:
    """Return every hostile folder; their names are unique."""
    return [*_yaml(), *_characters(), *_many(), *_formulas(), *_tables()]


def _pack(name: str, text: str | bytes) -> HostileInput:
    return HostileInput(name, {PACK_FILE: text.encode("utf-8") if isinstance(text, str) else text})


def _owner(name: str, value: str) -> HostileInput:
    return _pack(name, PACK.replace("owner: Nobody", f"owner: {value}"))


# --- YAML -----------------------------------------------------------------------------------------


def _yaml() -> Iterator[HostileInput]:
    letters = "abcdefghi"
    yield _pack(
        "alias bomb",
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
            for before, name in pairwise(letters)
        ),
    )
    yield _pack("anchors by the thousand", "".join(f"k{n}: &a{n} x\n" for n in range(15_000)))
    yield _pack("merge key", "<<: {owner: x}\n" + PACK)
    yield _pack("100,000 brackets", "a: " + "[" * 100_000)
    yield _pack("100,000 brackets, closed", "a: " + "[" * 100_000 + "]" * 100_000)
    yield _pack("maps in maps", "{a: " * 50_000)
    yield _pack("lists in lists", "- " * 100_000 + "x")
    yield _pack("keys that are keys", "? " * 100_000 + "x")
    yield _pack("quote never closed", "a: '" + "x" * 250_000)
    yield _pack("file of 50 MB", b"owner: " + b"y" * 50_000_000)
    yield _pack("key written twice", PACK + "owner: Somebody\n")
    yield _pack("12,000 unknown keys", PACK + "".join(f"k{n}: 1\n" for n in range(12_000)))
    yield _pack("key of 200,000 letters", f"{'k' * 200_000}: 1\n" + PACK)
    yield _pack("Python object", PACK.replace("Nobody", "!!python/object/apply:os.system [id]"))
    yield _owner("number of a million digits", "9" * 250_000)
    yield _owner("text of 200,000 letters", "y" * 200_000)
    yield _owner("number that is nearly one", "1.1" * 60_000 + "x")
    yield _owner("underscores without end", "1" + "_1" * 100_000 + "x")
    yield _owner("day that is nearly one", "2026-1-1" + " " * 200_000 + "x")
    yield _owner("not a number", ".nan")
    yield _owner("infinity", "-.inf")
    yield _owner("norway", "NO")
    yield _owner("sexagesimal", "12:30:45")
    yield _owner("30 February", "2026-02-30")
    yield _owner("hexadecimal", "0xFF")


def _characters() -> Iterator[HostileInput]:
    yield _pack("UTF-16", PACK.encode("utf-16"))
    yield _pack("no UTF-8", PACK.encode() + b"# \xff\xfe\n")
    yield _owner("NUL", "a\0b")
    yield _owner("NUL by escape", '"a\\0b"')
    yield _owner("right-to-left by escape", '"a\\u202Eb"')
    yield _pack("right-to-left in a comment", PACK + "# \u202e the end\n")
    yield _pack("name with zero width", PACK.replace("money:", "mon\u200bey:"))
    yield _pack("name with a letter that looks the same", PACK.replace("money:", "m\u043eney:"))
    yield _pack("tag letters", PACK + "# \U000e0041\n")
    yield _formula("name that Python reads as another", "total(pay) < \ufb01rst_limit")
    yield _formula("name in wide letters", "total(\uff50\uff41\uff59) < week_a")
    yield _formula("minus sign of print", "money \u2212 week_a < 0")
    yield _formula("half a character in a word", 'any_adult(role == "\\ud800")')


# --- many of a kind -------------------------------------------------------------------------------


def _many() -> Iterator[HostileInput]:
    def workings(count: int, formula: str) -> str:
        lines = "".join(
            f"  w{n}: {{says: A step, formula: '{formula.format(n - 1)}', cite: law}}\n"
            for n in range(1, count)
        )
        first = "  w0: {says: A step, formula: 'money > week_a', cite: law}\n"
        reads = PACK.replace("'money < week_a'", f"'w{count - 1}'")
        return reads.replace("entitled_when:", f"{first}{lines}entitled_when:")

    yield _pack("2,000 workings", workings(2_000, "w{}"))
    yield _pack("280 workings, each on the one before", workings(280, "w{}"))
    yield _pack("workings that double", workings(60, "w{0} and w{0}"))
    circle = workings(250, "w{}").replace("'money > week_a'", "w249")
    yield _pack("circle of 250 workings", circle)
    misspelt = workings(280, "any_adult(ill{0} and nothing_{0})")
    rates = "".join(RATES.splitlines()[1].replace("week_a", f"week_{n}") + "\n" for n in range(990))
    few = {PACK_FILE: misspelt.encode(), RATES_FILE: f"rates:\n{rates}".encode()}
    yield HostileInput("280 misspelt names beside 990 rates", few)
    yield _owner("list of 40,000 words", f"[{', '.join(['pays'] * 40_000)}]")
    names = ", ".join(["pays"] * 20_000)
    yield _pack("20,000 facts to ask for", f"{PACK}ask_person: [{names}]\n")
    fields = GATEWAYS.replace("[role, pay, ill]", f"[{names}]")
    yield HostileInput("20,000 fields of a gateway", {"gateways.yaml": fields.encode()})
    line = GATEWAYS.splitlines(keepends=True)
    many = line[0] + "".join(line[1:]).replace("role, pay", "pays") * 1_000
    yield HostileInput("1,000 gateways for no fact", {"gateways.yaml": many.encode()})
    crowd = ", ".join(["{}"] * 10_000)
    people = f"households: [{{means: A crowd, benefit_units: [{{adults: [{crowd}]}}]}}]\n"
    yield HostileInput("10,000 people in a household", {"check_population.yaml": people.encode()})
    values = ", ".join("x" for _ in range(20_000))
    repeated = FACTS.replace("[adult, child]", f"[{values}]")
    yield HostileInput("word 20,000 times in a list", {FACTS_FILE: repeated.encode()})


# --- formulas -------------------------------------------------------------------------------------


def _formula(name: str, text: str) -> HostileInput:
    quoted = text.replace("'", "''")
    return _pack(name, PACK.replace("'money < week_a'", f"'{quoted}'"))


_PROGRAMS = {
    "import": '__import__("os").system("id")',
    "attribute": "money.__class__",
    "way to every class": "().__class__.__bases__[0].__subclasses__()",
    "lambda": "(lambda: true)()",
    "comprehension": "[x for x in pay]",
    "generator": "any_adult(x for x in pay)",
    "walrus": "(x := money) > 0",
    "await": "await money",
    "yield": "(yield money)",
    "text with a formula in it": 'f"{money}" == "a"',
    "starred": "total(*pay) > 0",
    "two stars": "total(pay, **pay) > 0",
    "subscript": "money[0] > 0",
    "dictionary": "{money: 1} == {}",
    "nothing": "money == None",
    "dots": "money == ...",
    "bytes": 'money == b"a"',
    "imaginary number": "money == 1j",
    "matrices": "money @ week_a > 0",
    "shift": "1 << 1 << 1 > money",
    "semicolon": "true; money > 0",
    "comment": "money < week_a # or everybody",
    "assignment": "money = week_a",
    "whole text repeated": '"x" * 1000000000 == "y"',
    "true in Python's letters": "money > 0 or True",
}


def _formulas() -> Iterator[HostileInput]:
    for name, text in _PROGRAMS.items():
        yield _formula(f"formula: {name}", text)
    most = 1_990
    yield _formula("formula of 250,000 signs", "money + " * 30_000 + "money > 0")
    for name, piece, last in (
        ("900 operands", "1+", "1 > money"),
        ("powers of powers", "many**", "many"),
        ("powers of numbers", "9**", "9 > money"),
        ("brackets", "(", "money"),
        ("not", "not ", "ill"),
        ("minus", "-", "money"),
        ("choices", "1 if true else (", "1"),
        ("choices without brackets", "1 if true else ", "1"),
        ("comparisons", "1<", "1"),
        ("calls in calls", "total(", "pay"),
        ("lambdas", "lambda:", "1"),
        ("attributes", "a.", "b"),
        ("lists in lists", "[", "pay"),
        ("texts beside texts", '"x" ', '"y"'),
        ("texts in texts", 'f"{', "pay"),
        ("tildes", "~", "pay"),
    ):
        many = piece * ((most - len(last)) // len(piece)) + last
        yield _formula(f"formula: {name} without end", many)
        opened = sum(piece.count(each) for each in "([")
        if opened:
            closing = {"(": ")", "[": "]"}["(" if "(" in piece else "["]
            count = most // (len(piece) + 1)
            nested = piece * count + last + closing * count
            yield _formula(f"formula: {name} without end, closed", nested)
    yield _formula("formula: number of 1,900 digits", "money > " + "9" * 1_900)
    yield _formula("formula: hexadecimal of 1,900 digits", "money > 0x" + "F" * 1_900)
    yield _formula("formula: number beyond all numbers", "money > 1e99999")


# --- tables in CSV files --------------------------------------------------------------------------

_TABLE = """\
tables:
  by_role:
    means: By role
    keys: {role: exact}
    type: money
    per: week
    values:
"""


def _tables() -> Iterator[HostileInput]:
    def table(name: str, csv: bytes, times: int = 1) -> HostileInput:
        value = "      - {{from: {}-{:02}-{:02}, reference: law, file: t.csv}}\n"
        days = (
            value.format(1900 + number // 336, number // 28 % 12 + 1, number % 28 + 1)
            for number in range(times)
        )
        return HostileInput(
            name, {RATES_FILE: (RATES + _TABLE + "".join(days)).encode(), "uk/alpha/t.csv": csv}
        )

    rows = b"".join(b"r%d,1\n" % number for number in range(20_000))
    yield table("CSV of 50 MB", b"role,value\n" + b"a,1\n" * 12_500_000)
    yield table("CSV of a million rows", b"role,value\n" + b"a,1\n" * 1_000_000)
    yield table("CSV of empty lines", b"role,value\n" + b"\n" * 4_000_000)
    yield table("CSV of a million columns", b"c," * 1_000_000 + b"value\n")
    yield table("CSV with a quote never closed", b'role,value\n"' + b"adult,1\n" * 400_000)
    yield table("CSV with NUL", b"role,value\nadult\0,1\n")
    yield table("CSV with a zero width", "role,value\nad\u200bult,1\n".encode())
    yield table("CSV with columns of one name", b"role,value,value\nadult,1,2\n")
    yield table("CSV read 2,000 times", b"role,value\n" + rows, times=2_000)
    yield table("CSV that is no UTF-8", b"role,value\n\xff,1\n")
    yield table("CSV with half a number", b"role,value\nadult,1.5\n")
    outside = _TABLE + "      - {from: 2020-01-01, reference: law, file: ../../facts.yaml}\n"
    yield HostileInput("CSV elsewhere", {RATES_FILE: (RATES + outside).encode()})
