"""Where each dated value of a rate, and each row of a table, stands in its file."""

from pathlib import Path

from nostop.rulebook.book import Rulebook
from nostop.strict_yaml import Document, read_yaml

#: File, line and column.
Place = tuple[Path, int, int]


class RatePlaces:
    """The places in rates.yaml files, each of which is read when first asked for."""

    def __init__(self, book: Rulebook) -> None:
        self._folders = book.folders
        self._documents: dict[str, Document] = {}

    def value(self, name: str, index: int) -> Place:
        """Return where a rate's dated value (by its number) stands; `name` is qualified."""
        return self._place("rates", name, index)

    def row(self, name: str, index: int, row: int) -> Place:
        """Return where a row of a table's dated value stands: a row of a CSV file in that file."""
        owner, _, local = name.partition(".")
        dated = self._document(owner).data["tables"][local]["values"][index]
        if "file" in dated:
            return self._folders[owner] / dated["file"], row + 2, 1
        return self._place("tables", name, index, "rows", row)

    def _place(self, group: str, name: str, index: int, *keys: str | int) -> Place:
        owner, _, local = name.partition(".")
        document = self._document(owner)
        return document.path, *document.place(group, local, "values", index, *keys)

    def _document(self, owner: str) -> Document:
        if owner not in self._documents:
            self._documents[owner] = read_yaml(self._folders[owner] / "rates.yaml")
        return self._documents[owner]
