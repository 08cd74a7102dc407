"""The control surface: what only whoever runs the simulator may do, from the same machine."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, fields, replace
from datetime import timedelta
from functools import wraps
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nostop.notify_simulator import control_messages
from nostop.notify_simulator.bodies import KINDS, POSTAGE, is_uuid, plain_uuid
from nostop.notify_simulator.callbacks import is_loopback, parse_callback, register, unregister
from nostop.notify_simulator.clock import stamp
from nostop.notify_simulator.errors import bad_request, invalid, not_found
from nostop.notify_simulator.faults import parse_fault
from nostop.notify_simulator.incoming import json_object, simulator_of
from nostop.notify_simulator.settings import ApiKey, KeyKind, Limits, Service
from nostop.notify_simulator.simulator import Simulator
from nostop.notify_simulator.wording import Template

Handler = Callable[[Request], Awaitable[Response]]
S = TypeVar("S", Limits, Service)


def _local(handler: Handler) -> Handler:
    """Return a handler that answers this machine only, and no page that a browser has open."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        client = request.client.host if request.client else None
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
        if not is_loopback(client) or not is_loopback(host) or "origin" in request.headers:
            raise bad_request("The control surface answers programs on this machine only", 403)
        return await handler(request)

    return answered


async def _index(request: Request) -> Response:
    simulator = simulator_of(request)
    return JSONResponse(
        {
            "paths": [f"{verb} {path}" for verb, path, _ in PATHS],
            "api_keys": [_key(key) for key in simulator.doors.keys],
            "clock": _clock(simulator),
            "limits": asdict(simulator.meter.limits),
            "service": _service(simulator),
            "faults": simulator.faults.shown(),
            "callbacks": _callbacks(simulator),
        }
    )


def _key(key: ApiKey) -> Mapping[str, object]:
    return {"name": key.name, "kind": key.kind, "api_key": key.text, "revoked": key.revoked}


async def _add_key(request: Request) -> Response:
    simulator = simulator_of(request)
    body = await json_object(request)
    name, kind = str(body.get("name", "")), str(body.get("kind", "live"))
    ids = [str(body.get(given, uuid4())) for given in ("secret", "service_id")]
    if not name or kind not in set(KeyKind) or not all(is_uuid(text) for text in ids):
        raise invalid(
            f"a key has a name, a kind ({', '.join(KeyKind)}), and may have a secret and a"
            " service_id, which are UUIDs"
        )
    service_id = ids[1] if "service_id" in body else simulator.doors.keys[0].service_id
    key = ApiKey(name, KeyKind(kind), ids[0], service_id)
    await simulator.add_key(key)
    return JSONResponse(_key(key), 201)


async def _revoke_key(request: Request) -> Response:
    simulator = simulator_of(request)
    named = [key for key in simulator.doors.keys if key.name == request.path_params["name"]]
    if not named:
        raise not_found()
    for key in named:
        await simulator.add_key(replace(key, revoked=True))
    return JSONResponse([_key(replace(key, revoked=True)) for key in named])


async def _add_template(request: Request) -> Response:
    simulator = simulator_of(request)
    body = await json_object(request)
    surplus = set(body) - {"id", "kind", "name", "subject", "body", "postage"}
    kind, template_id = str(body.get("kind")), str(body.get("id", uuid4()))
    texts = [str(body.get(name, "")) for name in ("name", "subject", "body")]
    postage = str(body.get("postage", "second"))
    known = kind in KINDS and postage in POSTAGE and is_uuid(template_id)
    if surplus or not known or not texts[2]:
        raise invalid(
            f"a template has a kind ({', '.join(KINDS)}) and a body, and may have id (a UUID),"
            f" name, subject and postage ({', '.join(POSTAGE)})"
        )
    template_id = plain_uuid(template_id)
    before = simulator.template(template_id)
    now = stamp(simulator.clock.now())
    template = Template(
        template_id,
        before.version + 1 if before else 1,
        kind,
        texts[0] or "Template",
        "" if kind == "sms" else texts[1],
        texts[2],
        created_at=before.created_at if before else now,
        updated_at=now if before else None,
        postage=postage if kind == "letter" else None,
    )
    await simulator.add_template(template)
    return JSONResponse({"id": template.id, "version": template.version}, 201)


async def _delete_template(request: Request) -> Response:
    simulator = simulator_of(request)
    template = simulator.template(request.path_params["id"].lower())
    if template is None:
        raise not_found()
    await simulator.add_template(replace(template, archived=True))
    return JSONResponse({"id": template.id, "archived": True})


def _clock(simulator: Simulator) -> Mapping[str, object]:
    clock = simulator.clock
    return {"now": stamp(clock.now()), "frozen": clock.frozen_at is not None}


