from pathlib import Path

import pytest

from nostop.outreach import load_templates
from nostop.outreach.plain_english import HARDEST, reading_grade
from nostop.outreach.templates import Text, load_scripts, load_texts

FOLDER = Path(__file__).parents[2] / "notifications" / "templates"
ENGLISH = {
    **{f"{key[0]}.{key[1]}": t for key, t in load_templates(FOLDER).items() if key[2] == "en"},
    **{f"text.{key[0]}": t for key, t in load_texts(FOLDER).items() if key[1] == "en"},
    **{f"script.{key[0]}": t for key, t in load_scripts(FOLDER).items() if key[1] == "en"},
}


@pytest.mark.parametrize("name", ENGLISH)
def test_our_english_can_be_read_at_nine_to_eleven(name: str):
    assert reading_grade(ENGLISH[name].body) < HARDEST


def test_the_grade_is_the_automated_readability_index():
    # 6 words of 17 letters in 2 sentences.
    assert reading_grade(Text(("The cat sat. It was raw.",))) == pytest.approx(
        4.71 * 17 / 6 + 0.5 * 3 - 21.43
    )


def test_hard_prose_does_not_pass():
    text = (
        "Entitlement determinations notwithstanding, applicants demonstrating insufficient "
        "contributory qualification may nevertheless establish eligibility.\n"
    )
    assert reading_grade(Text((text,))) > HARDEST


def test_fields_are_read_as_what_they_stand_for_and_addresses_as_a_word():
    filled = Text(("Hello ", "first_name", " ", "surname", ". Look at ", "claim_url", ".\n"))
    assert reading_grade(filled) == reading_grade(Text(("Hello Ann Lee. Look at here.\n",)))
    assert reading_grade(Text(("Look at citizensadvice.org.uk/help now.\n",))) == reading_grade(
        Text(("Look at here now.\n",))
    )


def test_headings_do_not_flatter():
    assert reading_grade(Text(("# How\n\nThe cat sat.\n",))) == reading_grade(
        Text(("The cat sat.\n",))
    )


def test_a_text_without_a_word_has_no_grade():
    with pytest.raises(ValueError, match="without a word"):
        reading_grade(Text(("# How\n",)))
