"""A letter as a small PDF: enough for whoever looks at it, and for a reader of PDF files."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

_LINES_A_PAGE = 48
_WIDTH = 84
# Points from the left and from the bottom of an A4 page of 595 by 842: the window of the envelope
# begins 24.6 mm from the left and 39.5 mm from the top.
_LEFT, _TOP, _LEADING = 70, 716, 13


def letter_pdf(address: Sequence[str], subject: str, body: str) -> bytes:
    """Return a letter as PDF: its address in the window, subject and text below, page by page."""
    text = [line for part in (subject, "", *body.splitlines()) for line in _folded(part)]
    lines = [*address, *[""] * (12 - len(address)), *text]
    pages = [lines[start : start + _LINES_A_PAGE] for start in range(0, len(lines), _LINES_A_PAGE)]
    numbers = range(4, 4 + 2 * len(pages), 2)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids"
        f" [{' '.join(f'{number} 0 R' for number in numbers)}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in zip(numbers, pages, strict=True):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]"
            b" /Resources << /Font << /F1 3 0 R >> >>" + f" /Contents {number + 1} 0 R >>".encode()
        )
        content = _drawn(page)
        objects.append(
            f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"
        )
    return _file(objects)


def _folded(line: str) -> list[str]:
    return wrap(line, _WIDTH) or [""]


def _drawn(lines: Iterable[str]) -> bytes:
    shown = b"\n".join(b"(" + _escaped(line) + b") Tj T*" for line in lines)
    return f"BT /F1 11 Tf {_LEADING} TL {_LEFT} {_TOP} Td\n".encode() + shown + b"\nET"


def _escaped(line: str) -> bytes:
    plain = line.encode("cp1252", errors="replace")
    return plain.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _file(objects: Sequence[bytes]) -> bytes:
    written = bytearray(b"%PDF-1.7\n")
    starts = []
    for number, content in enumerate(objects, start=1):
        starts.append(len(written))
        written += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table_at = len(written)
    written += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    written += b"".join(f"{start:010d} 00000 n \n".encode() for start in starts)
    written += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table_at}\n%%EOF\n"
    ).encode()
    return bytes(written)
