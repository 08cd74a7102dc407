# ruff: noqa: E501 - one case a line reads better than four
"""Mistakes that authors make, and what they are told: file, line and column, what was found,
what to write instead."""

from pathlib import Path

import pytest

from tests.rulebook.mistakes import (
    AT_WHEN,
    GOOD,
    PACK,
    RATES_FILE,
    Mistake,
    both,
    formula,
    put,
    told,
    write,
)
from tests.rulebook.small import library_text, pack_text, write_rules

TWO_WAYS = (
    "could be read in more than one way: write whole pence or a whole number, a fraction as "
    '"55/100", or text in quotes'
)
TOTAL_BELOW = both(
    put(
        "'total(pay)', cite: some law, level: benefit_unit", "'pay', cite: some law, level: person"
    ),
    put("'money < week_a'", "total(money) < week_a"),
    put("(week_a - money, 0)", "(week_a - total(money), 0)"),
)

MISTAKES = [
    # --- YAML that could be read in more than one way
    Mistake("duplicate_key", PACK, put("owner: Nobody", "owner: Nobody\nowner: Somebody"),
            f"{PACK}:6:1: key 'owner' is written twice: keep one of them"),
    Mistake("no_is_no_word", PACK, put("owner: Nobody", "owner: NO"),
            f"{PACK}:5:8: 'NO' is ambiguous: write true, false, or the word in quotes"),
    Mistake("on_is_no_key", PACK, put("owner: Nobody", "on: Nobody"),
            f"{PACK}:5:1: key 'on' is ambiguous in YAML: use another word"),
    Mistake("time_or_number", PACK, put("owner: Nobody", "owner: 12:30"),
            f"{PACK}:5:8: '12:30' could be read in more than one way: write whole pence or a whole number, a fraction as "
            '"55/100", or text in quotes'),
    Mistake("leading_zero", RATES_FILE, put("value: 10000", "value: 010"),
            f"{RATES_FILE}:2:93: '010' could be read in more than one way: write whole pence or a whole number, a fraction "
            'as "55/100", or text in quotes'),
    Mistake("underscores", RATES_FILE, put("value: 10000", "value: 10_000"),
            f"{RATES_FILE}:2:93: '10_000' could be read in more than one way: write whole pence or a whole number, a "
            'fraction as "55/100", or text in quotes'),
    Mistake("pounds_and_pence", RATES_FILE, put("value: 10000", "value: 100.50"),
            f"{RATES_FILE}:2:93: '100.50' could be read in more than one way: write whole pence or a whole number, a "
            'fraction as "55/100", or text in quotes'),
    Mistake("anchor", PACK, put("owner: Nobody", "owner: &me Nobody"),
            f"{PACK}:5:8: anchors and aliases (& and *) are not used here: write the value out"),
    Mistake("python_tag", PACK, put("owner: Nobody", "owner: !!python/name:os.system x"),
            f"{PACK}:5:8: tag 'tag:yaml.org,2002:python/name:os.system' is not used here: write plain text, numbers or dates"),
    Mistake("empty_value", PACK, put("owner: Nobody", "owner:"),
            f"{PACK}:5:7: the value is empty: write one, or take the key out"),
    Mistake("impossible_date", PACK, put("from: 2020-01-01", "from: 2020-02-30"),
            f"{PACK}:8:18: '2020-02-30' is no date: day is out of range for month"),
    Mistake("not_a_number", RATES_FILE, put("value: 10000", "value: .nan"), f"{RATES_FILE}:2:93: '.nan' {TWO_WAYS}"),
    Mistake("number_with_a_power", RATES_FILE, put("value: 10000", "value: 1e4"), f"{RATES_FILE}:2:93: '1e4' {TWO_WAYS}"),
    Mistake("number_with_a_point_behind", RATES_FILE, put("value: 10000", "value: 100."), f"{RATES_FILE}:2:93: '100.' {TWO_WAYS}"),
    Mistake("hexadecimal_number", RATES_FILE, put("value: 10000", "value: 0x1F"), f"{RATES_FILE}:2:93: '0x1F' {TWO_WAYS}"),
    Mistake("date_without_its_zeros", PACK, put("from: 2020-01-01", "from: 2020-1-1"), f"{PACK}:8:18: '2020-1-1' {TWO_WAYS}"),
    Mistake("date_with_a_time", PACK, put("from: 2020-01-01", "from: 2020-01-01 10:00:00"), f"{PACK}:8:18: '2020-01-01 10:00:00' {TWO_WAYS}"),
    Mistake("nothing_by_a_word", PACK, put("owner: Nobody", "owner: null"), f"{PACK}:5:8: 'null' is ambiguous: write true, false, or the word in quotes"),
    Mistake("number_of_19_digits", RATES_FILE, put("value: 10000", f"value: {'9' * 19}"),
            f"{RATES_FILE}:2:93: a number of more than 18 digits: no amount is that large"),
    Mistake("tab", PACK, put("  part", "\tpart"), f"{PACK}:18:1: a tab or a sign that means something in YAML: indent with spaces, and put text that begins with a sign in "
            "quotes"),
    Mistake("colon_in_text", PACK, put("owner: Nobody", "owner: Nobody: at all"),
            f"{PACK}:5:14: a colon and a space where no key can stand: put the whole text in quotes, or mend the indentation"),
    Mistake("two_documents", PACK, lambda text: f"{text}---\na: 1\n", f"{PACK}:24:1: more than one document in a file: keep one"),
    Mistake("not_a_mapping", PACK, lambda _: "- a\n- b\n", f"{PACK}:1:1: the file must have keys of its own below it, found ['a', 'b']"),
    # --- keys and values
    Mistake("misspelt_key", PACK, put("authority:", "authorty:"),
            f"{PACK}:6:1: key 'authorty' is not known here; did you mean 'authority'? (known: applies_in, ask_person, "
            "authority, award, changes, changes_for_others, cited_as, claim, closes, decides_for, entitled_when, in_force, invite_when, left_out, local_authorities, notes, opens, owner, periods, "
            "protected_facts, receipt, scheme, summary, template, title, uses, version, work_out)"),
    Mistake("no_citation", PACK, put("cite: some law, level: benefit_unit", "level: benefit_unit"),
            f"{PACK}:14:3: key 'cite' is missing: write it here"),
    Mistake("empty_citation", PACK, put("cite: some law, level: benefit_unit", "cite: '', level: benefit_unit"),
            f"{PACK}:14:51: 'cite' says too little, found ''"),
    Mistake("unknown_nation", PACK, put("[england, wales]", "[england, whales]"),
            f"{PACK}:7:23: entry 2 of 'applies_in' must be one of 'england', 'wales', 'scotland' or 'northern_ireland', "
            "found 'whales'; did you mean 'wales'?"),
    Mistake("unknown_level", PACK, put("decides_for: benefit_unit", "decides_for: family"),
            f"{PACK}:9:1: 'decides_for' must be one of 'person', 'benefit_unit' or 'household', found 'family'"),
    Mistake("list_expected", PACK, put("[pay]", "savings"),
            f"{PACK}:22:1: 'ask_person' must be a list: entries in [brackets], or lines that begin with -, found 'savings'"),
    Mistake("capital_letter_in_a_name", PACK, put("scheme: alpha", "scheme: Alpha"),
            f"{PACK}:1:1: 'scheme' cannot be a name: use small letters, digits and _, and begin with a letter, found 'Alpha'"),
    Mistake("working_with_a_bad_name", PACK, put("  money: {says", "  Money: {says"),
            f"{PACK}:14:3: 'Money' cannot be a name: use small letters, digits and _, and begin with a letter"),
    Mistake("plain_http", PACK, put("https://example.org/claim", "http://example.org"),
            f"{PACK}:23:9: 'url' must begin with https://, found 'http://example.org'"),
    Mistake("quoted_date", PACK, put("from: 2020-01-01", 'from: "2020-01-01"'),
            f"{PACK}:8:12: 'from' must be a day such as 2026-04-06, without quotes, found '2020-01-01'"),
    Mistake("weeks_in_year", PACK, put('"52"', '"52.14"'),
            f"{PACK}:12:11: 'weeks_in_year' must be one of '52' or '365/7', found '52.14'"),
    Mistake("unknown_asked_fact", PACK, put("[pay]", "[pays]"), f"{PACK}:22:14: 'pays' is no fact; did you mean 'pay'?"),
    Mistake("unknown_receipt", PACK, put("receipt: pension_credit", "receipt: pension_credits"),
            f"{PACK}:10:1: 'pension_credits' is no award; did you mean 'pension_credit'?"),
    Mistake("unknown_library", PACK, put("work_out:", "uses: [sharing]\nwork_out:"), f"{PACK}:13:8: 'sharing' is no library"),
    # --- rates and tables
    Mistake("rate_without_reference", RATES_FILE, put("value: 10000, reference: law", "value: 10000"),
            f"{RATES_FILE}:2:67: key 'reference' is missing: write it here"),
    Mistake("key_of_a_rate_at_its_value", RATES_FILE,
            put("value: 10000, reference: law", "value: 10000, reference: law, unverified: a guess"),
            f"{RATES_FILE}:2:116: key 'unverified' is not known here (known: from, reference, value)"),
    Mistake("text_for_money", RATES_FILE, put("value: 10000", 'value: "100 pounds"'),
            f"{RATES_FILE}:2:3: 'week_a': value '100 pounds' is no money: write whole pence"),
    Mistake("percentage", RATES_FILE, put('"11/20"', '"55%"'),
            f"""{RATES_FILE}:9:3: 'share': value '55%' is no ratio: write it as "55/100\""""),
    Mistake("rates_out_of_order", RATES_FILE,
            put("[{from: 2020-01-01, value: 10000, reference: law}]",
                "[{from: 2020-01-01, value: 1, reference: law}, {from: 2019-01-01, value: 2, reference: law}]"),
            f"{RATES_FILE}:2:3: 'week_a': values must follow in time, each from a later day: 2020-01-01 stands before 2019-01-01"),
    Mistake("two_values_from_one_day", RATES_FILE,
            put("[{from: 2020-01-01, value: 10000, reference: law}]",
                "[{from: 2020-01-01, value: 1, reference: law}, {from: 2020-01-01, value: 2, reference: law}]"),
            f"{RATES_FILE}:2:3: 'week_a': values must follow in time, each from a later day: 2020-01-01 stands before 2020-01-01"),
    Mistake("rate_called_as_a_fact", RATES_FILE, put("  week_b: {", "  pay: {means: Pay, type: int, values: [{from: 2020-01-01, value: 2, reference: law}]}\n  week_b: {"),
            f"{RATES_FILE}:3:3: 'pay' is already a fact: choose another name"),
    Mistake("table_row_twice", RATES_FILE, put("{nation: england, rooms: 3,", "{nation: england, rooms: 0,"),
            f"{RATES_FILE}:21:3: 'week_by_place': the row for england, 0 is written 2 times: keep one of them"),
    Mistake("table_row_without_a_key", RATES_FILE, put("{nation: england, rooms: 3,", "{nation: england,"),
            f"{RATES_FILE}:21:3: 'week_by_place': a row has ['nation', 'value']: it needs ['nation', 'rooms', 'value']"),
    # --- names and circles
    Mistake("working_called_as_a_fact", PACK, put("  money: {says", "  pay: {says: A b, formula: week_a, cite: law}\n  money: {says"),
            f"{PACK}:14:3: 'pay' is already a fact: choose another name"),
    Mistake("working_called_amount", PACK, put("  money: {says", "  amount: {says: A b, formula: week_a, cite: law}\n  money: {says"),
            f"{PACK}:14:3: 'amount' is already a word of the rule language: choose another name"),
    Mistake("circle", PACK, put("'total(pay)'", "'money + week_a'"),
            f"{PACK}:14:28: goes round in a circle: money -> money"),
    Mistake("dead_working", PACK, put("  money: {says", "  spare: {says: A b, formula: total(pay), cite: law}\n  money: {says"),
            f"{PACK}:14:3: working 'spare' is read by nothing: use it or take it out"),
    Mistake("condition_twice", PACK, put("entitled_when:\n", "entitled_when:\n  - {id: not_rich, says: Again, when: is_married, cite: law, if_not: Not so}\n"),
            f"{PACK}:17:5: id 'not_rich' is used twice"),
    # --- formulas
    Mistake("misspelt_name", PACK, formula("mony < week_a"), f"{AT_WHEN}: 'mony' is no fact, rate or working here; did you mean 'money'?"),
    Mistake("misspelt_function", PACK, formula("at_lest(money, 0) < week_a"), f"{AT_WHEN}: 'at_lest' is no function; did you mean 'at_least'?"),
    Mistake("bare_number", PACK, formula("money < 10000"),
            f"{AT_WHEN}: the number 10000 stands bare: put it into rates.yaml with its reference and use its name"),
    Mistake("bare_fraction", PACK, formula("money * 0.5 < week_a"),
            f"{AT_WHEN}: the number 0.5 stands bare: put it into rates.yaml with its reference and use its name"),
    Mistake("mixed_periods", PACK, formula("total(pay) < month_a"),
            f"{AT_WHEN}: 'total(pay) < month_a' mixes money per week with money per month: write weekly(...) around the second"),
    Mistake("stock_beside_income", PACK, formula("total(savings) < week_a"),
            f"{AT_WHEN}: 'total(savings) < week_a' mixes money (a stock, no period) with money per week"),
    Mistake("person_fact_for_a_unit", PACK, formula("pay < week_a"),
            f"{AT_WHEN}: 'pay < week_a' is about a person where one value for the benefit unit is needed: wrap the part about "
            "members in any_adult(...), all_adults(...), total(...) or count(...)"),
    Mistake("not_a_condition", PACK, formula("money"), f"{AT_WHEN}: is money per week where yes or no is needed"),
    Mistake("same_for_everybody", PACK, formula("flag"), f"{AT_WHEN}: is the same for everybody: it reads no fact"),
    Mistake("word_not_in_the_list", PACK, formula('any_adult(care == "lower")'),
            f'{AT_WHEN}: "lower" is none of "none", "low", "high"; did you mean \'low\'?'),
    Mistake("word_with_less_than", PACK, formula('any_adult(care < "low")'),
            f"""{AT_WHEN}: 'care < "low"': words and yes/no are compared with == or != only"""),
    Mistake("money_with_word", PACK, formula('any_adult(pay == "low")'), f"""{AT_WHEN}: 'pay == "low"' compares money per week with word"""),
    Mistake("date_beside_0", PACK, formula("any_adult(born_on > 0)"), f"{AT_WHEN}: 'born_on > 0' puts a date beside 0"),
    Mistake("date_arithmetic", PACK, formula("any_adult(born_on + many > effective_date)"),
            f"{AT_WHEN}: 'born_on + many': dates are moved with years_after(...), months_before(...) and the like"),
    Mistake("money_times_money", PACK, formula("money * week_a > 0"), f"{AT_WHEN}: 'money * week_a' multiplies money by money"),
    Mistake("true_division", PACK, formula("money / two < week_a"), f"{AT_WHEN}: 'money / two': only + - * and // are used (// rounds down)"),
    Mistake("divide_by_a_fact", PACK, formula("money // rooms < week_a"), f"{AT_WHEN}: 'money // rooms': divide by a rate only"),
    Mistake("capital_true", PACK, formula("is_married == True"), f"{AT_WHEN}: write true, in small letters"),
    Mistake("is_for_equals", PACK, formula("is_married is true"), f"{AT_WHEN}: 'is' is not part of the rule language: write =="),
    Mistake("one_equals_sign", PACK, formula("is_married = true"),
            f"{AT_WHEN}: cannot be read as a formula near '= true': check brackets, quotes and operators"),
    Mistake("bracket_never_closed", PACK, formula("any_adult(ill"),
            f"{AT_WHEN}: cannot be read as a formula near '(ill': check brackets, quotes and operators"),
    Mistake("total_inside_total", PACK, formula("total(total(pay)) > 0"),
            f"{AT_WHEN}: total(...) looks over members, and this formula is about one person: give its working level: benefit_unit"),
    Mistake("table_as_a_name", PACK, formula("any_adult(months_by_birth > two)"), f"{AT_WHEN}: 'months_by_birth' is a table: write rate(months_by_birth, ...)"),
    Mistake("too_few_keys", PACK, formula("rate(week_by_place, nation) > week_a"),
            f"{AT_WHEN}: rate(week_by_place, ...) needs 2 key(s): nation, rooms"),
    Mistake("number_for_a_word", PACK, formula("rate(week_by_place, rooms, rooms) > week_a"),
            f"{AT_WHEN}: rate(week_by_place, ...): the key 'nation' is a word, not whole number"),
    Mistake("age_for_a_birthday", PACK, formula("any_adult(rate(months_by_birth, hours) > two)"),
            f"{AT_WHEN}: rate(months_by_birth, ...): the key 'born_on' is a date, not whole number"),
    Mistake("unknown_award", PACK, formula("any_adult(in_payment(pension_credits))"),
            f"{AT_WHEN}: 'pension_credits' is no award; did you mean 'pension_credit'? (known: carers_allowance, pension_credit, universal_credit)"),
    Mistake("unknown_scheme", PACK, formula("entitled(beta)"), f"{AT_WHEN}: 'beta' is no scheme"),
    Mistake("rounding_misspelt", PACK, formula('round_to(money, "penny", "upward") > 0'),
            f'{AT_WHEN}: write round_to(amount, "penny" or "pound", "up", "down" or "nearest")'),
    # --- turning points, parts and notes
    Mistake("turning_points_of_a_person", PACK, both(TOTAL_BELOW, put("level: person", "level: person, turning_points: [week_a]")),
            f"{PACK}:14:75: turning points stand at a working of the award's own level: benefit_unit"),
    Mistake("turning_point_of_another_period", PACK, put("level: benefit_unit", "level: benefit_unit, turning_points: [week_a, month_a]"),
            f"{PACK}:14:113: 'month_a' is money per month, not money per week"),
    Mistake("turning_point_misspelt", PACK, put("level: benefit_unit", "level: benefit_unit, turning_points: [wek_a]"),
            f"{PACK}:14:105: 'wek_a' is no fact, rate or working here; did you mean 'week_a'?"),
    Mistake("turning_points_at_two_workings", PACK,
            both(put("level: benefit_unit", "level: benefit_unit, turning_points: [week_a]"),
                 put("  money: {says", "  more: {says: A b, formula: total(pay), cite: law, turning_points: [week_a]}\n  money: {says"), formula("money + more < week_a")),
            f"{PACK}:15:88: only one working of a pack may have turning points"),
    Mistake("part_of_another_period", PACK, put("'at_least(week_a - money, 0)'", "month_a"), f"{PACK}:19:14: is money per month where money per week is needed"),
    Mistake("part_without_money", PACK, put("'at_least(week_a - money, 0)'", "count(pay > 0)"),
            f"{PACK}:19:14: is whole number where money per week is needed"),
    Mistake("note_of_another_period", PACK, lambda text: text + "notes:\n  - {id: told, says: A note, formula: money, per: month, cite: law}\n",
            f"{PACK}:25:30: is money per week where money per month is needed"),
    Mistake("note_twice", PACK, lambda text: text + "notes:\n" + 2 * "  - {id: told, says: A note, cite: law}\n", f"{PACK}:26:5: id 'told' is used twice"),
    Mistake("period_changed_without_weeks", PACK, both(put('periods: {weeks_in_year: "52", cite: some law}\n', ""), put("'money < week_a'", "money < weekly(month_a)")),
            f"""{PACK}:15:36: a period is changed between weeks and others: say how by `periods: {{weeks_in_year: "52", cite: ...}}`"""),
    Mistake("asked_twice", PACK, put("[pay]", "[pay, pay]"), f"{PACK}:22:19: 'pay' is named twice: keep one"),
    # --- one message for what one mistake leads to
    Mistake("working_misspelt_where_it_is_defined", PACK, put("  money: {says", "  mony: {says"),
            f"{PACK}:16:36: 'money' is no fact, rate or working here; did you mean 'mony'? (so too at line 19)"),
    Mistake("working_at_the_wrong_level", PACK, put("'total(pay)', cite: some law, level: benefit_unit", "'pay', cite: some law, level: person"),
            f"{AT_WHEN}: 'money < week_a' is about a person where one value for the benefit unit is needed: wrap the part about "
            "members in any_adult(...), all_adults(...), total(...) or count(...) (so too at line 19)"),
    Mistake("rate_misspelt_where_it_is_defined", RATES_FILE, put("week_a:", "week_aa:"),
            f"{AT_WHEN}: 'week_a' is no fact, rate or working here; did you mean 'week_aa'? (so too at line 19)"),
    Mistake("award_no_longer_known", "awards.yaml", put("  pension_credit: {means: Pension Credit, per: week}\n", ""),
            f"{PACK}:10:1: 'pension_credit' is no award; did you mean 'universal_credit'?"),
    Mistake("fact_no_longer_known", "facts.yaml", put("  pay: {", "  wages: {"), "gateways.yaml:4:41: 'pay' is no fact"),
    Mistake("working_that_cannot_be_read", PACK, put("'total(pay)'", "'total(pay'"),
            f"{PACK}:14:28: cannot be read as a formula near '(pay': check brackets, quotes and operators"),
    # --- nothing runs
    Mistake("import", PACK, formula('__import__("os").system("id")'), f"""{AT_WHEN}: '__import__("os").system("id")' is not part of the rule language"""),
    Mistake("import_call", PACK, formula('__import__("os")'), f"{AT_WHEN}: '__import__' is no function"),
    Mistake("attribute", PACK, formula("is_married.real"), f"{AT_WHEN}: 'is_married.real' is not part of the rule language"),
    Mistake("subscript", PACK, formula("area[0]"), f"{AT_WHEN}: 'area[0]' is not part of the rule language"),
    Mistake("lambda", PACK, formula("lambda: is_married"), f"{AT_WHEN}: 'lambda: is_married' is not part of the rule language"),
    Mistake("comprehension", PACK, formula("[x for x in area]"), f"{AT_WHEN}: '[x for x in area]' is not part of the rule language"),
    Mistake("walrus", PACK, formula("(x := is_married)"), f"{AT_WHEN}: '(x := is_married)' is not part of the rule language"),
    Mistake("f_string", PACK, formula('f"{area}" == area'), f"""{AT_WHEN}: 'f"{{area}}"' is not part of the rule language"""),
    Mistake("star", PACK, formula("count(*area) > 0"), f"{AT_WHEN}: '*area' is not part of the rule language"),
    Mistake("power", PACK, formula("many ** many > money"), f"{AT_WHEN}: 'many ** many': only + - * and // are used (// rounds down)"),
    Mistake("none", PACK, formula("is_married == None"), f"{AT_WHEN}: 'None' is not part of the rule language"),
    # --- gateways and protected facts
    Mistake("protected_without_a_reason", PACK, lambda text: put("protected_facts: {born_on: some law}\n", "")(formula("any_adult(born_on < effective_date) or money > 0")(text)),
            f"{PACK}:1:1: reads the protected fact 'born_on' without a reason: cite the law under protected_facts"),
    Mistake("no_gateway", "gateways.yaml", put("pay, ", ""), f"{PACK}:1:1: reads 'pay' for which gateways.yaml has no gateway for alpha"),
    Mistake("gateway_for_no_fact", "gateways.yaml", put("pay, ", "pay, wages, "), "gateways.yaml:4:46: 'wages' is no fact"),
    Mistake("no_gateway_at_all", "gateways.yaml", lambda _: "gateways: []\n",
            f"{PACK}:1:1: reads 'pay' for which gateways.yaml has no gateway for alpha"),
    Mistake("scheme_of_a_gateway_misspelt", "gateways.yaml", put("schemes: [alpha, ", "schemes: [alfa, "),
            f"{PACK}:1:1: reads 'pay' for which gateways.yaml has no gateway for alpha; it has 'alfa': is that meant?"),
    Mistake("protected_fact_misspelt", PACK, both(put("{born_on: some law}", "{bron_on: some law}"), formula("any_adult(born_on < effective_date) or money > 0")),
            f"{PACK}:11:19: 'bron_on' is no fact; did you mean 'born_on'?"),
    Mistake("enum_without_values", "facts.yaml", put("values: [none, low, high], nil: none, ", ""), "facts.yaml:19:3: 'care': an enum, and only an enum, lists its values"),
]  # fmt: skip


