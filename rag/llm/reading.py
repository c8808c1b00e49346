"""Questions on texts -> how likely each text makes its question, and which of its spans answer it.

A span is verbatim, so that once its first token is chosen the rest is known. All spans that begin at one word are
therefore scored by reading the words that follow it once, and the spans of the most likely first words in one batch:
every candidate has its exact probability, and nothing is decoded token by token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.llm.decoder import MAX_SEQUENCES, Decoder, Logits, Run
from rag.llm.spans import SpanText
from rag.types import Reading, Readings, Span, SpanPrompt, Usage

# Words at which spans may begin, by text, and the longest span in tokens. With 6 and 12 questions are answered as well
# (F1 0.521 against 0.517, docs/experiments.md) at twice the tokens.
FIRST_WORDS = 4
SPAN_TOKENS = 10
MOST_PROMPTS = MAX_SEQUENCES - 1 - FIRST_WORDS


def read(decoder: Decoder, prompts: Sequence[SpanPrompt], choose: Callable[[list[float]], Sequence[int]]) -> Readings:
    """See `LanguageModel.read`; the prompts share one prefix. Raises `ModelError` for more than `MOST_PROMPTS`."""
    if len(prompts) > MOST_PROMPTS:
        raise ModelError(f"{len(prompts)} texts in one call; the limit is {MOST_PROMPTS}")
    prefix = decoder.tokenize(prompts[0].prefix)
    decoder.start(prefix, len(prompts))
    runs, lengths = [], []
    for number, prompt in enumerate(prompts):
        question, lead = decoder.tokenize(prompt.question), decoder.tokenize(prompt.lead)
        tokens = decoder.tokenize(prompt.context) + question + lead
        runs.append(Run(number + 1, tokens, len(question) + len(lead) + 1))
        lengths.append(len(question))
    likelihoods, firsts = [], []
    for run, logits, length in zip(runs, decoder.run(runs), lengths, strict=True):
        asked = run.tokens[len(run.tokens) - run.wanted + 1 :][:length]
        chances = _log_probabilities(logits[:length], [[token] for token in asked])
        likelihoods.append(float(np.mean(chances)) if asked else 0.0)
        firsts.append(logits[-1:].copy())
    read_tokens = sum(len(run.tokens) for run in runs)
    spans: dict[int, tuple[Span, ...]] = {}
    for number in choose(likelihoods):
        spans[number], cost = _spans(decoder, number + 1, prompts[number], firsts[number], len(prompts) + 1)
        read_tokens += cost
    readings = [Reading(likelihood, spans.get(number, ())) for number, likelihood in enumerate(likelihoods)]
    return Readings(readings, Usage(read_tokens, 0))


def _spans(
    decoder: Decoder, sequence: int, prompt: SpanPrompt, first: Logits, free: int
) -> tuple[tuple[Span, ...], int]:
    """Spans that begin at the likeliest words of the text, and how many tokens were read for them.

    `first` are the logits after the prompt, shape `(1, vocabulary)`; sequences from `free` on may be used.
    """
    tokens = decoder.tokenize(" " + prompt.text)
    text = SpanText(prompt.text, tokens, [decoder.piece(token) for token in tokens])
    stop = decoder.tokenize(prompt.stop)[0]
    if not text.starts:
        return (), 0
    (chances,) = _log_probabilities(first, [[tokens[start] for start in text.starts]])
    starts = sorted(zip(chances, text.starts, strict=True), key=lambda pair: -pair[0])[:FIRST_WORDS]
    runs = []
    for number, (_, start) in enumerate(starts):
        decoder.fork(sequence, free + number)
        followers = tokens[start : start + SPAN_TOKENS]
        runs.append(Run(free + number, followers, len(followers)))
    spans: list[Span] = []
    for (chance, start), logits in zip(starts, decoder.run(runs), strict=True):
        spans += _of_start(text, start, float(chance), logits, stop)
    return tuple(spans), sum(len(run.tokens) for run in runs)


def _of_start(text: SpanText, start: int, first: float, logits: Logits, stop: int) -> list[Span]:
    """Every span that begins at token `start`; `logits[i]` are those after its token `start + i`."""
    following = [text.tokens[min(start + offset + 1, len(text.tokens) - 1)] for offset in range(len(logits))]
    chances = _log_probabilities(logits, [[token, stop] for token in following])
    total, spans = first, []
    for offset, (_, ends_here) in enumerate(chances):
        if offset:
            total += float(chances[offset - 1][0])
        if text.ends_word(start + offset):
            begin, end = text.span(start, start + offset)
            spans.append(Span(begin, end, first, total, float(ends_here), offset + 1))
    return spans


def _log_probabilities(logits: Logits, tokens: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
    """Of each row of logits, the natural log-probabilities of its tokens.

    Row by row, so that what is computed stays in the processor's cache; all other probabilities are never written down.
    """
    found = []
    for row, wanted in zip(logits, tokens, strict=True):
        highest = row.max()
        normaliser = highest + np.log(np.exp(row - highest).sum())
        found.append(row[list(wanted)] - normaliser)
    return found
