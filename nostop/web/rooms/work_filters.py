"""The filters beside the queue: the same for everybody who asks the same, and dear to write, with
all benefits, areas and officials in them."""

from collections.abc import Mapping
from functools import lru_cache, partial

from markupsafe import Markup

from nostop.app.casework.queue import Queue, Search
from nostop.web.pages import environment
from nostop.web.rooms.work_words import BANDS, SORTS, STATES
from nostop.web.words import translated

#: Kept of so many searches: of each some 60 kB.
_MOST_KEPT = 200
_Pairs = tuple[tuple[str, str], ...]


def filters_of(
    search: Search, queue: Queue, language: str, wrong: Mapping[str, str], typed_gain: str
) -> Markup:
    """Return the form with the filters.

    Args:
        search: what is chosen.
        queue: what can be chosen.
        language: of the page.
        wrong: by field, what cannot be used.
        typed_gain: what was typed as the least gain, where that is wrong.
    """
    schemes = tuple((name, title[language]) for name, title in queue.schemes)
    wrongs = tuple(sorted(wrong.items()))
    said = typed_gain if "gain" in wrong else ""
    return _written(language, search, schemes, queue.people, queue.areas, wrongs, said)


@lru_cache(maxsize=_MOST_KEPT)
def _written(  # noqa: PLR0913 - what it is kept by
    language: str,
    search: Search,
    schemes: _Pairs,
    people: _Pairs,
    areas: tuple[str, ...],
    wrong: _Pairs,
    typed_gain: str,
) -> Markup:
    shown = {
        "t": partial(translated, language=language),
        "search": search,
        "schemes": schemes,
        "people": people,
        "areas": areas,
        "wrong": dict(wrong),
        "typed_gain": typed_gain,
        "states": STATES,
        "sorts": SORTS,
        "bands": BANDS,
    }
    # The template escapes what is in it.
    return Markup(environment().get_template("work/_filters.html").render(shown))  # noqa: S704
