"""Take-up: recipients among those entitled, with bounds, and masked before anyone sees it."""

from nostop.takeup.measure import measure
from nostop.takeup.publish import publish, publish_unclaimed
from nostop.takeup.tables import TakeUpCounts, Unclaimed

__all__ = ["TakeUpCounts", "Unclaimed", "measure", "publish", "publish_unclaimed"]
