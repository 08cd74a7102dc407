"""Workbooks: what a cell becomes, headers and errors that are refused, hostile archives, half a
file. No writer of workbooks is installed, so the tests write the bytes themselves."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from connectors.excel import Workbook
from nostop.model import FeedError
from nostop.testing import check_connector

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
ODF = "urn:oasis:names:tc:opendocument:xmlns:"
HEADER = '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>amount</v></c></row>'
ROW = '<row r="2"><c r="A2" t="str"><v>x</v></c><c r="B2"><v>12.5</v></c></row>'


def relation(to: str, kind: str, number: int = 1) -> str:
    return f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{to}"/>'


def xlsx(*sheets: str, after: str = "", **parts: str) -> bytes:
    """Return a workbook with the given rows in each sheet; `parts` are further files."""
    names = "".join(
        f'<sheet name="Sheet {n}" sheetId="{n}" r:id="rId{n}"/>' for n in range(1, len(sheets) + 1)
    )
    relations = "".join(
        relation(f"worksheets/sheet{n}.xml", "worksheet", n) for n in range(1, len(sheets) + 1)
    )
    formats = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 14, 22, 46, 20))
    styles = relation("styles.xml", "styles", 99)
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f"{relation('xl/workbook.xml', 'officeDocument')}</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}'
        f"{styles}</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>',
    }
    for number, rows in enumerate(sheets, start=1):
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{MAIN}">'
            f"<sheetData>{rows}</sheetData>{after}</worksheet>"
        )
    return zipped({**files, **parts})


def ods(rows: str, **parts: str) -> bytes:
    names = " ".join(f'xmlns:{name}="{ODF}{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f'<office:document-content {names} xmlns:calcext="urn:example">'
        f'<office:body><office:spreadsheet><table:table table:name="One">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = f'<manifest:manifest xmlns:manifest="{ODF}manifest:1.0"/>'
    files = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": manifest,
        "content.xml": content,
    }
    return zipped({**files, **parts})


def zipped(files: dict[str, str]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return whole.getvalue()


def xls(*cells: tuple[int, bytes]) -> bytes:
    """Return an .xls of one sheet: its records in a stream of a compound file of 512-byte
    sectors."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def begin(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))

    end = record(0x000A, b"")
    name = b"One"
    sheet_at = len(begin(5)) + 4 + 8 + len(name) + len(end)
    bound = record(0x0085, struct.pack("<IHBB", sheet_at, 0, len(name), 0) + name)
    stream = begin(5) + bound + end + begin(0x10)
    stream += b"".join(record(kind, body) for kind, body in cells) + end
    stream = stream.ljust(4096, b"\0")
    sectors = len(stream) // 512
    free, last = 0xFFFFFFFF, 0xFFFFFFFE
    table = [0xFFFFFFFD, last, *range(3, sectors + 2), last]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0")
    header += struct.pack("<5H6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1)
    header += struct.pack("<3I", 1, 0, 4096) + struct.pack("<4I", last, 0, last, 0)
    header += struct.pack("<109I", 0, *[free] * 108)

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = f"{name}\0".encode("utf-16-le")
        head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, free, free, child)
        return head + bytes(36) + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, last, 0) + entry("Workbook", 2, free, 2, len(stream))
    fat = struct.pack("<128I", *table, *[free] * (128 - len(table)))
    return header + fat + directory.ljust(512, b"\0") + stream


def label(row: int, column: int, text: str) -> tuple[int, bytes]:
    body = struct.pack("<HHHHB", row, column, 0, len(text), 0) + text.encode("latin-1")
    return 0x0204, body


def written(folder: Path, content: bytes) -> Path:
    path = folder / "claims.xlsx"
    path.write_bytes(content)
    return path


def cell(inside: str, attributes: str = "") -> str:
    return HEADER + f'<row r="2"><c r="A2"><v>1</v></c><c r="B2"{attributes}>{inside}</c></row>'


def test_workbook_keeps_every_promise_of_the_seam(tmp_path: Path) -> None:
    blank = '<row r="3"><c r="A3" t="str"><v>y</v></c></row>'
    table = check_connector(Workbook(), written(tmp_path, xlsx(HEADER + ROW + blank)))
    assert table.rows.to_dicts() == [
        {"id": "x", "amount": "12.5", "_line": 2},
        {"id": "y", "amount": None, "_line": 3},
    ]


