"""reStructuredText (.rst) -> blocks, through the HTML that docutils makes of it.

In: bytes. Out: blocks. Directives and roles that only Sphinx knows keep their text; nothing is included from other
files, and raw markup is left out; both are counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

from rag.documents import html
from rag.documents.blocks import Content, one_line
from rag.documents.encoding import decode_text
from rag.documents.receipt import Kind, Receipt

INCLUDED = Kind("file that it includes", "files that it includes", "index them beside it")
RAW = Kind("piece of raw markup", "pieces of raw markup")
ELSEWHERE = re.compile(r"^[ \t]*\.\.[ \t]+(?:literal)?include::[ \t]*\S|^[ \t]+:file:[ \t]*\S", re.MULTILINE)
FIRST_TEXT = re.compile(r"^(?!\.\.(?:\s|$))\S", re.MULTILINE)
RAW_MARKUP = re.compile(r"^[ \t]*\.\.[ \t]+raw::", re.MULTILINE)
DIRECTIVE = re.compile(r"^[ \t]*\.\.[ \t]+(?:\|[^|\n]*\|[ \t]+)?([\w:.+-]*\w)[ \t]*::", re.MULTILINE)
ROLE = re.compile(r":([\w.+-]*\w(?::[\w.+-]*\w){0,4}):`(?:[^`<\n]*?<[^>`\n]*>|[^`\n]+)`")
REFERENCES = frozenset({"ref", "numref", "std:ref", "std:numref"})
LABEL = re.compile(r"\.\. _`?(.+?)`?:[ \t]*$")
LINE = re.compile(r"[=\-~^\"'+*#<>`:.]{3,}[ \t]*$")  # above or below a title
TITLE = re.compile(r"[^\s.].*")
MARKUP = re.compile(r"\\(\W)|``")  # in a title
DROPPED = frozenset({"toctree", "index", "highlight", "currentmodule", "module", "default-domain", "tabularcolumns"})
KNOWN = {"author": "author", "authors": "author", "date": "created", "language": "language"}
UNSAID = frozenset({"orphan", "nocomments", "nosearch", "tocdepth", "hide-toc"})  # what only Sphinx reads
ONLY = frozenset({"only", "ifconfig", "tabs", "container", "details"})  # their argument is no text
VERSIONS = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
}
SETTINGS: dict[str, Any] = {
    "report_level": 5,  # none: faults in the markup are not the reader's
    "halt_level": 5,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "input_encoding": "unicode",
    "embed_stylesheet": False,
    "stylesheet_path": None,
    "doctitle_xform": True,
    "initial_header_level": 2,
    "syntax_highlight": "none",
    "smart_quotes": False,
    "_disable_config": True,
    "line_length_limit": 1 << 20,
}


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The text as one page of blocks; faults of the markup are no errors."""
    from docutils.core import publish_parts

    receipt = receipt or Receipt()
    text = decode_text(data)
    receipt.count(INCLUDED, len(ELSEWHERE.findall(text)) - len(ELSEWHERE.findall(_before_text(text))))
    receipt.count(RAW, len(RAW_MARKUP.findall(text)))
    _make_known(text, _titles(text))
    parts = publish_parts(text, writer="html5", settings_overrides=SETTINGS)
    fields = _fields(parts["docinfo"])
    body = parts["html_body"]
    if fields:
        lines = "<br>".join(f"{escape(name)}: {escape(value)}" for name, value in fields.items())
        body = body.replace(parts["docinfo"].strip(), f"<p>{lines}</p>", 1)
    known = {KNOWN.get(name.lower(), name.lower()): value for name, value in fields.items()}
    return Content([html.fragment(body, receipt)], metadata=known)


def _fields(docinfo: str) -> dict[str, str]:
    """The fields at the head of the text (author, version ...) by their names."""
    if not docinfo.strip():
        return {}
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(docinfo)
    names = [one_line(name.text() or "").removesuffix(":") for name in page.css("dl.docinfo > dt")]
    values = [one_line(value.text(separator=" ") or "") for value in page.css("dl.docinfo > dd")]
    return {name: value for name, value in zip(names, values, strict=True) if value and name.lower() not in UNSAID}


def _before_text(text: str) -> str:
    """Markup above the first line of text: files that are included there define what others use."""
    first = FIRST_TEXT.search(text)
    return text[: first.start()] if first else ""


def _titles(text: str) -> dict[str, str]:
    """The titles of places in the text by their labels, as references name them."""
    titles, labels, lines = dict[str, str](), list[str](), text.split("\n")
    for number, line in enumerate(lines):
        if label := LABEL.match(line):
            labels.append(" ".join(label[1].lower().split()))
        elif line.strip():
            if labels and (title := _title_at(lines, number)):
                titles |= dict.fromkeys(labels, MARKUP.sub(r"\1", title).strip())
            labels.clear()
    return titles


def _title_at(lines: Sequence[str], number: int) -> str | None:
    """The title at a line, which has a line below it and may have one above."""
    for start in (number + 1, number) if LINE.match(lines[number]) else (number,):
        if start + 1 < len(lines) and TITLE.match(lines[start]) and LINE.match(lines[start + 1]):
            return lines[start]
    return None


def _make_known(text: str, titles: Mapping[str, str]) -> None:
    """Registers directives and roles that docutils does not know, so that it keeps their text; references to places of
    the file show their `titles`."""
    from docutils.parsers.rst import directives, roles
    from docutils.parsers.rst.languages import en

    for name in {found.lower() for found in DIRECTIVE.findall(text)} - set(en.directives):
        directives.register_directive(name, _passed_directive(kept=name not in DROPPED))
    for name in {found.lower() for found in ROLE.findall(text)} - set(en.roles):
        roles.register_local_role(name, partial(_passed_role, titles if name in REFERENCES else {}))


def _passed_directive(kept: bool) -> Any:
    """A directive whose argument and content are text like any other."""
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives

    class AnyOption(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            return directives.unchanged

    class Passed(Directive):
        optional_arguments = 1
        final_argument_whitespace = True
        has_content = True
        option_spec = AnyOption()

        def run(self) -> list[Any]:
            if not kept:
                return []
            whole = nodes.container()
            said = VERSIONS.get(self.name)
            for argument in self.arguments if self.name not in ONLY else ():
                shown = f"{said} {argument}" if said else argument
                whole += nodes.paragraph(shown, shown)
            self.state.nested_parse(self.content, self.content_offset, whole)
            return [whole]

    return Passed


def _passed_role(
    titles: Mapping[str, str], name: str, raw: str, text: str, *_: Any, **__: Any
) -> tuple[list[Any], list[Any]]:
    from docutils import nodes

    opened = text.find("<", text.rfind(">", 0, -1) + 1) if text.endswith(">") else -1  # "the page <target>"
    shown = text[: max(opened, 0)].rstrip() or titles.get(" ".join(text.lower().split()), text.lstrip("~!"))
    return [nodes.literal(raw, shown)], []
