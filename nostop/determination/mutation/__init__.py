"""Rules changed one slip at a time: what no case notices, no case tests."""

from nostop.determination.mutation.model import Idle, Mutant, Mutation, Survivor
from nostop.determination.mutation.run import mutate

__all__ = ["Idle", "Mutant", "Mutation", "Survivor", "mutate"]
