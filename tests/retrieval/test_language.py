"""English questions are told from those of other languages."""

from __future__ import annotations

import pytest

from rag.retrieval.language import is_foreign


@pytest.mark.parametrize(
    "question",
    [
        "Wie hoch ist die Miete?",
        "Was zahlen Jugendliche?",
        "Quel est le montant du loyer?",
        "¿Cuánto cuesta el alquiler?",
        "Dove si trova la chiave?",
        "Сколько стоит аренда?",
        "家賃はいくらですか",
        "ما هو الإيجار",
    ],
)
def test_other_languages_are_told(question: str) -> None:
    assert is_foreign(question)


@pytest.mark.parametrize(
    "question",
    [
        "What does “die Miete” mean?",  # a function word of English
        "wifi password",
        "monthly rent amount",
        "premium for 2031 with Bastion",  # Nigerian Pidgin, by its letters
        "E4",
        "thanks",
        "Müller invoice total",
    ],
)
def test_english_is_not_taken_for_another_language(question: str) -> None:
    assert not is_foreign(question)
