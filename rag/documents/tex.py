"""LaTeX (.tex) -> blocks, through the HTML that this makes of it.

In: the bytes of a file, a whole document or a part of one. Out: blocks, with title, author and date. Commands that the
file defines are carried out; formulas and code are kept as written, references stand as the titles of what they refer
to, footnotes behind their paragraph. Left out: settings, pictures. Files that it includes are named in notes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from rag.documents import html
from rag.documents.blocks import Content, one_line, visible
from rag.documents.encoding import decode_text
from rag.documents.markup_page import Page
from rag.documents.receipt import Receipt
from rag.documents.tex_inline import Nodes, Words, argument_source, arguments, is_formula
from rag.documents.tex_source import LITERAL, TexSource, group_end, prepared
from rag.documents.tex_tables import TABLE_ENVIRONMENTS, tex_rows
from rag.documents.tex_walker import nodes_of

SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
SECTION = re.compile(rf"\\({'|'.join(SECTIONS)})\b")
NAMED = re.compile(rf"\\(?:{'|'.join(SECTIONS)}|caption)\*?\s*(?:\[[^\]]*\])?\s*(?=\{{)|\\label\s*\{{([^{{}}]*)\}}")
SOURCES = re.compile(r"\\bibitem\s*(?:\[([^\]]*)\])?\s*\{([^{}]*)\}")
THEOREM = re.compile(r"\\newtheorem\*?\s*\{(\w+\*?)\}\s*(?:\[[^\]]*\])?\s*\{([^{}]*)\}")
APART = re.compile(r"\n\s*\n|\\(?:begin|item)\b")  # between a title and the label of something else
PARAGRAPH_END = re.compile(r"\n\s*\n")
DRAWINGS = frozenset({"tikzpicture", "pgfpicture", "pspicture", "picture", "axis"})
LISTS = frozenset({"itemize", "enumerate", "description", "compactitem", "compactenum", "list", "thebibliography"})
NUMBERED = frozenset({"enumerate", "compactenum"})
THEOREMS = {
    "theorem": "Theorem", "thm": "Theorem", "lemma": "Lemma", "lem": "Lemma", "proposition": "Proposition",
    "prop": "Proposition", "corollary": "Corollary", "cor": "Corollary", "definition": "Definition",
    "defn": "Definition", "conjecture": "Conjecture", "conj": "Conjecture", "remark": "Remark", "rem": "Remark",
    "proof": "Proof", "example": "Example",
}  # fmt: skip
# Arguments, { or [, of commands and environments that pylatexenc does not know
COMMANDS = {
    "multicolumn": "{{{", "multirow": "[{[{[{", "href": "{{", "nolinkurl": "{", "path": "{", "caption": "*[{",
    "captionof": "{[{", "subcaption": "{", "nicefrac": "[{{", "sfrac": "[{{", "EUR": "{",
    "textsuperscript": "{", "textsubscript": "{", "sout": "{", "st": "{",
    "xout": "{", "part": "*[{", "paragraph": "*[{", "SI": "[{[{", "qty": "[{{", "si": "[{", "unit": "[{", "num": "[{",
    "SIrange": "[{{{", "qtyrange": "[{{{", "parbox": "[[[{{", "makebox": "[[{", "framebox": "[[{", "raisebox": "{[[{",
    "resizebox": "*{{{", "scalebox": "{[{", "rotatebox": "[{{", "adjustbox": "{{", "foreignlanguage": "{{",
    "makecell": "*[{", "thead": "[{", "shortstack": "[{", "footnotetext": "[{", "thanks": "{", "bibitem": "[{",
    "cline": "{", "addlinespace": "[", "rowcolor": "[{", "cellcolor": "[{", "columncolor": "[{",
    "pagestyle": "{", "thispagestyle": "{", "pagenumbering": "{", "bibliographystyle": "{", "index": "{",
    "nocite": "{", "newtheorem": "*{[{[", "theoremstyle": "{", "addtolength": "{{", "addtocounter": "{{",
    "stepcounter": "{", "setstretch": "{", "linespread": "{", "fontsize": "{{", "rule": "[{{", "phantom": "{",
    "addcontentsline": "{{{", "fancyhf": "[{", "fancyhead": "[{", "fancyfoot": "[{", "lhead": "[{", "chead": "[{",
    "rhead": "[{", "lfoot": "[{", "cfoot": "[{", "rfoot": "[{", "graphicspath": "{", "newcolumntype": "{[{",
    "newlength": "{", "hyphenation": "{", "geometry": "{", "sisetup": "{", "lstset": "{", "captionsetup": "[{",
    "pageref": "{", "nameref": "{", "vref": "{", "subfile": "{", "import": "{{", "item": "[", "subtitle": "{",
    "specialrule": "{{{", "glossary": "{", "vskip": "", "keptaswritten": "{", "includegraphics": "*[[{",
}  # fmt: skip
ENVIRONMENTS = {
    "longtable": "[{", "tabulary": "{{", "tabu": "{", "longtabu": "{", "supertabular": "{", "tblr": "[{",
    "minipage": "[[[{", "wrapfigure": "[{[{", "wraptable": "[{[{", "subfigure": "[{", "subtable": "[{",
    "thebibliography": "{", "list": "{{", "compactitem": "[", "compactenum": "[", "tikzpicture": "[", "multicols": "{[",
    "otherlanguage": "{", "example": "[", "tcolorbox": "[", "spacing": "{",
}  # fmt: skip
FORMS = ("", "a", "i", "A")  # of numbers, by the depth of their list
LABEL = re.compile(r"\\(?:alph|Alph|roman|Roman|arabic)\b|^[aAiI1](?=\W?$)|(?<=\()[aAiI](?=\))")
LABELS = {
    "\\alph": "a", "\\Alph": "A", "\\roman": "i", "\\Roman": "I", "\\arabic": "", "1": "",
    "a": "a", "A": "A", "i": "i", "I": "I",
}  # fmt: skip
START = re.compile(r"\bstart\s*=\s*(\d{1,4})\b")
BELOW_TITLE = ("subtitle", "author", "date")
STATED = {"author": "author", "date": "created"}


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The text as one page of blocks; raises `DocumentError` for bytes that are not text."""
    source = prepared(visible(decode_text(data)).expandtabs())
    head, begun, body = source.text.partition("\\begin{document}")
    body = body.partition("\\end{document}")[0] if begun else head
    theorems = dict(THEOREM.findall(source.text))
    reader = _Reader(source, Words(_references(source.text)), theorems)
    nodes = _parsed(body, theorems)
    stated = reader.stated(_parsed(head) if begun else nodes)
    reader.read(nodes)
    reader.end_paragraph()
    notes = [f"the file {name} that it includes was not read; index it too" for name in reader.words.included]
    if reader.drawings:
        notes.append(f"{reader.drawings} drawings (tikz and the like) were not read; their text is not in the index")
    return Content([html.fragment(reader.page.markup, receipt)], reader.title, stated, notes=notes)


