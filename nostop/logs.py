"""Logs: one line of JSON on stderr for each event, with nothing personal in it.

`logger(name)` may be called anywhere and does nothing to the process; only a process of ours
calls `set_up`, when it begins. What a library logs is told by its name, level and place: its words
may quote anything.
"""

import json
import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol

import structlog

from nostop.model import SettingsError
from nostop.redaction import plain_name, redacted, short, told

LEVELS = ("debug", "info", "warning", "error")
LEVEL_VARIABLE = "NOSTOP_LOG_LEVEL"
WITHHELD = "a library's words, withheld"
_ROOT = "nostop"
#: Without a handler, Python would print warnings in its own way.
logging.getLogger(_ROOT).addHandler(logging.NullHandler())

_Event = MutableMapping[str, Any]


class Logger(Protocol):
    """An event is a few constant words; what belongs to it goes by name, of `redaction.KEYS`."""

    def debug(self, event: str, **values: object) -> None:
        """Log something for whoever looks for a fault."""

    def info(self, event: str, **values: object) -> None:
        """Log what happened."""

    def warning(self, event: str, **values: object) -> None:
        """Log what somebody should look at."""

    def error(self, event: str, **values: object) -> None:
        """Log what went wrong; `exc_info=error` adds the class and place of an error."""

    def exception(self, event: str, **values: object) -> None:
        """Log what went wrong, with the class and place of the error at hand."""


class _Line(str):
    """A line that has been made fit to be read: nothing else is written as it stands."""

    __slots__ = ()


def logger(name: str) -> Logger:
    """Return a logger for a part of nostop: `logger("store")`."""
    whole = name if name.partition(".")[0] == _ROOT else f"{_ROOT}.{name}"
    wrapped: Logger = structlog.wrap_logger(
        logging.getLogger(whole),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _without_exception,
            # Here, and not in a handler: whatever handler there is gets what may be read.
            _as_line,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return wrapped


def set_up_from(environment: Mapping[str, str]) -> None:
    """Do what `set_up` does, at the level of `NOSTOP_LOG_LEVEL`: info where that says nothing.

    Raises:
        SettingsError: there is no such level.
    """
    set_up(environment.get(LEVEL_VARIABLE) or "info")


def set_up(level: str = "info") -> None:
    """Write what is logged from now on to stderr as JSON, and let no uncaught error print a value.

    Called twice it changes the level and nothing else.

    Raises:
        SettingsError: there is no such level.
    """
    if level not in LEVELS:
        raise SettingsError(f"logs: the level '{level}' is none of {', '.join(LEVELS)}")
    root = logging.getLogger()
    if not any(isinstance(handler, _Stderr) for handler in root.handlers):
        root.addHandler(_Stderr())
    # What libraries log below a warning is of little use without its words.
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    logging.getLogger(_ROOT).setLevel(level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _uncaught_in_thread


class _Stderr(logging.Handler):
    """Writes to whatever stderr is by then: a test, or a service manager, may put its own there."""

    def emit(self, record: logging.LogRecord) -> None:
        line = record.msg if isinstance(record.msg, _Line) else _of_library(record)
        # Where stderr is closed, or its disk full, there is nobody left to tell; the work goes on.
        if sys.stderr is not None and not sys.stderr.closed:
            with suppress(OSError):
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()


def _of_library(record: logging.LogRecord) -> str:
    said: dict[str, object] = {
        "event": WITHHELD,
        "level": record.levelname.lower(),
        "library": plain_name(record.name),
        "place": f"{short(record.pathname)}:{record.lineno}",
    }
    if record.exc_info and record.exc_info[1] is not None:
        said["error"] = told(record.exc_info[1])["error"]
    return json.dumps(said, sort_keys=True)


def _without_exception(_logger: object, _method: str, event: _Event) -> _Event:
    """Put the class and place of an error in the place of the error."""
    found = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if found is True:
        found = sys.exc_info()[1]
    if isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        event.update(told(found))
    return event


def _as_line(_logger: object, _method: str, event: _Event) -> str:
    return _Line(
        json.dumps({key: redacted(key, value) for key, value in event.items()}, sort_keys=True)
    )


def _uncaught(
    _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    logger(_ROOT).error("stopped by an error", exc_info=error)


def _uncaught_in_thread(hook: threading.ExceptHookArgs) -> None:
    if hook.exc_value is not None:
        logger(_ROOT).error("a thread was stopped by an error", exc_info=hook.exc_value)


def _unraisable(hook: Any) -> None:  # noqa: ANN401 - sys has the type for checkers only
    if hook.exc_value is not None:
        logger(_ROOT).error("an error could not be raised", exc_info=hook.exc_value)
