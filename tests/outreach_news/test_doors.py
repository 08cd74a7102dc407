"""The addresses that others call, over HTTP."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
import uvicorn
from sqlalchemy import Engine

from nostop.app.outreach.doors import Doors, callbacks_app
from nostop.outreach.unsubscribe import sign
from nostop.store import lift_suppression
from tests.outreach_news.campaigns import AT, id_of, send, status, stops, why

TOKEN = "a-token-of-our-own"  # noqa: S105 - of nothing
OLD, NEW = b"o" * 32, b"n" * 32
CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def web(engine: Engine) -> Iterator[httpx.Client]:
    listener = socket.create_server(("127.0.0.1", 0))
    app = callbacks_app(Doors(engine, lambda: AT, TOKEN, (NEW, OLD)))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


def link(who: str, secret: bytes = NEW) -> str:
    return f"/unsubscribe/{sign(secret, id_of(who))}"


def test_inv_15_one_click_takes_effect_before_the_next_message(engine: Engine, web: httpx.Client):
    answer = web.post(link("ada"), data=CLICK)
    assert answer.status_code == 200
    assert "no more messages" in answer.text
    assert send(engine).sent.words == {"sent": 1}
    assert why(engine) == {"ada": "opted_out", "bo": None}


def test_inv_15_looking_at_a_link_changes_nothing(engine: Engine, web: httpx.Client):
    for path in (link("ada"), "/unsubscribe/1.not-ours.x"):
        shown = web.get(path)
        assert shown.status_code == web.head(path).status_code == 200
        assert '<form method="post">' in shown.text
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert stops(engine) == []


def test_links_of_an_old_secret_stay_good_and_forged_ones_do_nothing(
    engine: Engine, web: httpx.Client
):
    assert web.post(link("bo", OLD), data=CLICK).status_code == 200
    assert web.post(link("ada", b"f" * 32), data=CLICK).status_code == 404
    assert web.post(link("ada"), data={"other": "form"}).status_code == 400
    assert stops(engine) == [("bo", "opted_out")]


def test_who_opted_in_again_can_click_the_same_link_again(engine: Engine, web: httpx.Client):
    web.post(link("ada"), data=CLICK)
    web.post(link("ada"), data=CLICK)
    assert stops(engine) == [("ada", "opted_out")]
    assert lift_suppression(engine, "ada", "opted_out", "Bo", AT + timedelta(days=1))
    assert stops(engine) == []
    web.post(link("ada"), data=CLICK)
    assert stops(engine) == [("ada", "opted_out")]


def test_a_callback_over_http(engine: Engine, web: httpx.Client):
    send(engine)
    path = "/callbacks/govuk-notify/delivery_receipt"
    body = {"id": "11111111-aaaa", "reference": id_of("ada"), "status": "delivered"}
    assert web.post(path, json=body).status_code == 401
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert web.post(path, json=body, headers=bearer).status_code == 200
    assert web.post(path + "s", json=body, headers=bearer).status_code == 404
    assert web.post(path, content=b"{" * 70_000, headers=bearer).status_code == 413
    assert web.get(path).status_code == 405
    assert status(engine) == {"ada": "delivered", "bo": "sent"}
