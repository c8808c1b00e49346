"""AsciiDoc (.adoc) -> blocks, through the HTML that this makes of it.

In: the bytes of a file. Out: blocks, with title, author and date; attributes stand as their values, references as the
titles of what they refer to, code and formulas as written. Of parts that depend on a setting all are read. Left out:
comments, settings, struck text. What other files hold is not read, which a note says.
"""

from __future__ import annotations

import html as html_text
import re
from collections.abc import Callable

from rag.documents import asciidoc_tables, html
from rag.documents.asciidoc_inline import Names, asciidoc_markup
from rag.documents.blocks import Content, visible
from rag.documents.encoding import decode_text
from rag.documents.markup_page import Page
from rag.documents.receipt import Receipt
from rag.documents.wrapping import join

TITLE = re.compile(r"(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?\s*$")
UNDERLINES = "=-~^+"  # below a title of one line, by level
ATTRIBUTE = re.compile(r":(!?[\w-]+!?):(?:\s+(.*))?$")
STATED = re.compile(r"\[(?!\[)(.*)\]\s*$|\[\[([\w:.-]+)(?:,\s*(.*?))?\]\]\s*$")
ID = re.compile(r"#([\w:.-]+)|\bid\s*=\s*\"?([\w:.-]+)")
BLOCK_TITLE = re.compile(r"\.(?![\s.])(.+)")
USE = re.compile(r"\{([\w-]+)\}|(?<=ifdef::)([\w-]+)")
COMMENT = re.compile(r"//(?!/)")
DELIMITER = re.compile(r"(/{4,}|-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|--|```\w*|[|,:!]={3,})\s*$")
DIRECTIVE = re.compile(r"(include|ifdef|ifndef|ifeval|endif|image|video|audio|toc)::([^\s\[]*)\[(.*)\]\s*$")
BREAK = re.compile(r"(?:'{3,}|<{3,}|-{3}|\*{3})\s*$")
ITEM = re.compile(r"\s*(\*{1,6}|-|\.{1,6}|\d+\.)\s+(\S.*)")
CALLOUT = re.compile(r"<(\d+|\.)>\s+(\S.*)")
TERM = re.compile(r"\s*(\S.*?)(:{2,4}|;;)(?:\s+(.*))?$")
CHECK = re.compile(r"\[([ xX*])\]\s+")
GO_ON = re.compile(r"\+\s*$")
LINE_END = re.compile(r"\s\+$")
AUTHOR = re.compile(r"[^\W\d_][\w.'-]*(?:\s+[\w.'-]+){0,3}(?:\s+<[^<>]+>)?(?:;.*)?$")
REVISION = re.compile(r"(?:v?\d[\w.-]*,\s*)?(\d{4}-\d\d-\d\d|[\w ,]*\d{4})(?::.*)?$|v\d\S*$")
FORMS = {  # of numbers, as HTML names them
    "loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I", "arabic": "", "decimal": "",
    "lowergreek": "",
}  # fmt: skip
FORM = re.compile(rf"\b(?:{'|'.join(FORMS)})\b")
START = re.compile(r"\bstart\s*=\s*\"?(\d{1,4})\b")
DEFAULTS = {"..": "a", "...": "i", "....": "A", ".....": "I"}  # by the marker of an item
SETTINGS = frozenset(
    """
    toc toclevels toc-title icons iconsdir icon-set source-highlighter imagesdir sectnums sectnumlevels sectanchors
    sectlinks doctype experimental stem backend stylesheet stylesdir linkcss nofooter noheader numbered idprefix
    idseparator leveloffset partnums compat-mode data-uri figure-caption table-caption example-caption hide-uri-scheme
    highlightjsdir highlightjs-theme pygments-style rouge-style copycss docinfo docinfodir media pdf-style pdf-theme
    pdf-stylesdir pdf-fontsdir pdf-themesdir reproducible outfilesuffix relfileprefix relfilesuffix table-stripes
    table-frame table-grid title-page title-separator xrefstyle allow-uri-read attribute-missing attribute-undefined
    encoding email keywords lang author authors revnumber revdate revremark description title doctitle page-layout
    chapter-label chapter-signifier appendix-caption preface-title last-update-label showtitle hardbreaks
    mathematical-format favicon front-cover-image skip-front-matter source-language tabsize webfonts
    nofootnotes caution-caption eqnums
""".split()
)  # attributes that only programs read, or that stand elsewhere
WORDED = frozenset({"NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"})
KNOWN = {"author": "author", "revdate": "created", "lang": "language"}
SAID = {"author": "Author", "email": "Email", "revnumber": "Version", "revdate": "Date", "description": "Description"}


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The text as one page of blocks; raises `DocumentError` for bytes that are not text."""
    reader = _Reader(visible(decode_text(data)).expandtabs().split("\n"))
    reader.read()
    stated = {KNOWN[name]: value for name, value in reader.attributes.items() if name in KNOWN}
    notes = [f"the file {name} that it includes was not read; index it too" for name in reader.included]
    return Content([html.fragment(reader.page.markup, receipt)], metadata=reader.own | stated, notes=notes)


class _Reader:
    """Reads lines from the top; each method takes those of one thing."""

    def __init__(self, lines: list[str]) -> None:
        self.page = Page()
        self.attributes: dict[str, str] = {}
        self.own: dict[str, str] = {}  # attributes at the head that a person reads: the text does not refer to them
        self.included: list[str] = []
        self._lines = lines
        self._place = 0
        self._in_head = True
        self._used = frozenset(name for found in USE.findall("\n".join(lines)) for name in found if name)
        self._names = Names(self.attributes, _places(lines))
        self._stated = ""  # attributes of the block that follows
        self._prefix = ""  # of the paragraph that follows
        self._markers: list[str] = []  # of the lists that are open, the outermost first
        self._forms: dict[int, str] = {}  # of the numbers of those lists, by their depth
        self._attached = False  # the block that follows belongs to the item above
        self._rules: list[tuple[re.Pattern[str], Callable[[re.Match[str]], None]]] = [
            (DELIMITER, self._delimited),
            (COMMENT, self._skip),
            (ATTRIBUTE, self._attribute),
            (TITLE, self._title),
            (DIRECTIVE, self._directive),
            (STATED, self._state),
            (BREAK, self._skip),
            (GO_ON, self._attach),
            (CALLOUT, self._item),
            (ITEM, self._item),
            (BLOCK_TITLE, self._block_title),
            (TERM, self._term),
        ]

    def read(self) -> None:
        """Reads all lines."""
        while self._place < len(self._lines):
            line = self._lines[self._place]
            if not line.strip():
                self._place += 1
                self._in_head = self._place < len(self._lines) and self._in_head and self._is_above_title()
            elif self._is_underlined():
                self.page.heading(UNDERLINES.index(self._lines[self._place + 1][0]) + 1, self._shown(line.strip()))
                self._place += 2
                self._markers = []
            elif (rule := self._rule(line)) is not None:
                rule[1](rule[0])
            elif line[0].isspace() and not self._prefix:
                self._indented()
            else:
                self.page.paragraph(self._words(line), self._indent())

    def _rule(self, line: str) -> tuple[re.Match[str], Callable[[re.Match[str]], None]] | None:
        return next(((found, take) for rule, take in self._rules if (found := rule.match(line))), None)

    def _is_above_title(self) -> bool:
        """Tells if only attributes and comments stood above the line at hand."""
        above = self._lines[: self._place]
        return not any(line.strip() and not ATTRIBUTE.match(line) and not COMMENT.match(line) for line in above)

    def _is_underlined(self) -> bool:
        above, line, below = ([""] + self._lines + [""])[self._place : self._place + 3]
        if above.strip() or not below or below[0] not in UNDERLINES or below.strip() != below[0] * len(below.strip()):
            return False
        return len(below.strip()) > 3 and abs(len(line.strip()) - len(below.strip())) <= 1 and line[0].isalnum()

    def _shown(self, text: str) -> str:
        return asciidoc_markup(text, self._names)

    def _indent(self) -> int:
        """Indent of the block at hand: inside the innermost list if it is attached to it, else none."""
        attached, self._attached = self._attached, False
        if not attached:
            self._markers = []
        return len(self._markers)

    def _words(self, first: str) -> str:
        """The words of a paragraph that begins with `first` and goes on up to an empty line."""
        lines, self._prefix = [self._prefix + first], ""
        self._place += 1
        while self._place < len(self._lines) and self._goes_on(self._lines[self._place]):
            if not COMMENT.match(self._lines[self._place]):
                lines.append(self._lines[self._place])
            self._place += 1
        parts: list[list[str]] = [[]]
        hard = "hardbreaks" in self._take_stated()
        for line in lines:
            parts[-1].append(LINE_END.sub("", line))
            if hard or LINE_END.search(line):
                parts.append([])
        return "<br>".join(self._shown(join(part)) for part in parts if part)

    def _goes_on(self, line: str) -> bool:
        if not line.strip():
            return False
        found = self._rule(line)
        rules = (self._skip, self._block_title, self._term, self._attribute, self._title)
        if found is None or found[1] in rules:
            return not (found and self._markers and found[1] == self._term)
        return found[1] == self._item and not self._markers  # in a paragraph "- 5" is no item

    def _take_stated(self) -> str:
        stated, self._stated = self._stated, ""
        return stated

    def _title(self, found: re.Match[str]) -> None:
        self._place += 1
        self._take_stated()
        self._markers = []
        self.page.heading(len(found[1]), self._shown(found[2]))
        if len(found[1]) == 1:
            self._head()

    def _head(self) -> None:
        """Takes the lines below the title of the document: its author and its version."""
        for pattern, name in ((AUTHOR, "author"), (REVISION, "revdate")):
            line = self._lines[self._place] if self._place < len(self._lines) else ""
            found = pattern.match(line)
            if found and self._rule(line) is None:
                self._place += 1
                self.attributes[name] = (found[1] if pattern is REVISION else None) or line.strip()
                self.page.paragraph(self._shown(line))

    def _attribute(self, found: re.Match[str]) -> None:
        self._place += 1
        name, value = found[1].lower(), found[2] or ""
        while value.endswith(" \\") and self._place < len(self._lines):
            value = value[:-1] + self._lines[self._place].strip()
            self._place += 1
        if "!" in name:
            self.attributes.pop(name.strip("!"), None)
            return
        self.attributes[name] = value
        if name in SAID and value:
            self.page.paragraph(self._shown(f"{SAID[name]}: {value}"))
        elif self._in_head and value and not (name in SETTINGS or name in self._used or value.startswith("http")):
            self.own[name] = value
            self.page.paragraph(self._shown(f"{found[1]}: {value}"))

    def _directive(self, found: re.Match[str]) -> None:
        self._place += 1
        name, target, inside = found.groups()
        if name == "include":
            self.included.append(target)
        elif name == "image":
            words = inside.partition(",")[0].strip().strip('"')
            if words and "=" not in words:
                self.page.paragraph(self._shown(words), self._indent())
            else:
                self.page.element(f'<img src="{html_text.escape(target)}">', self._indent())
        elif name in ("ifdef", "ifndef") and inside:
            self._place -= 1
            self._lines[self._place] = inside

    def _state(self, found: re.Match[str]) -> None:
        self._place += 1
        stated = found[1] or ""
        self._stated = f"{self._stated} {stated}".strip()
        kind, *rest = (part.strip().strip('"') for part in stated.split(","))
        if kind.upper() in WORDED:
            self._prefix = f"{kind.upper()}: "
        if kind in ("quote", "verse") and rest:
            self.page.paragraph(self._shown(", ".join(filter(None, rest)) + ":"), len(self._markers) * self._attached)

    def _block_title(self, found: re.Match[str]) -> None:
        self._place += 1
        attached = self._attached
        self.page.paragraph(self._shown(found[1]), self._indent())
        self._attached = attached

    def _delimited(self, found: re.Match[str]) -> None:
        opening = found[1]
        end = self._end_of(opening)
        sign = opening[0]
        if sign in "=*_" and "verse" not in self._stated or opening == "--" or end is None:
            self._place += 1  # what stands in it is text like any other
            self._stated = ""
            return
        lines = self._lines[self._place + 1 : end]
        self._place = end + 1
        stated = self._take_stated()
        if sign == "/":
            return
        indent = self._indent()
        if sign in asciidoc_tables.CELL_SIGNS and opening[1] == "=":
            self.page.table(*asciidoc_tables.asciidoc_rows(lines, stated, sign, self._shown), indent)
        elif sign == "+" and "stem" not in stated and "math" not in stated:
            self.page.element("\n".join(lines), indent)  # HTML
        else:
            self.page.literal("\n".join(lines), indent)

    def _end_of(self, opening: str) -> int | None:
        closing = "```" if opening.startswith("```") else opening
        places = range(self._place + 1, len(self._lines))
        return next((at for at in places if self._lines[at].rstrip() == closing), None)

    def _item(self, found: re.Match[str]) -> None:
        marker, text = found[1], found[2]
        stated = self._take_stated()
        kind = "1." if marker[0].isdigit() else marker
        check = CHECK.match(text) if marker[0] in "*-" else None
        text = ("☐ " if check[1] == " " else "☒ ") + text[check.end() :] if check else text
        style, start = FORM.search(stated), START.search(stated)
        if (style or start) and kind in self._markers:  # a list of its own
            del self._markers[self._markers.index(kind) :]
            self.page.close(len(self._markers))
        opens = kind not in self._markers
        depth = self._depth(kind if found.re is ITEM else "<>")
        if opens:
            self._forms[depth] = FORMS[style[0]] if style else DEFAULTS.get(kind, "")
        begin = int(start[1]) if start else 1
        number = int(marker.rstrip(".")) if marker.rstrip(".").isdecimal() else None
        form = ""
        if number is None and marker[0] == ".":
            number = max(self.page.next_number(depth), begin)
            form = self._forms[depth]
        self.page.item(depth, self._words(text), number, form)

    def _term(self, found: re.Match[str]) -> None:
        self._take_stated()
        depth = self._depth(found[2])
        text = found[3] or ""
        if not text.strip():  # what it means stands below it
            following = self._place + 1
            while following < len(self._lines) and not self._lines[following].strip():
                following += 1
            line = self._lines[following] if following < len(self._lines) else ""
            if line.strip() and self._rule(line) is None:
                self._place, text = following, line.strip()
        self.page.item(depth, self._words(f"{found[1]}: {text}".rstrip()))

    def _depth(self, marker: str) -> int:
        """The depth of an item: that of the open list of its marker, else one more."""
        if marker in self._markers:
            del self._markers[self._markers.index(marker) + 1 :]
        else:
            self._markers.append(marker)
        self._attached = False
        return len(self._markers) - 1

    def _indented(self) -> None:
        """Takes lines that are set in, which are kept as they are."""
        lines = []
        while self._place < len(self._lines) and self._lines[self._place].strip():
            lines.append(self._lines[self._place])
            self._place += 1
        self._attached = self._attached or bool(self._markers)
        self.page.literal("\n".join(lines), self._indent())

    def _attach(self, found: re.Match[str]) -> None:
        self._place += 1
        self._attached = bool(self._markers)

    def _skip(self, found: re.Match[str]) -> None:
        self._place += 1


def _places(lines: list[str]) -> dict[str, str]:
    """The titles of places in the text by their ids, stated or made of the title, and by the titles themselves."""
    places: dict[str, str] = {}
    waiting: list[str] = []
    for line in lines:
        stated = STATED.match(line)
        title = TITLE.match(line) or BLOCK_TITLE.match(line)
        if stated:
            found = ID.search(stated[1] or "")
            waiting += [name for name in (stated[2], *(found.groups() if found else ())) if name]
            if stated[3]:
                places[stated[2]] = stated[3]
        elif title:
            text = title[2] if title.re is TITLE else title[1]
            made = "_" + re.sub(r"[\s.-]+", "_", re.sub(r"[^\w\s.-]", "", text.lower())).strip("_")
            for name in (*waiting, made):
                places.setdefault(name, text)
            waiting = []
        elif line.strip():
            waiting = []
    return places
