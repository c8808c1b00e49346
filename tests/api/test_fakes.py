"""The offsets of the fakes are as the contract says."""

from __future__ import annotations

from tests.api.fakes import DOCUMENTS, HITS, PUMPS, SENTENCE, WORDS, answered


def test_the_fakes_keep_the_contract_of_offsets() -> None:
    (citation,) = answered("Who?").citations
    assert PUMPS.text[citation.start : citation.end] == citation.quote == SENTENCE
    assert PUMPS.text[citation.answer_start : citation.answer_end] == WORDS
    for hit in HITS:
        assert DOCUMENTS[hit.passage.document_id].text[hit.passage.start : hit.passage.end] == hit.passage.text
