"""The table of exact counts, which stays inside, and the one of money that may be shown."""

import dataframely as dy

from nostop.frames import TakeUp

#: The area of those of whom nobody knows where they live: a group of its own.
NOT_KNOWN = "not known"


class TakeUpCounts(dy.Schema):
    """Exact counts of one scheme on one date, by outcome and receipt.

    For the masking step only: never shown or exported. Units are the scheme's own subjects (benefit
    units, persons or households). Money is pence a year.

    unclaimed_low, unclaimed_high: what entitled non-recipients go without, at least and at most;
        null where one of them has no bound.
    unknown_adds_at_most: what all those not known to be without entitlement, and not known to have
        claimed, could add to `unclaimed_high`; null where one of them has no upper bound
        (`unbounded_units` says how many).
    largest_unclaimed, largest_unknown: the largest single amount in the columns before, for
        masking.
    take_up_low, take_up_high: see `nostop.takeup.bounds`.
    """

    scheme = dy.String(primary_key=True)
    effective_date = dy.Date(primary_key=True)
    recipients = dy.Int64()
    entitled_non_recipients = dy.Int64()
    entitled_receipt_unknown = dy.Int64()
    unknown_recipients = dy.Int64()
    unknown_non_recipients = dy.Int64()
    unknown_receipt_unknown = dy.Int64()
    recipients_not_found_entitled = dy.Int64()
    unclaimed_low = dy.Int64(nullable=True)
    unclaimed_high = dy.Int64(nullable=True)
    unknown_adds_at_most = dy.Int64(nullable=True)
    unbounded_units = dy.Int64()
    largest_unclaimed = dy.Int64(nullable=True)
    largest_unknown = dy.Int64(nullable=True)
    take_up_low = dy.Float64(nullable=True)
    take_up_high = dy.Float64(nullable=True)


class Unclaimed(dy.Schema):
    """Pence a year unclaimed that may be shown: null (hidden) where few units make it up."""

    scheme = dy.String(primary_key=True)
    effective_date = dy.Date(primary_key=True)
    unclaimed_low = dy.Int64(nullable=True)
    unclaimed_high = dy.Int64(nullable=True)
    unknown_adds_at_most = dy.Int64(nullable=True)


class AreaCounts(TakeUpCounts):
    """Exact counts of one scheme in one area, for the masking step only."""

    area = dy.String(primary_key=True)


class AreaTakeUp(TakeUp):
    """Take-up and pounds unclaimed of one scheme in one area that may be shown.

    is_hidden: nothing is shown of this area, so that what is hidden elsewhere cannot be worked out
        from the scheme's totals.
    """

    area = dy.String(primary_key=True)
    unclaimed_low = dy.Int64(nullable=True)
    unclaimed_high = dy.Int64(nullable=True)
    unknown_adds_at_most = dy.Int64(nullable=True)
    is_hidden = dy.Bool()
