"""A claim and texts of evidence -> how far the evidence covers it, as numbers (pure).

In: the claim, the evidence, the question, whose words count neither for nor against. Out: `Alignment`: the stretch of
one to three sentences that covers the claim best, and `features`, for the checker to weigh: shares (0..1) and
logarithms of counts. Their weights, and so their use, are in `checker.json`.

Does not hold, on purpose: any judgement (`rag.checking.faithfulness`), meaning beyond words, lengths (they told the
evaluation sets apart, not their faithful answers: without them AUROC on faithbench rose from 0.677 to 0.706).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log1p
from typing import NamedTuple

from rag.checking.contrast import NEGATORS, contrast
from rag.text.terms import stem
from rag.text.wording import AMBIGUOUS_MONTHS, Wording, is_figure, joined, sentences_of, word_list, wording

_WINDOW = 3  # sentences at most that together may hold one claim
_SENTENCE_COST = 0.15  # of a score from 0 to 2: a further sentence must bring more than that to be taken in
_PREFIX = 5  # letters in common that make two words related: "europe", "european"

_OPINION_WORDS = """love like think believe hope wonder guess agree favorite favourite enjoy amazing great cool
    interesting awesome yes yeah wow thanks maybe definitely really actually best beautiful pretty"""
_SPEAKER_WORDS = "i me my mine we our us you your"
# Words that describe texts; they count only if the evidence has them ("two separate topics", "a key point").
_TEXT_WORDS = """passage document text context provided summary article source information topic subject piece point
    detail main key core different distinct separate unrelated"""
_OPINION = frozenset(map(stem, _OPINION_WORDS.split()))
_SPEAKER = frozenset(_SPEAKER_WORDS.split())
_ABOUT_TEXT = frozenset(map(stem, _TEXT_WORDS.split()))

# Words of a speaker before the claim itself: weighed as such ("opened"), not compared.
_OPENER = re.compile(
    r"(?:(?:yes|yeah|yep|yup|no|nope|not really|sure|well|indeed|right|okay|ok|oh|actually|of course"
    r"|that(?: i|'|’)s (?:true|right)|i do(?: not|n't| n't|n’t)(?: know| think so)?(?=,? but))\b[\s,.!;:-]*"
    r"(?:(?:but|and|so)\b\s*)?)+",
    re.IGNORECASE,
)
# Words that name the source of a claim: they count neither for nor against it.
_FRAME = re.compile(
    r"(?:according to (?:the|this|these) (?:(?:provided|given) )?\w+(?: \w+)?,\s*"
    r"|(?:the|this|these) (?:(?:provided|given|following) )?"
    r"(?:passage|text|document|article|context|source|summary|report)s? (?:also )?"
    r"(?:describe|state|mention|say|report|discuss|note|explain|indicate|present|highlight|cover|suggest"
    r"|provide information (?:on|about)|contain information (?:on|about))(?:s|es|ed)? (?:that )?)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")
_SENTENCE_BREAK = re.compile(r"[.!?:\n*\"“]\s{0,2}$")  # of three characters

Texts = Sequence[tuple[Wording, ...]]


class EvidenceStretch(NamedTuple):
    """A stretch of whole sentences: `passage` is an index, `start` and `end` count code points."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """A claim compared with its evidence; `place` is None if the two share no word that counts."""

    place: EvidenceStretch | None
    features: dict[str, float]


class _Evidence(NamedTuple):
    """The words of all texts together, and the stretch that covers the claim best."""

    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]  # of those of the claim
    negated: frozenset[tuple[str, str]]  # neighbours of which the first negates
    names: frozenset[str]
    window: Wording
    place: EvidenceStretch | None


def align(claim: str, evidence: Sequence[str], question: str | None = None) -> Alignment:
    """Compare the claim with its best stretch of evidence, and with all of the evidence."""
    opened, claim = _split_off(_OPENER, claim)
    _, claim = _split_off(_FRAME, claim)
    said = wording(claim)
    asked = wording(question).content if question else frozenset[str]()
    texts = [sentences_of(text) for text in evidence]
    content, found = _gather(said, asked, texts)
    features = {
        **_coverage(said, content, found),
        **_numbers(claim, said, asked, found),
        **_names(claim, asked, found),
        **contrast(said, content, _possible_names(claim), found.window, found.negated, found.words),
        **_manner(claim, said, found),
        "opened": float(opened),
    }
    return Alignment(found.place, features)


def _split_off(pattern: re.Pattern[str], claim: str) -> tuple[bool, str]:
    """Split off what matches the pattern: (True, the rest) if a word follows; else (False, the claim)."""
    found = pattern.match(claim)
    rest = claim[found.end() :] if found else ""
    return (True, rest) if any(map(str.isalnum, rest)) else (False, claim)


def _gather(said: Wording, asked: frozenset[str], texts: Texts) -> tuple[frozenset[str], _Evidence]:
    """Collect the words of the claim that count, and the evidence on them."""
    sentences = [sentence for text in texts for sentence in text]
    words = frozenset[str]().union(*(sentence.words for sentence in sentences))
    aside = asked | (_ABOUT_TEXT - words)
    content = (said.content - aside) or said.content or frozenset(said.words)
    passage, stretch = _best_stretch(said, content, texts)
    window = joined(stretch)
    return content, _Evidence(
        words,
        frozenset[tuple[str, str]]().union(*(said.pairs & sentence.pairs for sentence in sentences)),
        frozenset(pair for sentence in sentences for pair in sentence.pairs & said.pairs if pair[0] in NEGATORS),
        frozenset[str]().union(*(sentence.names for sentence in sentences)),
        window,
        EvidenceStretch(passage, window.start, window.end) if stretch else None,
    )


def _best_stretch(said: Wording, content: frozenset[str], texts: Texts) -> tuple[int, Sequence[Wording]]:
    """The sentences in a row that hold most of the claim's words and neighbours."""
    best, place, stretch = 0.0, 0, ()  # type: float, int, Sequence[Wording]
    for passage, sentences in enumerate(texts):
        words = [content.intersection(sentence.words) for sentence in sentences]
        pairs = [said.pairs & sentence.pairs for sentence in sentences]
        for first in range(len(sentences)):
            held: set[str] = set()
            held_pairs: set[tuple[str, str]] = set()
            for last in range(first, min(first + _WINDOW, len(sentences)) if words[first] else first):
                held |= words[last]
                held_pairs |= pairs[last]
                score = len(held) / len(content) + len(held_pairs) / max(len(said.pairs), 1)
                score -= _SENTENCE_COST * (last - first)
                if score > best:
                    best, place, stretch = score, passage, sentences[first : last + 1]
    return place, stretch


