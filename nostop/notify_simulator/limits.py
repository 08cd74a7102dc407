"""How much a service may send: a bucket of tokens for each kind of key, and counts for each day."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, floor

from nostop.notify_simulator.errors import Refusal
from nostop.notify_simulator.settings import ApiKey, KeyKind, Limits

_BUCKET_MOST = 1000


@dataclass
class _Bucket:
    tokens: int
    filled_at: float


@dataclass
class Meter:
    """Counts what was sent. A day is from midnight to midnight UTC."""

    limits: Limits
    live: bool = True
    _buckets: dict[tuple[str, str], _Bucket] = field(default_factory=dict)
    _sent: Counter[tuple[str, str, bool, str]] = field(default_factory=Counter)

    def refuse_over_limit(self, key: ApiKey, kind: str, now: datetime) -> None:
        """Take a token for a request, and refuse it where there is none, or the day's messages of
        this kind are sent."""
        self._take_token(key, now.timestamp())
        self.refuse_over_day(key, kind, now)

    def refuse_over_day(self, key: ApiKey, kind: str, now: datetime) -> None:
        """Refuse where the day's messages of this kind are sent."""
        most = self.limits.a_day(kind, trial=not self.live and key.kind != KeyKind.TEST)
        if self._sent[self._day(key, kind, now)] >= most:
            message = f"Exceeded send limits ({kind}: {most}) for today"
            raise Refusal(429, ("TooManyRequestsError", message))

    def count(self, key: ApiKey, kind: str, now: datetime, messages: int = 1) -> None:
        """Count messages that were accepted."""
        self._sent[self._day(key, kind, now)] += messages

    def refill(self, limits: Limits) -> None:
        """Take other limits from now on, with full buckets; what was sent today stays counted."""
        self.limits = limits
        self._buckets.clear()

    def _take_token(self, key: ApiKey, now: float) -> None:
        rate = self.limits.per_minute
        if rate is None:
            return
        most = min(ceil(rate / 3) + 1, _BUCKET_MOST)
        bucket = self._buckets.setdefault((key.service_id, key.kind), _Bucket(most, now))
        grown = floor(max(now - bucket.filled_at, 0.0) * rate / 60)
        bucket.filled_at += grown * 60 / rate
        bucket.tokens = max(min(bucket.tokens + grown, most) - 1, 0)
        if bucket.tokens < 1:
            message = (
                f"Exceeded rate limit for key type {key.kind.upper()} of {rate} requests"
                " per 60 seconds"
            )
            raise Refusal(429, ("RateLimitError", message))

    @staticmethod
    def _day(key: ApiKey, kind: str, now: datetime) -> tuple[str, str, bool, str]:
        return (key.service_id, kind, key.kind == KeyKind.TEST, now.date().isoformat())
