"""Tokens of a long text are those of the text as a whole."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.embedding import tokens
from rag.embedding.embedded import EmbeddedEmbedder
from rag.embedding.tokens import read_tokenizer, token_spans

TEXTS = st.text(st.sampled_from("ab1.é\u0301ß漢 \n\t\u00a0\u3000\u200b-'"), max_size=60)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_slices_change_no_place(text: str, embedder: EmbeddedEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = read_tokenizer(embedder.tokenizer)
    whole = [place for place in tokenizer.encode(text, add_special_tokens=False).offsets if place[1] > place[0]]
    for size in (1, 7, 1000):
        monkeypatch.setattr(tokens, "SLICE", size)
        assert token_spans(tokenizer, text) == whole


def test_half_a_character_is_a_sign_like_another(embedder: EmbeddedEmbedder) -> None:
    """JSON can name one, and the tokenizers library takes none."""
    assert embedder.token_spans("a \ud800 b") == embedder.token_spans("a ? b") == [(0, 1), (2, 3), (4, 5)]
    assert embedder.embed_query("a \udead").tolist() == embedder.embed_query("a ?").tolist()
