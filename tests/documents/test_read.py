"""Reading files: the public function, plain text, and what every format has in common."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rag.documents.read
from rag.documents.blocks import Block, assemble, clean, table_block
from rag.documents.formats import DATA, MEDIA_TYPES, NAMED, OFFICE, SOURCE, TEXT_TYPES, is_readable
from rag.documents.read import read_document
from rag.documents.versions import reader_version
from rag.errors import DocumentError, UnsupportedDocument
from rag.types import BlockSpan, Document, Section

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
WRAPPED = """\
The pump was found in the cellar of the old mill by a miller who had
lived there for thirty years without ever having looked behind the
wooden wall. It still worked.
"""
UNWRAPPED = (
    "The pump was found in the cellar of the old mill by a miller who had lived there for thirty years without "
    "ever having looked behind the wooden wall. It still worked."
)


def read(folder: Path, data: bytes | str, name: str = "notes.txt") -> Document:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_document(path, f"folder/{name}")


def text_of(folder: Path, data: bytes | str, name: str = "notes.txt") -> str:
    return read(folder, data, name).text


def test_all_fields_of_a_document(tmp_path: Path) -> None:
    data = b"One.\r\n\r\n\r\nTwo.\n"
    assert read(tmp_path, data) == Document(
        id="folder/notes.txt",
        title="notes",
        text="One.\n\nTwo.",
        source=str(tmp_path / "notes.txt"),
        sha256=hashlib.sha256(data).hexdigest(),
        pages=(),
        sections=(),
        metadata={"media_type": "text/plain"},
        reader=reader_version("notes.txt"),
        blocks=(BlockSpan(0, 4, "prose"), BlockSpan(6, 10, "prose")),
    )


def test_the_source_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("One.")
    assert read_document(path, "notes.txt", source="https://example.org/notes").source == "https://example.org/notes"


def test_wrapped_paragraphs_become_one_line(tmp_path: Path) -> None:
    assert text_of(tmp_path, f"{WRAPPED}\n{WRAPPED}") == f"{UNWRAPPED}\n\n{UNWRAPPED}"


def test_verse_lists_tables_and_addresses_keep_their_lines(tmp_path: Path) -> None:
    verse = "Tyger Tyger, burning bright,\nIn the forests of the night;"
    items = "- wheels\n- stones"
    address = "The Old Mill\nBrook Street 7\nWells"
    aligned = "Part     Price\nWheel    7"
    text = text_of(tmp_path, f"{WRAPPED}\n{verse}\n\n{items}\n\n{address}\n\n{aligned}\n")
    assert text == f"{UNWRAPPED}\n\n{verse}\n\n{items}\n\n{address}\n\nPart Price\nWheel 7"


def test_wrapped_items_become_one_line_each(tmp_path: Path) -> None:
    items = (
        "- The wheels were made in the year 1871 by a cartwright of the village\n"
        "  and have been turning ever since.\n"
        "- The stones came later."
    )
    assert text_of(tmp_path, items) == (
        "- The wheels were made in the year 1871 by a cartwright of the village and have been turning ever since.\n"
        "- The stones came later."
    )


def test_paragraphs_told_by_their_indent(tmp_path: Path) -> None:
    indented = "".join(f"    {line}\n" if n == 0 else f"{line}\n" for n, line in enumerate(WRAPPED.splitlines()))
    assert text_of(tmp_path, indented * 2) == f"{UNWRAPPED}\n{UNWRAPPED}"


def test_long_lines_are_left_as_they_are(tmp_path: Path) -> None:
    lines = [f"{word} is the first word of a line of about sixty characters." for word in ("One", "Two", "Six")]
    assert text_of(tmp_path, "\n".join(lines)) == "\n".join(lines)


HELP = """\
  -q, --quiet     say nothing, whatever
                  happens
  --index NAME    the index to use, which is made
                  (if it is not there)
  --workers N
      read in so many processes, which
      takes more memory
  --version
  --help

Part       Price      Shelf
Wheel      7          A1
           3          C4
