"""Lines that were broken only to fit a page -> the one line they were.

In: the lines of a paragraph, top to bottom. Out: one line, with words that were cut at a line's end made whole.
It does not decide which lines belong together: that is the reader's knowledge of its format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set

# Scripts written without spaces between words: kana, ideographs, full-width forms (not Hangul).
UNSPACED = "\u3000-\u303f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
BETWEEN_UNSPACED = re.compile(f"[{UNSPACED}]\n[{UNSPACED}]")
CUT = re.compile(r"(\w[\w'’-]*)[-\u2010]$")  # the beginning of a word, at the end of a line
LONGEST_CUT = 100  # characters at the end of a line in which the word stands that was cut; a paragraph may be endless
REST = re.compile(r"\w[\w'’-]*")  # the rest of it, at the start of the next
WORD = re.compile(r"\w+(?:[-\u2010'’]\w+)*")
# "long- and short-term": a hyphen that stands for a missing word, not for a cut
SUSPENDED = frozenset({"and", "or", "to", "nor", "und", "oder", "bis", "et", "ou", "y", "o", "e", "en", "of"})
# Beginnings after which a hyphen belongs to the word ("well-known") and hardly ever marks a cut syllable
COMPOUNDING = frozenset({"self", "well", "half", "non", "quasi", "cross", "high", "low", "long", "short"})
# ... and endings before which it does
COMPOUNDED = frozenset({"aware", "based", "centric", "driven", "friendly", "level", "oriented", "related", "specific"})
SHORTEST_PARTS = (4, 7)  # letters of two words, both known by themselves, that are rather a compound than a cut word


def join(lines: Sequence[str], known: Set[str] | None = None) -> str:
    """The lines as one; `known` (lower case, from the same document) tells "exam-" "ple" from "well-" "known".

    Without `known` a hyphen at the end of a line is always kept: in plain text it was typed by someone.
    """
    joined = lines[0].strip()
    for line in lines[1:]:
        joined = _join_two(joined, line.strip(), known)
    return joined


def whole_words(lines: Iterable[str]) -> set[str]:
    """The words of wrapped lines in lower case, compounds with a hyphen as one, without those cut at a line's end."""
    found: set[str] = set()
    after_cut = False
    for line in lines:
        text = REST.sub("", line, count=1) if after_cut else line
        after_cut = _cut(line) is not None
        last = _cut(text)
        whole = text[: last.start()] if last else text
        found.update(word.lower().replace("\u2010", "-") for word in WORD.findall(whole))
    return found


def _cut(line: str) -> re.Match[str] | None:
    """The beginning of a word that the end of the line may cut."""
    return CUT.search(line, max(0, len(line) - LONGEST_CUT))


def _join_two(first: str, second: str, known: Set[str] | None) -> str:
    if not first or not second:
        return first + second
    cut, rest = _cut(first), REST.match(second)
    if cut is None or rest is None:
        unspaced = BETWEEN_UNSPACED.match(f"{first[-1]}\n{second[0]}")
        return first + second if unspaced else f"{first} {second}"
    if rest[0].lower() in SUSPENDED:
        return f"{first} {second}"
    if known is not None and _was_cut(cut[1], rest[0], known):
        return first[:-1] + second
    return first + second


def _was_cut(head: str, tail: str, known: Set[str]) -> bool:
    """Tells if the hyphen between the two came from the line's end."""
    head_lower, tail_lower = head.lower(), tail.lower()
    if head_lower + tail_lower in known:
        return True
    if f"{head_lower}-{tail_lower}" in known or "-" in head or head_lower in COMPOUNDING or tail_lower in COMPOUNDED:
        return False
    if len(head) >= SHORTEST_PARTS[0] and len(tail) >= SHORTEST_PARTS[1] and {head_lower, tail_lower} <= known:
        return False
    return tail[0].islower() and not head[-1].isdigit()
