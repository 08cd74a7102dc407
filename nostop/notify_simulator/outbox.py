"""The outbox: a page for people that shows what was accepted, each message as it would look."""

from itertools import islice

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from nostop.notify_simulator import notifications
from nostop.notify_simulator.incoming import simulator_of
from nostop.notify_simulator.notifications import Notification, Wanted
from nostop.notify_simulator.simulator import Simulator
from nostop.notify_simulator.statuses import progress, shown

_PAGE_SIZE = 50
#: Nothing but the page itself and its own style: no script, no picture, no form, no frame.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGES = Environment(
    loader=PackageLoader("nostop.notify_simulator", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
)
_KINDS = {"email": "E-mail", "sms": "Text message", "letter": "Letter"}


async def page(request: Request) -> Response:
    """Return the page; `?older_than=ID` goes on to older messages."""
    simulator = simulator_of(request)
    older_than = request.query_params.get("older_than")
    found = list(
        islice(
            notifications.newest_first(simulator.ledger.reading, Wanted(older_than=older_than)),
            _PAGE_SIZE,
        )
    )
    accepted = simulator.ledger.reading.execute("SELECT count(*) FROM notifications").fetchone()[0]
    html = _PAGES.get_template("outbox.html").render(
        messages=[_message(simulator, one) for one in found],
        accepted=accepted,
        older=found[-1].id if len(found) == _PAGE_SIZE else None,
        paged=older_than is not None,
        service=simulator.service.name,
    )
    return HTMLResponse(html, headers=_HEADERS)


def _message(simulator: Simulator, found: Notification) -> dict[str, object]:
    reached = progress(found, simulator.clock.now(), simulator.settings.pace)
    return {
        "id": found.id,
        "kind": _KINDS[found.type],
        "type": found.type,
        "status": shown(found, reached.status),
        "to": found.recipient,
        "address": found.recipient.split(", "),
        "subject": found.subject,
        "body": found.body,
        "reference": found.reference,
        "accepted_at": f"{found.accepted:%-d %B %Y at %H:%M:%S} UTC",
        "accepted_at_machine": found.accepted_at,
        "sender": simulator.service.email_from
        if found.type == "email"
        else simulator.service.sms_sender,
        "unsubscribe_url": found.unsubscribe_url,
        "test": found.key_kind == "test",
    }