def test_the_pack_before_any_mistake_is_good(tmp_path: Path) -> None:
    assert told(write(tmp_path, {})) == ""


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.name for mistake in MISTAKES])
def test_mistake_is_told_with_its_place_and_what_to_write(mistake: Mistake, tmp_path: Path) -> None:
    folder = write(tmp_path, {mistake.file: mistake.change})
    assert told(folder) == mistake.expected


# --- what must cost nothing -----------------------------------------------------------------------

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefg", "bcdefgh", strict=True)
)
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "alias_bomb": (BOMB, f"{PACK}:1:4: anchors and aliases (& and *) are not used here: write the value out"),
    "nested_3000_deep": ("a: " + "[" * 3000, f"{PACK}:1:35: is nested more than 32 deep"),
    "nested_3000_deep_closed": ("a: " + "[" * 3000 + "]" * 3000, f"{PACK}:1:35: is nested more than 32 deep"),
    "oversize": ("a: x\n" + "# " + "y" * 300_000, f"{PACK}:1:1: is 300,007 bytes; a rule file may have 262,144: split it"),
    "long_formula": (
        formula(" or ".join(["is_married"] * 200))(GOOD),
        f"{AT_WHEN}: 'when' is 2796 characters where 2000 is the most, "
        "found 'is_married or is_married or is_married or is_married or ...",
    ),
    "large_formula": (formula("+".join(["1"] * 900))(GOOD), f"{AT_WHEN}: is too large: split it into workings"),
    "deep_brackets": (
        formula("(" * 900 + "is_married" + ")" * 900)(GOOD),
        f"{AT_WHEN}: cannot be read as a formula near '(((((((",
    ),
    "deep_not": (formula("not " * 400 + "is_married")(GOOD), f"{AT_WHEN}: is too large: split it into workings"),
    "deep_minus": (formula("-" * 60 + "money > 0")(GOOD), f"{AT_WHEN}: is nested too deep: split it into workings"),
    "long_number": (
        formula("money > " + "9" * 1900)(GOOD),
        f"{AT_WHEN}: the number {'9' * 57}... stands bare: put it into rates.yaml with its reference and use its name",
    ),
    "not_utf8": (b"a: \xff\xfe", f"{PACK}:1:1: is not UTF-8 (byte 3): save it as UTF-8"),
    "nul": ("a: x\x00y", f"{PACK}:1:5: an invisible character (U+0000): take it out"),
    "empty": ("", f"{PACK}:1:1: is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_file_is_refused_in_one_message(name: str, tmp_path: Path) -> None:
    text, expected = HOSTILE[name]
    folder = write(tmp_path, {})
    (folder / PACK).write_bytes(text if isinstance(text, bytes) else text.encode())
    found = told(folder)
    assert found.startswith(expected)
    assert "\n" not in found


# --- more than one file ---------------------------------------------------------------------------


def test_missing_catalogue_is_the_only_thingtold(tmp_path: Path) -> None:
    folder = write(tmp_path, {})
    (folder / "facts.yaml").unlink()
    assert told(folder) == "facts.yaml:1:1: cannot be read: No such file or directory"


def test_circle_between_schemes_is_told_with_its_path(tmp_path: Path) -> None:
    alpha = pack_text({"first": "entitled(beta)"}, {"part_a": "week_a"})
    beta = pack_text({"second": "entitled(alpha)"}, {"part_b": "week_a"}, scheme="beta")
    folder = write_rules(tmp_path, alpha=alpha, beta=beta)
    assert told(folder) == f"{PACK}:1:1: schemes go round in a circle: alpha -> beta -> alpha"


def test_what_follows_from_a_broken_working_is_not_told_again(tmp_path: Path) -> None:
    broken = GOOD.replace("'total(pay)'", "'totl(pay)'")
    folder = write_rules(tmp_path, alpha=broken)
    assert told(folder) == f"{PACK}:14:28: 'totl' is no function; did you mean 'total'?"


def test_what_follows_from_a_broken_library_is_not_told_again(tmp_path: Path) -> None:
    library = library_text("shared", {"net": ("person", "pay - taxes")})
    pack = pack_text({"some": "total(net) > 0"}, {"part_a": "total(net)"}, uses=["shared"])
    folder = write_rules(tmp_path, {"uk/shared/library.yaml": library}, alpha=pack)
    assert told(folder) == "uk/shared/library.yaml:6:26: 'taxes' is no fact, rate or working here"


def test_what_reads_a_refused_pack_is_not_told_too(tmp_path: Path) -> None:
    beta = pack_text({"second": "entitled(alpha)"}, {"part_b": "week_a"}, scheme="beta")
    folder = write_rules(tmp_path, alpha=GOOD.replace("authority:", "autority:"), beta=beta)
    assert told(folder).startswith(f"{PACK}:6:1: key 'autority' is not known here; did you mean")
    assert "\n" not in told(folder)


def test_name_of_a_library_cannot_be_used_again(tmp_path: Path) -> None:
    library = library_text("shared", {"money": ("person", "pay")})
    folder = write_rules(
        tmp_path,
        {"uk/shared/library.yaml": library},
        alpha=GOOD.replace("work_out:", "uses: [shared]\nwork_out:"),
    )
    assert (
        told(folder) == f"{PACK}:15:3: 'money' is already a working of shared: choose another name"
    )


def test_circle_between_schemes_through_a_library_is_told_with_its_path(tmp_path: Path) -> None:
    shared = library_text("shared", {"has_beta": ("benefit_unit", "entitled(beta)")})
    first = pack_text({"other": "has_beta or is_married"}, {"part": "week_a"}, uses=["shared"])
    second = pack_text(
        {"other": "entitled(alpha) or is_married"}, {"part": "week_a"}, scheme="beta"
    )
    files = {"uk/shared/library.yaml": shared}
    folder = write_rules(tmp_path, files, alpha=first, beta=second)
    assert told(folder) == f"{PACK}:1:1: schemes go round in a circle: alpha -> beta -> alpha"
