"""How many text messages a text is: what each costs, and where one ends.

The alphabet of text messages is GSM 7-bit (3GPP TS 23.038, section 6.2.1); a single character
beyond it, such as the circumflexes of Welsh on w and y, makes the whole text go as UCS-2, in which
less than half as much fits.
"""

#: The longest text that GOV.UK Notify takes: six messages of 153.
LONGEST_TEXT = 918
#: What we aim at: the price is by the message.
PREFERRED_MESSAGES = 3
_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Each of these takes the room of two.
_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM_ALONE, _GSM_EACH = 160, 153
_UCS2_ALONE, _UCS2_EACH = 70, 67


def messages_in(text: str) -> int:
    """Return how many text messages a text goes as."""
    if set(text) <= _ALPHABET | _EXTENDED:
        length = len(text) + sum(text.count(character) for character in _EXTENDED)
        alone, each = _GSM_ALONE, _GSM_EACH
    else:
        length = len(text.encode("utf-16-le")) // 2
        alone, each = _UCS2_ALONE, _UCS2_EACH
    return 1 if length <= alone else -(-length // each)
