"""An answer + the texts it should rest on -> each claim with its support, the reason for doubt and the best evidence.

Pure: no model, and no disk but the packaged weights, read once. Support is the calibrated probability that the evidence
fully supports the claim, from a logistic regression over `rag.checking.alignment` (`checker.json`, made by
`benchmarks/fit_checker.py`, which also measured the error rates stored there). A claim that stands verbatim in the
evidence is supported by construction.

Does not know: the world (a true sentence without evidence is unsupported); meaning beyond words (a paraphrase without
common words is doubted, and a common word in the place of another passes for a paraphrase if the evidence does not have
it: "iron" for "wood" is doubted only in a nearly verbatim claim whose evidence speaks of iron elsewhere); whether
a verbatim stretch was cut out from under a "not" or out of a quotation.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate
from math import exp
from typing import Literal, NamedTuple

from rag.checking.alignment import align, sure_names
from rag.checking.rounding import exactly
from rag.deadline import Deadline
from rag.errors import InputError
from rag.text.remembered import remembered
from rag.text.sentences import split_sentences

Reason = Literal[
    "number_mismatch", "name_not_found", "word_mismatch", "negation", "opposite", "exchanged", "no_evidence", "partial"
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of checking one claim against texts of evidence."""

    support: float  # 0..1, calibrated
    reason: Reason | None  # None when supported
    passage: int | None  # index of the best evidence; None if no word is shared
    start: int | None  # of the best stretch in it, in code points
    end: int | None


@dataclass(frozen=True, slots=True)
class Support:
    """The place of a claim's evidence: `passages[passage][start:end] == quote`."""

    passage: int
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A sentence or list item of an answer: `answer[start:end] == text`."""

    text: str
    start: int
    end: int
    support: float
    reason: Reason | None
    evidence: Support | None  # the nearest stretch; None if nothing supports the claim


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """A checked answer; `faithfulness` is the mean support of its claims, 0.0 for an answer without claims."""

    faithfulness: float
    claims: tuple[CheckedClaim, ...]


class Checker(NamedTuple):
    """The fitted weights: support = 1 / (1 + exp(-(intercept + sum of weight * feature)))."""

    weights: dict[str, float]
    intercept: float
    threshold: float

    def support(self, features: dict[str, float]) -> float:
        """The support (0..1) of a claim with these features of `Alignment`."""
        z = self.intercept + sum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + exp(-max(-30.0, min(30.0, z))))


@lru_cache(maxsize=1)
def checker() -> Checker:
    """The packaged weights."""
    stored = json.loads(files("rag.checking").joinpath("checker.json").read_text(encoding="utf-8"))
    return Checker(stored["weights"], stored["intercept"], stored["threshold"])


MAX_COMPARED = 20_000_000  # claims times characters of passages, within a deadline: 2 s of one core at most (measured)
SUPPORTED = 0.47  # the support from which a claim counts as supported: the threshold of checker.json, as a test holds
VERBATIM = 0.99  # support of a claim that stands word for word in the evidence; by construction, not fitted
_SAME_WORDS = 0.9  # closeness to verbatim from which one contradiction turns a claim round
_VETOED = 0.3  # the most support that such a claim has: "Bob beat Anna" where the evidence says "Anna beat Bob"
_VETOES = ("exchanged", "number_replaced", "negated", "opposite")  # contradictions that words show for certain
_NO_EVIDENCE = 0.34  # share of content words found, at or below which evidence does not speak of the claim

# Citation markers: [1], [2, 3], [^4], 【5】; of three digits at most, so that [1984] stays part of the claim.
_MARKER = re.compile(r"\s?(?:\[\^?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\]|【\d{1,3}[^】\n]{0,20}】)")
_SAYS_NOTHING = re.compile(
    r"(?:(?:a|an|the|and|or|but|of|in|on|at|to|for|from|by|with|as|that|this|these|those|its|his|their)\b\W*)+",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^[ \t]*(?:[-*+•‣–]|#{1,6}|\d{1,2}[.)])(?=[ \t])", re.MULTILINE)


def check(claim: str, evidence: Sequence[str], question: str | None = None) -> Verdict:
    """The support of one sentence, or of a short answer to `question`, by all the texts together."""
    claim = without_markers(claim)
    if _SAYS_NOTHING.fullmatch(claim):
        return Verdict(0.0, "partial", None, None, None)
    if (found := find_verbatim(claim, evidence)) is not None:
        return Verdict(VERBATIM, None, *found)
    alignment = align(exactly(claim, evidence), evidence, question)
    if alignment.place is None:
        return Verdict(0.0, "no_evidence", None, None, None)
    support = vetoed(checker().support(alignment.features), alignment.features)
    reason = None if support >= SUPPORTED else _reason(alignment.features)
    return Verdict(support, reason, *alignment.place)


def vetoed(support: float, features: dict[str, float]) -> float:
    """The support (0..1) of a claim; at most 0.3 if all that differs from its evidence is a number, a negation, an
    opposite, or two words that changed places."""
    return min(support, _VETOED) if any(features[name] > _SAME_WORDS for name in _VETOES) else support


def check_faithfulness(
    answer: str, passages: Sequence[str], question: str | None = None, deadline: Deadline | None = None
) -> Faithfulness:
    """Check each claim of an answer, which may come from any system, against passages. With a deadline it raises the
    error of that when it is over, and before anything `InputError` if all claims against all passages are more than
    `MAX_COMPARED`."""
    spans = split_claims(answer)
    if deadline is not None:
        _check_cost(len(spans), sum(map(len, passages)))
    claims = []
    for start, end in spans:
        if deadline is not None:
            deadline.check()
        claims.append(_checked(answer, start, end, passages, question))
    mean = sum(claim.support for claim in claims) / len(claims) if claims else 0.0
    return Faithfulness(mean, tuple(claims))


def _check_cost(claims: int, characters: int) -> None:
    if claims * characters > MAX_COMPARED:
        raise InputError(
            f"{claims:,} claims against {characters:,} characters of passages are {claims * characters:,} to compare "
            f"and the limit is {MAX_COMPARED:,}: check the answer in parts, or against fewer passages",
            "passages",
        )


def split_claims(answer: str) -> list[tuple[int, int]]:
    """The sentences and list items of an answer, as spans; bullets and citation markers around them are left out, and
    so are lines that only introduce the next one.

    >>> split_claims("It rained. [1] Here is more:\\n- snow [2].")
    [(0, 10), (31, 40)]
    """
    blank = _BULLET.sub(_spaces, _MARKER.sub(_spaces, answer))
    spans = [(start, end) for _, (start, end) in split_sentences(blank) if any(map(str.isalnum, blank[start:end]))]
    return [(start, end) for start, end in spans if not _introduces(blank[start:end])] or spans


def _introduces(claim: str) -> bool:
    """True if the claim only introduces the next: "Here is a summary:", but not "It cost 900 pounds:" or "In
    Paris:"."""
    return claim.rstrip("*_ ").endswith(":") and not any(map(str.isdigit, claim)) and not sure_names(claim)


