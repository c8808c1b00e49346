"""Text -> the words by which a claim and its evidence are compared, sentence by sentence (pure).

On top of `rag.text.terms` (folding, stems, pairs of characters for Chinese, Japanese, Thai): numbers get one spelling
("1,500", "1.5 thousand" -> 1500; "twenty-one" -> 21), "n't" becomes "not", accents of alphabets go, irregular forms of
English words become their base. Each sentence keeps its place in the text, words do not.

Does not handle: fractions in words, Roman numerals, converted units, numbers in words of other languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rag.text.remembered import remembered
from rag.text.terms import STOP_WORDS, THOUSANDS, compatible, stem, tokens


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence, or a few in a row, as words to compare; `start` and `end` are its place in the text."""

    start: int
    end: int
    words: tuple[str, ...]  # all of them, as stems
    content: frozenset[str]  # those that are not function words
    pairs: frozenset[tuple[str, str]]  # neighbours among all words
    names: frozenset[str]  # words with a capital that are not function words


def wording(text: str, start: int = 0, end: int | None = None) -> Wording:
    """The wording of `text[start:end]`."""
    end = len(text) if end is None else end
    words = word_list(text[start:end])
    names = frozenset(map(stem, fold(" ".join(_NAME.findall(text[start:end]))).split()))
    pairs = frozenset(zip(words, words[1:], strict=False))
    return Wording(start, end, tuple(words), frozenset(words) - _FUNCTION_WORDS, pairs, names - _FUNCTION_WORDS)


def joined(sentences: Sequence[Wording]) -> Wording:
    """Sentences in a row as one; neighbours across their border are not counted as such."""
    return Wording(
        sentences[0].start if sentences else 0,
        sentences[-1].end if sentences else 0,
        tuple(word for sentence in sentences for word in sentence.words),
        frozenset[str]().union(*(sentence.content for sentence in sentences)),
        frozenset[tuple[str, str]]().union(*(sentence.pairs for sentence in sentences)),
        frozenset[str]().union(*(sentence.names for sentence in sentences)),
    )


@remembered(1_000_000)
def sentences_of(text: str) -> tuple[Wording, ...]:
    """The sentences of a text of evidence. Remembered, since the claims of an answer share their evidence."""
    return tuple(wording(text, start, end) for start, end in _rough_sentences(text))


def word_list(text: str) -> list[str]:
    """The words of `text` in order, numbers in one spelling, as stems.

    >>> word_list("He didn't win 1.5 thousand €.")
    ['he', 'did', 'not', 'win', '1500', 'euro']
    """
    folded = fold(text)
    if _SYMBOL.search(folded):
        folded = _SYMBOL.sub(lambda match: _SYMBOLS[match.group()], folded)
    if "n't" in folded or "cannot" in folded:
        for short, long in _CONTRACTIONS:
            folded = folded.replace(short, long)
    if _DIGIT.search(folded) or not _NUMBER_WORDS.isdisjoint(_APART.split(folded)):
        folded = _NUMBER.sub(_one_spelling, folded)
    return [_BASE_OF_IRREGULAR.get(word) or stem(word) for word in tokens(folded)]


def fold(text: str) -> str:
    """The text in lower case, with compatibility forms folded and without the accents of alphabets."""
    if text.isascii():
        return text.lower()
    lower = compatible(text).lower()
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", lower)))


def is_figure(word: str) -> bool:
    """True if a word of a `word_list` is a number, month or weekday: "1500", "1990s", "may"."""
    return word[0].isdigit() or word in _CALENDAR or word in AMBIGUOUS_MONTHS


_CALENDAR_WORDS = """january february april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday"""
_CALENDAR = frozenset(map(stem, _CALENDAR_WORDS.split()))
AMBIGUOUS_MONTHS = frozenset(["march", "may"])  # verbs, more often
_FUNCTION_WORDS = frozenset(stem(word) for word in STOP_WORDS) | STOP_WORDS
_NAME = re.compile(r"(?:^|(?<=[\w,;(] ))[A-ZÀ-ÖØ-ÞΑ-ΩА-Я][^\W\d_]+")
_ACCENT = re.compile("[\u0300-\u036f]")  # marks of alphabets; those of Japanese and Indic scripts stay
_SYMBOLS = {"%": " percent ", "$": " dollar ", "€": " euro ", "£": " pound ", "¥": " yen ", "’": "'"}
_SYMBOL = re.compile("[%$€£¥’]")
_CONTRACTIONS = (("can't", "can not"), ("cannot", "can not"), ("won't", "will not"), ("n't", " not"))

