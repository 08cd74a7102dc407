import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.events import short_reference, stands_for
from nostop.model import EventError
from nostop.outreach.plan import message_id

HEX = st.text(alphabet="0123456789abcdef", min_size=32, max_size=32)


def test_a_reference_is_short_and_says_how_the_message_id_begins():
    sent = message_id("spring", "P1", "pension_credit", 1)
    assert sent.startswith("Ma606067092")
    assert short_reference(sent) == "MR30-CW4J-3"
    assert stands_for("MR30-CW4J-3") == "Ma606067092"


@settings(max_examples=200, deadline=None)
@given(digits=HEX)
def test_every_message_is_found_by_its_reference_however_it_is_written(digits):
    reference = short_reference(f"M{digits}")
    assert stands_for(reference) == f"M{digits[:10]}"
    spoken = reference.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert stands_for(spoken) == f"M{digits[:10]}"


@settings(max_examples=200, deadline=None)
@given(
    digits=HEX, place=st.integers(0, 8), other=st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
)
def test_one_wrong_character_is_always_noticed(digits, place, other):
    plain = short_reference(f"M{digits}").replace("-", "")
    wrong = plain[:place] + other + plain[place + 1 :]
    if wrong == plain:
        return
    with pytest.raises(EventError, match="a character of it is wrong"):
        stands_for(wrong)


@settings(max_examples=200, deadline=None)
@given(digits=HEX, places=st.tuples(st.integers(0, 7), st.integers(0, 7)))
def test_two_characters_exchanged_are_always_noticed(digits, places):
    plain = list(short_reference(f"M{digits}").replace("-", ""))
    one, two = places
    if plain[one] == plain[two]:
        return
    plain[one], plain[two] = plain[two], plain[one]
    with pytest.raises(EventError, match="a character of it is wrong"):
        stands_for("".join(plain))


@pytest.mark.parametrize("text", ["", "4F7K-2M9Q", "4F7K-2M9Q-XX", "4F7K-2M9!-X", "QQ 12 34 56 C"])
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(EventError):
        stands_for(text)


@pytest.mark.parametrize("text", ["", "P0123456789abcdef", "Mxyz", "M12"])
def test_only_a_message_has_a_reference(text):
    with pytest.raises(EventError, match="no id of a message"):
        short_reference(text)