def _parsed(text: str, theorems: Iterable[str] = ()) -> Nodes:
    """The nodes of a text; `theorems` are environments of its own that may have a name."""
    from pylatexenc.latexwalker import get_default_latex_context_db
    from pylatexenc.macrospec import EnvironmentSpec, MacroSpec

    context = get_default_latex_context_db()
    macros = [MacroSpec(name, given) for name, given in COMMANDS.items()]
    environments = [EnvironmentSpec(name, given) for name, given in ENVIRONMENTS.items()]
    environments += [EnvironmentSpec(name, "[") for name in theorems]
    context.add_context_category("more", macros=macros, environments=environments, prepend=True)
    nodes: Nodes = nodes_of(text, context)
    return nodes


def _references(text: str) -> dict[str, str]:
    """Words that stand for labels, the title beside them, and for the keys of sources, their labels or numbers."""
    shown = {key: label or str(number) for number, (label, key) in enumerate(SOURCES.findall(text), start=1)}
    title, end = "", 0
    for found in NAMED.finditer(text):
        if found[1] is None:
            end = group_end(text, found.end())
            title = one_line(re.sub(r"\\[A-Za-z]+|[{}]", "", text[found.end() : end]))
        elif title and not APART.search(text, end, found.start()):
            shown[found[1]] = title
    return shown


class _List(NamedTuple):
    """A list: its environment, the number of its last item and the form of numbers, as HTML names it."""

    name: str
    number: int = 0
    form: str = ""


