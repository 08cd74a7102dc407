"""Processes that are made to be killed: forked from one that has imported everything.

A `nostop` that starts anew takes seconds to import; a thousand of them would measure nothing else.
"""

import multiprocessing

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["nostop.app.bench_faults.sending"])
