"""The words of AsciiDoc -> HTML: links, emphasis, code, raised and lowered text, footnotes.

In: a paragraph on one line, the values of attributes and the titles of places in the text. Out: markup. Formulas are
kept as they are written.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import NamedTuple

MOST = "{0,300}?"  # characters of what is marked, so that marks without an end cost little
MARKS = re.compile(
    rf"\+\+\+(?P<raw>.{MOST})\+\+\+|pass:[a-z,]*\[(?P<passed>.{MOST})\]|`\+(?P<exact>.{MOST})\+`"
    rf"|(?:stem|latexmath|asciimath):\[(?P<formula>.{MOST})(?<!\\)\]"
    rf"|(?<!\w)footnote(?:ref)?:[\w-]*\[(?P<note>.{MOST})(?<!\\)\]"
    rf"|(?P<macro>(?<!\w)(?:link|xref|mailto|image|icon|kbd|btn|menu|anchor|indexterm2?):|(?=(?:https?|ftp|irc)://))"
    rf"(?P<target>[^\s\[\]<>`\"]{MOST})\[(?P<label>.{MOST})(?<!\\)\]"
    r"|<?(?P<address>(?:https?|ftp|irc)://[^\s\[\]<>\"]{1,999}[\w/])>?"
    rf"|<<(?P<place>[^<>,]{MOST})(?:,(?P<named>[^<>]{MOST}))?>>|\[\[[\w:. -]{{1,99}}\]\]"
    rf"|\(\(\((?P<hidden>[^()]{MOST})\)\)\)|\(\((?P<indexed>[^()]{MOST})\)\)"
    rf"|(?P<quote>[\"'])`(?P<quoted>\S|\S.{MOST}\S)`(?P=quote)"
    rf"|(?:\[(?P<role>[\w.#% -]{{1,99}})\])?(?P<double>\*\*|__|``|##)(?P<inside>.{{1,300}}?)(?P=double)"
    rf"|(?<![\w;:}}*_`#\\])(?:\[(?P<look>[\w.#% -]{{1,99}})\])?"
    rf"(?P<mark>[*_`#])(?P<marked>\S|\S.{MOST}\S)(?P=mark)(?!\w)"
    r"|(?P<shift>[\^~])(?P<shifted>[^\s^~]{1,99})(?P=shift)"
    r"|(?<!\\)\{(?P<name>[\w-]{1,99})\}"
    r"|\\(?P<escaped>[*_`#^~{<\[+])"
)
ADDRESS = re.compile(r"\{([\w-]{1,99})\}(?=[^\s\[\]{}]{0,300}\[)")  # at the beginning of a macro
ELEMENTS = {"*": "b", "_": "i", "`": "code", "#": "span"}
SHIFTS = {"^": "sup", "~": "sub"}
UNSEEN = frozenset({"icon:", "anchor:", "indexterm:"})
WRITTEN = {
    "nbsp": "\u00a0", "sp": " ", "empty": "", "blank": "", "zwsp": "", "wj": "", "lt": "<", "gt": ">", "amp": "&",
    "plus": "+", "vbar": "|", "asterisk": "*", "caret": "^", "tilde": "~", "backslash": "\\", "backtick": "`",
    "startsb": "[", "endsb": "]", "two-colons": "::", "two-semicolons": ";;", "cpp": "C++", "deg": "°", "apos": "'",
    "quot": '"', "ldquo": "“", "rdquo": "”", "lsquo": "‘", "rsquo": "’", "brvbar": "¦",
}  # fmt: skip


class Names(NamedTuple):
    """Targets that the words of a file may refer to."""

    attributes: Mapping[str, str]
    places: Mapping[str, str]  # title by id


def asciidoc_markup(text: str, names: Names) -> str:
    """The markup of the words."""
    text = ADDRESS.sub(lambda found: _start(found, names), text)
    parts, end = [], 0
    for found in MARKS.finditer(text):
        parts += [html.escape(text[end : found.start()]), _shown(found, names)]
        end = found.end()
    return "".join([*parts, html.escape(text[end:])])


def _shown(found: re.Match[str], names: Names) -> str:
    if found["macro"] is not None:
        return _macro(found["macro"], found["target"], found["label"].replace("\\]", "]"), names)
    if found["place"] is not None:
        return asciidoc_markup(found["named"] or names.places.get(found["place"].lstrip("#"), found["place"]), names)
    if found["shift"]:
        tag = SHIFTS[found["shift"]]
        return f"<{tag}>{asciidoc_markup(found['shifted'], names)}</{tag}>"
    if found["note"] is not None:
        return f" ({asciidoc_markup(found['note'], names)})"
    if found["name"]:
        return _attribute(found["name"], names)
    if found["double"] or found["mark"]:
        return _marked(found, names)
    if found["quoted"]:
        return html.escape(found["quote"]) + asciidoc_markup(found["quoted"], names) + html.escape(found["quote"])
    kept = ("passed", "exact", "formula", "address", "indexed", "escaped", "raw")
    return html.escape(next((found[name] for name in kept if found[name]), ""))


def _start(found: re.Match[str], names: Names) -> str:
    """An attribute that is the address of a link, or its beginning."""
    value = names.attributes.get(found[1].lower(), "")
    return value if value.startswith(("http://", "https://", "mailto:", "link:")) else found[0]


def _marked(found: re.Match[str], names: Names) -> str:
    mark, words = (found["double"] or found["mark"])[0], found["inside"] or found["marked"]
    struck = "line-through" in (found["role"] or found["look"] or "")
    tag = "s" if struck else ELEMENTS[mark]
    return f"<{tag}>{asciidoc_markup(words, names)}</{tag}>"


def _macro(macro: str, target: str, label: str, names: Names) -> str:
    words = label.split(",window=")[0].removesuffix("^")
    if macro in ("image:", "icon:"):
        words = label.partition(",")[0].removeprefix("alt=").strip('"')
    if macro in UNSEEN:
        return ""
    if macro in ("", "link:"):
        return f'<a href="{html.escape(target)}">{asciidoc_markup(words or target, names)}</a>'
    if macro == "mailto:":
        return f'<a href="mailto:{html.escape(target)}">{asciidoc_markup(words.partition(",")[0] or target, names)}</a>'
    if macro == "xref:":
        return asciidoc_markup(words or names.places.get(target.lstrip("#"), target), names)
    return asciidoc_markup(f"{target} > {words}" if macro == "menu:" and words else words or target, names)


def _attribute(name: str, names: Names) -> str:
    """The value of an attribute; as written if it has none, so that nothing is lost."""
    lower = name.lower()
    if lower in names.attributes:
        rest = {key: value for key, value in names.attributes.items() if key != lower}  # none refers to itself
        return asciidoc_markup(names.attributes[lower], names._replace(attributes=rest))
    return html.escape(WRITTEN.get(lower, f"{{{name}}}"))