"""
HELPED = (
    "-q, --quiet say nothing, whatever happens\n--index NAME the index to use, which is made (if it is not there)\n"
    "--workers N read in so many processes, which takes more memory\n--version\n--help"
)
ROWS = "Part Price Shelf\nWheel 7 A1\n3 C4"


def test_the_help_of_an_option_is_one_line(tmp_path: Path) -> None:
    assert text_of(tmp_path, HELP) == f"{HELPED}\n\n{ROWS}"
    assert text_of(tmp_path, f"Usage:\n\n```\n{HELP}```\n", "a.md") == f"Usage:\n\n{HELPED}\n{ROWS}"
    assert text_of(tmp_path, f"<p>Usage:<pre>\n{HELP}</pre>", "a.html") == f"Usage:\n\n{HELPED}\n{ROWS}"
    indented = "".join(f"    {line}\n" for line in HELP.splitlines())
    assert text_of(tmp_path, f"Usage::\n\n{indented}", "a.rst") == f"Usage:\n\n{HELPED}\n{ROWS}"
    assert text_of(tmp_path, HELP, "a.log").count("\n") == HELP.strip().count("\n")


def test_prose_in_a_literal_block_is_unwrapped_and_code_is_not(tmp_path: Path) -> None:
    assert text_of(tmp_path, f"<pre>{WRAPPED}\n{WRAPPED}</pre>", "a.html") == f"{UNWRAPPED}\n{UNWRAPPED}"
    code = [f"wheel = turn(stone, speed={n}, direction='the same as that of the old mill', until=" for n in range(3)]
    lines = "\n".join(line + "\nother_wheel)" for line in code)
    assert text_of(tmp_path, f"```\n{lines}\n```", "a.md") == lines


def test_lines_of_a_log_are_never_joined(tmp_path: Path) -> None:
    assert text_of(tmp_path, WRAPPED, "mill.log") == WRAPPED.strip()
    assert text_of(tmp_path, "\x1b[31merror\x1b[0m in the mill", "mill.log") == "error in the mill"


def test_wrapped_text_in_a_script_without_spaces(tmp_path: Path) -> None:
    line = "水車小屋の地下で古いポンプが見つかったのは去年の秋のことである"
    assert text_of(tmp_path, f"{line}\n{line}\nと村人は言う。") == f"{line}{line}と村人は言う。"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("a\u00a0b\u2003c\u3000d \t e", "a b c d e"),
        ("so\u00adft zero\u200bwidth \ufeffmark\u2060 con\x07trol \ud800half", "soft zerowidth mark control half"),
        ("می\u200cخواهم 👩\u200d🌾 a\u200cb \u200dc", "می\u200cخواهم 👩\u200d🌾 ab c"),
        ("ﬁne e\u0301te\u0301 ①", "ﬁne e\u0301te\u0301 ①"),  # letters stay as they are written
        ("  a  \n   \n  b  ", "a\nb"),
    ],
)
def test_what_is_normalised_and_what_is_not(raw: str, expected: str) -> None:
    assert clean(raw) == expected


ENCODED = "Größe, Maß und Gewicht: die Brücke über den Fluß kostet 15,50 €."
RUSSIAN = "Мельница стоит на берегу реки, и колесо её вертится."
JAPANESE = "水車小屋は川のほとりに建っており、その車輪は今も回っている。" * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (ENCODED, name)
        for name in (
            "utf-8",
            "utf-8-sig",
            "utf-16",
            "utf-16-le",
            "utf-16-be",
            "utf-32",
            "utf-32-le",
            "utf-32-be",
            "cp1252",
        )
    ]
    + [(RUSSIAN, "cp1251"), (RUSSIAN, "koi8_r"), (JAPANESE, "cp932"), (JAPANESE, "euc_jp")],
)
def test_encodings(tmp_path: Path, text: str, encoding: str) -> None:
    assert text_of(tmp_path, text.encode(encoding)) == text


DOS = [
    ("Größe, Maß und Gewicht: über den Fluß für 15 Mark.", ["cp1252", "cp850", "cp437", "mac_roman"]),
    ("L'été, le garçon mangeait une crêpe à la fête près de la forêt.", ["cp1252", "cp850", "cp437", "mac_roman"]),
    ("El niño comió piñas mañana en España.", ["cp1252", "cp850", "cp437"]),
    ("Blåbærsyltetøy. Østen er god. Ærlig talt.", ["cp1252", "cp850", "mac_roman"]),
    ("GRÖSSE ÜBER ALLES; ÄPFEL", ["cp1252", "cp850"]),
    ("┌────┬───┐\n│Rad │ 7 │\n├────┼───┤\n│ Öl │ 9 │\n└────┴───┘", ["cp850", "cp437"]),
    ("Heute 20° warm, 5³ und 20 m³ Wasser", ["cp1252"]),
    ("“Hello” – it’s 5 € don’t", ["cp1252"]),
    ("Zażółć gęślą jaźń. Łódź jest miastem w Polsce.", ["cp1250", "cp852"]),
    (RUSSIAN, ["cp1251", "cp866"]),
    ("Preis: 5 Stück", ["cp1252", "cp850", "mac_roman"]),
]


@pytest.mark.parametrize(("text", "encoding"), [(text, name) for text, names in DOS for name in names])
def test_code_pages_of_dos_are_told_from_those_of_windows(tmp_path: Path, text: str, encoding: str) -> None:
    shown = "Rad | 7\nÖl | 9" if text.startswith("┌") else text  # a drawn table is one
    assert text_of(tmp_path, text.encode(encoding)) == shown


WINDOWS = [
    (
        "Mlin stoji pored reke, a točak se još okreće. Mlinar živi u kući iza mlina i čuva ključeve. Đak će doći.",
        "cp1250",
    ),
    (
        "Mlin stoji ob reki, kolo se še vrti. Mlinar živi v hiši. Če ne dežuje, počiva. Že šest let teče voda počasi.",
        "cp1250",
    ),
    ("Mlýn stojí u řeky a kolo se ještě točí. Mlynář bydlí v domě za mlýnem, klíče má u sebe, když je doma.", "cp1250"),
    (
        "A malom a folyónál áll, kereke még forog. A molnár a ház előtt ült, erős és idős, fűtött, főzött öt nőnek.",
        "cp1250",
    ),
    ("Moara stă lângă râu şi roata încă se învârte. Morarul locuieşte în casă şi ţine cheile, dacă plouă.", "cp1250"),
    (
        "Değirmen nehrin yanında duruyor ve çarkı hâlâ dönüyor. Değirmenci evde yaşıyor, anahtarı şimdi İzmir'de.",
        "cp1254",
    ),
    (
        "Malūnas stovi prie upės, o ratas dar sukasi. Malūnininkas gyvena name už jo, čia žmonės ilsisi šeštadienį.",
        "cp1257",
    ),
    (
        "Le moulin où vit Tomáš Novák, près de la rivière, tourne encore à l'été. Il l'a reçu de Luboš et de Miloš.",
        "cp1252",
    ),
    (
        "Il mulino è vicino al fiume e la ruota è ancora in moto. È di Miloš, che è anche più in là della città.",
        "cp1252",
    ),
    ("Mölnaren bor i huset bakom kvarnen; på våren går hjulet åt höger.", "cp1252"),
]


@pytest.mark.parametrize(("text", "encoding"), WINDOWS)
def test_code_pages_of_windows_are_told_by_the_letters_of_languages(tmp_path: Path, text: str, encoding: str) -> None:
    assert text_of(tmp_path, text.encode(encoding)) == text


def test_a_few_broken_bytes_do_not_change_the_encoding(tmp_path: Path) -> None:
    assert text_of(tmp_path, (ENCODED * 3).encode() + b"\xff") == ENCODED * 3 + "\ufffd"


@pytest.mark.parametrize("data", ["", " \n\t\n", "\ufeff", "\u200b\u00a0"])
def test_empty(tmp_path: Path, data: str) -> None:
    with pytest.raises(DocumentError, match=r"^.*notes\.txt: is empty: (it has no bytes|no text was found in it)$"):
        read(tmp_path, data)


@pytest.mark.parametrize("name", ["notes.txt", "notes.md", "notes.html"])
@pytest.mark.parametrize("data", [PNG, b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x03\0>\0", zlib.compress(b"x" * 9999)])
def test_binary_files_under_the_name_of_text(tmp_path: Path, data: bytes, name: str) -> None:
    with pytest.raises(DocumentError, match=rf"^.*{name}: is not text (although|in any)[^\n]*$"):
        read(tmp_path, data, name)


@pytest.mark.parametrize(("name", "kind"), [("a.xyz", "files of type .xyz"), ("README", "files without a suffix")])
def test_types_that_are_not_read(tmp_path: Path, name: str, kind: str) -> None:
    with pytest.raises(UnsupportedDocument) as error:
        read(tmp_path, "x", name)
    assert str(error.value) == f"{tmp_path / name}: {kind} are not read; these are: {NAMED} and source code"


def test_every_suffix_has_a_reader(tmp_path: Path) -> None:
    assert is_readable("a/B.PDF")
    assert not is_readable("a/pdf")
    assert frozenset({*TEXT_TYPES, *OFFICE, *DATA, *SOURCE}) == frozenset(MEDIA_TYPES)
    for suffix in {*TEXT_TYPES, *SOURCE, ".csv", ".tsv"}:
        assert text_of(tmp_path, "One.", f"one{suffix.upper()}") == "One."
    for suffix in {*OFFICE, *DATA} - {".csv", ".tsv"}:
        with pytest.raises(DocumentError, match=r"one\.\w+: (is not|is damaged|has no)[^\n]*$"):
            text_of(tmp_path, "One.", f"one{suffix}")


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    for name, reason in {
        "missing.txt": "cannot be read: No such file or directory",
        "folder.txt": "is a folder, not a file; give the files in it",
        "pipe.txt": "is not a regular file; copy its content to one",
    }.items():
        with pytest.raises(DocumentError) as error:
            read_document(tmp_path / name, name)
        assert str(error.value) == f"{tmp_path / name}: {reason}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(DocumentError, match=r"secret\.txt: cannot be read: Permission denied$"):
        read_document(path, "secret.txt")


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.documents.read, "MAX_BYTES", 2 << 20)
    with pytest.raises(DocumentError, match=r"notes\.txt: has 3 MB, the limit is 2 MB; split it$"):
        read(tmp_path, b"x" * (3 << 20))


def test_pages_and_sections_of_assembled_blocks() -> None:
    body = assemble([[], [Block("Top", 1), Block(" a  b\n\n c ")], [], [Block("Sub\nline", 2), Block("\u200b")], []])
    assert body.text == "Top\n\na b\nc\n\nSub line"
    assert body.pages == (0, 0, 12, 12, 20)  # 3 + 2 + 5 + 2 characters before "Sub line", 8 in it
    assert body.sections == (Section(0, "Top"), Section(12, "Top > Sub line"))


def test_a_heading_closes_those_below_it() -> None:
    levels = [("A", 1), ("B", 3), ("C", 2), ("D", 1)]
    body = assemble([[Block(text, level) for text, level in levels]])
    assert [section.path for section in body.sections] == ["A", "A > B", "A > C", "D"]


def test_rows_of_a_table() -> None:
    rows = [
        ["", "", "2023", ""],
        ["Sales", "", " 1\n2 ", ""],
        ["", "", "", ""],
        ["Cost", "", "", ""],
        ["a", "", "b", "c"],
    ]
    assert table_block(rows).text == "| 2023\nSales | 1 2\nCost\na | b | c"


def check_contract(document: Document) -> None:
    text = document.text
    assert text == text.strip() != ""
    assert not any(unwanted in text for unwanted in ("\r", "  ", "\t", "\n\n\n", " \n", "\n ", "\x00"))
    assert list(document.pages) == sorted(document.pages)
    assert all(0 <= start <= len(text) for start in document.pages)
    assert all(text.startswith(path.split(" > ")[-1], start) for start, path in document.sections)


ANY_TEXT = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("\r\n\t \u00a0\u200b\u00ad#*-|>`<&1.a\\{}[]$%=_:+/"))
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ANY_TEXT, st.sampled_from([".txt", ".md", ".html", ".log", ".org", ".adoc", ".tex"]))
def test_any_text_keeps_the_contract(tmp_path: Path, text: str, suffix: str) -> None:
    said = ""
    try:
        check_contract(read(tmp_path, text, f"any{suffix}"))
    except DocumentError as error:
        said = str(error)
    assert "\n" not in said


def test_importing_loads_no_parser() -> None:
    heavy = ["pypdfium2", "docx", "lxml", "selectolax", "markdown_it", "charset_normalizer", "torch", "llama_cpp"]
    code = f"import sys, rag.documents.discover; print([name for name in {heavy} if name in sys.modules])"
    root = Path(rag.documents.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("name", ["mill.txt", "mill.log", "mill.md", "mill.py"])
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"The wheel has 32 paddles.\0\nIt turns.", "The wheel has 32 paddles.\nIt turns."),
        (b"\0The wheel turns.", "The wheel turns."),
        (b"It\0 turns.", "It turns."),
        (b"The wheel turns.\r\n\x1a", "The wheel turns."),
        (b"The wheel turns.\r\n" + b"\x1a" * 110, "The wheel turns."),  # padded to a whole block
        (b"Short." + b"\0" * 4096, "Short."),
        (b"G\xfcnstig: 5 \x80.\0", "Günstig: 5 €."),
    ],
)
def test_a_few_zeros_and_the_end_of_a_dos_file_are_no_reason_to_refuse_a_text(
    tmp_path: Path, name: str, data: bytes, text: str
) -> None:
    assert text_of(tmp_path, data, name).replace("\n", " ") == text.replace("\n", " ")


def test_zeros_where_lines_were_lost_part_what_is_left(tmp_path: Path) -> None:
    assert text_of(tmp_path, b"level 4." + b"\0" * 64 + b"2024-03-02 level 5\n", "mill.log") == (
        "level 4.\n2024-03-02 level 5"
    )
