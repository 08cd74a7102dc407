"""Serves the pages to `nostop bench web`: a process of its own, which that command starts.

`nostop serve` refuses PostgreSQL without an identity provider: on a real store nobody signs in as a
made-up official. The bench has a store of made-up people only, and puts its sessions there itself,
so it serves without that check: nobody can sign in here, and no command leads here.
"""

import os
import sys
from pathlib import Path

from nostop.app.casework.warm import WarmShelf, warm_up
from nostop.app.job_kinds import Places, handlers
from nostop.app.jobs import Jobs
from nostop.app.opened import opened
from nostop.web.house import House, WebSettings, utc_now
from nostop.web.serving import answer

#: Where the store is; not that of `nostop serve`, so that nothing serves a real one by mistake.
STORE = "NOSTOP_BENCH_STORE"


def main() -> None:
    """Serve the store of `NOSTOP_BENCH_STORE`: port, folder of rules, of the run, of campaigns."""
    port, rules, run, campaigns = sys.argv[1:5]
    places = Places(Path(rules), Path(run), Path(campaigns))
    with opened(os.environ.get(STORE)) as engine:
        settings = WebSettings(places.rules, places.run, places.campaigns)
        jobs = Jobs(engine, utc_now, handlers(places))
        shelf = WarmShelf()
        warm_up(engine, shelf, places.rules, utc_now())
        answer(House(engine, settings, shelf, jobs), "127.0.0.1", int(port))


if __name__ == "__main__":
    main()
