"""Makes hard labelled records, to measure linkage by: twins, namesakes, borrowed numbers, names
written in many ways. Nobody is real."""

from nostop.synth.hard.records import HardRecords, generate_records
from nostop.synth.hard.write import write_records

__all__ = ["HardRecords", "generate_records", "write_records"]
