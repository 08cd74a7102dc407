"""What is too dear to be run by day."""

import os

import pytest

#: Whole runs of a district, timed tests: what `make nightly` sets NOSTOP_NIGHTLY for.
at_night = pytest.mark.skipif(
    "NOSTOP_NIGHTLY" not in os.environ, reason="takes long: `make nightly`"
)
