"""Groups of commands of which each is imported when it is called: `rules check` must not wait for
the libraries that link records."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


def on_demand(sources: Mapping[str, str], default: str | None = None) -> type[TyperGroup]:
    """Return the class of a group that has the named commands, besides those registered with it.

    Args:
        sources: for each command, where its function, or the Typer app of its group, stands:
            `nostop.cli.running:run`.
        default: the command that is meant where what follows is the name of none:
            `link FILE --out OUT` is `link records FILE --out OUT`.
    """

    class Group(TyperGroup):
        def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - as Typer hands them on
            super().__init__(**settings)
            registered = self.commands
            self.commands = _Commands(sources)
            self.commands.update(registered)

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own
            if default and args and args[0] not in self.commands and args[0] != "--help":
                args = [default, *args]
            return super().parse_args(ctx, args)

    return Group


class _Commands(MutableMapping[str, Any]):
    """Commands by name; one that was not asked for yet is only the place it comes from."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = dict(sources)
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer's own kind of command
        if name not in self._loaded:
            self._loaded[name] = _command(name, self._sources[name])
        return self._loaded[name]

    def __setitem__(self, name: str, command: object) -> None:
        self._sources.setdefault(name, "")
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._sources[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


def _command(name: str, source: str) -> Any:  # noqa: ANN401 - Typer's own kind of command
    module, _, attribute = source.partition(":")
    found = getattr(import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        function = found
        found = typer.Typer(add_completion=False, rich_markup_mode=None)
        found.command(name)(function)
    command = typer.main.get_command(found)
    command.name = name
    return command
