"""Makes an invented district: departments' files with their faults, and the truth they were made
from. Nobody is real."""

from nostop.synth.synthetic import Synthetic, generate
from nostop.synth.write import write

__all__ = ["Synthetic", "generate", "write"]
