"""The text of a page -> whether its characters make words, or are codes of a font that says nothing of them.

In: text. Out: a judgement. Pure. Text of scripts other than Latin is trusted if it is of one script: what codes of a
font are taken for is Latin letters, signs and characters of many scripts.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter

LEAST_LETTERS = 12  # fewer show nothing
MANY_LETTERS = 100  # that show it even where the font claims to know its characters
MOST_PRIVATE = 0.3  # share of the characters that stand for none
ONE_SCRIPT = 0.8  # share of the letters
FREQUENT = frozenset("eainorts")  # the most frequent letters of European languages: 55 to 70 % of their text
OFTEN, SELDOM = 0.5, 0.35  # shares of these letters in text; random letters have 8/26 = 0.31
LATITUDE = 0.6  # of a share among one letter; it shrinks with the root of their number, as chance does
VOWELS, VOWEL_SHARE, FEW_VOWELS = frozenset("aeiouy"), (0.25, 0.62), 0.3
WELL_FORMED = 0.7  # share of the tokens that look like words or figures
LONGEST_WORD = 12  # average letters, of words in any language
PRIVATE = re.compile("[\ue000-\uf8ff\ufffd\x00-\x08\x0e-\x1f\x7f-\x9f]")  # what stands for no character
TOKEN = re.compile(r"""['"(\[«„“‘¿¡$€£-]*(?:\w[a-zß-öø-ÿā-ſ'’-]*|[A-ZÀ-Þ'’&-]+|[\d.,:/%-]+)['")\]»“”’.,;:!?%…-]*""")
COMMON_SHARE = 0.08  # of the words; text in a language of this list has 20 % and more
COMMON = frozenset(
    "the of and to in is for that are was with on by der die das und ist von zu den mit im ein eine nicht le "
    "la les des et est un une dans pour que du el los las y en una por con se il di che non per del sono da do "
    "os uma para com het een van de dat op te och att som det av er og til på ja ei oli na nie jest że je v az "
    "és egy nem si cu este ve bir bu dan yang của và là".split()
)


def reads_as_text(text: str) -> bool | None:
    """Tells if the characters make words; None if there are too few to tell."""
    shown = [character for character in text if not character.isspace()]
    if len(PRIVATE.findall(text)) > MOST_PRIVATE * len(shown):
        return False
    letters = Counter(_plain(text))
    total = letters.total()
    if total < LEAST_LETTERS:
        return None
    latin = sum(count for letter, count in letters.items() if letter < "\u0250")
    if latin < total / 2:
        return _is_one_script(letters)
    if _common_share(text) >= COMMON_SHARE:
        return True
    tokens = text.split()
    formed = sum(TOKEN.fullmatch(token) is not None for token in tokens) >= WELL_FORMED * len(tokens)
    latitude = LATITUDE / math.sqrt(total)
    vowels = _share(letters, VOWELS)
    usual = VOWEL_SHARE[0] - latitude <= vowels <= VOWEL_SHARE[1] + latitude
    return formed and usual and _share(letters, FREQUENT) >= OFTEN - latitude


def is_nonsense(text: str) -> bool:
    """Tells if a long text is clearly none, although its font claims to know its characters."""
    letters = Counter(_plain(text))
    if letters.total() < MANY_LETTERS or not all(letter < "\u0250" for letter in letters):
        return False
    words = [word for token in text.split() if (word := token.strip(".,;:!?()'\"")).isalpha()]
    if 2 * len(words) < len(text.split()) or sum(map(len, words)) > LONGEST_WORD * len(words):
        return False
    few = _share(letters, FREQUENT) < SELDOM and _share(letters, VOWELS) < FEW_VOWELS
    return few and not _common_share(text)


def _plain(text: str) -> str:
    """The letters of the text in lower case, without accents."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text.lower()) if letter.isalpha())


def _common_share(text: str) -> float:
    words = re.findall(r"[^\W\d_]{2,}", text.lower())
    return sum(word in COMMON for word in words) / len(words) if words else 0.0


def _share(letters: Counter[str], chosen: frozenset[str]) -> float:
    return sum(count for letter, count in letters.items() if letter in chosen) / letters.total()


def _is_one_script(letters: Counter[str]) -> bool:
    """Tells if most letters are of one script; those of Chinese, Japanese and Korean count as one."""
    scripts = Counter[str]()
    for letter, count in letters.items():
        script = unicodedata.name(letter, "?").split()[0]
        scripts["CJK" if script in ("HIRAGANA", "KATAKANA", "HANGUL") else script] += count
    return scripts.most_common(1)[0][1] >= ONE_SCRIPT * letters.total()
