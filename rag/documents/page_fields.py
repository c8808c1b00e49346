"""Fields of a form on a page -> what a person entered.

In: an element. Out: the text of a field, ☒ or ☐ for what can be ticked, empty for a field in which nothing was entered
and for those that are no part of a form: hidden ones, buttons, and what only switches the look of a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.documents.blocks import one_line

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

TICKED, UNTICKED = "☒", "☐"
FIELDS = frozenset({"input", "select", "textarea"})
TYPED = frozenset({
    "text", "number", "date", "email", "tel", "time", "month", "week", "datetime-local", "url", "",
})  # fmt: skip
AROUND = frozenset({"form", "fieldset", "label", "td", "th", "li", "dd", "p"})  # elsewhere buttons choose a tab


def entered(node: LexborNode) -> str:
    """The text that was entered into a field."""
    attributes = node.attributes
    match node.tag:
        case "textarea":
            return one_line(node.text() or "")
        case "select":
            chosen = (one_line(option.text() or "") for option in node.css("option[selected]"))
            return ", ".join(filter(None, chosen))
    kind = (attributes.get("type") or "").lower()
    if kind == "checkbox" or (kind == "radio" and _is_in_form(node)):
        return TICKED if "checked" in attributes else UNTICKED
    return one_line(attributes.get("value") or "") if kind in TYPED else ""


def _is_in_form(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag not in AROUND:
        above = above.parent
    return above is not None
