"""A sentence of a document -> altered ones that the document supports no more, or still does.

Out: (claim, kind), where kind is "kept" for changes that leave the sense, or what was made wrong: a number, month,
name, negation, opposite, or two names exchanged. They teach the checker
contradictions in otherwise verbatim wording, of which answers marked by people hold too few.

Not here: paraphrase, and claims that are wrong in a way a word does not show.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

_MONTHS = "January February March April May June July August September October November December".split
_OPPOSITES = """more:less most:least increased:decreased before:after first:last largest:smallest large:small high:low
    higher:lower north:south east:west northern:southern eastern:western early:late all:none always:never won:lost
    above:below older:younger best:worst long:short old:new men:women father:mother son:daughter many:few begins:ends
    good:bad strong:weak increase:decrease rise:fall major:minor public:private upper:lower he:she his:her""".split
_OPPOSITE_OF = {a: b for pair in _OPPOSITES() for a, b in (pair.split(":"), pair.split(":")[::-1])}
_AUXILIARY = re.compile(r"\b(is|was|are|were|has|have|had|can|could|will|would|should|does|did)\b(?! not|n't)")
_NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?!\w)")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b|^[A-Z][a-z]{3,}(?= [A-Z]| (?:is|was|were|has|had)\b)")
_NO_NAMES = frozenset(
    ["This", "That", "These", "Those", "There", "They", "When", "While", "Some", "Many", "Most", "Each"]
)
_LISTED = frozenset(["", "and", "or", "of"])  # between two names: their order says nothing

_COMMON = re.compile(r"(?<=[a-z,] )[a-z]{5,}\b(?<!ly)")
KINDS = ("number", "month", "name", "negation", "opposite", "exchanged")


def altered(sentence: str, passage: str, names: list[str], rng: random.Random) -> Iterator[tuple[str, str]]:
    """-> (claim, kind): two that keep the sense of the sentence, and one wrong one of each kind that can be made."""
    yield _kept(sentence, rng), "kept"
    yield _kept(_kept(sentence, rng), rng), "kept"
    for kind in KINDS:
        base = _kept(sentence, rng) if rng.random() < 0.4 else sentence
        claim = _wrong(base, kind, passage, names, rng)
        if claim is not None and claim != base:
            yield claim, kind


def word_changed(sentence: str, passage: str, rng: random.Random) -> str | None:
    """One common word for another of the passage: seldom wrong in answers that people judged."""
    others = [word for word in _COMMON.findall(passage) if word not in sentence]
    return _replaced(sentence, _COMMON, others, rng) if others else None


def names_in(text: str) -> list[str]:
    return [name for name in _NAME.findall(text) if name not in _NO_NAMES]


def _wrong(sentence: str, kind: str, passage: str, names: list[str], rng: random.Random) -> str | None:
    match kind:
        case "number":
            return _number(sentence, passage, rng)
        case "month":
            return _replaced(sentence, re.compile(rf"\b(?:{'|'.join(_MONTHS())})\b"), _MONTHS(), rng)
        case "name":
            near = [name for name in names_in(passage) if name not in sentence]
            return _replaced(sentence, _NAME, near if near and rng.random() < 0.3 else names, rng)
        case "negation":
            return _negated(sentence, rng)
        case "opposite":
            found = [word for word in re.finditer(r"\b[a-z]+\b", sentence) if word.group() in _OPPOSITE_OF]
            return _put(sentence, one := rng.choice(found), _OPPOSITE_OF[one.group()]) if found else None
        case _:
            return _exchanged(sentence)


def _put(sentence: str, place: re.Match[str], new: str) -> str:
    return sentence[: place.start()] + new + sentence[place.end() :]


def _replaced(sentence: str, pattern: re.Pattern[str], choices: list[str], rng: random.Random) -> str | None:
    found = [place for place in pattern.finditer(sentence) if place.group() not in _NO_NAMES]
    new = rng.choice(choices)
    return _put(sentence, rng.choice(found), new) if found and new not in sentence else None


def _number(sentence: str, passage: str, rng: random.Random) -> str | None:
    """Another number of the passage, or one digit changed."""
    found = list(_NUMBER.finditer(sentence))
    if not found:
        return None
    place = rng.choice(found)
    others = [number for number in _NUMBER.findall(passage) if number not in sentence]
    if others and rng.random() < 0.3:
        return _put(sentence, place, rng.choice(others))
    digits = [at for at, character in enumerate(place.group()) if character.isdigit()]
    at = rng.choice(digits)
    new = rng.choice([digit for digit in "123456789" if digit != place.group()[at]])
    return _put(sentence, place, place.group()[:at] + new + place.group()[at + 1 :])


def _negated(sentence: str, rng: random.Random) -> str | None:
    if re.search(r"\b(?:not|never) ", sentence) and rng.random() < 0.5:
        return re.sub(r"\b(?:not|never) ", "", sentence, count=1)
    place = _AUXILIARY.search(sentence)
    return _put(sentence, place, place.group() + rng.choice([" not", " never", "n't"])) if place else None


def _exchanged(sentence: str) -> str | None:
    found = [place for place in _NAME.finditer(sentence) if place.group() not in _NO_NAMES]
    if len(found) < 2 or found[0].group() == found[-1].group():
        return None
    first, last = found[0], found[-1]
    between = sentence[first.end() : last.start()]
    if between.strip(" ,") in _LISTED:
        return None
    return sentence[: first.start()] + last.group() + between + first.group() + sentence[last.end() :]


def _kept(sentence: str, rng: random.Random) -> str:
    """Lower case, no parenthesis, the opening clause last, fewer adverbs or commas, an article left out."""
    way = rng.randrange(5)
    clause = re.match(r"((?:In|On|At|During|After|Before|By|Since|From)\b[^,]{3,40}), (.+?)\.?$", sentence)
    if way == 0:
        return sentence.lower()
    if way == 1 and "(" in sentence:
        return re.sub(r" \([^)]*\)", "", sentence)
    if way == 2 and clause:
        return f"{clause[2][0].upper()}{clause[2][1:]} {clause[1][0].lower()}{clause[1][1:]}."
    if way == 3:
        return re.sub(r"\b(?:also|however|very|then|often|usually|generally|of course)\b,? ?", "", sentence)
    if way == 4:
        return sentence.replace(" which ", " that ").replace(", ", " ")
    return re.sub(r"(?<=\w )(?:the|a|an) ", "", sentence, count=1)
