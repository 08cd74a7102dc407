"""How the service refuses: a status, and one entry or more of an error's name and its words."""

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 - an answer of the service, not a fault of ours
    """A request that is answered with an error."""

    def __init__(self, status: int, *entries: tuple[str, str]) -> None:
        self.status = status
        self.entries = entries
        super().__init__(f"{status} {entries[0][0]}")

    def body(self) -> Mapping[str, object]:
        """Return the JSON of the answer."""
        errors = [{"error": error, "message": message} for error, message in self.entries]
        return {"status_code": self.status, "errors": errors}


def unauthorised(message: str, status: int = 403) -> Refusal:
    """Return the answer to a key that does not open the door."""
    return Refusal(status, ("AuthError", message))


def bad_request(message: str, status: int = 400) -> Refusal:
    """Return the answer to a request that is well formed, and cannot be done."""
    return Refusal(status, ("BadRequestError", message))


def invalid(*messages: str) -> Refusal:
    """Return the answer to a body that is not as the interface describes it; each message once."""
    return Refusal(400, *(("ValidationError", message) for message in dict.fromkeys(messages)))


def not_found() -> Refusal:
    """Return the answer where nothing has that id."""
    return Refusal(404, ("NoResultFound", "No result found"))


def server_error(name: str = "SimulatedFault") -> Refusal:
    """Return the answer where the service itself fails; `name` is its exception's."""
    return Refusal(500, (name, "Internal server error"))
