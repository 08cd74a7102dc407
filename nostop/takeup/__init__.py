"""Take-up: recipients among those entitled, with bounds, and masked before anyone sees it."""

from nostop.takeup.areas import publish_by_area
from nostop.takeup.measure import measure, measure_by_area
from nostop.takeup.publish import publish, publish_unclaimed
from nostop.takeup.tables import NOT_KNOWN, AreaCounts, AreaTakeUp, TakeUpCounts, Unclaimed

__all__ = [
    "NOT_KNOWN",
    "AreaCounts",
    "AreaTakeUp",
    "TakeUpCounts",
    "Unclaimed",
    "measure",
    "measure_by_area",
    "publish",
    "publish_by_area",
    "publish_unclaimed",
]
