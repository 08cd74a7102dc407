"""Postal addresses, as the service checks them before it takes a letter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nostop.notify_simulator.errors import invalid

_AREAS = (
    "AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN"
    " DT DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L"
    " GIR LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S"
    " SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS"
    " WV YO ZE"
)
_POSTCODE = re.compile(rf"(?:{'|'.join(_AREAS.split())})[0-9][0-9A-Z]?[0-9][ABD-HJLNP-UW-Z]{{2}}")
_BFPO = re.compile(r"bfpo\s*(?:c/o)?\s*(\d+)", re.IGNORECASE)
_HOME = frozenset(
    {"united kingdom", "uk", "u.k.", "great britain", "gb", "britain", "england", "scotland"}
    | {"wales", "cymru", "lloegr", "yr alban", "northern ireland", "gogledd iwerddon"}
)
_NEVER_FIRST = tuple('@()=[]"”\\/,<>~')


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it will be printed, at most one country or postcode at its end."""

    lines: tuple[str, ...]
    postcode: str | None
    country: str | None
    bfpo: bool


def parse_address(personalisation: Mapping[str, object]) -> Address:
    """Return the address in a letter's personalisation: address_line_1 to address_line_7, or the
    older address_line_1 to address_line_6 with postcode."""
    last = "address_line_7" if "address_line_7" in personalisation else "postcode"
    keys = [f"address_line_{number}" for number in range(1, 7)] + [last]
    text = "\n".join(str(personalisation.get(key) or "") for key in keys)
    lines = [" ".join(line.split()).rstrip(" ,") for line in text.splitlines()]
    kept = [line for line in lines if line]
    while kept and kept[-1].lower() in _HOME:
        kept.pop()
    country = _country(kept[-1]) if kept else None
    bfpo = any(_BFPO.fullmatch(line) for line in kept)
    postcode = next((found for line in kept[-2:] if (found := _postcode(line))), None)
    if kept and country:
        kept[-1] = country
    elif kept and (printed := _postcode(kept[-1])):
        kept[-1] = printed
    return Address(tuple(kept), postcode if bfpo else _postcode("".join(kept[-1:])), country, bfpo)


def refuse_unpostable(address: Address, *, abroad: bool) -> None:
    """Refuse an address that a letter cannot go to; `abroad` says that it may be in another
    country."""
    for wrong, message in _faults(address, abroad=abroad):
        if wrong:
            raise invalid(message)


def _faults(address: Address, *, abroad: bool) -> list[tuple[bool, str]]:
    lines = address.lines
    text = "\n".join(lines).lower()
    last_line = bool(address.postcode or address.bfpo or (abroad and address.country))
    return [
        (len(lines) < 3, "Address must be at least 3 lines"),
        (len(lines) > 7, "Address must be no more than 7 lines"),
        (
            not all(re.search("[a-zA-Z0-9]", line) for line in lines[:2]),
            "The first 2 lines of the address must both include at least one alphanumeric"
            " character",
        ),
        (
            address.bfpo and address.country is not None,
            "The last line of a BFPO address must not be a country.",
        ),
        (
            not last_line,
            "Last line of address must be a real UK postcode or another country"
            if abroad
            else "Must be a real UK postcode",
        ),
        (
            any(line.startswith(_NEVER_FIRST) for line in lines),
            "Address lines must not start with any of the following characters:"
            " @ ( ) = [ ] ” \\ / , < >",
        ),
        (
            "nfa" in text.split("\n") or re.search(r"no fixed (abode|address)", text) is not None,
            "Must be a real address",
        ),
    ]


def _postcode(line: str) -> str | None:
    plain = "".join(line.split()).upper()
    return f"{plain[:-3]} {plain[-3:]}" if _POSTCODE.fullmatch(plain) else None


def _country(line: str) -> str | None:
    return _countries().get(line.lower())


@cache
def _countries() -> Mapping[str, str]:
    text = (files("nostop.notify_simulator") / "countries.txt").read_text(encoding="utf-8")
    return {name.lower(): name for name in text.splitlines()}
