"""What packs say a claim does to others, as schemes of their own: then whatever works
determinations out also says when an award ends another, when it changes a fact, and until when to
claim."""

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from nostop.model import Period
from nostop.rulebook import Rulebook, Scheme
from nostop.rulebook.book import DEADLINE
from nostop.rulebook.packs import Award, Bilingual, Condition, InKind, Nation, Part
from nostop.rulebook.tree import BOOL, DATE, ZERO, Compare, Definition, DefRef, Lit, Node

_HOLDS = "holds"


def effect_id(scheme: str, local: str) -> str:
    """Return the id of the scheme that stands for an effect: `local` is its name within its
    pack."""
    return f"{scheme}__{local.replace('.', '__')}"


def with_effects(book: Rulebook) -> Rulebook:
    """Return a rule book that has, besides its schemes, one for each condition of an effect and
    each deadline.

    The scheme of a condition is entitled where it holds; that of a deadline has the day, as
    yyyymmdd, for its amount. Each may read what its pack may.
    """
    made = [
        _standing_for(scheme, local, effect)
        for scheme in book.schemes.values()
        for local, effect in scheme.effects.items()
    ]
    of_pack: dict[str, list[str]] = {}
    for scheme, probe in made:
        of_pack.setdefault(scheme, []).append(probe.id)
    gateways = tuple(
        gateway.model_copy(
            update={"schemes": (*gateway.schemes, *_beside(gateway.schemes, of_pack))}
        )
        for gateway in book.gateways
    )
    definitions = {
        each.name: each for _, probe in made for each in (*probe.conditions, *probe.parts)
    }
    return replace(
        book,
        schemes={**book.schemes, **{probe.id: probe for _, probe in made}},
        definitions={**book.definitions, **definitions},
        folders={**book.folders, **{probe.id: probe.folder for _, probe in made}},
        gateways=gateways,
    )


def _beside(schemes: tuple[str, ...], of_pack: dict[str, list[str]]) -> Iterator[str]:
    for scheme in schemes:
        yield from of_pack.get(scheme, ())


def _standing_for(scheme: Scheme, local: str, effect: Definition) -> tuple[str, Scheme]:
    name = effect_id(scheme.id, local)
    read = DefRef(effect.tree.kind, effect.level, effect.name)
    says = effect.says
    condition = Condition(id=_HOLDS, says=says, when="true", cite="see the pack", if_not=says)
    parts: tuple[Definition, ...] = ()
    holds: Node = read
    given = Bilingual(en=says, cy=says)
    award = Award(in_kind=InKind(says=given, cite="see the pack"))
    if local == DEADLINE:
        parts = (_definition(effect, f"{name}.day", DefRef(DATE, effect.level, effect.name)),)
        award = Award(parts={"day": Part(formula="day", cite="see the pack")}, per=Period.ONCE)
        # Known wherever the day is known.
        holds = Compare(BOOL, effect.level, ">=", read, Lit(ZERO, None, 0))
    pack = scheme.pack.model_copy(
        update={
            "scheme": name,
            "applies_in": get_args(Nation),
            "local_authorities": (),
            "entitled_when": (condition,),
            "award": award,
            "ask_person": (),
            "invite_when": None,
            "notes": (),
        }
    )
    probe = Scheme(
        pack=pack,
        folder=scheme.folder,
        content_hash=scheme.content_hash,
        conditions=(_definition(effect, f"{name}.when.{_HOLDS}", holds),),
        parts=parts,
        notes=(),
        invitation=None,
        effects={},
    )
    return scheme.id, probe


def _definition(effect: Definition, name: str, tree: Node) -> Definition:
    return Definition(name, effect.level, tree, effect.says, effect.cite, effect.written)


def with_effect_ids(effects: Rulebook, schemes: list[str]) -> list[str]:
    """Return schemes, and those that stand for their effects in a rule book `with_effects`."""
    wanted = {*schemes}
    return [
        *schemes,
        *(name for name in effects.schemes if name.partition("__")[0] in wanted - {name}),
    ]
