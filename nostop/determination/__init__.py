"""Rules x facts -> determinations, for a population or one case."""

from nostop.determination.again import changed_households, determine_again, write_again
from nostop.determination.cases import CaseResult, run_cases
from nostop.determination.determine import Determiner, determine
from nostop.determination.large import determine_files
from nostop.determination.one import Decider
from nostop.determination.parquet import read_frames
from nostop.determination.situations import Given, joined, read_json, read_situation

__all__ = [
    "CaseResult",
    "Decider",
    "Determiner",
    "Given",
    "changed_households",
    "determine",
    "determine_again",
    "determine_files",
    "joined",
    "read_frames",
    "read_json",
    "read_situation",
    "run_cases",
    "write_again",
]
