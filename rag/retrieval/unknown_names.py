"""A question -> the names in it that the library does not know (pure, apart from the one look-up that it is given).

A question about someone whom no document mentions has no answer in them, however near the nearest passage is. A name is
a word with a capital that does not come from the start of a sentence, in an English question that is not written in
capitals throughout. It is known if a passage of the library holds it, or if a hit has a word like it, so that another
spelling, an adjective or a missing accent does not make it unknown; nor does the name of a people where a hit names its
country ("American", "United States"), or the other way round.

Left out: words of fewer than four letters and those in capitals, which stand for others ("WWII"); numbers, months and
units; the language that an answer is asked for in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from itertools import chain

from rag.retrieval.lands import same_land
from rag.retrieval.language import has_english_word
from rag.text.terms import terms
from rag.text.wording import fold, is_figure
from rag.types import Hit

_SHORTEST = 4  # letters of a name, and those in common that make two words related: "Britain", "British"
_ALIKE = 0.8  # of difflib's ratio, 2 M / T: one letter in five may differ
_UNITS = frozenset(["celsius", "fahrenheit", "kelvin", "richter"])
_WORD = re.compile(r"[^\W\d_]+")
_STARTS = re.compile(r"(?:^|[.!?:\n*\"“]\s*)\W*$")
_MANNER = re.compile(
    r"\b(?:answer|reply|respond|say|explain|translate|summari[sz]e|write)\b[^.?!]*?\b(?:in|into) [^\W\d_]+",
    re.IGNORECASE,
)


def unknown_names(
    question: str, hits: Sequence[Hit], held: Callable[[Iterable[str]], frozenset[str]]
) -> tuple[str, ...]:
    """The names of the question that the library does not know, as written and in order. `hits` are the passages found
    for it; `held` returns the terms of some that any passage of the library holds (`Snapshot.held`)."""
    names = {name: stems[0] for name in _names(question) if (stems := terms(name)) and not is_figure(stems[0])}
    if not names:
        return ()
    absent = set(names.values()) - held(names.values())
    near, text = (_words(hits), _plain(hits)) if absent else (frozenset(), "")
    kin = {word[:_SHORTEST] for word in near}
    return tuple(
        name
        for name, stem in names.items()
        if stem in absent and (word := fold(stem))[:_SHORTEST] not in kin
        if not get_close_matches(word, near, n=1, cutoff=_ALIKE)
        if not any(f" {other} " in text for other in same_land(word))
    )


def _names(question: str) -> list[str]:
    """The names in the question, each once, in order."""
    text = _MANNER.sub(lambda match: " " * len(match.group()), question)
    words = [match for match in _WORD.finditer(text) if len(match.group()) >= _SHORTEST]
    capitals = [match for match in words if match.group()[0].isupper()]
    if not has_english_word(question) or 2 * len(capitals) > len(words) + 2:
        return []
    names = (
        match.group() for match in capitals if not match.group().isupper() and not _STARTS.search(text[: match.start()])
    )
    return [name for name in dict.fromkeys(names) if name.lower() not in _UNITS]


def _words(hits: Iterable[Hit]) -> frozenset[str]:
    """The terms of the hits, and of their ids, titles and sections, without accents."""
    return frozenset(fold(word) for text in _texts(hits) for word in terms(text))


def _plain(hits: Iterable[Hit]) -> str:
    """The same texts as words between spaces, in order."""
    return f" {' '.join(_WORD.findall(fold(' '.join(_texts(hits)))))} "


def _texts(hits: Iterable[Hit]) -> Iterable[str]:
    passages = [hit.passage for hit in hits]
    return chain.from_iterable((p.document_id, p.title, p.section or "", p.text) for p in passages)
