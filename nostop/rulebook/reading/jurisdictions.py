"""Where a pack may stand: `uk/`, a nation's folder or a council's under `local/`, and whom it then
applies to."""

from pathlib import Path
from typing import get_args

from nostop.model import nearest
from nostop.rulebook.packs import Nation, Pack
from nostop.rulebook.reading.checks import Complaint

LOCAL = "local"
NATIONS: tuple[str, ...] = get_args(Nation)
JURISDICTIONS = ("uk", *NATIONS, LOCAL)
#: The first letter of a council's GSS code.
_NATION_OF = {"E": "england", "N": "northern_ireland", "S": "scotland", "W": "wales"}


def misplaced(pack: Pack, place: Path) -> list[Complaint]:
    """Return what is wrong between a pack and its folder.

    Args:
        place: the pack's folder below the rules folder: `scotland/best_start_grant`.
    """
    top = place.parts[0]
    if top not in JURISDICTIONS:
        known = f"{nearest(top, list(JURISDICTIONS))} (known: {', '.join(JURISDICTIONS)})"
        return [(f"stands under '{top}/', which is no jurisdiction{known}", ("scheme",))]
    if top in NATIONS and pack.applies_in != (top,):
        mend = f"write applies_in: [{top}], or move it to uk/"
        return [(f"stands under {top}/ and applies in {_listed(pack)}: {mend}", ("applies_in",))]
    return [*_of_a_council(pack, place), *_elsewhere(pack)]


def _of_a_council(pack: Pack, place: Path) -> list[Complaint]:
    is_local = place.parts[0] == LOCAL
    if is_local and len(place.parts) != 3:
        wanted = "a council's pack stands in local/<council>/<scheme>/"
        return [(f"stands in {place.as_posix()}/: {wanted}", ("scheme",))]
    if is_local and not pack.local_authorities:
        mend = "write local_authorities: [its GSS code, such as E08000035]"
        return [(f"stands under local/ and names no council: {mend}", ("applies_in",))]
    if pack.local_authorities and not is_local:
        mend = "move it to local/<council>/, or take local_authorities out"
        found = f"stands under {place.parts[0]}/ and names councils"
        return [(f"{found}: {mend}", ("local_authorities",))]
    return []


def _elsewhere(pack: Pack) -> list[Complaint]:
    """Councils outside the nations in which the pack applies."""
    return [
        (
            f"'{code}' is in {_NATION_OF[code[0]]}, and the pack applies in {_listed(pack)}",
            ("local_authorities", index),
        )
        for index, code in enumerate(pack.local_authorities)
        if _NATION_OF[code[0]] not in pack.applies_in
    ]


def _listed(pack: Pack) -> str:
    return ", ".join(pack.applies_in)
