"""The words of Org -> HTML: links, emphasis, code, raised and lowered text, times, marks of notes.

In: a paragraph on one line. Out: markup. Formulas are kept as they are written; what is marked has at most 300
characters, so that marks without an end cost little.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

MARKS = re.compile(
    r"(?P<formula>\\\((?:(?!\\\().){0,300}?\\\)|\\\[(?:(?!\\\[).){0,300}?\\\]|\$\$.{1,300}?\$\$|(?<![\w$])\$(?!\s)[^$]{0,300}?[^\s$]\$(?![\w$]))"
    r"|\[\[(?P<target>[^\]\[]{1,300})\](?:\[(?P<label>.{1,300}?)\])?\]"
    r"|\[fn:(?P<note>[\w-]*)(?::(?P<said>[^\]]{0,300}))?\]"
    r"|<(?P<time>\d{4}-\d\d-\d\d[^<>]{0,99})>"
    r"|<(?P<address>(?:https?|mailto|ftp):[^<>\s]{1,300})>"
    r"|<<<?(?P<place>[^<>]{1,99})>>>?"
    r"|@@[\w-]{1,20}:.{0,300}?@@"
    r"|(?<![^\s\-({'\"\u2013\u2014])(?P<mark>[*/_=~+])(?P<marked>\S|\S.{0,300}?\S)(?P=mark)(?![^\s\-.,:!?;'\")}\[\u2013\u2014])"
    r"|(?<=\S)(?P<shift>[\^_])\{(?P<shifted>[^{}]{0,99})\}"
    r"|(?<![\w\\:])\\(?P<entity>[A-Za-z]{1,30})(?:\{\})?"
)
ELEMENTS = {"*": "b", "/": "i", "_": "u", "+": "s"}  # `=` and `~` mark code
IMAGE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?)$", re.IGNORECASE)
SHIFTS = {"^": "sup", "_": "sub"}


def org_markup(text: str) -> str:
    """The markup of the words."""
    parts, end = [], 0
    for found in MARKS.finditer(text):
        parts += [html.escape(text[end : found.start()]), _shown(found)]
        end = found.end()
    return "".join([*parts, html.escape(text[end:])])


def _shown(found: re.Match[str]) -> str:
    if found["target"]:
        return _link(found["target"], found["label"])
    if found["mark"]:
        tag = ELEMENTS.get(found["mark"])
        inner = found["marked"]
        return f"<{tag}>{org_markup(inner)}</{tag}>" if tag else f"<code>{html.escape(inner)}</code>"
    if found["shift"]:
        tag = SHIFTS[found["shift"]]
        return f"<{tag}>{org_markup(found['shifted'])}</{tag}>"
    if found["entity"]:
        return html.escape(_character(found[0], found["entity"]))
    if found["note"] is not None:
        return f"[{html.escape(found['note'])}]" if not found["said"] else f" ({org_markup(found['said'])})"
    if found["place"]:
        return org_markup(found["place"]) if found[0].startswith("<<<") else ""
    return html.escape(found["formula"] or found["time"] or found["address"] or "")


def _link(target: str, label: str | None) -> str:
    if label is None and IMAGE.search(target):
        return f'<img src="{html.escape(target)}">'
    if label is None:
        return html.escape(target.lstrip("*#"))
    return f'<a href="{html.escape(target)}">{org_markup(label)}</a>'


def _character(written: str, name: str) -> str:
    """The character that an entity stands for: "\\\\alpha" -> "α"; as written if there is none of that name."""
    return html5.get(f"{name};", written)