async def _set_clock(request: Request) -> Response:
    simulator = simulator_of(request)
    body = await json_object(request)
    seconds, frozen = body.get("advance_seconds", 0), body.get("frozen")
    wrong = (
        set(body) - {"advance_seconds", "frozen"}
        or isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds <= 10 * 366 * 86_400
        or not (frozen is None or isinstance(frozen, bool))
    )
    if wrong or not isinstance(seconds, int | float):
        raise invalid(
            "the clock takes advance_seconds (0 or more, up to ten years) and frozen (true or"
            " false)"
        )
    if frozen is not None:
        (simulator.clock.freeze if frozen else simulator.clock.thaw)()
    simulator.clock.advance(timedelta(seconds=seconds))
    await simulator.keep_clock()
    return JSONResponse(_clock(simulator))


async def _set_limits(request: Request) -> Response:
    simulator = simulator_of(request)
    body = await json_object(request)
    for name, value in body.items():
        unlimited = name == "per_minute" and value is None
        if not unlimited and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise invalid(f"{name} is no whole number of 1 or more")
    simulator.meter.refill(_changed(simulator.meter.limits, body))
    return JSONResponse(asdict(simulator.meter.limits))


def _changed(before: S, body: Mapping[str, object]) -> S:
    """Return settings with those changed that a body names.

    Raises:
        Refusal: it names one that there is not.
    """
    known = [field.name for field in fields(before)]
    surplus = [name for name in body if name not in known]
    if surplus:
        raise invalid(f"{', '.join(surplus)}: expected some of {', '.join(known)}")
    return replace(before, **body)  # type: ignore[arg-type]


def _service(simulator: Simulator) -> Mapping[str, object]:
    service = simulator.service
    plain = {field.name: getattr(service, field.name) for field in fields(service)}
    return {
        name: dict(value) if isinstance(value, Mapping) else value for name, value in plain.items()
    }


async def _set_service(request: Request) -> Response:
    simulator = simulator_of(request)
    body = await json_object(request)
    before = _service(simulator)
    for name, value in body.items():
        like = list if isinstance(before.get(name), tuple) else type(before.get(name))
        if name in before and not isinstance(value, like):
            raise invalid(f"{name}: expected what is written like {json.dumps(before[name])}")
    listed = {
        name: tuple(value) if isinstance(value, list) else value for name, value in body.items()
    }
    simulator.service = _changed(simulator.service, listed)
    simulator.meter.live = simulator.service.live
    return JSONResponse(_service(simulator))


async def _faults(request: Request) -> Response:
    return JSONResponse(simulator_of(request).faults.shown())


async def _add_fault(request: Request) -> Response:
    faults = simulator_of(request).faults
    faults.on.append(parse_fault(await json_object(request)))
    return JSONResponse(faults.shown(), 201)


async def _clear_faults(request: Request) -> Response:
    simulator = simulator_of(request)
    simulator.faults.on.clear()
    return JSONResponse(simulator.faults.shown())


def _callbacks(simulator: Simulator) -> Mapping[str, object]:
    calls = simulator.ledger.reading.execute(
        "SELECT kind, about, state, attempts, due_at, answer FROM calls"
        " ORDER BY position DESC LIMIT 250"
    )
    return {
        "registered": {kind: found.url for kind, found in simulator.callbacks.items()},
        "latest_calls": [dict(call) for call in calls],
    }


async def _show_callbacks(request: Request) -> Response:
    return JSONResponse(_callbacks(simulator_of(request)))


async def _add_callback(request: Request) -> Response:
    simulator = simulator_of(request)
    callback = parse_callback(await json_object(request))
    await register(simulator, callback)
    return JSONResponse({"kind": callback.kind, "url": callback.url}, 201)


async def _remove_callback(request: Request) -> Response:
    simulator = simulator_of(request)
    await unregister(simulator, request.path_params["kind"])
    return JSONResponse(_callbacks(simulator))


async def _reset(request: Request) -> Response:
    simulator = simulator_of(request)
    await simulator.reset()
    return JSONResponse(_clock(simulator))


_BUILT: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/_control", _index),
    ("POST", "/_control/keys", _add_key),
    ("DELETE", "/_control/keys/{name}", _revoke_key),
    ("POST", "/_control/templates", _add_template),
    ("DELETE", "/_control/templates/{id}", _delete_template),
    ("POST", "/_control/clock", _set_clock),
    ("POST", "/_control/limits", _set_limits),
    ("POST", "/_control/service", _set_service),
    ("GET", "/_control/faults", _faults),
    ("POST", "/_control/faults", _add_fault),
    ("DELETE", "/_control/faults", _clear_faults),
    ("GET", "/_control/callbacks", _show_callbacks),
    ("POST", "/_control/callbacks", _add_callback),
    ("DELETE", "/_control/callbacks/{kind}", _remove_callback),
    ("POST", "/_control/reset", _reset),
    *control_messages.PATHS,
)
PATHS: tuple[tuple[str, str, Handler], ...] = tuple(
    (verb, path, _local(handler)) for verb, path, handler in _BUILT
)
