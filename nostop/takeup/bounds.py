"""Take-up bounds from counts by outcome and receipt: sharp, and assuming nothing.

Take-up is recipients ÷ (recipients + entitled non-recipients), among units truly entitled.
A unit falls in one cell:

    outcome       claimed             not claimed                    receipt unknown
    entitled      A  recipients       B  entitled_non_recipients     C  entitled_receipt_unknown
    unknown       Ur unknown_recipients
                                      Un unknown_non_recipients      Uu unknown_receipt_unknown
    not entitled  F  recipients_not_found_entitled; never counts in the ratio

Every unknown may be completed either way. A recipient who turns out entitled raises the ratio, a
non-recipient lowers it, so

    lowest  = A ÷ (A + B + C + Un + Uu)
        C and Uu have not claimed, Un and Uu are entitled, Ur is not
    highest = (A + C + Ur + Uu) ÷ (A + B + C + Ur + Uu)
        C and Uu have claimed, Ur and Uu are entitled, Un is not

Both are reached by some completion, so nothing narrower holds without an assumption. With receipt
known for all they are A ÷ (A + B + Un) and (A + Ur) ÷ (A + Ur + B). A bound is null where its
divisor is 0: then it may be that nobody is entitled, and there is no ratio.
"""

import polars as pl

COUNTS = (
    "recipients",
    "entitled_non_recipients",
    "entitled_receipt_unknown",
    "unknown_recipients",
    "unknown_non_recipients",
    "unknown_receipt_unknown",
    "recipients_not_found_entitled",
)


def lowest_parts() -> tuple[list[str], list[str]]:
    """Return the columns over the line, and those only under it, of the lowest take-up."""
    over = ["recipients"]
    under = [
        "entitled_non_recipients",
        "entitled_receipt_unknown",
        "unknown_non_recipients",
        "unknown_receipt_unknown",
    ]
    return over, under


def highest_parts() -> tuple[list[str], list[str]]:
    """Return the columns over the line, and those only under it, of the highest take-up."""
    over = [
        "recipients",
        "entitled_receipt_unknown",
        "unknown_recipients",
        "unknown_receipt_unknown",
    ]
    return over, ["entitled_non_recipients"]


def share(over: list[pl.Expr], under: list[pl.Expr]) -> pl.Expr:
    """Return over / (over + under); null where that divides by 0 or a count is null."""
    top = added(over)
    whole = top + added(under)
    return pl.when(whole > 0).then(top / whole)


def added(counts: list[pl.Expr]) -> pl.Expr:
    """Return the sum of whole counts; unlike `sum_horizontal`, one null makes it null."""
    total = counts[0]
    for count in counts[1:]:
        total = total + count
    return total
