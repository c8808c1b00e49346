"""Numbered parts of documents, asked for by their number."""

from __future__ import annotations

import pytest

from rag.answering.clause import clause
from rag.retrieval.question import parse_question
from tests.answering.readings import hit, passage, stored

LEASE = (
    "Rental agreement\n\n1. Parties\n\nThe landlord is Mr Holm.\n\n2. Rent\n\n"
    "2.1 The rent is 890 euros. It rises each year.\n"
    "2.2 It is due on the third.\n\n3. Pets\n\nDogs need consent."
)
RULES = "Article 2: Boats are washed.\n\nArticle 3: Oars are dried."


def said(question: str, *texts: tuple[str, str]) -> str | None:
    """What is quoted of documents of these names, found in this order."""
    documents = {name: passage(text, document=name) for name, text in texts}
    form = clause(parse_question(question), [hit(of) for of in documents.values()], lambda id_: stored(documents[id_]))
    return None if form is None else " ".join(f"{part.before or ''}{part.text}" for part in form.parts)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What does clause 2.2 say?", "2.2 It is due on the third."),
        ("clause 2.1", "2.1 The rent is 890 euros. It rises each year."),
        ("What is in § 3 of the rental agreement?", "3. Pets Dogs need consent."),
        ("Quote section 1", "1. Parties The landlord is Mr Holm."),
        (
            "section 2 of the lease",
            "2. Rent \n2.1 The rent is 890 euros. It rises each year. \n2.2 It is due on the third.",
        ),
        ("What does clause 2.2 say about dogs?", None),  # more is asked than what it says
        ("What does clause 9 say?", None),
        ("What does clause 2.21 say?", None),
        ("What does section 3 of the sale say?", None),
        ("How long is 2.2?", None),
    ],
)
def test_the_part_with_that_number(question: str, wanted: str | None) -> None:
    assert said(question, ("lease.txt", LEASE)) == wanted


def test_each_of_several_documents_with_such_a_part_is_quoted_by_its_title() -> None:
    both = ("lease.txt", LEASE), ("rules.txt", RULES)
    assert said("What does article 3 say?", *both) == (
        "Title: 3. Pets Dogs need consent. \nTitle: Article 3: Oars are dried."
    )
    assert said("What does article 3 of the lease say?", *both) == "3. Pets Dogs need consent."
