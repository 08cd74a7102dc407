"""The words of a campaign: its templates as they were approved, filled in for each recipient."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from nostop.outreach.render import TELL_US, Rendered, by_reply, checked_details, rendered
from nostop.outreach.tables import ClaimDetails, Messages
from nostop.outreach.templates import (
    Template,
    Templates,
    key_of,
    parse_short,
    parse_template,
    short_key_of,
)
from nostop.ports import Message

#: Kinds of channel that do not take a letter, and what they take instead.
_SHORT = {"phone": "text", "voice": "script"}


@dataclass(frozen=True, slots=True)
class Wording:
    """What a campaign says: letters by (scheme, kind, language), texts and scripts by (text or
    script, kind, language), what each scheme is called and where to claim it (`ClaimDetails`), and
    who sends it.

    contact: how somebody who got a letter reaches the sender.
    reference: the short reference of a message's id, by which they name it then.
    """

    letters: Templates
    shorts: Templates
    details: pl.DataFrame
    sender: str
    contact: str | None = None
    reference: Callable[[str], str] = str


def wording_from(texts: Mapping[str, str], details: pl.DataFrame, sender: str) -> Wording:
    """Return the words of a campaign from its templates by file name.

    Raises:
        OutreachError: a template cannot be used as it is written, or details are not fit for one.
    """
    letters: dict[tuple[str, str, str], Template] = {}
    shorts: dict[tuple[str, str, str], Template] = {}
    for name, text in texts.items():
        file = Path(name)
        if file.suffix == ".md":
            letters[key_of(file)] = parse_template(file, text.encode())
        elif file.suffix == ".txt":
            shorts[short_key_of(file)] = parse_short(file, text.encode())
    return Wording(letters, shorts, checked_details(details), sender)


def written(rows: pl.DataFrame, wording: Wording) -> Rendered:
    """Return a message for each row, or a failed receipt that says why there is none.

    Args:
        rows: message_id, recipient_id, scheme, kind, language, channel_kind, contact_kind, contact,
            first_name, surname.
        wording: of the campaign.
    Raises:
        OutreachError: a row has no template.
    """
    details = wording.details.select(ClaimDetails.columns().keys())
    welsh = pl.col("language") == "cy"
    by_post = pl.col("contact_kind") == "post"
    filled = rows.join(details, on="scheme", how="left", validate="m:1").with_columns(
        pl.when(welsh).then("title_cy").otherwise("title_en").alias("scheme_title"),
        pl.when(by_post).then(pl.lit("")).otherwise("contact").alias("to"),
        sender=pl.lit(wording.sender),
        how_to_stop=_how_to_stop(rows, wording),
    )
    long = ~pl.col("channel_kind").is_in(list(_SHORT))
    parts = [rendered(filled.filter(long), wording.letters)]
    for kind, what in _SHORT.items():
        some = filled.filter(pl.col("channel_kind") == kind)
        parts.append(rendered(some, _for_every_scheme(wording, what), names=()))
    messages = pl.concat([part.messages for part in parts]).sort("message_id")
    return Rendered(messages, tuple(receipt for part in parts for receipt in part.failed))


def _how_to_stop(rows: pl.DataFrame, wording: Wording) -> pl.Expr:
    """Return how to say that one wants no more: nobody can reply to a letter."""
    if wording.contact is None:
        return by_reply()
    by_post = rows["contact_kind"] == "post"
    told = [
        TELL_US[language].format(contact=wording.contact, reference=wording.reference(message_id))
        if post
        else None
        for message_id, language, post in zip(
            rows["message_id"], rows["language"], by_post, strict=True
        )
    ]
    return pl.coalesce(pl.Series(told, dtype=pl.String), by_reply())


def template_of(wording: Wording, channel_kind: str, key: tuple[str, str, str]) -> Template | None:
    """Return the template that a kind of channel takes for (scheme, kind, language), if any."""
    if channel_kind in _SHORT:
        return wording.shorts.get((_SHORT[channel_kind], *key[1:]))
    return wording.letters.get(key)


def _for_every_scheme(wording: Wording, what: str) -> Templates:
    schemes = wording.details["scheme"].to_list()
    return {
        (scheme, kind, language): template
        for (name, kind, language), template in wording.shorts.items()
        if name == what
        for scheme in schemes
    }


def messages_with_addresses(
    messages: pl.DataFrame, rows: pl.DataFrame, link: Callable[[str], str] | None = None
) -> Iterator[Message]:
    """Yield each rendered message as a channel takes it, in order of ids: with the name and the
    address of a letter's window, with the name of somebody to be called, and with nothing else of
    its recipient.

    Args:
        messages: `Messages`.
        rows: what they were rendered from.
        link: the unsubscribe link of a message's id: an e-mail has it.
    """
    known = ["message_id", "contact_kind", "contact", "first_name", "surname"]
    fields = [name for name in Messages.columns() if not name.endswith("sha256")]
    joined = messages.select(fields).join(rows.select(known), on="message_id", validate="1:1")
    for row in joined.sort("message_id").iter_rows(named=True):
        contact, kind = row.pop("contact"), row.pop("contact_kind")
        name = " ".join(part for part in (row.pop("first_name"), row.pop("surname")) if part)
        if kind == "post":
            yield Message(**row, name=name, address=tuple(contact.splitlines()))
        elif kind == "phone":
            # Whoever calls asks for the person by name; a text message does not say it.
            yield Message(**row, name=name)
        elif kind == "email" and link is not None:
            yield Message(**row, unsubscribe_url=link(row["message_id"]))
        else:
            yield Message(**row)
