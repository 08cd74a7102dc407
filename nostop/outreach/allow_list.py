"""Whom anything but production may reach: nobody, unless an allow-list names them."""

import re
from collections.abc import Sequence

_DOMAIN = re.compile(r"\*@[a-z0-9-]+(\.[a-z0-9-]+)+")
_EMAIL = re.compile(r"[^@*\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_PHONE = re.compile(r"\+?[0-9]{7,15}\*?")
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}|ZZ[0-9]{1,2} ?\*")


def checked_pattern(value: object) -> str:
    """Return one line of an allow-list, in its plain form.

    It is an e-mail address, every address of one domain (`*@example.org`), a telephone number, or
    every number that begins with at least seven digits (`07700900*`), a postcode, or the made-up
    postcodes (`ZZ1 *`).

    Raises:
        ValueError: it is none of these, or so wide that it could reach real people.
    """
    if not isinstance(value, str):
        # pydantic turns a ValueError, and no TypeError, into a message of its own.
        raise ValueError(f"{value!r} is not a text: write it in quotes")  # noqa: TRY004
    text = value.strip()
    for plain, pattern in (
        (text.lower(), _DOMAIN),
        (text.lower(), _EMAIL),
        (_digits(text), _PHONE),
        (text.upper(), _POSTCODE),
    ):
        if pattern.fullmatch(plain):
            return plain
    raise ValueError(
        f"'{text}' is not an e-mail address, *@domain, a telephone number of at least seven digits "
        "(with * at its end or without) or a postcode"
    )


def is_allowed(patterns: Sequence[str], contact: str) -> bool:
    """Return whether an allow-list names an e-mail address, telephone number or post address.

    A post address is known by its last line, the postcode.
    """
    last = contact.strip().splitlines()[-1] if contact.strip() else ""
    forms = {last.strip().lower(), last.strip().upper(), _digits(last)}
    return any(_matches(pattern, form) for pattern in patterns for form in forms if form)


def _matches(pattern: str, form: str) -> bool:
    if pattern.startswith("*@"):
        return form.count("@") == 1 and form.endswith(pattern[1:])
    if pattern.endswith("*"):
        return form.startswith(pattern[:-1])
    return form == pattern


def _digits(text: str) -> str:
    """Return a telephone number without what people write between its digits, +44 as 0."""
    plain = re.sub(r"[ ()-]", "", text)
    return re.sub(r"^(\+44|0044)0?", "0", plain)
