"""A place under a heading, or behind a line, that denies -> those words, which turn its sense round (pure, apart from
the reader that it is given).

"Glass bottles" stands for nothing alone: under "Not allowed" it is a rule. Such words are said with what stands under
them, and a question for yes or no is read again with both, since the reader looks more at the sentence than at what
stands above it. For such a question so are those of any line that announces a list, since an item of it says neither
yes nor no: "Allowed:". English only.
"""

from __future__ import annotations

import re

from rag.answering.choose import Chosen, sentences_around
from rag.answering.lists import without_marker
from rag.deadline import Deadline
from rag.seams import PassageReader
from rag.types import Passage

_DENIES = re.compile(
    r"\b(?:no|not|never|none|cannot|don['’]?ts?|forbidden|prohibited|banned|exclu(?:ded|sions?))\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_LONGEST = 80  # characters of words that name what stands under them
_ASKS = re.compile(r"\?\s*$")


def denied_above(chosen: Chosen) -> str:
    """The line that announces the item in which the span stands, or else the heading above it, if it denies what stands
    under it; empty if it does not, if it is long or asks, or if all that stands there denies something itself."""
    said = [item.text for item in sentences_around(chosen)]
    line = _announced_by(chosen) or (chosen.passage.section or "").rsplit(" > ", 1)[-1].strip()
    line = line.rstrip(" :")
    if not _DENIES.search(line) or len(line) > _LONGEST or _ASKS.search(line):
        return ""
    return "" if all(_DENIES.search(text) for text in said) or line in " ".join(said) else line


def announced_above(chosen: Chosen) -> str:
    """The line that announces the list in whose item the span stands; empty if there is none, or if it is long or
    asks."""
    line = _announced_by(chosen).rstrip(" :")
    return "" if len(line) > _LONGEST or _ASKS.search(line) else line


def read_with_above(reader: PassageReader, question: str, chosen: Chosen, deadline: Deadline) -> Chosen:
    """The choice with what the reader says of yes and no if the words that deny, or announce, stand before the
    sentences. Raises the errors of the reader and of the deadline."""
    line = denied_above(chosen) or announced_above(chosen)
    if not line:
        return chosen
    text = f"{line}\n\n{' '.join(item.text for item in sentences_around(chosen))}"
    (reading,) = reader.read(question, [Passage("", chosen.passage.title, "", 0, len(text), text, ())], deadline)
    return chosen._replace(reading=chosen.reading._replace(yes=reading.yes, no=reading.no))


def _announced_by(chosen: Chosen) -> str:
    """The line with a colon, or in capitals, that announces the list in whose item the span stands; empty if the
    passage has none."""
    passage = chosen.passage
    *above, own = passage.text[: sentences_around(chosen)[0].end - passage.start].split("\n")
    if not without_marker(own.strip()):
        return ""
    line = next((line.strip() for line in reversed(above) if line.strip() and not without_marker(line.strip())), "")
    return line if line.endswith(":") or line.isupper() else ""
