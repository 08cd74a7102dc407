"""What the command line, and later the web pages and the scheduler, may ask for: a run, a case, a
link, a check."""

from nostop.app.cases import Case, LastRun, Wanted, evaluate_file, evaluate_frames
from nostop.app.chosen_schemes import released_schemes
from nostop.app.fetching import FeedFetch, fetch_feeds
from nostop.app.gather import read_declarations
from nostop.app.link_file import link_file
from nostop.app.link_history import (
    Kept,
    affected_since,
    known_kind,
    now_known_as,
    read_history_of,
    undo_event,
    what_happened,
)
from nostop.app.link_lookup import look_up, open_lookup
from nostop.app.link_review import (
    ReviewFiles,
    answer,
    key_of,
    make_review,
    parse_band,
    read_tasks,
    take_verdicts,
    tally_tasks,
)
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
from nostop.linkage.review import Wanted as ReviewWanted

__all__ = [
    "Case",
    "FeedFetch",
    "Kept",
    "LastRun",
    "ReviewFiles",
    "ReviewWanted",
    "Run",
    "RunSettings",
    "StageReport",
    "Summary",
    "TruthCheck",
    "Wanted",
    "affected_since",
    "answer",
    "check_folder",
    "default_declarations_dir",
    "default_sample_dir",
    "evaluate_file",
    "evaluate_frames",
    "fetch_feeds",
    "key_of",
    "known_kind",
    "known_owners",
    "known_schemes",
    "link_file",
    "look_up",
    "make_review",
    "now_known_as",
    "open_lookup",
    "parse_band",
    "read_declarations",
    "read_history_of",
    "read_rules",
    "read_take_up",
    "read_tasks",
    "release",
    "released_schemes",
    "rows_as_json",
    "run",
    "summarise",
    "take_verdicts",
    "tally_tasks",
    "undo_event",
    "what_happened",
]
