"""Rendering: a planned row and a template become a message, or a failed receipt that says why."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from nostop.frames import check
from nostop.model import OutreachError
from nostop.outreach.tables import ClaimDetails, ContactsAsRead, Messages, Plan
from nostop.outreach.templates import Template, Templates, Text
from nostop.ports import Message, Receipt

NAMES = ("first_name", "surname")
#: How somebody says that they want no more messages: by a reply, or, to a letter, in another way.
REPLY_STOP = {
    "en": "Reply to this message with the word STOP.",
    "cy": "Atebwch y neges hon gyda'r gair STOP.",
}
TELL_US = {
    "en": "Tell us so: {contact}. Your reference is {reference}.",
    "cy": "Rhowch wybod i ni: {contact}. Eich cyfeirnod yw {reference}.",
}
LONGEST_NAME = 100
# Control, format, line-separator, private and unassigned characters; an encoded word, which a mail
# program decodes into a header; and what a mail program would turn into a link.
_UNSAFE = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]|=\?|\?=|://|(?i:www\.)|@"
_MARKDOWN = r"([\\`*_\[\]()<>#|~!])"
_EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
_PHONE = r"^\+?[0-9][0-9 ]{6,19}$"
_URL = r"^https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(/[A-Za-z0-9._~%/-]*)?$"
_LONGEST_ADDRESS = 254


@dataclass(frozen=True, slots=True)
class Rendered:
    """What rendering gives: `messages` (`Messages`) and a receipt for each that cannot be sent."""

    messages: pl.DataFrame
    failed: tuple[Receipt, ...]


def render(
    plan: pl.DataFrame, contacts: pl.DataFrame, schemes: pl.DataFrame, templates: Templates
) -> Rendered:
    """Return a message for each planned row; suppressed and held-out rows get none.

    A message knows its recipient's own names and how to claim, and nothing else: no address, no
    National Insurance number, no birth date, no amount, nobody else in the household.

    Args:
        plan: `Plan`.
        contacts: `Contacts`.
        schemes: `ClaimDetails`.
        templates: as `load_templates` returns them.
    Raises:
        FrameError: a table lacks a column or has another type.
        OutreachError: a planned row has no template, claim details or contact row; or claim
            details are not fit for a letter.
    """
    details = checked_details(check(ClaimDetails, schemes))
    rows = check(Plan, plan).filter(pl.col("state") == "planned")
    return rendered(_filled(rows, check(ContactsAsRead, contacts), details), templates)


def rendered(
    filled: pl.DataFrame, templates: Templates, names: tuple[str, ...] = NAMES
) -> Rendered:
    """Return a message for each row that has all that its words need, a failed receipt for others.

    Args:
        filled: message_id, recipient_id, scheme, kind, language, contact_kind, to, first_name,
            surname, scheme_title, claim_url, claim_phone, sender, how_to_stop. Where
            `contact_kind` is post, nobody looks at `to`.
        templates: as `load_templates` returns them.
        names: the names that the templates may say, without which there is no message.
    Raises:
        OutreachError: a row has no template.
    """
    judged = filled.with_columns(_failure(names).alias("reason"))
    failed = judged.filter(pl.col("reason").is_not_null()).sort("message_id")
    good = judged.filter(pl.col("reason").is_null()).with_columns(_escaped(name) for name in names)
    receipts = (
        Receipt(message_id, "failed", None, reason)
        for message_id, reason in failed.select("message_id", "reason").iter_rows()
    )
    return Rendered(_messages(good, templates), tuple(receipts))


def as_messages(messages: pl.DataFrame) -> Iterator[Message]:
    """Yield each row of `Messages` as what a channel takes."""
    fields = ["message_id", "recipient_id", "scheme", "language", "to", "subject", "body"]
    for row in messages.select(fields).iter_rows(named=True):
        yield Message(**row)


def checked_details(schemes: pl.DataFrame) -> pl.DataFrame:
    """Return `ClaimDetails` that are fit for a letter.

    Raises:
        OutreachError: a title, web address or telephone number is not.
    """
    titles = [pl.col(f"title_{language}") for language in ("en", "cy")]
    title = pl.any_horizontal(
        t.str.contains(_UNSAFE) | t.str.contains(_MARKDOWN) | (t.str.len_chars() == 0)
        for t in titles
    )
    url = ~pl.col("claim_url").str.contains(_URL)
    phone = ~pl.col("claim_phone").str.contains(_PHONE)
    for name, wrong in {"title": title, "claim_url": url, "claim_phone": phone}.items():
        bad = schemes.filter(wrong)["scheme"].sort().to_list()
        if bad:
            raise OutreachError(f"claim details of {bad}: {name} is not fit for a letter")
    return schemes


def by_reply() -> pl.Expr:
    """Return the sentence that says how to stop messages by a reply, in each row's language."""
    return pl.col("language").replace_strict(REPLY_STOP, default=None, return_dtype=pl.String)


