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

FIRST_WORDS = 6  # words at which spans may begin, by text: 0.9 of the right spans begin at one of these
SPAN_TOKENS = 12  # longest span, in tokens; longer answers are whole sentences anyway
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
    outputs = [_log_softmax(logits) for logits in decoder.run(runs)]
    likelihoods = []
    for run, output, length in zip(runs, outputs, lengths, strict=True):
        asked = run.tokens[len(run.tokens) - run.wanted + 1 :][:length]
        likelihoods.append(float(np.mean([output[i, token] for i, token in enumerate(asked)])) if asked else 0.0)
    read_tokens = sum(len(run.tokens) for run in runs)
    spans: dict[int, tuple[Span, ...]] = {}
    for number in choose(likelihoods):
        spans[number], cost = _spans(decoder, number + 1, prompts[number], outputs[number][-1], len(prompts) + 1)
        read_tokens += cost
    readings = [Reading(likelihood, spans.get(number, ())) for number, likelihood in enumerate(likelihoods)]
    return Readings(readings, Usage(read_tokens, 0))


def _spans(
    decoder: Decoder, sequence: int, prompt: SpanPrompt, first: NDArray[np.float32], free: int
) -> tuple[tuple[Span, ...], int]:
    """Spans that begin at the likeliest words of the text, and how many tokens were read for them."""
    tokens = decoder.tokenize(" " + prompt.text)
    text = SpanText(prompt.text, tokens, [decoder.piece(token) for token in tokens])
    stop = decoder.tokenize(prompt.stop)[0]
    starts = sorted(text.starts, key=lambda i: -first[tokens[i]])[:FIRST_WORDS]
    runs = []
    for number, start in enumerate(starts):
        decoder.fork(sequence, free + number)
        followers = tokens[start : start + SPAN_TOKENS]
        runs.append(Run(free + number, followers, len(followers)))
    spans: list[Span] = []
    for start, logits in zip(starts, decoder.run(runs) if runs else [], strict=True):
        spans += _of_start(text, start, float(first[tokens[start]]), _log_softmax(logits), stop)
    return tuple(spans), sum(len(run.tokens) for run in runs)


def _of_start(text: SpanText, start: int, first: float, output: NDArray[np.float32], stop: int) -> list[Span]:
    """Every span that begins at token `start`; `output[i]` are the log-probabilities after its token `start + i`."""
    total, spans = first, []
    for offset in range(len(output)):
        if offset:
            total += float(output[offset - 1, text.tokens[start + offset]])
        if text.ends_word(start + offset):
            begin, end = text.span(start, start + offset)
            spans.append(Span(begin, end, first, total, float(output[offset, stop]), offset + 1))
    return spans


def _log_softmax(logits: Logits) -> NDArray[np.float32]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)
