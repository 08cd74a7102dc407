"""HTML to a tagged PDF. The only module that imports WeasyPrint, which needs libraries of the
machine: it is imported when the channel is built, and not before."""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

from nostop.model import PluginError

_LIBRARIES = (
    "print_and_post: a library that sets the letters is missing from this machine; install the "
    "Debian packages libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 (apt-get install)"
)
_NO_FONT = (
    "print_and_post: this machine has no font for letters; install the Debian package "
    "fonts-liberation or fonts-dejavu-core (apt-get install)"
)
try:
    with warnings.catch_warnings():
        # Without it fonts are cut by other code, which writes the time into them.
        warnings.filterwarnings("error", message="HarfBuzz-Subset")
        # Without any font the libraries underneath crash the process once they draw.
        warnings.filterwarnings("error", message=".*Expect ugly output")
        import weasyprint
        from weasyprint.urls import URLFetcher, URLFetcherResponse
except (OSError, DeprecationWarning) as error:
    raise PluginError(_LIBRARIES) from error
except UserWarning as error:
    raise PluginError(_NO_FONT) from error

#: The fonts that letter.css names. Whatever is used is embedded.
FAMILIES = ("Liberation Sans", "DejaVu Sans")
MOST_PAGES = 10
MOST_BYTES = 2_000_000
# Millimetres from the top of the first page: where the window ends, and where the text begins.
_WINDOW_ENDS = 66.3
_TEXT_BEGINS = 95.0
_PIXELS_PER_MM = 96 / 25.4
_CSS = Path(__file__).with_name("letter.css").read_text(encoding="utf-8")
#: All that shapes a letter beside its text.
STYLE = f"WeasyPrint {weasyprint.__version__}\n{_CSS}"
# Its warnings quote what they are about, which is somebody's letter.
logging.getLogger("weasyprint").disabled = True


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter ready for print."""

    pdf: bytes
    pages: int


class Nothing(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Fetches nothing: a letter has no pictures, links or styles from elsewhere."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """Refuse, whatever the address: http, file, data."""
        del url, headers
        raise ValueError("a letter fetches nothing")


def set_letter(html: str, identifier: str) -> Letter | str:
    """Return the letter as PDF/UA-1, or why it is not fit for print.

    The same HTML and identifier give the same bytes on a machine with the same fonts and libraries.

    Raises:
        PluginError: the machine has none of the fonts that letter.css names; the sender's lines do
            not fit.
    """
    fetcher = Nothing()
    sheet = weasyprint.CSS(string=_CSS, url_fetcher=fetcher)
    document = weasyprint.HTML(string=html, url_fetcher=fetcher).render(stylesheets=[sheet])
    if len(document.pages) > MOST_PAGES:
        return "too_many_pages"
    if _top_of(document, "below-from") > _TEXT_BEGINS:
        raise PluginError("print_and_post: `sender` takes up more than the room beside the window")
    if _top_of(document, "below-to") > _WINDOW_ENDS:
        return "address_too_long"
    pdf = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier.encode())
    fonts = list(document.fonts.values())
    if not any(font.family in FAMILIES for font in fonts):
        raise PluginError(_NO_FONT)
    if any(font.missing for font in fonts):
        return "no_glyph"
    return "too_many_bytes" if len(pdf) > MOST_BYTES else Letter(pdf, len(document.pages))


def _top_of(document: weasyprint.Document, anchor: str) -> float:
    top: float = document.pages[0].anchors[anchor][1]
    return top / _PIXELS_PER_MM
