"""What became of one exchange with another machine, before it is one message's receipt."""

from dataclasses import dataclass

from nostop.ports import Message, Receipt


@dataclass(frozen=True, slots=True)
class Fate:
    """A status and a reason in the words of `nostop.ports.Receipt`."""

    status: str
    reason: str | None = None
    bad_contact: bool = False
    stop: bool = False
    retry_after: float | None = None

    def of(self, message: Message, reference: str) -> Receipt:
        """Return it as the receipt of a message, which has the channel's reference once sent."""
        return Receipt(
            message.message_id,
            self.status,
            reference if self.status == "sent" else None,
            self.reason,
            bad_contact=self.bad_contact,
            stop=self.stop,
            retry_after=self.retry_after,
        )
