"""What was answered to requests with an idempotency key: see `nostop.store.api_answers`."""

from nostop.store.api_answers import KEPT, Asking, Begun, Standing, begin, keep, let_go

__all__ = ["KEPT", "Asking", "Begun", "Standing", "begin", "keep", "let_go"]
