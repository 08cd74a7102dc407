"""A job of the schedule, as the scheduler starts it: `python -m nostop.cli.scheduled run ...`.

The same as the command itself, on a lifeline: it ends when its scheduler does.
"""

import os
import sys

from nostop.cli import main
from nostop.scheduler.lifeline import VARIABLE, hold

if __name__ == "__main__":
    hold(os.environ.pop(VARIABLE))
    main(sys.argv[1:])