class _Reader:
    """Reads nodes in order; what is no block of its own is gathered into paragraphs."""

    def __init__(self, source: TexSource, words: Words, theorems: Mapping[str, str]) -> None:
        self.page = Page()
        self.words = words
        self.title = ""
        self.drawings = 0
        self._source = source
        self._text: list[str] = []  # of the paragraph that is open
        self._lists: list[_List] = []  # those that are open
        self._begun: tuple[str, int | None] | None = None  # label and number of the item that has no words yet
        self._first = min((SECTIONS.index(name) for name in SECTION.findall(source.text)), default=0)
        self._theorems = {**THEOREMS, **theorems}
        self._commands: dict[str, Callable[[Any], None]] = {
            **dict.fromkeys(SECTIONS, self._heading),
            "item": self._item,
            "bibitem": self._item,
            "caption": self._caption,
            LITERAL[1:]: self._literal,
        }

    def stated(self, nodes: Nodes) -> dict[str, str]:
        """The author and the date that the file states; they and the title become text."""
        given = {node.macroname: node for node in nodes if getattr(node, "macroname", "") in ("title", *BELOW_TITLE)}
        title = self.words.argument(given["title"], -1) if "title" in given else ""
        self.title = _plain(title)
        if self.title:
            self.page.heading(1, title)
        found: dict[str, str] = {}
        for name in (name for name in BELOW_TITLE if name in given):
            shown = re.sub(r"\s+,", ",", self.words.argument(given[name], -1))
            found |= {STATED[name]: _plain(shown)} if name in STATED else {}
            self._text.append(shown)
            self.end_paragraph()
        return found

    def read(self, nodes: Nodes) -> None:
        """Reads nodes; those of groups are read as if the braces were not there."""
        for node, following in pairwise([*nodes, None]):
            kind = type(node).__name__
            if kind == "LatexGroupNode":
                self.read(node.nodelist)
            elif kind == "LatexEnvironmentNode" and not is_formula(node):
                self._environment(node)
            elif kind == "LatexMacroNode" and node.macroname in self._commands:
                self._commands[node.macroname](node)
            else:
                self._write(self.words.one(node, following))

    def _write(self, words: str) -> None:
        """Adds words; at an empty line in them the paragraph ends."""
        ended, *rest = PARAGRAPH_END.split(words)
        self._text.append(ended)
        for paragraph in rest:
            self.end_paragraph()
            self._text.append(paragraph)

    def end_paragraph(self) -> None:
        """Ends the paragraph that is open; its footnotes follow."""
        text, self._text = "".join(self._text), []
        notes, self.words.footnotes = self.words.footnotes, []
        if self._begun is not None and (text.strip() or notes):
            label, number = self._begun
            self._begun = None
            self.page.item(len(self._lists) - 1, label + text.strip(), number, self._lists[-1].form)
            text = ""
        for paragraph in filter(str.strip, [text, *notes]):
            self.page.paragraph(paragraph.strip(), len(self._lists))

    def _end_item(self) -> None:
        """Writes an item without words: what follows in it are blocks, such as a list."""
        if self._begun is not None:
            label, number = self._begun
            self._begun = None
            self.page.item(len(self._lists) - 1, label, number, self._lists[-1].form)

    def _heading(self, node: Any) -> None:
        self.end_paragraph()
        level = SECTIONS.index(node.macroname) - self._first + 1 + bool(self.title)
        self.page.heading(level, self.words.argument(node, -1))

    def _caption(self, node: Any) -> None:
        self.end_paragraph()
        self._text.append(self.words.argument(node, -1))
        self.end_paragraph()

    def _literal(self, node: Any) -> None:
        self.end_paragraph()
        self.page.literal(self._source.kept[int(argument_source(node, -1))].strip("\n"), len(self._lists))

    def _environment(self, node: Any) -> None:
        name = node.environmentname
        if name in DRAWINGS:
            self.drawings += 1
        elif name in TABLE_ENVIRONMENTS:
            self.end_paragraph()
            self.page.table(*tex_rows(node, self.words), len(self._lists))
            self.end_paragraph()
        elif name in LISTS:
            self.end_paragraph()
            self._end_item()
            self._lists.append(self._list(node, name))
            self.read(node.nodelist)
            self.end_paragraph()
            self._end_item()
            self._lists.pop()
            self.page.close(len(self._lists))
        else:
            self._inside(node, name)

    def _list(self, node: Any, name: str) -> _List:
        """The list that begins: its numbers have the form that it states, or that of its depth."""
        if name not in NUMBERED:
            return _List(name)
        stated = argument_source(node, 0)
        form, start = LABEL.search(stated), START.search(stated)
        depth = sum(each.name in NUMBERED for each in self._lists)
        return _List(name, int(start[1]) - 1 if start else 0, LABELS[form[0]] if form else FORMS[min(depth, 3)])

    def _inside(self, node: Any, name: str) -> None:
        """Reads what stands in an environment that only changes its look, or says what it is."""
        self.end_paragraph()
        if name in self._theorems:
            stated = " ".join(filter(None, (self.words.of(argument) for argument in arguments(node)))).strip("[]")
            self._text.append(f"{self._theorems[name]}{f' ({stated})' if stated else ''}: ")
        elif name == "abstract":
            self._text.append("Abstract: ")
        self.read(node.nodelist)
        self.end_paragraph()

    def _item(self, node: Any) -> None:
        if not self._lists:
            self._text.append(" - ")
            return
        self.end_paragraph()
        self._end_item()
        name, number, _ = self._lists[-1]
        self._lists[-1] = self._lists[-1]._replace(number=number + 1)
        label = self.words.argument(node, 0)
        label = label[1:-1] if label.startswith("[") else label
        if node.macroname == "bibitem":
            self._begun = (f"[{label or number + 1}] ", None)
        elif label:
            self._begun = (f"{label}: " if name == "description" else f"{label} ", None)
        else:
            self._begun = ("", number + 1 if name in NUMBERED else None)


def _plain(markup: str) -> str:
    return " ".join(block.text for block in html.fragment(markup))
