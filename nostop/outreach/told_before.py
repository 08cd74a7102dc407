"""One message for one person, whatever their id is by now."""

import polars as pl

from nostop.outreach.reasons import in_order

REASON = "told_before"


def hold_told_before(plan: pl.DataFrame, told: pl.DataFrame, heirs: pl.DataFrame) -> pl.DataFrame:
    """Suppress what was told already under an id that is now, wholly or in part, another's.

    Two ids that became one are one person, who is told once. Where one became two, nobody knows
    which of them read the message: a person looks first.

    Args:
        plan: `Plan` of one campaign and step.
        told: `recipient_id`, `scheme` of the messages of this campaign and step that went, or may
            have gone.
        heirs: `was`, `person_id`: who holds what was another's, as `nostop.linkage.heirs` gives it.
    Returns:
        `Plan`, in the same order.
    """
    before = (
        told.join(heirs, left_on="recipient_id", right_on="was", how="inner", validate="m:m")
        .select("scheme", recipient_id="person_id")
        .unique()
        .with_columns(_told=pl.lit(value=True))
    )
    marked = plan.join(
        before, on=["recipient_id", "scheme"], how="left", validate="m:1", maintain_order="left"
    )
    is_told = pl.col("_told").fill_null(value=False)
    reasons = (
        pl.when(is_told)
        .then(in_order(pl.concat_list("suppressions", pl.lit([REASON]))))
        .otherwise("suppressions")
    )
    return (
        marked.with_columns(suppressions=reasons)
        .with_columns(
            state=pl.when(is_told).then(pl.lit("suppressed")).otherwise("state"),
            suppression=pl.col("suppressions").list.first(),
        )
        .select(plan.columns)
    )
