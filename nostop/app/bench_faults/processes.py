"""Processes that are made to be killed: forked from one that has imported everything.

A `nostop` that starts anew takes seconds to import; a thousand of them would measure nothing else.
"""

import multiprocessing
from importlib.metadata import entry_points

from nostop.plugins import CHANNELS

CHANNEL = "govuk_notify_email"
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "nostop.app.bench_faults.sending",
        *(point.module for point in entry_points(group=CHANNELS, name=CHANNEL)),
    ]
)
