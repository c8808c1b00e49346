"""A claim and the stretch of evidence that covers it best -> features of contradiction between the two (pure).

The two are aligned word by word, and each word that replaces another is a difference. A single difference in otherwise
identical wording says more than one among many, so each kind is weighed by how close to verbatim the claim is
otherwise.

Does not handle: contradiction without words that show it ("she resigned", "she stayed in office").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from math import log1p
from typing import NamedTuple

from rag.text.terms import STOP_WORDS, stem
from rag.text.wording import Wording, is_figure

_NEGATION_WORDS = "not no never without none nobody nothing neither nor"
NEGATORS = frozenset(_NEGATION_WORDS.split())

_OPPOSITE_WORDS = """
    more:less more:fewer most:least increase:decrease increase:reduce rise:fall rise:decline grow:shrink
    before:after first:last high:low higher:lower highest:lowest large:small largest:smallest larger:smaller
    big:small older:younger old:young oldest:youngest old:new early:late earlier:later earliest:latest win:lose
    winner:loser victory:defeat success:failure successful:unsuccessful above:below over:under north:south
    east:west northern:southern eastern:western left:right all:none all:some always:never male:female man:woman
    father:mother son:daughter brother:sister husband:wife king:queen boy:girl he:she his:her accept:reject
    allow:forbid allow:prohibit legal:illegal possible:impossible support:oppose begin:end open:close
    maximum:minimum import:export buy:sell cause:prevent include:exclude agree:disagree positive:negative
    gain:loss long:short longer:shorter longest:shortest fast:slow faster:slower best:worst better:worse
    good:bad strong:weak true:false public:private major:minor many:few start:end start:stop join:leave
    arrive:depart inner:outer upper:lower day:night summer:winter confirm:deny guilty:innocent live:die
    common:rare domestic:foreign former:latter ancient:modern rich:poor hot:cold both:neither"""
_OPPOSITES: dict[str, set[str]] = {}
for _pair in _OPPOSITE_WORDS.split():
    _left, _right = map(stem, _pair.split(":"))
    _OPPOSITES.setdefault(_left, set()).add(_right)
    _OPPOSITES.setdefault(_right, set()).add(_left)

_SHORT_GAP = 6  # words: text further off belongs to something else
_OWN_WORDS = 2  # words of a difference at most that are its own; further ones make the claim less close to verbatim
_SHARPNESS = 4  # a claim with a tenth of other words weighs 0.66 of a verbatim one, with a third 0.2
_SWAP_SHARPNESS = 16  # in a claim that differs in more than the one word, that is a paraphrase as a rule
_LONGEST = 200  # words of a claim that are aligned: the time can grow with its square
_SHORT_SWAP = 2  # most words on either side of a swap of one word for another
_PREFIX = 4  # letters in common that make two words forms of one: "constructed", "construction"
_SYMMETRIC = frozenset(["and", "or"])  # between words that may stand in either order
_MUTUAL = frozenset(map(stem, "marry married meet met distance between resemble equal".split()))
_KINDS = ("exchanged", "number_replaced", "name_replaced", "word_replaced", "negated", "opposite")


class _Difference(NamedTuple):
    """`said.words[start:end]` where the evidence has `theirs`."""

    start: int
    end: int
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def contrast(
    said: Wording,
    content: frozenset[str],
    names: frozenset[str],
    window: Wording,
    negated_pairs: frozenset[tuple[str, str]],
    known: frozenset[str],
) -> dict[str, float]:
    """Features by name: for each kind of contradiction a weight (0..1), and figures about the order of words.

    `content` are the words of the claim that count, `names` those that may be names, `negated_pairs` the pairs of
    neighbours in any of the evidence of which the first negates, `known` all words of the evidence.
    """
    words = said.words[:_LONGEST]
    matcher = SequenceMatcher(None, words, window.words, autojunk=False)
    total = max(len(words), 1)
    blocks = matcher.get_matching_blocks()[:-1]  # the last is empty
    matched = sum(block.size for block in blocks)
    here = set(window.words[blocks[0].b : blocks[-1].b + blocks[-1].size]) if blocks else set[str]()
    close = dict.fromkeys(_KINDS, 0.0)
    exchanges: dict[tuple[str, str], int] = {}  # words that stand in each other's place, with the end of the first
    replaced = 0
    for difference in _differences(matcher, words, window):
        kinds = _kinds(difference, said, content, names, window, negated_pairs)
        pairs = {(a, b) for a in content.intersection(difference.ours) for b in content.intersection(difference.theirs)}
        if not kinds and _is_swap(difference, content & known - here, said, window):
            kinds.append("word_replaced")
        back = [exchanges[b, a] for a, b in pairs if a != b and (b, a) in exchanges]
        if any(not _either_way(words, end, difference.start, content) for end in back):
            kinds.append("exchanged")
        exchanges |= dict.fromkeys(pairs, difference.end)
        replaced += _is_replacement(difference, content, said, window)
        for kind in kinds:
            own = 2 * _OWN_WORDS if kind == "exchanged" else min(difference.end - difference.start, _OWN_WORDS)
            elsewhere = max(total - matched - own, 0)
            sharpness = _SWAP_SHARPNESS if kind == "word_replaced" else _SHARPNESS
            close[kind] = max(close[kind], (1 - elsewhere / total) ** sharpness)
    if _is_transposed(words, window.words, content):
        close["exchanged"] = 1.0
    theirs = set(window.words)
    contrary = any(_OPPOSITES[word] & theirs for word in set(said.words) - theirs if word in _OPPOSITES)
    return {"in_order": matched / total, "replaced": log1p(replaced), "contrary": float(contrary), **close}


def _differences(matcher: SequenceMatcher[str], words: tuple[str, ...], window: Wording) -> Iterator[_Difference]:
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            continue
        theirs, reach = window.words[k:m], max(j - i, _SHORT_GAP // 2)
        if i == 0:  # at either end, the evidence is longer than the claim
            theirs = theirs[-reach:]
        elif j == len(words):
            theirs = theirs[:reach]
        yield _Difference(i, j, words[i:j], theirs)


def _kinds(
    difference: _Difference,
    said: Wording,
    content: frozenset[str],
    names: frozenset[str],
    window: Wording,
    negated_pairs: frozenset[tuple[str, str]],
) -> list[str]:
    kinds = []
    theirs = difference.theirs
    strange = content.intersection(difference.ours).difference(theirs)
    if len(theirs) <= _SHORT_GAP:
        if any(map(is_figure, strange)) and any(map(is_figure, theirs)):
            kinds.append("number_replaced")
        if window.names.intersection(theirs).difference(difference.ours) and any(
            not is_figure(word) for word in strange & names
        ):
            kinds.append("name_replaced")
    if _is_negated(difference, said, negated_pairs):
        kinds.append("negated")
    if any(_OPPOSITES.get(word, set()).intersection(theirs) for word in difference.ours):
        kinds.append("opposite")
    return kinds


def _is_transposed(words: Sequence[str], theirs: Sequence[str], content: frozenset[str]) -> bool:
    """True if the evidence has all words of the claim in a row, but for two that changed places ("Bob beat Anna" for
    "Anna beat Bob"). Two that may stand in either order do not count."""
    for start in range(len(theirs) - len(words) + 1):
        apart = [at for at, word in enumerate(words) if word != theirs[start + at]]
        if len(apart) != 2 or not content.issuperset(words[at] for at in apart):
            continue
        first, last = apart
        swapped = words[first] == theirs[start + last] and words[last] == theirs[start + first]
        if swapped and not _either_way(words, first + 1, last, content):
            return True
    return False


def _either_way(words: Sequence[str], start: int, end: int, content: frozenset[str]) -> bool:
    """True if the words before `start` and from `end` on may change places: items of a list ("red, white and blue"),
    or sides of what holds for both."""
    between = set(words[start:end])
    listed = between <= _SYMMETRIC or (bool(between & _SYMMETRIC) and between - _SYMMETRIC <= content)
    return listed or not _MUTUAL.isdisjoint(words)


def _is_negated(difference: _Difference, said: Wording, negated_pairs: frozenset[tuple[str, str]]) -> bool:
    """True for a "not" on one side only; one that opens a claim ("I do not think so, but ...") negates nothing."""
    ours, theirs = difference.ours, difference.theirs
    theirs_not = len(theirs) <= _SHORT_GAP // 2 and not NEGATORS.isdisjoint(theirs)
    first = max(difference.start, difference.end - 2) if difference.start == 0 else difference.start
    added = any(_is_new_negation(said.words, at, negated_pairs) for at in range(first, difference.end))
    return added != theirs_not if added else theirs_not and NEGATORS.isdisjoint(ours)


def _is_new_negation(words: Sequence[str], at: int, negated_pairs: frozenset[tuple[str, str]]) -> bool:
    pair = (words[at], words[at + 1] if at + 1 < len(words) else "")
    return pair[0] in NEGATORS and (pair[1] in STOP_WORDS or pair not in negated_pairs)


def _is_swap(difference: _Difference, elsewhere: frozenset[str], said: Wording, window: Wording) -> bool:
    """True if a word that the evidence has elsewhere only replaces another ("iron" for "wood").

    A word that the evidence does not have is more often a paraphrase: of near verbatim claims with one, people found 2
    to 4 of 5 supported.
    """
    if max(len(difference.ours), len(difference.theirs)) > _SHORT_SWAP:
        return False
    lost = window.content.intersection(difference.theirs).difference(said.words)
    forms = {word[:_PREFIX] for word in lost}
    new = {word for word in elsewhere.intersection(difference.ours) if word[:_PREFIX] not in forms}
    return any(not is_figure(word) for word in new) and any(not is_figure(word) for word in lost)


def _is_replacement(difference: _Difference, content: frozenset[str], said: Wording, window: Wording) -> bool:
    new = content.intersection(difference.ours).difference(window.words)
    lost = window.content.intersection(difference.theirs).difference(said.words)
    return bool(new and lost) and len(difference.theirs) <= _SHORT_GAP