@pytest.mark.parametrize(
    ("inside", "attributes", "value"),
    [
        ("<v>12</v>", "", "12"),
        ("<v>12.10</v>", "", "12.1"),
        ("<v>0.30000000000000004</v>", "", "0.3"),
        ("<v>-0.5</v>", "", "-0.5"),
        ("<v>1E-3</v>", "", "0.001"),
        ("<v>999999999999999</v>", "", "999999999999999"),
        ("<v>1</v>", ' t="b"', "true"),
        ("<v>45000</v>", ' s="1"', "2023-03-15"),
        ("<v>45000.5</v>", ' s="2"', "2023-03-15T12:00:00"),
        ("<v>45000.0000001</v>", ' s="2"', "2023-03-15T00:00:00.009"),
        ("<v>2026-05-02T00:00:00</v>", ' t="d"', "2026-05-02"),
        ("<v>0.5</v>", ' s="4"', "12:00:00"),
        ("<f>A2+1</f><v>2</v>", "", "2"),
        ('<f>A2&amp;""</f><v></v>', ' t="str"', None),
        ("<v>001234</v>", ' t="str"', "001234"),
        ("<v>e\u0301</v>", ' t="str"', "é"),
        ("<v># of rooms</v>", ' t="str"', "# of rooms"),
    ],
)
def test_cell_becomes_text(tmp_path: Path, inside: str, attributes: str, value: str | None) -> None:
    table = Workbook().read(written(tmp_path, xlsx(cell(inside, attributes))))
    assert table.rows["amount"].to_list() == [value]


@pytest.mark.parametrize(
    ("inside", "attributes", "reason"),
    [
        ("<v>#N/A</v>", ' t="e"', "holds an error, or a formula without its value"),
        ("<f>NA()</f><v>#N/A</v>", ' t="e"', "holds an error, or a formula without its value"),
        ("<v>#REF!</v>", ' t="str"', "holds an error, or a formula without its value"),
        ("<f>A2+1</f>", "", "holds an error, or a formula without its value"),
        ('<f t="shared" si="0"/>', ' s="0"', "holds an error, or a formula without its value"),
        ("<v>1234567890123456</v>", "", "has more than 15 digits, of which a spreadsheet loses"),
        ("<v>1.5</v>", ' s="3"', "is a span of time"),
        ("<v>a&#10;b</v>", ' t="str"', "holds a control or an invisible character"),
        ("<v>a\u202eb</v>", ' t="str"', "holds a control or an invisible character"),
    ],
)
def test_row_with_a_cell_that_cannot_be_right_is_rejected(
    tmp_path: Path, inside: str, attributes: str, reason: str
) -> None:
    more = '<row r="3"/><row r="4"><c r="A4" t="str"><v>z</v></c></row>'
    table = Workbook().read(written(tmp_path, xlsx(cell(inside, attributes) + more)))
    (line, column, found), empty = table.rejected.rows()
    assert (line, column) == (2, "amount")
    assert found.startswith(reason)
    assert empty == (3, None, "the row is empty")
    assert table.rows["_line"].to_list() == [4]


def test_days_are_counted_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    files = xlsx(cell("<v>43538</v>", ' s="1"'))
    with zipfile.ZipFile(io.BytesIO(files)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        "<sheets>", '<workbookPr date1904="1"/><sheets>'
    )
    table = Workbook().read(written(tmp_path, zipped(parts)))
    assert table.rows["amount"].to_list() == ["2023-03-15"]


def ods_row(*cells: str) -> str:
    inside = "".join(
        f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"
        for attributes, _, text in (one.partition("|") for one in cells)
    )
    return f"<table:table-row>{inside}</table:table-row>"


