"""Serves the pages to `nostop bench web`: a process of its own, which that command starts.

`nostop serve` refuses PostgreSQL without an identity provider: on a real store nobody signs in as a
made-up official. The bench has a store of made-up people only, and puts its sessions there itself,
so it serves without that check: nobody can sign in here, and no command leads here.
"""

import os
import sys
from pathlib import Path

from nostop.web.house import WebSettings
from nostop.web.service import Service
from nostop.web.serving import answer, usual_processes

#: Where the store is; not that of `nostop serve`, so that nothing serves a real one by mistake.
STORE = "NOSTOP_BENCH_STORE"


def main() -> None:
    """Serve the store of `NOSTOP_BENCH_STORE`, in as many processes as `nostop serve` would: port,
    folder of rules, of the run, of campaigns."""
    port, rules, run, campaigns = sys.argv[1:5]
    settings = WebSettings(Path(rules), Path(run), Path(campaigns))
    service = Service(os.environ[STORE], settings, with_doors=False)
    answer(service, ("127.0.0.1", int(port)), usual_processes())


if __name__ == "__main__":
    main()
