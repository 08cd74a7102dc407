"""One list of JSON values as one file, in the form that the connector `json` reads."""

import json
from collections.abc import Mapping

from connectors.transports._landing import Part

_BATCH_CHARACTERS = 256 * 1024


class JsonList:
    """Writes `{"<head>": ..., "<key>": [...]}`, an item a line, each as it was written."""

    def __init__(self, part: Part, key: str, head: Mapping[str, str | None]) -> None:
        self.head = head
        self._part = part
        start = "".join(
            f"{json.dumps(name)}:{json.dumps(value)},\n" for name, value in head.items()
        )
        self._waiting = [f"{{{start}{json.dumps(key)}:["]
        self._characters = 0
        self._separator = "\n"

    def add(self, text: str) -> None:
        """Add an item: the text of one JSON value."""
        self._waiting += [self._separator, text]
        self._separator = ",\n"
        self._characters += len(text)
        if self._characters > _BATCH_CHARACTERS:
            self._flush()

    def end(self) -> None:
        """Close the list."""
        self._waiting.append("\n]}\n")
        self._flush()

    def _flush(self) -> None:
        self._part.write("".join(self._waiting).encode())
        self._waiting, self._characters = [], 0
