"""Life events, polled from a web service that speaks CloudEvents 1.0 over HTTP."""

import hashlib
import json
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

from connectors._strict_json import deep_list
from connectors.transports._client import Answer, Auth, Line
from connectors.transports._landing import Part
from connectors.transports._manners import Patience, Watch, of, own, persist, place
from connectors.transports._writing import JsonList
from nostop.model import FeedError, FetchError
from nostop.ports import Bookmark, Fetched

_ONE = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,60}")
_REQUIRED = ("specversion", "id", "source", "type")
_TEXTS = (*_REQUIRED, "subject", "datacontenttype", "dataschema", "time", "data_base64")


@dataclass(frozen=True, slots=True)
class CloudEvents:
    """Fetches the events after the last one that was fetched, as one JSON file
    `{"events": [...]}`.

    The service is asked again, each time with the id of the last event it gave, until it gives
    none. It may give one event (`application/cloudevents+json`) or a list of them
    (`application/cloudevents-batch+json`). An event whose source and id came before is dropped, as
    CloudEvents says. One that is no CloudEvent stops the fetch: nothing of it is used, so that it
    cannot be lost.

    Attributes:
        url: where; https, or http on this machine.
        save_as: the file's name.
        after: the parameter that holds the id of the last event known.
        parameters, headers, auth, patience: see their classes.
        remember: how many of the last events are known again when they come twice.
        answers_at_most: more answers than these in one fetch are left for the next.
        bytes_at_most: a larger file is not taken.
    """

    url: str
    save_as: str
    after: str = "lastEventId"
    parameters: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Auth = field(default_factory=Auth)
    patience: Patience = field(default_factory=Patience)
    remember: int = 10_000
    answers_at_most: int = 10_000
    bytes_at_most: int = 2 * 1024**3

    def fetch(self, folder: Path, bookmark: Bookmark) -> Fetched:
        """Bring the events since the bookmark, in the order in which the service gives them.

        Raises:
            FetchError: the service cannot be reached, refuses, breaks off, or gives something
                that is no CloudEvent.
        """
        watch = Watch(place(self.url), self.patience)
        name = of(self.url, self.parameters, self.after)
        begun = own(bookmark, name)
        known = dict.fromkeys(begun.get("known", "").split())
        last = begun.get("last", "")
        with (
            Line(self.url, self.auth, self.headers, watch) as line,
            Part(folder, self.save_as, self.bytes_at_most) as part,
        ):
            part.begin()
            written = JsonList(part, "events", {})
            count = 0
            with closing(self._answers(line, watch, last)) as answers:
                for events in answers:
                    last = str(events[-1][0]["id"])
                    for event, text in events:
                        mark = of(event["source"], event["id"])
                        if mark not in known:
                            known[mark] = None
                            written.add(text)
                            count += 1
            if not count:
                return Fetched((), {**begun, "of": name, "last": last})
            written.end()
            recent = " ".join(list(known)[-self.remember :])
            return Fetched((part.finish(),), {"of": name, "last": last, "known": recent})

    def _answers(
        self, line: Line, watch: Watch, last: str
    ) -> Generator[list["_Event"], None, None]:
        asked = {key: str(value) for key, value in self.parameters.items()}
        accept = {"Accept": f"{_BATCH}, {_ONE}"}
        seen = set[str]()
        for number in range(1, self.answers_at_most + 1):
            wanted = asked | ({self.after: last} if last else {})

            def once(wanted: Mapping[str, str] = wanted) -> tuple[str, str]:
                with line.ask(self.url, wanted, accept) as answer:
                    return _kind(answer, watch), answer.text(self.bytes_at_most)

            kind, text = persist(once, watch)
            events = _events(f"{watch.source}: answer {number}", kind, text)
            if not events:
                return
            yield events
            digest = hashlib.sha256(text.encode()).hexdigest()
            if digest in seen:
                raise FetchError(
                    f"{watch.source}: gives the same events again after their last: does it take "
                    f"the parameter '{self.after}'?"
                )
            seen.add(digest)
            last = str(events[-1][0]["id"])


_Event = tuple[dict[str, object], str]


def _kind(answer: Answer, watch: Watch) -> str:
    if answer.status == 204:
        return ""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status != 200 or kind not in (_ONE, _BATCH):
        raise FetchError(f"{watch.source}: answers with neither {_BATCH} nor {_ONE}")
    return kind


def _events(where: str, kind: str, text: str) -> list[_Event]:
    if not kind:
        return []
    listed = text if kind == _BATCH else f"[{text}]"
    try:
        found, _ = deep_list(where, f'{{"events":{listed}}}', ["events"])
    except FeedError as error:
        raise FetchError(str(error)) from None
    return [
        (_checked(f"{where}: event {number}", written), written)
        for number, (_, written) in enumerate(found or [], start=1)
    ]


def _checked(where: str, text: str) -> dict[str, object]:
    """Return an event that is one (CloudEvents 1.0.2, sections 3 and 4; JSON format 3.1).

    Raises:
        FetchError: it is none, and why, without a value of it.
    """
    event = json.loads(text)
    if not isinstance(event, dict):
        raise FetchError(f"{where}: is no JSON object")
    # An attribute that is null is not there (JSON format 2.2).
    stated = {name: value for name, value in event.items() if value is not None}
    fault = next(chain(_missing(stated), _misread(stated)), None)
    if fault:
        raise FetchError(f"{where}: is no CloudEvent 1.0: {fault}")
    return stated


def _missing(event: dict[str, object]) -> Iterator[str]:
    for name in _REQUIRED:
        if not event.get(name):
            yield f"'{name}' is missing or empty"
    for name in _TEXTS:
        if not isinstance(event.get(name, ""), str):
            yield f"'{name}' is no text"


def _misread(event: dict[str, object]) -> Iterator[str]:
    if event["specversion"] != "1.0":
        yield "'specversion' is not 1.0"
    if re.search(r"\s", str(event["source"])):
        yield "'source' is no URI reference"
    if "time" in event and not _is_time(str(event["time"])):
        yield "'time' is no time of RFC 3339, such as 2026-05-01T09:30:00Z"
    if {"data", "data_base64"} <= event.keys():
        yield "has both 'data' and 'data_base64'"
    for name in event.keys() - {"data", "data_base64"}:
        if not _ATTRIBUTE.fullmatch(name) or isinstance(event[name], dict | list):
            yield "an attribute besides data is no plain value, or its name is not of a-z and 0-9"


def _is_time(text: str) -> bool:
    if not _RFC_3339.fullmatch(text):
        return False
    try:
        # Python 3.11 knows at most six digits of a second's parts, RFC 3339 any number.
        datetime.fromisoformat(re.sub(r"(\.[0-9]{1,6})[0-9]*", r"\1", text.upper()))
    except ValueError:
        return False
    return True
