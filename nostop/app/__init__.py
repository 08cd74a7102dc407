"""What the command line, and later the web pages and the scheduler, may ask for: a run, a case, a
link, a check."""

from nostop.app.cases import Case, LastRun, Wanted, evaluate_file, evaluate_frames
from nostop.app.chosen_schemes import released_schemes
from nostop.app.link_file import link_file
from nostop.app.places import default_declarations_dir, default_sample_dir
from nostop.app.releasing import release
from nostop.app.results import Run, rows_as_json
from nostop.app.rules import known_owners, known_schemes, read_rules
from nostop.app.run import run
from nostop.app.settings import RunSettings
from nostop.app.stages import StageReport
from nostop.app.summary import Summary, summarise
from nostop.app.take_up import read_take_up
from nostop.app.truth_check import TruthCheck, check_folder

__all__ = [
    "Case",
    "LastRun",
    "Run",
    "RunSettings",
    "StageReport",
    "Summary",
    "TruthCheck",
    "Wanted",
    "check_folder",
    "default_declarations_dir",
    "default_sample_dir",
    "evaluate_file",
    "evaluate_frames",
    "known_owners",
    "known_schemes",
    "link_file",
    "read_rules",
    "read_take_up",
    "release",
    "released_schemes",
    "rows_as_json",
    "run",
    "summarise",
]
