"""Accounts of officials: who may come in, whom they know, and keys of the API."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app import accounts
from nostop.app.accounts import KINDS, SCOPES, KeyWanted, Tie
from nostop.model import NostopError, SettingsError
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import page, see_other
from nostop.web.permissions import Permission

router = APIRouter(prefix="/access")
Admin = Annotated[Visitor, Depends(visiting(Permission.ADMIN))]
Anybody = Annotated[Visitor, Depends(visiting(Permission.SIGNED_IN))]
_MOST_AREAS = 5000
#: Each kind of tie, and each use of a key, as a page shows it.
_KIND_SAYS = {"own": "Themselves", "relative": "A relative", "known": "Somebody they know"}
_MY_KIND_SAYS = {"own": "Me", "relative": "A relative of mine", "known": "Somebody I know"}
_SCOPE_SAYS = {
    "evaluate": "Work out a situation that is sent",
    "determinations:read": "Read what the rules found for a person",
    "decisions:read": "Read cases, and what was decided of them",
    "decisions:write": "Decide on cases",
    "events:write": "Send life events (only with all areas)",
    "exports": "Fetch exports that were approved",
}


@router.get("")
def index(request: Request, visitor: Admin) -> Response:
    """List everybody who ever signed in."""
    house = house_of(request)
    found = accounts.accounts(house.engine, house.now())
    return page(request, visitor, "access/accounts.html", {"accounts": found})


@router.get("/accounts/{account_id}")
def account(request: Request, visitor: Admin, account_id: str) -> Response:
    """Show one account and whom it is tied to."""
    return _account(request, visitor, account_id, None)


@router.post("/accounts/{account_id}/bar")
def bar(request: Request, visitor: Admin, account_id: str, form: Posted) -> Response:
    """Let an account in no more; its sessions end at once."""
    house = house_of(request)
    try:
        accounts.bar(house.engine, account_id, visitor.account_id, house.now())
    except SettingsError as error:
        form.problems.append(Problem("", _said(error)))
        return _account(request, visitor, account_id, form)
    return see_other(request, _address(account_id), said="The account is barred")


@router.post("/accounts/{account_id}/let-in")
def let_in(request: Request, visitor: Admin, account_id: str, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """Let a barred account in again."""
    house = house_of(request)
    accounts.let_in(house.engine, account_id, visitor.account_id, house.now())
    return see_other(request, _address(account_id), said="The account can sign in again")


@router.post("/accounts/{account_id}/sign-out")
def sign_out(request: Request, visitor: Admin, account_id: str, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """End every session of an account."""
    house = house_of(request)
    accounts.account(house.engine, account_id, house.now())
    accounts.end_sessions(house.engine, account_id, visitor.account_id, house.now())
    return see_other(request, _address(account_id), said="Every session of the account has ended")


@router.post("/accounts/{account_id}/ties")
def tie(request: Request, visitor: Admin, account_id: str, form: Posted) -> Response:
    """Tie an account to somebody: by id, or by surname and birth date."""
    house = house_of(request)
    accounts.account(house.engine, account_id, house.now())
    kind = form.one_of("kind", KINDS, "Choose who they are")
    person_id = form.text("person_id", most=100)
    if person_id and kind and not form.problems:
        made = Tie(account_id, person_id, kind, visitor.account_id, house.now())
        try:
            accounts.tie_to_person(house.engine, made)
        except NostopError:
            form.problems.append(Problem("person_id", "Enter the number of a person"))
    else:
        _tie_by_name(request, visitor, account_id, form)
    if form.problems:
        return _account(request, visitor, account_id, form)
    return see_other(request, _address(account_id), said="Their record is closed to this account")


@router.post("/accounts/{account_id}/ties/{tie_id}/remove")
def untie(request: Request, visitor: Admin, account_id: str, tie_id: str, form: Posted) -> Response:
    """Take a tie away that was a mistake."""
    house = house_of(request)
    try:
        accounts.untie(house.engine, account_id, tie_id, visitor.account_id, house.now())
    except SettingsError as error:
        form.problems.append(Problem("", _said(error)))
        return _account(request, visitor, account_id, form)
    return see_other(request, _address(account_id), said="The tie is removed")


@router.get("/known")
def known(request: Request, visitor: Anybody) -> Response:
    """Let an official say that they know somebody."""
    return _known(request, visitor, None)


@router.post("/known")
def say_known(request: Request, visitor: Anybody, form: Posted) -> Response:
    """Close the record of somebody whom an official knows to them. Whether there is one is not
    told."""
    form.one_of("kind", KINDS, "Choose who they are")
    _tie_by_name(request, visitor, visitor.account_id, form)
    if form.problems:
        return _known(request, visitor, form)
    return see_other(
        request, "/access/known", said="If there is a record of theirs, it is closed to you"
    )


@router.get("/keys")
def keys(request: Request, visitor: Admin) -> Response:
    """List the keys of the API."""
    return _keys(request, visitor, None)


@router.post("/keys")
def make_key(request: Request, visitor: Admin, form: Posted) -> Response:
    """Make a key, and show it in answer to the form: once, and in no address."""
    house = house_of(request)
    name = form.text("name", most=100, wanted="Enter which service the key is for")
    ends_on = form.day("ends_on", "Enter the day on which the key ends")
    scopes = form.all("scopes")
    if not scopes:
        form.problems.append(Problem("scopes", "Choose what the key may be used for"))
    if ends_on is not None and ends_on <= house.now().date():
        form.problems.append(Problem("ends_on-day", "Enter a day that is still to come"))
    areas = form.text("areas", most=_MOST_AREAS).split()
    every = form.one_of("which_areas", ("all", "some"), "Choose which areas the key may see")
    if every == "some" and not areas:
        form.problems.append(Problem("areas", "Enter at least one area, each on its own line"))
    if form.problems or ends_on is None:
        return _keys(request, visitor, form)
    wanted = KeyWanted(name, scopes, None if every == "all" else areas, ends_on)
    made = accounts.make_key(house.engine, wanted, visitor.account_id, house.now())
    return page(request, visitor, "access/key_made.html", {"key": made, "name": name})


@router.post("/keys/{key_id}/revoke")
def revoke_key(request: Request, visitor: Admin, key_id: str, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """Let a key open nothing any more."""
    house = house_of(request)
    accounts.revoke_key(house.engine, key_id, visitor.account_id, house.now())
    return see_other(request, "/access/keys", said="The key opens nothing any more")


def _account(request: Request, visitor: Visitor, account_id: str, form: Form | None) -> Response:
    house = house_of(request)
    found = accounts.account(house.engine, account_id, house.now())
    shown = {
        "account": found,
        "ties": accounts.ties(house.engine, account_id),
        "tie_id_of": accounts.tie_id_of,
        "kinds": _KIND_SAYS,
        "is_me": account_id == visitor.account_id,
        **_form(form),
    }
    return page(request, visitor, "access/account.html", shown, 400 if form else 200)


def _known(request: Request, visitor: Visitor, form: Form | None) -> Response:
    house = house_of(request)
    shown = {
        "ties": accounts.ties(house.engine, visitor.account_id),
        "kinds": _MY_KIND_SAYS,
        **_form(form),
    }
    return page(request, visitor, "access/known.html", shown, 400 if form else 200)


def _keys(request: Request, visitor: Visitor, form: Form | None) -> Response:
    house = house_of(request)
    shown = {
        "keys": accounts.keys(house.engine),
        "scopes": [(scope, _SCOPE_SAYS[scope]) for scope in SCOPES],
        "today": house.now().date(),
        "chosen": form.all("scopes") if form else [],
        **_form(form),
    }
    return page(request, visitor, "access/keys.html", shown, 400 if form else 200)


def _form(form: Form | None) -> dict[str, object]:
    """Return what was typed, and what is wrong with it, for a page that shows the form again."""
    problems = form.problems if form else []
    typed = {
        name: value for name, value in (form.data.items() if form else ()) if isinstance(value, str)
    }
    return {
        "given": typed,
        "problems": problems,
        "wrong": {problem.field: problem.text for problem in problems},
    }


def _tie_by_name(request: Request, visitor: Visitor, account_id: str, form: Form) -> None:
    """Tie an account to everybody of a surname and birth date, if the form says who."""
    house = house_of(request)
    surname = form.text("surname", most=100, wanted="Enter their surname")
    born_on: date | None = form.day("born_on", "Enter their date of birth")
    if form.problems or born_on is None:
        return
    made = Tie(account_id, "", form.text("kind"), visitor.account_id, house.now())
    try:
        accounts.tie_to_somebody(house.engine, made, surname, born_on)
    except SettingsError:
        form.problems.append(Problem("surname", "Enter their surname"))


def _address(account_id: str) -> str:
    return f"/access/accounts/{account_id}"


def _said(error: NostopError) -> str:
    words = str(error).partition(": ")[2]
    return words[:1].upper() + words[1:]