def _filled(rows: pl.DataFrame, contacts: pl.DataFrame, details: pl.DataFrame) -> pl.DataFrame:
    people = contacts.select(pl.col("person_id").alias("recipient_id"), *NAMES, "email", "phone")
    unknown = rows.join(people, on="recipient_id", how="anti").height
    if unknown:
        raise OutreachError(f"render: {unknown} recipients are not in the contacts")
    unnamed = rows.join(details, on="scheme", how="anti")["scheme"].unique().sort().to_list()
    if unnamed:
        raise OutreachError(f"render: no claim details for {unnamed}")
    welsh = pl.col("language") == "cy"
    return (
        rows.join(people, on="recipient_id", how="left", validate="m:1")
        .join(details, on="scheme", how="left", validate="m:1")
        .with_columns(
            pl.when(welsh).then("title_cy").otherwise("title_en").alias("scheme_title"),
            pl.coalesce("email", "phone").alias("to"),
            contact_kind=pl.lit("any"),
            how_to_stop=by_reply(),
        )
    )


def _failure(names: tuple[str, ...]) -> pl.Expr:
    """Return why a row cannot be sent, null where it can. Names the field and never its value."""
    to = pl.col("to")
    fits = to.str.contains(_EMAIL) & ~to.str.contains(r"=\?") | to.str.contains(_PHONE)
    reachable = fits & (to.str.len_chars() <= _LONGEST_ADDRESS)
    by_post = pl.col("contact_kind") == "post"
    reasons = {"bad_contact_details": ~(by_post | reachable).fill_null(value=False)}
    for name in names:
        value = pl.col(name)
        missing = value.is_null() | (value.str.strip_chars() == "")
        reasons[f"missing_value: {name}"] = missing
        reasons[f"unsafe_value: {name}"] = value.str.contains(_UNSAFE) | (
            value.str.len_chars() > LONGEST_NAME
        )
    return pl.coalesce(pl.when(is_so).then(pl.lit(reason)) for reason, is_so in reasons.items())


def _escaped(name: str) -> pl.Expr:
    """Return a name that reads as itself in Markdown, and in which no dot makes a web address."""
    plain = _not_shouted(pl.col(name).str.strip_chars())
    marked = plain.str.replace_all(_MARKDOWN, r"\$1")
    return marked.str.replace_all(r"\.(\p{L})", ". $1").alias(name)


def _not_shouted(name: pl.Expr) -> pl.Expr:
    """Return a name that a source keeps in capitals as it is written by hand.

    Not where capitals stand inside the name, as in McDonald: only its owner knows which.
    """
    shouted = ~name.str.contains(r"\p{Ll}") & ~name.str.contains(r"\bMA?C")
    return pl.when(shouted).then(name.str.to_titlecase()).otherwise(name)


def _messages(good: pl.DataFrame, templates: Templates) -> pl.DataFrame:
    parts = [
        _from_template(rows, _template(templates, str(scheme), str(kind), str(language)))
        for (scheme, kind, language), rows in good.group_by(
            ["scheme", "kind", "language"], maintain_order=True
        )
    ]
    if not parts:
        return Messages.create_empty()
    return check(Messages, pl.concat(parts).sort("message_id"))


def _template(templates: Templates, scheme: str, kind: str, language: str) -> Template:
    template = templates.get((scheme, kind, language))
    if template is None:
        raise OutreachError(f"render: there is no template {scheme}.{kind}.{language}.md")
    return template


def _from_template(rows: pl.DataFrame, template: Template) -> pl.DataFrame:
    written = rows.with_columns(
        _write(template.subject).alias("subject"),
        _write(template.body).alias("body"),
        pl.lit(template.sha256).alias("template_sha256"),
    )
    hashes = [
        hashlib.sha256(f"{subject}\n\n{body}".encode()).hexdigest()
        for subject, body in written.select("subject", "body").iter_rows()
    ]
    return written.with_columns(pl.Series("body_sha256", hashes, pl.String)).select(
        *Messages.columns()
    )


def _write(text: Text) -> pl.Expr:
    """Return the text with its fields filled in, in one pass: a value is never searched again."""
    pieces = [pl.col(part) if turn % 2 else pl.lit(part) for turn, part in enumerate(text.parts)]
    return pl.concat_str(pieces)
