"""Org (.org, of Emacs) -> blocks, through the HTML that this makes of it.

In: the bytes of a file. Out: blocks, with title, author, date and language; formulas, code and states of tasks are kept
as written, check boxes are ☐ and ☒. Left out: comments, settings, struck text, parts for other programs. What other
files hold is not read, which a note says.
"""

from __future__ import annotations

import html as escaping
import re
from bisect import bisect_left
from collections.abc import Callable

from rag.documents import html
from rag.documents.blocks import Content, visible
from rag.documents.encoding import decode_text
from rag.documents.markup_page import Cell, Page, indent_of
from rag.documents.org_inline import org_markup
from rag.documents.receipt import Receipt
from rag.documents.wrapping import join

HEADING = re.compile(r"(\*+)\s+(|.*?\S)(?:\s+:((?:[\w@#%]+:)+))?\s*$")
PRIORITY = re.compile(r"\[#\w\]\s*")
KEYWORD = re.compile(r"\s*#\+([\w-]+)(?:\[[^\]]*\])?:\s*(.*)", re.IGNORECASE)
BEGIN = re.compile(r"\s*#\+begin_([\w*-]+)", re.IGNORECASE)
END = re.compile(r"\s*#\+end_[\w*-]+|\s*#\+end:", re.IGNORECASE)
COMMENT = re.compile(r"\s*#(?:\s|$)")
DRAWER = re.compile(r"\s*:([\w-]+):\s*$")
PROPERTY = re.compile(r"\s*:([\w-]+)\+?:\s+(\S.*)")
FIXED = re.compile(r"\s*:(?:\s(.*)|$)")
ROW = re.compile(r"\s*\|")
RULE = re.compile(r"\s*\|-")
NOT_SHOWN = re.compile(r"<[lrc]?\d*>|[/<>]|")  # cells that tell how wide a column is, or which belong together
CELL = re.compile(r"(?<!\\)\|")
BAR = re.compile(r"\\\||\\vert(?:\{\}|(?![A-Za-z]))")
ITEM = re.compile(r"(\s*)(?:[-+]|(?<=\s)\*|(\d+)[.)])\s+(?:\[@(\d+)\]\s*)?(.*)|(\s*)[-+]\s*$")
BOX = re.compile(r"\[([ X-])\]\s+")
BOXES = {" ": "☐ ", "-": "☐ ", "X": "☒ "}
TERM = re.compile(r"(.*?)(?<!\s)\s+::(?:\s+|$)")
DASHES = re.compile(r"\s*-{5,}\s*$")
NOTE = re.compile(r"\[fn:([\w-]+)\]\s*(.*)")
MACRO = re.compile(r"^#\+macro:[ \t]+([\w-]+)[ \t]+(.+)$", re.IGNORECASE | re.MULTILINE)
STATED = re.compile(r"^#\+(title|author|date|email):[ \t]+(.+)$", re.IGNORECASE | re.MULTILINE)
CALL = re.compile(r"\{\{\{([\w-]{1,99})(?:\(((?:[^()]|\([^()]{0,99}\)){0,300}?)\))?\}\}\}")
PLACE = re.compile(r"\$(\d)")
LITERAL = frozenset({"src", "example", "verse"})
DROPPED = frozenset({"comment", "export", "html", "latex"})
KNOWN = {"author": "author", "date": "created", "language": "language"}
KEYS = frozenset({"id", "custom_id", "visibility"})  # properties that only programs use
UNSTATED = frozenset({"title", "subtitle", "caption"})
SETTINGS = frozenset(
    """
    options startup property setupfile include macro name results header headers tblfm call bind columns archive link
    priorities constants infojs_opt select_tags exclude_tags creator plot toc todo seq_todo typ_todo tags cite_export
    print_bibliography bibliography index texinfo odt beamer html latex ascii md man cindex findex kindex vindex
    pindex tindex resname srcname tblname data function lob source label texname results
""".split()
)  # keywords that only programs read
SETTING = re.compile(r"(?:attr|export|html|latex|odt|beamer|texinfo|ascii|man|md|reveal|hugo|header|org)_")
BREAK = re.compile(r"\\\\\s*$")


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The text as one page of blocks; raises `DocumentError` for bytes that are not text."""
    reader = _Reader(_filled_in(visible(decode_text(data)).expandtabs()).split("\n"))
    reader.read()
    notes = [f"the file {name} that it includes was not read; index it too" for name in reader.included]
    return Content([html.fragment(reader.page.markup, receipt)], reader.title, reader.stated, notes=notes)


def _filled_in(text: str) -> str:
    """The text with its macros as what they stand for; of one that the file does not define, its argument."""
    macros = {name.lower(): body for name, body in MACRO.findall(text)}
    macros |= {name.lower(): value for name, value in STATED.findall(text)}

    def shown(found: re.Match[str]) -> str:
        name, given = found[1].lower(), found[2]
        arguments = [] if given is None else [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", given)]
        if name in macros:
            return PLACE.sub(lambda place: "".join(arguments[int(place[1]) - 1 : int(place[1])]), macros[name])
        return found[0] if given is None else ",".join(arguments)

    return CALL.sub(shown, text)


class _Reader:
    """Reads lines from the top; each method takes those of one thing."""

    def __init__(self, lines: list[str]) -> None:
        self.page = Page()
        self.title = ""
        self.stated: dict[str, str] = {}
        self.included: list[str] = []
        self._lines = lines
        self._ends = [number for number, line in enumerate(lines) if END.match(line)]  # of blocks
        self._place = 0
        self._rules: list[tuple[re.Pattern[str], Callable[[re.Match[str]], None]]] = [
            (HEADING, self._heading),
            (BEGIN, self._block),
            (END, self._skip),
            (KEYWORD, self._keyword),
            (COMMENT, self._skip),
            (DRAWER, self._drawer),
            (FIXED, self._fixed),
            (ROW, self._table),
            (DASHES, self._skip),
            (ITEM, self._item),
            (NOTE, self._note),
        ]

    def read(self) -> None:
        """Reads all lines."""
        while self._place < len(self._lines):
            line = self._lines[self._place]
            found = next(((found, take) for rule, take in self._rules if (found := rule.match(line))), None)
            if not line.strip():
                self._place += 1
            elif found is None:
                self.page.paragraph(self._words(line, indent_of(line)), indent_of(line))
            else:
                found[1](found[0])

    def _words(self, first: str, indent: int) -> str:
        """The words of a paragraph that begins with `first` and goes on in lines set in as far or farther."""
        lines = [first]
        self._place += 1
        while self._place < len(self._lines) and self._goes_on(self._lines[self._place], indent):
            lines.append(self._lines[self._place])
            self._place += 1
        parts: list[list[str]] = [[]]
        for line in lines:
            parts[-1].append(BREAK.sub("", line))
            if BREAK.search(line):
                parts.append([])
        return "<br>".join(org_markup(join(part)) for part in parts if part)

    def _goes_on(self, line: str, indent: int) -> bool:
        if not line.strip() or indent_of(line) < indent:
            return False
        return not any(rule.match(line) for rule, _ in self._rules)

    def _heading(self, found: re.Match[str]) -> None:
        self._place += 1
        self.page.heading(len(found[1]) + bool(self.title), org_markup(PRIORITY.sub("", found[2], count=1)))
        if found[3]:
            self.page.paragraph(org_markup(f"Tags: {', '.join(found[3].strip(':').split(':'))}"))

    def _block(self, found: re.Match[str]) -> None:
        kind = found[1].lower()
        end = next(iter(self._ends[bisect_left(self._ends, self._place) :][:1]), None)
        if end is None or kind not in LITERAL | DROPPED:
            self._place += 1  # what stands in it is text like any other
            return
        if kind in LITERAL:
            lines = [re.sub(r"^(\s*),(?=\*|#\+|,)", r"\1", line) for line in self._lines[self._place + 1 : end]]
            self.page.literal("\n".join(lines), indent_of(self._lines[self._place]))
        self._place = end + 1

    def _keyword(self, found: re.Match[str]) -> None:
        self._place += 1
        name, value = found[1].lower(), found[2].strip()
        if name == "title" and value:
            self.title = f"{self.title} {value}".strip()
        if name == "include":
            self.included.append(value)
        if not value or name in SETTINGS or SETTING.match(name):
            return
        value = ", ".join(value.strip(":").split(":")) if name == "filetags" else value
        self.stated |= {KNOWN.get(name, name): value} if name not in UNSTATED else {}
        if name == "title":
            self.page.heading(1, org_markup(value))
        else:
            self.page.paragraph(
                org_markup(value if name in ("subtitle", "caption") else f"{found[1].capitalize()}: {value}")
            )

    def _drawer(self, found: re.Match[str]) -> None:
        """Takes the opening of a drawer; its lines are text, properties one a line."""
        self._place += 1
        if found[1].lower() != "properties":
            return
        lines = []
        while self._place < len(self._lines) and (stated := PROPERTY.match(self._lines[self._place])):
            if stated[1].lower() not in KEYS:
                lines.append(org_markup(f"{stated[1].capitalize()}: {stated[2]}"))
            self._place += 1
        if lines:
            self.page.paragraph("<br>".join(lines))

    def _fixed(self, found: re.Match[str]) -> None:
        lines, indent = [], indent_of(self._lines[self._place])
        while self._place < len(self._lines) and (line := FIXED.match(self._lines[self._place])):
            lines.append(line[1] or "")
            self._place += 1
        self.page.literal("\n".join(lines), indent)

    def _table(self, found: re.Match[str]) -> None:
        rows: list[list[Cell]] = []
        headers, indent = 0, indent_of(self._lines[self._place])
        while self._place < len(self._lines) and ROW.match(line := self._lines[self._place]):
            self._place += 1
            cells = [cell.strip() for cell in CELL.split(line.strip().strip("|"))]
            if RULE.match(line):
                headers = headers or len(rows)
            elif any(cells) and not all(NOT_SHOWN.fullmatch(cell) for cell in cells):
                rows.append([Cell(org_markup(BAR.sub("|", cell))) for cell in cells])
        self.page.table(rows, headers if headers < len(rows) else 0, indent)

    def _item(self, found: re.Match[str]) -> None:
        indent = len(found[1] or found[5] or "")
        text = found[4] or ""
        box = BOX.match(text)
        term = TERM.match(text)
        first = (BOXES[box[1]] if box else "") + text[box.end() if box else 0 :]
        if term and not found[2]:
            first = f"{term[1]}: {text[term.end() :] or self._below(indent)}"
        number = found[3] or found[2]
        self.page.item(indent, self._words(first, indent + 1), None if number is None else int(number))

    def _below(self, indent: int) -> str:
        """The first line of what a term means, if it stands below it, at which reading goes on then."""
        place = self._place + 1
        while place < len(self._lines) and not self._lines[place].strip():
            place += 1
        line = self._lines[place] if place < len(self._lines) else ""
        if indent_of(line) <= indent or any(rule.match(line) for rule, _ in self._rules):
            return ""
        self._place = place
        return line.strip()

    def _note(self, found: re.Match[str]) -> None:
        words = self._words(found[2], 0)
        self.page.paragraph(f"[{escaping.escape(found[1])}] {words}")

    def _skip(self, found: re.Match[str]) -> None:
        self._place += 1