def test_ods_and_xls_are_read_alike(tmp_path: Path) -> None:
    word = 'office:value-type="string"|'
    error = f'office:string-value="" calcext:value-type="error" {word}#N/A'
    rest = (
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    open_document = ods(
        ods_row(word + "id", word + "amount")
        + ods_row(word + "x", 'office:value-type="float" office:value="12.50"|12.5')
        + ods_row(word + "y", error)
        + ods_row(word + "z", 'office:value-type="date" office:date-value="2026-05-02"|2 May')
        + rest
    )
    table = Workbook(sheet="One").read(written(tmp_path, open_document))
    assert table.rows.rows() == [("x", "12.5", 2), ("z", "2026-05-02", 4)]
    assert table.rejected.rows() == [
        (3, "amount", "holds an error, or a formula without its value")
    ]
    number = (0x0203, struct.pack("<HHHd", 1, 1, 0, 12.5))
    failed = (0x0205, struct.pack("<HHHBB", 2, 1, 0, 42, 1))
    truth = (0x0205, struct.pack("<HHHBB", 3, 1, 0, 1, 0))
    result = bytes([2, 0, 42, 0, 0, 0, 0xFF, 0xFF])
    formula = (
        0x0006,
        struct.pack("<HHH", 4, 1, 0) + result + struct.pack("<HIHBB", 0, 0, 2, 0x1C, 42),
    )
    words = [label(0, 0, "id"), label(0, 1, "amount")]
    words += [label(row, 0, "x") for row in (1, 2, 3, 4)]
    old = xls(*words, number, failed, truth, formula)
    table = check_connector(Workbook(), written(tmp_path, old))
    assert table.rows.rows() == [("x", "12.5", 2), ("x", "true", 4)]
    assert table.rejected["line"].to_list() == [3, 5]


def test_sheet_and_header_are_found_where_the_settings_say(tmp_path: Path) -> None:
    path = written(tmp_path, xlsx(ROW, HEADER.replace('"1"', '"3"').replace("1", "3") + ""))
    with pytest.raises(FeedError, match=r"has several sheets, only \['Sheet 1', 'Sheet 2'\]"):
        Workbook().read(path)
    with pytest.raises(FeedError, match="has no sheet 'Claims'"):
        Workbook(sheet="Claims").read(path)
    for sheet in ("Sheet 2", 2):
        table = Workbook(sheet=sheet, header_row=3).read(path)
        assert table.rows.columns == ["id", "amount", "_line"]
        assert table.rows.is_empty()
    with pytest.raises(FeedError, match="the sheet has no row 9"):
        Workbook(sheet=1, header_row=9).read(path)
    with pytest.raises(FeedError, match="rows and sheets are counted from 1"):
        Workbook(sheet=0)


@pytest.mark.parametrize(
    ("rows", "after", "said"),
    [
        (HEADER.replace("amount", "id"), "", r"row 1: columns ['id'] stand twice"),
        (HEADER.replace("amount", " ") + ROW, "", "row 1: column 2 has no name"),
        (ROW.replace('"2"', '"1"').replace("2", "1"), "", "row 1: column 2 has no name"),
        (HEADER.replace("amount", "_line"), "", "a name kept for line numbers"),
        (HEADER.replace("amount", "a\u200bm"), "", "row 1: column 2 holds a control"),
        ("", "", "the sheet has no row 1 for a header"),
        (
            HEADER + ROW,
            '<mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells>',
            "row 1: the header has merged cells",
        ),
    ],
)
def test_header_that_cannot_stand_is_refused(
    tmp_path: Path, rows: str, after: str, said: str
) -> None:
    with pytest.raises(FeedError) as error:
        Workbook().read(written(tmp_path, xlsx(rows, after=after)))
    assert said in str(error.value)


ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no workbook"),
        (b"id,amount\nx,1\n", "is no workbook: expected .xlsx, .xls or .ods"),
        (xlsx(HEADER + ROW)[:600], "cannot be unpacked: a part of it is missing"),
        (xls(label(0, 0, "id"))[:1500], "cannot be read as a workbook"),
        (zipped({"a.csv": "id"}), "is a zip archive"),
        (zipped({"xl/workbook.bin": ""}), "is a binary workbook (.xlsb)"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "is encrypted",
        ),
        (
            ods("", **{"META-INF/manifest.xml": "<manifest:encryption-data/>"}),
            "is encrypted: ask for it without a password",
        ),
        (
            xlsx(HEADER, **{"xl/sharedStrings.xml": ENTITY + "<sst/>"}),
            "xl/sharedStrings.xml declares a document type or an entity",
        ),
        (
            xlsx(HEADER, **{"xl/a.xml": '<?xml version="1.0" encoding="UTF-16"?><a/>'}),
            "xl/a.xml is not UTF-8",
        ),
        (
            xlsx(HEADER, **{"xl/externalLinks/externalLink1.xml": "<externalLink/>"}),
            "has links to other workbooks",
        ),
        (xlsx(HEADER, **{"../xl/a.xml": "<a/>"}), "a part that leads out of the archive"),
        (xlsx(HEADER, **{"/xl/a.xml": "<a/>"}), "a part that leads out of the archive"),
        (xlsx(HEADER, **{f"xl/{n}.txt": "" for n in range(5_000)}), "holds too many parts"),
        (
            xlsx(HEADER + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
            "a sheet spans 17,179,869,184 cells",
        ),
        (
            xlsx(HEADER + '<row r="1048576">' + "<c><v>1</v></c>" * 40 + "</row>"),
            "a sheet spans 44,040,192 cells",
        ),
        (
            ods(
                '<table:table-row table:number-rows-repeated="1000000"><table:table-cell '
                'office:value-type="string" table:number-columns-repeated="16384"/>'
                "</table:table-row>"
            ),
            "a sheet spans 16,384,000,000 cells",
        ),
    ],
)
def test_file_that_is_no_plain_workbook_is_refused_unparsed(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(FeedError) as error:
        Workbook().read(written(tmp_path, content))
    assert said in str(error.value)


def test_half_a_workbook_at_any_place_is_refused(tmp_path: Path) -> None:
    for whole in (xlsx(HEADER + ROW), xls(label(0, 0, "id"), label(1, 0, "x"))):
        for share in range(1, 8):
            with pytest.raises(FeedError):
                Workbook().read(written(tmp_path, whole[: len(whole) * share // 8]))


def test_what_an_archive_unpacks_to_is_capped_whatever_it_says_of_itself(tmp_path: Path) -> None:
    bomb = xlsx(HEADER, **{"xl/worksheets/sheet9.xml": " " * 3_000_000})
    with pytest.raises(FeedError, match="is too large once unpacked"):
        Workbook(max_unpacked=2_000_000).read(written(tmp_path, bomb))
    lying = bomb.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 10))
    with pytest.raises(FeedError, match="cannot be unpacked"):
        Workbook(max_unpacked=2_000_000).read(written(tmp_path, lying))
    with pytest.raises(FeedError, match="at most 10 are read"):
        Workbook(max_bytes=10).read(written(tmp_path, bomb))
