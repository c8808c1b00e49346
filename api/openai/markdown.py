"""Words of documents -> the same words in markdown, in which they can be nothing but words (pure).

Front-ends show a chat as markdown. A link or an image of a document would lead away under any name, or be fetched at
once; markup would be run; a `[1]` of a document would pass for a citation of this service. Links are shown as their
text with the host, the rest is escaped. All that does no harm, such as emphasis and lists, stays as it is.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from api.openai.citations import ENDING

# Bounds keep the time linear: what is longer stays, with its brackets escaped.
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\(\s{0,3}<?([^\s()<>]{1,2000})>?[^()\n]{0,300}\)")
_MARKER = re.compile(r"\[(\^?\d{1,4}(?:[ ,;–-]{1,3}\d{1,4}){0,20})\]")
_ESCAPE = re.compile(r"\\(?=[\\<\[\]()`*!])")  # of a document: with one more in front it would undo ours
_REFERENCE = re.compile(r"\](?=[(\[:])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_FENCE = re.compile(r"^(?=\s{0,3}(?:```|~~~))", re.MULTILINE)
_STAR = re.compile(r"(?<=\w)\*(?=\w)")  # 2*3*4


def claim_markdown(text: str) -> str:
    """A claim with its citations at the end, which stay as they are.

    >>> claim_markdown("See [2] there [1].")
    'See \\\\[2\\\\] there [1].'
    """
    found = ENDING.search(text)
    at = found.start() if found else len(text)
    return words_markdown(text[:at]) + text[at:]


def words_markdown(text: str) -> str:
    """The words of documents, titles included, without citations of ours.

    >>> words_markdown("Ask [here](http://a.example/x?q=1) <b>now</b> [1].")
    'Ask here (a.example) \\\\<b>now\\\\</b> \\\\[1\\\\].'
    """
    text = _ESCAPE.sub(r"\\\\", text)
    text = _MARKER.sub(r"\\[\1\\]", _LINK.sub(_without_link, text))
    text = _TAG.sub(r"\\<", _REFERENCE.sub(r"\\]", text))
    text = text.replace("`", "\\`") if text.count("`") % 2 else text
    text = _STAR.sub(r"\\*", _FENCE.sub(r"\\", text))
    return text


def _without_link(link: re.Match[str]) -> str:
    try:
        host = urlsplit(link[2]).hostname
    except ValueError:
        host = None
    return f"{link[1]} ({host})" if host else link[1]
