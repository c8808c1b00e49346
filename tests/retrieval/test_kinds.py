"""The model that tells the kind of a question: its features by hand, its sums the slow way, and what it knows."""

from __future__ import annotations

import math
from importlib.resources import files
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models import load_models
from rag.retrieval.kinds import BUCKETS, DIMENSION, KINDS, SCALE, kind_shares, word_features
from rag.retrieval.question import parse_question, with_kind
from rag.settings import load_settings


def bucket(run: str) -> int:
    return crc32(run.encode()) % BUCKETS


def test_features_are_runs_of_one_to_three_words() -> None:
    found = word_features("Why red?")
    runs = ["^", "why", "red", "?", "$", "^ why", "why red", "red ?", "? $", "^ why red", "why red ?", "red ? $"]
    assert set(found) == {bucket(run) for run in runs}
    assert list(found.values()) == pytest.approx([1 / math.sqrt(len(runs))] * len(runs))


@given(st.text(max_size=60))
def test_the_squares_of_the_weights_add_up_to_one(text: str) -> None:
    assert sum(value**2 for value in word_features(text).values()) == pytest.approx(1.0)


@given(st.text(max_size=60), st.booleans())
def test_shares_are_those_of_the_plain_sum(text: str, with_vector: bool) -> None:
    vector = np.random.default_rng(len(text)).standard_normal(DIMENSION).astype(np.float32) if with_vector else None
    with files("rag.retrieval").joinpath("kinds.npz").open("rb") as file, np.load(file) as stored:
        totals = stored["intercept"].astype(float)
        for place, value in word_features(text).items():
            totals = totals + value * stored["words"][place].astype(float)
        if vector is not None:
            totals = totals + SCALE * (vector.astype(float) @ stored["meaning"].astype(float))
    powers = [math.exp(total - max(totals)) for total in totals]
    found = kind_shares(text, vector)
    assert list(found) == list(KINDS)
    for share, power in zip(found.values(), powers, strict=True):
        assert share == pytest.approx(power / sum(powers), abs=1e-4)


def test_vectors_of_another_embedder_are_left_out() -> None:
    assert kind_shares("Why?", np.ones(768, np.float32)) == kind_shares("Why?")


@pytest.mark.models
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("so no cats then?", "yesno"),
        ("tl;dr of the lease", "summary"),
        ("what documents do you have", "library"),
        ("what's the difference between the two quotes", "comparison"),
        ("thanks a lot!", "talk"),
        ("what do the guests have to bring", "list"),
        ("How long is the lease?", "fact"),
    ],
)
def test_words_and_meaning_together_tell_the_kind(text: str, kind: str) -> None:
    embedder = load_models(load_settings(), answers=False).embedder
    question = with_kind(parse_question(text), embedder.embed_query(text))
    assert question.kind == kind