_SMALL_NAMES = """zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen third fourth fifth sixth seventh eighth ninth tenth"""
_SMALL = dict(zip(_SMALL_NAMES.split(), [0, *range(2, 20), *range(3, 11)], strict=True))
_TENS_NAMES = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = dict(zip(_TENS_NAMES.split(), range(20, 100, 10), strict=True))
_ONES = {"one": 1, **{word: value for word, value in _SMALL.items() if 0 < value < 10}}
_SCALES = {"hundred": 100, "thousand": 10**3, "k": 10**3, "million": 10**6, "m": 10**6, "mn": 10**6}
_SCALES |= {"billion": 10**9, "bn": 10**9, "b": 10**9, "trillion": 10**12}
_NUMBER = re.compile(
    rf"(?<![\w.,])(?P<digits>\d+(?:[.,]\d+)*)(?:(?:st|nd|rd|th)\b)?(?:[ -]?(?P<scale>{'|'.join(_SCALES)})\b)?"
    rf"|\b(?P<words>(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_ONES)}))?|{'|'.join(_SMALL)}"
    r"|one(?= (?:hundred|thousand|million|billion)))\b"
    r"(?:[ -](?P<word_scale>hundred|thousand|million|billion|trillion)\b)?"
)
_NUMBER_WORDS = frozenset(["one", *_SMALL, *_TENS])
_DIGIT = re.compile(r"\d")
_APART = re.compile(r"[^\w]+")
_LONGEST_NUMBER = 15  # digits that a float keeps


def _one_spelling(match: re.Match[str]) -> str:
    scale = _SCALES.get(match["scale"] or match["word_scale"] or "", 1)
    if match["words"]:
        first, _, second = match["words"].replace("-", " ").partition(" ")
        value = float(_TENS.get(first) or _SMALL.get(first, 1)) + _ONES.get(second, 0)
    else:
        plain = THOUSANDS.sub("", match["digits"])
        is_code = plain[0] == "0" and plain.isdigit()  # "007"
        if len(plain) > _LONGEST_NUMBER or plain.count(".") > 1 or "," in plain or is_code:
            return match.group()
        value = float(plain)
    value *= scale
    return str(int(value)) if value == int(value) else f"{value:.6f}".rstrip("0")


# Irregular forms -> their base; the commonest of English, and pairs that writers exchange (dead, death, died).
_IRREGULAR = """
    won:win said:say made:make became:become began:begin begun:begin took:take taken:take gave:give given:give
    went:go gone:go came:come saw:see seen:see got:get gotten:get found:find told:tell felt:feel left:leave
    kept:keep held:hold brought:bring wrote:write written:write stood:stand lost:lose paid:pay met:meet ran:run
    led:lead grew:grow grown:grow knew:know known:know thought:think bought:buy built:build sent:send
    spent:spend fell:fall fallen:fall rose:rise risen:rise drew:draw drawn:draw broke:break broken:break
    chose:choose chosen:choose drove:drive driven:drive sold:sell taught:teach caught:catch fought:fight
    sought:seek spoke:speak spoken:speak sang:sing sung:sing wore:wear worn:wear ate:eat eaten:eat showed:show
    shown:show meant:mean dealt:deal bore:bear born:bear forgot:forget forgotten:forget hid:hide hidden:hide
    flew:fly flown:fly threw:throw thrown:throw slept:sleep swam:swim struck:strike shot:shoot laid:lay sat:sit
    dead:die death:die children:child men:man women:woman people:person feet:foot teeth:tooth mice:mouse"""
_BASE_OF_IRREGULAR = {form: stem(base) for form, base in (pair.split(":") for pair in _IRREGULAR.split())}

# A full stop ends a sentence unless it follows an initial or a short abbreviation. `rag.text.sentences` would know
# better, but takes 9.3 us a word (measured), 9 ms for five passages of 200 words; here a wrong cut costs little.
_END = re.compile(r"\n+|(?<=[。！？])|(?:(?<=[.!?])|(?<=[.!?][\"')\]”’]))\s+")
_ABBREVIATION = re.compile(
    r"(?:\b[^\W\d_]|\b(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|cf|no|vol|fig|al|approx|inc|ltd|co|corp|gen|col|sgt|rev))\.$",
    re.IGNORECASE,
)
_ABBREVIATION_REACH = 8  # characters before the cut that are looked at
_LONGEST_SENTENCE = 1_000  # characters: text without full stops is cut at white space, so that time stays bounded


def _rough_sentences(text: str) -> list[tuple[int, int]]:
    cuts = [0]
    for match in _END.finditer(text):
        before = text[max(cuts[-1], match.start() - _ABBREVIATION_REACH) : match.start()]
        if "\n" in match.group() or not _ABBREVIATION.search(before):
            cuts.append(match.end())
    spans: list[tuple[int, int]] = []
    for begin, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        while end - begin > _LONGEST_SENTENCE:
            space = text.rfind(" ", begin + 1, begin + _LONGEST_SENTENCE)
            middle = space if space > 0 else begin + _LONGEST_SENTENCE
            spans.append((begin, middle))
            begin = middle
        spans.append((begin, end))
    return [_stripped(text, begin, end) for begin, end in spans if text[begin:end].strip()]


def _stripped(text: str, begin: int, end: int) -> tuple[int, int]:
    piece = text[begin:end]
    return begin + len(piece) - len(piece.lstrip()), begin + len(piece.rstrip())