def without_markers(claim: str) -> str:
    """The claim without citation markers: "Emmanuel Macron [1][2]." -> "Emmanuel Macron."."""
    return _MARKER.sub("", claim).strip()


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _checked(answer: str, start: int, end: int, passages: Sequence[str], question: str | None) -> CheckedClaim:
    verdict = check(answer[start:end], passages, question)
    evidence = None
    if verdict.passage is not None and verdict.start is not None and verdict.end is not None:
        quote = passages[verdict.passage][verdict.start : verdict.end]
        evidence = Support(verdict.passage, verdict.start, verdict.end, quote)
    nothing = verdict.reason == "no_evidence"
    return CheckedClaim(answer[start:end], start, end, verdict.support, verdict.reason, None if nothing else evidence)


def find_verbatim(claim: str, evidence: Sequence[str]) -> tuple[int, int, int] | None:
    """The place (passage, start, end) of the claim in the evidence, white space and its last punctuation aside.

    It may not begin or end inside a word or a number: "500" does not stand in "1,500".
    """
    whole = " ".join(claim.split())
    bare = whole.rstrip(_LAST)
    if not any(map(str.isalnum, bare)):
        return None
    for passage, text in enumerate(evidence):
        spaced = _one_spaced(text)
        for wanted in (whole, bare):
            at = spaced.find(wanted)
            for _ in range(_TRIES):
                if at < 0:
                    break
                start, end = _place(text, at), _place(text, at + len(wanted) - 1) + 1
                if not _inside(text, start) and not _inside(text, end):
                    return passage, start, end
                at = spaced.find(wanted, at + 1)
    return None


@remembered(1_000_000)
def _one_spaced(text: str) -> str:
    return " ".join(text.split())


@remembered(400_000)
def _words(text: str) -> tuple[list[int], list[int]]:
    """The start of each word in the text with single spaces, and in the text itself."""
    found = [match.span() for match in _WORD.finditer(text)]
    return list(accumulate((end - start + 1 for start, end in found), initial=0)), [start for start, _ in found]


def _place(text: str, at: int) -> int:
    """The place in `text` of a character of `_one_spaced(text)`."""
    single, places = _words(text)
    word = bisect_right(single, at) - 1
    return places[word] + at - single[word]


_TRIES = 1_000  # places looked at: 20,000 times "x" is found at 180,000 places of 200,000 times "x", which took 20 s
_WORD = re.compile(r"\S+")
_LAST = ".!?;:,… "
_NUMBER_JOINT = re.compile(r"\d[.,]\d")
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def _inside(text: str, at: int) -> bool:
    """True if a word or a number continues across this place."""
    around = text[max(at - 1, 0) : at + 1]
    if len(around) < 2:
        return False
    if unicodedata.combining(around[1]) or (around.isalnum() and not _UNSPACED.search(around)):
        return True
    return bool(_NUMBER_JOINT.search(text[max(at - 2, 0) : at + 2]))


# The reason is the kind of difference that lowered the support most; a smaller loss than this counts as none.
_LEAST_DOUBT = 0.25  # in logits, as the weights
_SIGNS: dict[Reason, tuple[str, ...]] = {
    "number_mismatch": ("number_absent", "number_elsewhere", "number_replaced"),
    "name_not_found": ("name_absent", "name_replaced"),
    "word_mismatch": ("word_replaced",),
    "negation": ("negated",),
    "opposite": ("opposite", "contrary"),
    "exchanged": ("exchanged",),
}


def _reason(features: dict[str, float]) -> Reason:
    if features["covered"] <= _NO_EVIDENCE:
        return "no_evidence"
    weights = checker().weights
    doubts = {
        reason: -sum(weights.get(sign, 0.0) * features[sign] for sign in signs) for reason, signs in _SIGNS.items()
    }
    worst = max(doubts, key=lambda reason: doubts[reason])
    return worst if doubts[worst] > _LEAST_DOUBT else "partial"
