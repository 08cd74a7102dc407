"""Finds transports, connectors and channels by their entry points and builds them from settings.

The engine knows no plugin by name: ours and anybody else's load the same way.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from nostop.model import PluginError, nearest
from nostop.ports import Channel, Connector, Transport

TRANSPORTS = "nostop.transports"
CONNECTORS = "nostop.connectors"
CHANNELS = "nostop.channels"
_KINDS = {TRANSPORTS: "transport", CONNECTORS: "connector", CHANNELS: "channel"}
_METHODS = {TRANSPORTS: "fetch", CONNECTORS: "read", CHANNELS: "send"}

Settings = Mapping[str, object]


def connector(name: str, settings: Settings) -> Connector:
    """Return the connector called `name`, built from its settings.

    Raises:
        PluginError: no such connector, it cannot be imported or does not fit, or a setting is
            unknown, missing or of another type.
    """
    return cast(Connector, _build(CONNECTORS, name, settings))


def transport(name: str, settings: Settings) -> Transport:
    """Return the transport called `name`, built from its settings; raises like `connector`."""
    return cast(Transport, _build(TRANSPORTS, name, settings))


def channel(name: str, settings: Settings) -> Channel:
    """Return the channel called `name`, built from its settings; raises like `connector`."""
    return cast(Channel, _build(CHANNELS, name, settings))


def channel_kind(name: str, settings: Settings) -> str:
    """Return which contact point the channel called `name` needs: without its secrets, where that
    does not hang on them, so that whoever only looks at a campaign need not hold them.

    Raises:
        PluginError: as `connector`.
    """
    plugin = _loaded(CHANNELS, name)
    if isinstance(plugin, type) and is_dataclass(plugin):
        _known_settings(plugin, settings, f"channel '{name}'")
        try:
            return str(object.__new__(plugin).kind)  # type: ignore[attr-defined]  # asked just here
        except AttributeError:
            pass
    return channel(name, settings).kind


def known(group: str) -> list[str]:
    """Return the names in an entry-point group, in order."""
    return sorted({point.name for point in entry_points(group=group)})


def templates_beside(name: str) -> Path:
    """Return the folder `templates` beside the module of the channel called `name`.

    Raises:
        PluginError: no such channel, or its module has no such folder.
    """
    point = _find(CHANNELS, name)
    try:
        spec = find_spec(point.module)
    except ImportError as error:
        raise PluginError(f"channel '{name}': {point.module} cannot be found: {error}") from error
    folder = Path(spec.origin).parent / "templates" if spec and spec.origin else None
    if folder is None or not folder.is_dir():
        raise PluginError(f"channel '{name}': there is no folder 'templates' beside {point.module}")
    return folder


def _find(group: str, name: str) -> EntryPoint:
    kind = _KINDS[group]
    found = {point.value: point for point in entry_points(group=group) if point.name == name}
    if not found:
        names = known(group)
        raise PluginError(f"no {kind} '{name}', known: {names}{nearest(name, names)}")
    if len(found) > 1:
        raise PluginError(f"two plugins claim the {kind} '{name}': {sorted(found)}; remove one")
    return next(iter(found.values()))


def _build(group: str, name: str, settings: Settings) -> object:
    plugin = _loaded(group, name)
    return build(plugin, settings, what=f"{_KINDS[group]} '{name}'", method=_METHODS[group])


def _loaded(group: str, name: str) -> object:
    point = _find(group, name)
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        what = f"{_KINDS[group]} '{name}'"
        raise PluginError(f"{what}: cannot import {point.value}: {error}") from error


def build(plugin: object, settings: Settings, *, what: str, method: str) -> object:
    """Return an instance of a plugin class; `what` is how errors call it.

    Raises:
        PluginError: it is no dataclass with `method`, or a setting does not fit.
    """
    if not (isinstance(plugin, type) and is_dataclass(plugin) and _has(plugin, method)):
        raise PluginError(f"{what}: expected a dataclass with a method '{method}'")
    _known_settings(plugin, settings, what)
    try:
        return TypeAdapter[object](plugin).validate_python(dict(settings))
    except ValidationError as error:
        # Without the input: a setting may hold a password.
        wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise PluginError(f"{what}: " + "; ".join(wrong)) from None
    except PydanticUserError as error:
        raise PluginError(f"{what}: its settings have a type we cannot check: {error}") from error


def _known_settings(plugin: type, settings: Settings, what: str) -> None:
    takes = [field.name for field in fields(plugin) if field.init]
    for key in settings:
        if key not in takes:
            raise PluginError(f"{what}: no setting '{key}', known: {takes}{nearest(key, takes)}")


def _has(plugin: type, method: str) -> bool:
    return callable(getattr(plugin, method, None))
