"""`nostop rules watch`: checks and cases again, each time a file of rules is saved."""

import time
from functools import partial

from nostop.app.watching import watch as lines_of
from nostop.cli.shared import RulesOption, SchemeOption, out
from nostop.rulebook import default_rules_dir

#: Seconds between two looks at the folder.
_PAUSE = 0.5


def watch(scheme: SchemeOption = None, rules: RulesOption = None) -> None:
    """Check the rules and run their cases, and do so again each time a file is saved.

    Only what is new is printed; only the cases of schemes that changed are run. Ctrl-C ends it.
    """
    console = out()
    try:
        for line in lines_of(rules or default_rules_dir(), scheme, partial(time.sleep, _PAUSE)):
            console.print(line, soft_wrap=True)
    except KeyboardInterrupt:
        return
