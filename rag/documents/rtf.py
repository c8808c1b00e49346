"""Rich text (.rtf) -> headings, paragraphs, lists and tables in the order of the text.

In: the bytes of a file. Out: blocks, and title, author and date that the file states; headings by their styles,
addresses of links behind their texts, text boxes after the paragraph that they are anchored in, footnotes at the end of
the text.
Headers of pages stand before the text, footers behind it, unless they repeat it.
Left out and counted: what is deleted, struck out or not seen, comments, pictures, embedded objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

from rag.documents.blocks import Block, Content
from rag.documents.damaged import told_as_damage
from rag.documents.link_text import address_beside
from rag.documents.margins import with_margins
from rag.documents.raised import TextRun, joined_runs
from rag.documents.receipt import COMMENT, DELETED, IMAGE, OBJECT, STRUCK, Receipt
from rag.documents.rtf_head import RtfHead
from rag.documents.rtf_state import RtfState
from rag.documents.rtf_story import RtfRow, RtfStory
from rag.documents.rtf_tokens import RtfToken, decoded_bytes, encoding_of, tokenise
from rag.documents.symbols import in_font
from rag.documents.unseen import SMALLEST_IMAGE, WHITE, look_alike
from rag.errors import DocumentError

RTF_MARK = b"{\\rtf"
SIGNS = {"~": "\u00a0", "_": "-", "{": "{", "}": "}", "\\": "\\", "\r": "\n", "\n": "\n"}
CHARACTERS = {
    "line": "\n", "tab": "\t", "emdash": "\u2014", "endash": "\u2013", "emspace": "\u2003", "enspace": "\u2002",
    "qmspace": "\u2005", "bullet": "\u2022", "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c",
    "rdblquote": "\u201d", "nestcell": "\t", "nestrow": "\n",
}  # fmt: skip
ENDS = frozenset({"par", "sect", "page", "column"})
# Groups that hold no text of the document, though they are not marked with \*
LEFT_OUT = frozenset(
    """
    annotation atnauthor atnid background bkmkend bkmkstart datafield doccomm docvar falt filetbl ftncn
    ftnsep ftnsepc aftncn aftnsep aftnsepc fname keycode
    keywords listtable listoverridetable mmathPict nesttableprops nonesttables nonshppict objdata objclass objname
    operator panose pict pnseclvl private revtbl rxe shprslt sp subject tc template themedata txe userprops xe xmlnstbl
    """.split()
)
# Groups that are marked with \* and are read
KEPT = frozenset("ud fldinst ffdata formfield shpinst do shptxt dptxbxtext moMath moMathPara listtext pntext".split())
PROPERTIES = re.compile(r"m\w+Pr\Z")
SHIFTED = {"msup": "^", "msub": "_", "mden": "/"}  # parts of formulas, with what stands before them
HYPERLINK = re.compile(r'\s*HYPERLINK\s+(?:"([^"]*)"|([^\s"\\]\S*))', re.IGNORECASE)
CHECK_BOX = re.compile(r"\s*FORMCHECKBOX", re.IGNORECASE)
UNDECIDED = 25  # of a check box: as it is by default
BULLET = re.compile(r"[^\w()]*|o|§")
LAST = 0x10FFFF
SMALLEST = 15 * SMALLEST_IMAGE  # twips


@dataclass(slots=True)
class _Open:
    """A group that is open: what held around it, and what happens at its end."""

    around: RtfState
    at_end: Callable[[], None] | None = None


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """Headings, paragraphs, lists and tables; raises `DocumentError` if the file is no rich text."""
    data = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not data.startswith(RTF_MARK):
        raise DocumentError("is not rich text although its name says so; give it the name of its real type")
    reader = _Reader(receipt or Receipt())
    with told_as_damage(ValueError, OverflowError):
        for token in tokenise(data):
            if not reader.read(token):
                break
    blocks = reader.finished()
    return Content([blocks], title=reader.stated.pop("title", ""), metadata=reader.stated)


class _Reader:
    """Reads tokens one after another."""

    def __init__(self, receipt: Receipt) -> None:
        self.stated: dict[str, str] = {}
        self._receipt = receipt
        self._head = RtfHead()
        self._row = RtfRow()
        self._sides: list[int] = []  # of the open picture, in twips
        self._state = RtfState()
        self._open: list[_Open] = []
        self._story = RtfStory()
        self._notes: list[Block] = []
        self._headers: list[Block] = []
        self._footers: list[Block] = []
        self._bytes = b""  # written as numbers, not yet decoded
        self._skip = 0
        self._starred = False
        self._said: list[str] = []  # text of a group that describes something
        self._box: int | None = None  # the state of a form's check box

    def read(self, token: RtfToken) -> bool:
        """Reads a token; False at the end of the document."""
        if token.kind != "byte" and not (token.kind == "bytes" and self._bytes and self._is_half()):
            self._decode()
        match token.kind:
            case "open":
                self._skip = 0
                self._open.append(_Open(self._state))
            case "close":
                self._close()
                return bool(self._open)
            case "sign" if token.text == "*":
                self._starred = True
            case "bytes":
                self._plain(token.data)
            case "word":
                self._word(token.text, token.number)
            case _ if self._skip:
                self._skip -= 1
            case "sign":
                self._write(SIGNS.get(token.text, ""))
            case _:
                self._bytes += token.data
        return True

    def _close(self) -> None:
        self._skip = 0
        if self._open:
            group = self._open.pop()
            if group.at_end is not None:
                group.at_end()
            self._state = group.around

    def _plain(self, data: bytes) -> None:
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        data = data[skipped:]
        if self._bytes:  # the second byte of a character, which stands as it is
            self._bytes, data = self._bytes + data[:1], data[1:]
            self._decode()
        if data:
            self._write(decoded_bytes(data, self._charset()))

    def finished(self) -> list[Block]:
        """The blocks of the document, then its notes."""
        self._decode()
        return with_margins([*self._story.ended(self._level()), *self._notes], self._headers, self._footers)

    def _word(self, word: str, number: int | None) -> None:
        starred, self._starred = self._starred, False
        if self._skip and word != "u":
            self._skip -= 1
            return
        if word in LEFT_OUT or (starred and word not in KEPT) or PROPERTIES.match(word):
            if self._state.place in ("text", "skip"):
                self._count(word)
            self._state = replace(self._state, place="gone")
        elif self._open and (self._enters_text(word) or self._enters_other(word)):
            pass
        elif not self._describes(word, number) and (self._state.place == "text" or word in ("uc", "u")):
            self._text_word(word, number)

    def _count(self, word: str) -> None:
        """Counts a group that is left out, if a person may miss it."""
        if word == "annotation":
            self._receipt.count(COMMENT)
        elif word in ("pict", "shppict") and self._open and not self._state.in_object:
            self._sides = []
            self._open[-1].at_end = lambda: self._receipt.count(IMAGE, min(self._sides, default=SMALLEST) >= SMALLEST)

    def _enters_text(self, word: str) -> bool:
        """Begins a group whose text is one of the document's, in a special place."""
        in_text = self._state.place == "text"
        match word:
            case "ud" if self._state.place == "skip":
                self._state = replace(self._state, place="text")
            case "shptxt" | "dptxbxtext" if self._state.place == "skip":
                self._begin_story(self._story.boxes)
            case "footnote" if in_text:
                self._begin_story(self._notes)
            case "header" | "headerf" | "headerl" | "headerr" if in_text:
                self._begin_story(self._headers)
            case "footer" | "footerf" | "footerl" | "footerr" if in_text:
                self._begin_story(self._footers)
            case "field" if in_text:
                self._begin_field()
            case "listtext" | "pntext" if in_text:
                self._begin_marker()
            case _ if in_text and word in SHIFTED:
                self._begin_shifted(SHIFTED[word])
            case _:
                return False
        return True

    def _enters_other(self, word: str) -> bool:
        """Begins a group that describes something, or one of which only groups within it are read."""
        match self._state.place, word:
            case "text", "fonttbl" | "stylesheet" | "info" | "fldinst" | "colortbl":
                self._state = replace(self._state, place=word)
            case "text", "object":
                self._receipt.count(OBJECT)
                self._state = replace(self._state, in_object=True)
            case "text", "shpinst" | "do" | "upr":
                self._state = replace(self._state, place="skip")
            case "info", "title" | "author" | "creatim":
                self._describe(word, self._end_statement)
            case "fldinst", "ffdata" | "formfield":
                self._state = replace(self._state, place="formfield")
            case _:
                return False
        return True

    def _describes(self, word: str, number: int | None) -> bool:
        """Reads a word of a group that describes something; True if it is none of the text."""
        self._measure(word, number)
        match self._state.place, word:
            case "fonttbl", "f":
                if self._said:  # some programs write all fonts in one group
                    self._end_font()
                self._state = replace(self._state, font=number)
                self._describe("fonttbl", self._end_font)
                self._head.add_font(number or 0)
            case "fonttbl", "fcharset" if number is not None:
                self._head.set_charset(self._state.font or 0, number)
            case "stylesheet", "s" | "cs" | "ds" | "ts":
                self._state = replace(self._state, style=(number or 0) if word == "s" else -1, level=None)
                self._describe("stylesheet", self._end_style)
            case "stylesheet", "outlinelevel":
                self._state = replace(self._state, level=number)
            case "creatim", "yr" | "mo" | "dy":
                self._said.append(f"{'' if word == 'yr' else '-'}{number or 0:02}")
            case "formfield", "ffdefres" if self._box is None:
                self._box = number
            case "formfield", "ffres" if number != UNDECIDED:
                self._box = number
            case "skip" | "gone" | "info" | "fonttbl" | "colortbl" | "stylesheet" | "formfield" | "creatim", _:
                return word not in ("u", "uc")
            case _:
                return False
        return True

    def _measure(self, word: str, number: int | None) -> None:
        """Reads a word that tells a part of a colour, or a side of a picture."""
        if self._state.place == "colortbl" and word in ("red", "green", "blue"):
            self._head.add_colour_part(word, number or 0)
        elif self._state.place == "gone" and word in ("picwgoal", "pichgoal"):
            self._sides.append(number or 0)

    def _text_word(self, word: str, number: int | None) -> None:
        match word:
            case "u":
                self._unicode(number)
            case "uc":
                self._state = replace(self._state, skipped=max(0, 1 if number is None else number))
            case _ if word in CHARACTERS:
                self._write(CHARACTERS[word])
            case _ if word in ENDS:
                self._story.end_paragraph(self._level(), self._state.in_table and word == "par")
            case _ if (encoding := encoding_of(word, number)) is not None:
                self._head.encoding = encoding
            case _:
                self._state = self._state.after(word, number)
                self._row_word(word, number)

    def _row_word(self, word: str, number: int | None) -> None:
        match word:
            case "trowd":
                self._row = RtfRow()
            case "cell":
                self._story.end_cell(self._level())
            case "row":
                self._story.end_row(self._row)
            case _:
                self._row.read(word, number or 0)

    def _unicode(self, number: int | None) -> None:
        self._skip = self._state.skipped
        if number is None:
            return
        code = number + 0x10000 if number < 0 else number
        if code > LAST:
            raise ValueError(f"there is no character {number}")
        self._write(chr(code))

    def _charset(self) -> str:
        return self._head.charset(self._state.font if self._state.place == "text" else None)

    def _is_half(self) -> bool:
        """Tells if the bytes that were written as numbers end within a character."""
        try:
            self._bytes.decode(self._charset())
        except UnicodeDecodeError as exc:
            return exc.end == len(self._bytes)
        return False

    def _decode(self) -> None:
        if self._bytes:
            text = self._bytes.decode(self._charset(), "replace")
            self._bytes = b""
            self._write(text)

    def _write(self, text: str) -> None:
        state = self._state
        if state.place in ("skip", "gone", "formfield", "info"):
            return
        if state.place == "colortbl":
            self._head.end_colours(text.count(";"))
        elif state.place != "text":
            self._said.append(text)
        elif state.struck or state.deleted:
            self._receipt.count_text(STRUCK if state.struck else DELETED, text)
        elif not (self._is_unseen() and self._receipt.hides(text)):
            self._story.runs.append(TextRun(in_font(text, self._head.font_name(state.font)), state.shift))

    def _is_unseen(self) -> bool:
        """Tells if text is hidden, too small, or of the colour behind it, where that is known."""
        state = self._state
        if state.hidden or state.buried or state.tiny:
            return True
        behind = state.marked or state.paper
        if not state.ink or (not behind and (state.in_box or (state.in_table and self._row.is_shaded))):
            return False
        return look_alike(self._head.colour(state.ink), self._head.colour(behind) if behind else WHITE)

    def _describe(self, place: str, at_end: Callable[[], None]) -> None:
        """Gathers the text of the group instead of writing it."""
        self._state = replace(self._state, place=place)
        self._said = []
        if self._open and self._open[-1].at_end is None:
            self._open[-1].at_end = at_end

    def _end_font(self) -> None:
        self._head.name_font(self._state.font or 0, "".join(self._said))
        self._said = []

    def _end_style(self) -> None:
        self._head.name_style(self._state.style, self._state.level, "".join(self._said))
        self._said = []

    def _end_statement(self) -> None:
        names = {"title": "title", "author": "author", "creatim": "created"}
        text = "".join(self._said).strip()
        if text and self._state.place in names:
            self.stated[names[self._state.place]] = text
        self._said = []

    def _begin_story(self, place: list[Block]) -> None:
        """Begins a text of its own, whose blocks go to that place."""
        around = self._story
        self._story = RtfStory()
        in_box = place is not self._notes
        state = self._state
        buried = state.buried or state.hidden
        self._state = RtfState(font=state.font, skipped=state.skipped, in_box=in_box, buried=buried)

        def end() -> None:
            blocks = self._story.ended(self._level())
            self._story = around
            place.extend(blocks)

        self._open[-1].at_end = end

    def _begin_field(self) -> None:
        begin, story = len(self._story.runs), self._story
        said, box = self._said, self._box
        self._said, self._box = [], None

        def end() -> None:
            instruction = "".join(self._said)
            link = HYPERLINK.match(instruction)
            if CHECK_BOX.match(instruction):
                story.runs.append(TextRun("☒" if self._box else "☐"))
            elif link:
                shown = "".join(run.text for run in story.runs[begin:])
                self._receipt.leads("", shown, link[1] or link[2])
                story.runs.append(TextRun(address_beside(shown, link[1] or link[2])))
            self._said, self._box = said, box

        self._open[-1].at_end = end

    def _begin_marker(self) -> None:
        """Begins the number or bullet of an item, which programs write for those that cannot compute it."""
        story = self._story
        begin = len(story.runs)

        def end() -> None:
            marker = "".join(run.text for run in story.runs[begin:]).strip()
            if not any(run.text.strip() for run in islice(story.runs, begin)):
                del story.runs[begin:]
                story.marker = "- " if BULLET.fullmatch(marker) else f"{marker} "

        self._open[-1].at_end = end

    def _begin_shifted(self, sign: str) -> None:
        story = self._story
        begin = len(story.runs)

        def end() -> None:
            text = joined_runs(story.runs[begin:]).strip()
            del story.runs[begin:]
            if text:
                story.runs.append(TextRun(sign + (text if text.isalnum() else f"({text})")))

        self._open[-1].at_end = end

    def _level(self) -> int:
        """The level of the open paragraph as a heading, 0 if it is none."""
        level = self._state.level
        return self._head.level(self._state.style) if level is None else (level + 1) % 10
