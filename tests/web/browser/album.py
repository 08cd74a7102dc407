"""Pictures of pages for the guides, taken only where somebody asks for them."""

import os
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

_FOLDER = os.environ.get("NOSTOP_SCREENSHOTS")
_WIDTH, _MOST_HEIGHT = 1000, 1500
_COLOURS = 32


class Album:
    """Pictures of one walk.

    NOSTOP_SCREENSHOTS names the folder they go to; without it nothing is taken.
    """

    def __init__(self, *, is_kept: bool) -> None:
        """is_kept: False for a walk whose pictures would be the same."""
        self._folder = Path(_FOLDER) if _FOLDER and is_kept else None

    def keep(self, page: Page, what: str) -> None:
        """Take a picture of a page from its top, named NN-what.png."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        before = page.viewport_size
        page.set_viewport_size({"width": _WIDTH, "height": 700})
        high = min(page.evaluate("() => document.documentElement.scrollHeight"), _MOST_HEIGHT)
        shown = {"x": 0, "y": 0, "width": _WIDTH, "height": high}
        png = page.screenshot(full_page=True, clip=shown, caret="initial")  # type: ignore[arg-type]  # a FloatRect
        if before is not None:
            page.set_viewport_size(before)
        few = Image.open(BytesIO(png)).convert("RGB").quantize(_COLOURS)
        few.save(self._folder / f"{what}.png", optimize=True)
