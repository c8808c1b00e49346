"""A question -> if it is English, which is the language of the reader and of all rules for questions (pure).

Function words tell most English questions; the others are told by langid's n-grams of bytes (Lui and Baldwin 2012, in
py3langid), which are loaded for the first of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from rag.text.terms import tokens

# Function words that only English has; others it shares with other languages ("was", "die", "an", "in", "me").
_ENGLISH = frozenset(
    "the of what which who whom whose when where why how did does is are were and to can should much many".split()
)
# Probability from which a question is of another language: 97 % of xquad's questions that are not English, no English
# one of 566 without a function word (docs/experiments.md)
_LIKELY = 0.45
_CREOLES = frozenset(["pcm"])  # languages of English words: Nigerian Pidgin


def has_english_word(text: str) -> bool:
    """True if the text has a word that only English has."""
    return not _ENGLISH.isdisjoint(tokens(text))


def is_foreign(text: str) -> bool:
    """True if the text is of another language than English, as far as that can be told from so few words."""
    if has_english_word(text):
        return False
    language, probability = identifier().classify(text)
    return bool(language != "en" and probability >= _LIKELY)


@cache
def identifier() -> Any:
    """langid's model, loaded at the first call."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([language for language in identifier.labels if language not in _CREOLES])
    return identifier
