"""The version of a document that a question means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.choose import choose
from rag.answering.version import in_version
from rag.retrieval.question import parse_question
from rag.types import Hit, PassageReading
from tests.answering.readings import hit, passage, reading

LEASES = [
    ("lease-2024.txt", "Lease of 2024", "3. Rent", "The rent is 940 pounds."),
    ("lease-2026.txt", "Lease of 2026", "3. Rent", "The rent is 1,015 pounds."),
]
FERRY = [
    ("old.txt", "Ferry", "Fares", "The fare is 4 euros."),
    ("new.txt", "Ferry", "Fares", "The fare is 5 euros."),
]
DAYS = {"old.txt": "2023-05-01", "new.txt": "2025-05-01"}


def answer(question: str, *documents: tuple[str, str, str, str], best: int = 0, apart: float = 1.0) -> str:
    """The document that is chosen in the end; that with the number `best` is better than the others by `apart`."""
    hits: list[Hit] = []
    readings: list[PassageReading] = []
    for number, (name, title, section, text) in enumerate(documents):
        of = replace(passage(text, document=name), title=title, section=section)
        hits.append(hit(of))
        readings.append(reading(of, text.split(" is ")[-1], score=5.0 + apart * (number == best)))
    found = choose(hits, readings)
    assert found is not None
    return in_version(parse_question(question), found, hits, readings, DAYS.get).passage.document_id


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What is the rent?", "lease-2026.txt"),
        ("What is the rent of the 2024 lease?", "lease-2024.txt"),
        ("What is the rent in 2026?", "lease-2026.txt"),
        ("What is the rent in 1999?", "lease-2024.txt"),  # no version is of it: the choice stays
        ("What was the rent before?", "lease-2024.txt"),
    ],
)
def test_the_year_that_is_named_or_the_newest(question: str, wanted: str) -> None:
    assert answer(question, *LEASES) == wanted


def test_documents_without_a_year_in_their_names_are_as_old_as_they_state() -> None:
    assert answer("What is the fare?", *FERRY) == "new.txt"
    assert answer("What is the fare?", *FERRY, best=1) == "new.txt"


def test_other_documents_and_worse_places_are_no_versions() -> None:
    assert answer("What is the rent?", *LEASES, apart=4.0) == "lease-2024.txt"  # far better
    one, (name, _, section, text) = LEASES
    assert answer("What is the rent?", one, (name, "Sale of 2026", section, text)) == one[0]
    assert answer("What is the rent?", one, (name, "Lease of 2026", "4. Deposit", text)) == one[0]
    bob = ("bob.txt", "Ferry", "Fares", "The fare of Bob is 5 euros.")
    assert answer("What is the fare of Bob?", bob, FERRY[1]) == "bob.txt"  # which alone speaks of Bob
    assert answer("What is the fare?", bob, FERRY[1]) == "new.txt"