def _coverage(said: Wording, content: frozenset[str], found: _Evidence) -> dict[str, float]:
    missing = content - found.words
    kin = {word[:_PREFIX] for word in found.words if len(word) >= _PREFIX}
    strangers = {word for word in missing if len(word) < _PREFIX or word[:_PREFIX] not in kin}
    function = set(said.words) - said.content
    return {
        "covered": 1 - len(missing) / len(content) if content else 0.0,
        "covered_kin": 1 - len(strangers) / len(content) if content else 0.0,
        "pairs": len(found.pairs) / len(said.pairs) if said.pairs else float(not missing),
        "missing": log1p(len(missing)),
        "strangers": log1p(len(strangers)),
        "missing_run": log1p(_longest_run(said.words, content, missing)),
        "function_missing": len(function.difference(found.window.words)) / len(function) if function else 0.0,
    }


def _longest_run(words: Iterable[str], content: frozenset[str], missing: frozenset[str]) -> int:
    """Most missing words in a row, function words between them left out."""
    longest = run = 0
    for word in words:
        if word in content:
            run = run + 1 if word in missing else 0
            longest = max(longest, run)
    return longest


def _numbers(claim: str, said: Wording, asked: frozenset[str], found: _Evidence) -> dict[str, float]:
    """Numbers, months and weekdays of the claim that its evidence lacks, or has only elsewhere.

    Small numbers in words are left out: "the two authors" is often the writer's own count.
    """
    numbers = {word for word in said.words if is_figure(word)} - asked - AMBIGUOUS_MONTHS
    if "one" in found.words:
        numbers.discard("1")
    missing = numbers - found.words
    digits = set(_DIGITS.findall(claim))
    absent = {number for number in missing if not number.isdigit() or len(number) > 2 or number in digits}
    return {
        "number_absent": log1p(len(absent)),
        "number_elsewhere": log1p(len(numbers.difference(missing, found.window.words))),
    }


def _names(claim: str, asked: frozenset[str], found: _Evidence) -> dict[str, float]:
    """Words with a capital, not at the start of a sentence, that the evidence lacks."""
    names = sure_names(claim, found.names) - asked
    initials = "".join(word[0] for word in found.window.words)
    absent = {name for name in names - found.words if len(name) > _PREFIX or name not in initials}  # "UN" for its words
    return {"name_absent": log1p(len(absent))}


def sure_names(claim: str, known: frozenset[str] = frozenset()) -> frozenset[str]:
    """Words with a capital that does not come from the start of a sentence; those of an acronym in `known` left out."""
    names: list[str] = []
    run: list[str] = []
    for match in [*_LETTERS.finditer(claim), None]:
        if match and match.group()[0].isupper():
            run.append(match.group())
            begins = match.start() == 0 or _SENTENCE_BREAK.search(claim[max(match.start() - 3, 0) : match.start()])
            if len(match.group()) > 1 and not begins:
                names.append(match.group())
        else:
            if len(run) > 1 and "".join(word[0] for word in run).lower() in known:  # the evidence has the acronym
                names = [name for name in names if name not in run]
            run = []
    return wording(" ".join(names)).content


def _possible_names(claim: str) -> frozenset[str]:
    """Words with a capital; all words if none but the first has one."""
    words = _LETTERS.findall(claim)
    capitals = [word for word in words if word[0].isupper()]
    return frozenset(word_list(" ".join(capitals if any(word[0].isupper() for word in words[1:]) else words)))


def _manner(claim: str, said: Wording, found: _Evidence) -> dict[str, float]:
    """Features of claims that no evidence can support: about the speaker, opinions, questions."""
    own = [word for word in said.words if word not in found.window.words]
    speaker = sum(word in _SPEAKER for word in own)
    return {
        "speaker": speaker / max(len(said.words), 1),
        "has_speaker": float(speaker > 0),
        "opinion": float(not _OPINION.isdisjoint(own)),
        "asks": float(claim.rstrip().endswith("?")),
    }
