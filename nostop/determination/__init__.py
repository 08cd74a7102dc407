"""Rules x facts -> determinations, for a population or one case."""

from nostop.determination.cases import CaseResult, run_cases
from nostop.determination.determine import determine
from nostop.determination.one import Decider
from nostop.determination.parquet import read_frames
from nostop.determination.situations import Given, joined, read_json, read_situation

__all__ = [
    "CaseResult",
    "Decider",
    "Given",
    "determine",
    "joined",
    "read_frames",
    "read_json",
    "read_situation",
    "run_cases",
]
