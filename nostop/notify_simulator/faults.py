"""What goes wrong with a send on purpose: for the next so many, or with a seeded probability."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from nostop.notify_simulator.errors import Refusal, invalid


class FaultKind(StrEnum):
    """What happens to a send, and whether the message has been accepted by then."""

    LATENCY_BEFORE = "latency_before"
    LATENCY_AFTER = "latency_after"
    ERROR_429 = "error_429"
    ERROR_500_BEFORE = "error_500_before"
    ERROR_500_AFTER = "error_500_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    BAD_JSON = "bad_json"


@dataclass
class Fault:
    """One fault: it befalls the next `sends`, or each with `probability`, drawn from `seed`.

    `seconds` is how long a latency lasts.
    """

    kind: FaultKind
    sends: int | None = None
    probability: float = 1.0
    seed: int = 1
    seconds: float = 0.0
    _draws: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._draws = Random(self.seed)  # noqa: S311 - to be repeated, not to be secret

    def befalls(self) -> bool:
        """Whether it happens to the send that asks."""
        if self.sends is None:
            return self._draws.random() < self.probability
        self.sends -= 1
        return True

    @property
    def spent(self) -> bool:
        """Whether it has happened as often as it was asked to."""
        return self.sends is not None and self.sends <= 0


@dataclass
class Faults:
    """The faults that are on; the first that befalls a send is the one that happens to it."""

    on: list[Fault] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def draw(self) -> Fault | None:
        """Return what happens to the next send."""
        for fault in self.on:
            if fault.befalls():
                if fault.spent:
                    self.on.remove(fault)
                self.happened[fault.kind] += 1
                return fault
        return None

    def shown(self) -> Mapping[str, object]:
        """Return the faults that are on, and how often each kind has happened."""
        on = [
            {
                "kind": fault.kind,
                "next": fault.sends,
                "probability": fault.probability if fault.sends is None else None,
                "seed": fault.seed,
                "seconds": fault.seconds,
            }
            for fault in self.on
        ]
        return {"on": on, "happened": dict(self.happened)}


def parse_fault(body: Mapping[str, object]) -> Fault:
    """Return the fault that a control asks for.

    Raises:
        Refusal: it is none, or says neither `next` nor `probability`.
    """
    try:
        fault = Fault(
            FaultKind(str(body["kind"])),
            sends=_count(body.get("next")),
            probability=float(str(body.get("probability", 1.0))),
            seed=int(str(body.get("seed", 1))),
            seconds=float(str(body.get("seconds", 0.0))),
        )
    except (KeyError, ValueError) as error:
        raise _malformed() from error
    if ("next" in body) == ("probability" in body) or not 0 <= fault.probability <= 1:
        raise _malformed()
    return fault


def _count(value: object) -> int | None:
    if value is None:
        return None
    count = int(str(value))
    if count < 1:
        raise ValueError(count)
    return count


def _malformed() -> Refusal:
    return invalid(
        f"a fault has a kind ({', '.join(FaultKind)}), and either next (1 or more) or probability"
        " (0 to 1, with a seed); a latency has seconds"
    )
