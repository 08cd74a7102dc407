"""Claim paths: in which order a benefit unit can claim, what each claim opens and ends, and what it
comes to for everybody affected. Where that is a loss, not settled, or cannot be undone, advice
comes first."""

from nostop.claim_paths.paths import PathFinder, lawful_plan
from nostop.claim_paths.weighing import REASONS
from nostop.claim_paths.words import for_caseworker, for_person

__all__ = ["REASONS", "PathFinder", "for_caseworker", "for_person", "lawful_plan"]
