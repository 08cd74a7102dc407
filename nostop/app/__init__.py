"""What the command line, and later the web pages and the scheduler, may ask for: a run, a case, a
link, a check."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nostop.app.cases import Case, LastRun, Wanted, evaluate_file, evaluate_frames
    from nostop.app.chosen_schemes import released_schemes
    from nostop.app.fetching import FeedFetch, fetch_feeds
    from nostop.app.gather import read_declarations
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
    from nostop.app.linked_file import link_file
    from nostop.app.places import default_declarations_dir, default_sample_dir
    from nostop.app.releasing import release
    from nostop.app.results import Run, rows_as_json
    from nostop.app.rules import known_owners, known_schemes, read_rules
    from nostop.app.running.line import run
    from nostop.app.settings import RunSettings
    from nostop.app.stages import StageReport
    from nostop.app.summary import Summary, summarise
    from nostop.app.take_up import read_take_up
    from nostop.app.truth_check import TruthCheck, check_folder
    from nostop.linkage.review import Wanted as ReviewWanted

#: Where each of these stands. It is imported when somebody asks for it: a command that stops all
#: sending must not wait for the libraries that link records.
_HOMES = {
    "Case": "nostop.app.cases",
    "FeedFetch": "nostop.app.fetching",
    "Kept": "nostop.app.link_history",
    "LastRun": "nostop.app.cases",
    "ReviewFiles": "nostop.app.link_review",
    "ReviewWanted": "nostop.linkage.review:Wanted",
    "Run": "nostop.app.results",
    "RunSettings": "nostop.app.settings",
    "StageReport": "nostop.app.stages",
    "Summary": "nostop.app.summary",
    "TruthCheck": "nostop.app.truth_check",
    "Wanted": "nostop.app.cases",
    "affected_since": "nostop.app.link_history",
    "answer": "nostop.app.link_review",
    "check_folder": "nostop.app.truth_check",
    "default_declarations_dir": "nostop.app.places",
    "default_sample_dir": "nostop.app.places",
    "evaluate_file": "nostop.app.cases",
    "evaluate_frames": "nostop.app.cases",
    "fetch_feeds": "nostop.app.fetching",
    "key_of": "nostop.app.link_review",
    "known_kind": "nostop.app.link_history",
    "known_owners": "nostop.app.rules",
    "known_schemes": "nostop.app.rules",
    "link_file": "nostop.app.linked_file",
    "look_up": "nostop.app.link_lookup",
    "make_review": "nostop.app.link_review",
    "now_known_as": "nostop.app.link_history",
    "open_lookup": "nostop.app.link_lookup",
    "parse_band": "nostop.app.link_review",
    "read_declarations": "nostop.app.gather",
    "read_history_of": "nostop.app.link_history",
    "read_rules": "nostop.app.rules",
    "read_take_up": "nostop.app.take_up",
    "read_tasks": "nostop.app.link_review",
    "release": "nostop.app.releasing",
    "released_schemes": "nostop.app.chosen_schemes",
    "rows_as_json": "nostop.app.results",
    "run": "nostop.app.running.line",
    "summarise": "nostop.app.summary",
    "take_verdicts": "nostop.app.link_review",
    "tally_tasks": "nostop.app.link_review",
    "undo_event": "nostop.app.link_history",
    "what_happened": "nostop.app.link_history",
}
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


def __getattr__(name: str) -> object:
    """Return what this module offers under a name.

    Raises:
        AttributeError: it offers nothing under it.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, other = _HOMES[name].partition(":")
    found: object = getattr(import_module(module), other or name)
    globals()[name] = found
    return found
