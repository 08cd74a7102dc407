"""The short reference in a message, by which a person can say "this is wrong" on the telephone.

Eight characters of Crockford's base 32 (no I, L, O or U) are the first 40 bits of the message's id,
and the ninth tells a slip of the pen. It stands for nothing but a message: who it went to is looked
up by somebody who may.
"""

from nostop.model import EventError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OILU", "011V")
_BITS_EACH = 5
#: x^5 + x^2 + 1, by which products are reduced.
_FIELD = 0b100101
_LENGTH = 8
_HEX = 10


def short_reference(message_id: str) -> str:
    """Return the reference of a message, such as `4F7K-2M9Q-X`.

    Args:
        message_id: `M` and hexadecimal digits, as `nostop.outreach.message_id` makes it.
    Raises:
        EventError: it is no id of a message.
    """
    try:
        number = int(message_id[1 : 1 + _HEX], 16)
    except ValueError:
        number = -1
    if not message_id.startswith("M") or len(message_id) <= _HEX or number < 0:
        raise EventError("reference: this is no id of a message")
    digits = "".join(
        _ALPHABET[number >> (_BITS_EACH * place) & 31] for place in reversed(range(_LENGTH))
    )
    return f"{digits[:4]}-{digits[4:]}-{_check(number)}"


def stands_for(reference: str) -> str:
    """Return how the id of the message begins that a reference stands for.

    Small letters, spaces and hyphens make no difference, nor do O for 0 and I or L for 1.

    Raises:
        EventError: it is no reference, or a character of it is wrong.
    """
    plain = reference.upper().replace("-", "").replace(" ", "")
    told = "reference: nine characters are expected, such as 4F7K-2M9Q-X"
    if len(plain) != _LENGTH + 1:
        raise EventError(told)
    digits = plain[:_LENGTH].translate(_READ_AS)
    if any(character not in _ALPHABET for character in digits):
        raise EventError(told)
    number = 0
    for character in digits:
        number = number << _BITS_EACH | _ALPHABET.index(character)
    if plain[_LENGTH].translate(_READ_AS) != _check(number):
        raise EventError("reference: a character of it is wrong: read it again, one by one")
    return f"M{number:0{_HEX}x}"


def _check(number: int) -> str:
    """Return the check character: it changes with every wrong character and every two that are
    exchanged, and needs no sign outside the alphabet, as Crockford's own would.

    A sum in the field of 32 elements, each digit times another power of its generator.
    """
    total = 0
    for place in reversed(range(_LENGTH)):
        total = (total ^ number >> (_BITS_EACH * place) & 31) << 1
        total ^= _FIELD if total > 31 else 0
    return _ALPHABET[total]
