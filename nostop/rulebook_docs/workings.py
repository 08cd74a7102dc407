"""Conditions, parts and workings on a page: what each says, its formula, what it reads and its
citation."""

from nostop.rulebook.packs import Award, Condition, Note, Pack, Working
from nostop.rulebook.tree import Definition
from nostop.rulebook_docs.formulas import read_by, spoken, written
from nostop.rulebook_docs.layout import item, warning
from nostop.rulebook_docs.markup import Html, described, element, join, listed, with_links
from nostop.rulebook_docs.site import Site, Source
from nostop.rulebook_docs.words import period, plain, together, whose


def conditions(source: Source, pack: Pack, site: Site) -> Html:
    """Return the conditions of a pack, the engine's own on the place among them."""
    lead = element("p", f"A {whose(pack.decides_for)} is entitled where every one of these holds.")
    entries = [_place(pack), *(_condition(each, source, site) for each in pack.entitled_when)]
    return join([lead, *entries])


def _place(pack: Pack) -> Html:
    areas = together(plain(each).title() for each in pack.applies_in)
    if pack.local_authorities:
        areas = f"{together(pack.local_authorities)} ({areas})"
    said = element("p", f"Where the household lives, which the engine itself asks: {areas}.")
    return item("condition-applies_in", "You live where the scheme applies", said)


def _condition(condition: Condition, source: Source, site: Site) -> Html:
    definition = source.definitions[f"when.{condition.id}"]
    more = [
        ("Where it is not so", condition.if_not),
        ("Evidence", listed(condition.evidence)),
    ]
    return item(
        f"condition-{condition.id}",
        condition.says,
        _name(condition.id),
        described(more),
        _told(definition, condition.when, condition.unverified, site),
    )


def _name(name: str) -> Html:
    return element("p", element("code", name))


def award(source: Source, award: Award, site: Site) -> Html:
    """Return the parts of an award and how their sum is rounded, or what is given in kind."""
    if award.in_kind is not None:
        cited = described([("Law", with_links(award.in_kind.cite))])
        return join([element("p", award.in_kind.says.en), cited])
    parts = [
        item(
            f"part-{name}",
            source.definitions[name].says.capitalize() if part.says is None else part.says,
            _name(name),
            _told(source.definitions[name], part.formula, part.unverified, site),
        )
        for name, part in award.parts.items()
    ]
    lead = element("p", f"The parts are added up: so much{period(award.per)}.")
    return join([lead, *parts, _rounding(award)])


def _rounding(award: Award) -> Html:
    heading = element("h3", "Rounding")
    if award.round is None:
        return join([heading, element("p", "The pack rounds nothing.")])
    ways = {"up": "up to the", "down": "down to the", "nearest": "to the nearest"}
    said = f"The sum is rounded {ways[award.round.direction]} {award.round.to}."
    cited = described([("Law", with_links(award.round.cite))])
    return join([heading, element("p", said), cited])


def workings(source: Source, site: Site) -> Html:
    """Return the workings of a pack or library, each after those that it reads."""
    model = source.model
    return join(
        _working(name, model.work_out[name], source.definitions[name], site)
        for name in source.definitions
        if name in model.work_out
    )


def _working(name: str, working: Working, definition: Definition, site: Site) -> Html:
    about = f": {definition.tree.kind}, of a {whose(definition.level)}."
    more = [("Turning points", together(working.turning_points))]
    return item(
        f"working-{name}",
        working.says,
        element("p", element("code", name), about),
        described(more),
        _told(definition, working.formula, working.unverified, site),
    )


def _told(definition: Definition, formula: str, unverified: str | None, site: Site) -> Html:
    mark = Html() if unverified is None else warning("Not verified", unverified)
    return join(
        [
            mark,
            written(formula, definition, site),
            spoken(definition, site),
            described([("Reads", read_by(definition, site)), ("Law", with_links(definition.cite))]),
        ]
    )


def notes(source: Source, pack: Pack, site: Site) -> Html:
    """Return what is shown beside a result and never changes it."""
    return join(_note(each, source, site) for each in pack.notes)


def _note(note: Note, source: Source, site: Site) -> Html:
    told = described([("Law", with_links(note.cite))])
    if note.formula is not None:
        told = _told(source.definitions[f"note.{note.id}"], note.formula, None, site)
    return item(f"note-{note.id}", note.says, _name(note.id), told)
