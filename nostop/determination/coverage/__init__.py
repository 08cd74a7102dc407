"""What the cases of packs and libraries test, and what they leave out."""

from nostop.determination.coverage.measure import Coverage, LargeTable, coverage
from nostop.determination.coverage.point import SORTS, Point, Sort

__all__ = ["SORTS", "Coverage", "LargeTable", "Point", "Sort", "coverage"]
