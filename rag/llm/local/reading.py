"""Questions on texts -> the likelihood of each question after its text, and the spans that may answer it.

A span is verbatim, so that once its first token is chosen the rest is known. All spans that begin at one word are
therefore scored by reading the words that follow it once, and the spans of the most likely first words in one batch:
every candidate has its exact probability, and nothing is decoded token by token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.llm.local.decoder import MAX_SEQUENCES, PREFIXES, Decoder, Logits, TokenRun
from rag.llm.local.engine import Steps, Task
from rag.llm.local.spans import SpanText
from rag.seams import Reading, Readings, Span, SpanPrompt
from rag.types import Usage

# Words at which spans may begin, by text, and the longest span in tokens. With 6 and 12 questions are answered as well
# (F1 0.521 against 0.517, docs/experiments.md) at twice the tokens.
FIRST_WORDS = 4
SPAN_TOKENS = 10
AT_ONCE = 2  # texts whose spans are read in one batch: smaller batches take more time for each token
MOST_PROMPTS = MAX_SEQUENCES - PREFIXES - AT_ONCE * FIRST_WORDS


class _Prompt(NamedTuple):
    """A prompt as tokens, after the prefix."""

    tokens: list[int]
    question: int  # tokens of the question
    wanted: int  # last tokens, whose logits give the question and the tokens after the lead
    text: SpanText
    stop: int


def reading_task(
    decoder: Decoder, prompts: Sequence[SpanPrompt], choose: Callable[[list[float]], Sequence[int]]
) -> Task:
    """A task whose result is `Readings` as of `LanguageModel.read`; the prompts share one prefix. Raises `ModelError`
    for more than `MOST_PROMPTS`."""
    if len(prompts) > MOST_PROMPTS:
        raise ModelError(f"{len(prompts)} texts in one call; the limit is {MOST_PROMPTS}")
    read = [_prompt(decoder, prompt) for prompt in prompts]

    def steps(sequences: Sequence[int], put: Callable[[str], None]) -> Steps:
        runs = [
            TokenRun(sequence, prompt.tokens, prompt.wanted) for sequence, prompt in zip(sequences, read, strict=False)
        ]
        cost = sum(len(run.tokens) for run in runs)
        likelihoods, firsts = [], []
        for prompt, logits in zip(read, (yield runs), strict=True):
            asked = prompt.tokens[len(prompt.tokens) - prompt.wanted + 1 :][: prompt.question]
            chances = _log_probabilities(logits[: prompt.question], [[token] for token in asked])
            likelihoods.append(float(np.mean(chances)) if asked else 0.0)
            firsts.append(logits[-1:].copy())
        spans: dict[int, tuple[Span, ...]] = {}
        chosen = list(choose(likelihoods))
        for numbers in [chosen[begin : begin + AT_ONCE] for begin in range(0, len(chosen), AT_ONCE)]:
            starts = [
                (number, *start) for number in numbers for start in _first_words(read[number].text, firsts[number])
            ]
            runs = [
                _span_run(decoder, read[number].text, start, sequences[number], target)
                for (number, _, start), target in zip(starts, sequences[len(read) :], strict=False)
            ]
            cost += sum(len(run.tokens) for run in runs)
            spans |= dict.fromkeys(numbers, ())
            for (number, chance, start), logits in zip(starts, (yield runs) if runs else (), strict=True):
                spans[number] += tuple(_of_start(read[number].text, start, chance, logits, read[number].stop))
        found = [Reading(likelihood, spans.get(number, ())) for number, likelihood in enumerate(likelihoods)]
        return Readings(found, Usage(cost, 0))

    cells = sum(len(prompt.tokens) for prompt in read) + len(read) * FIRST_WORDS * SPAN_TOKENS
    return Task(decoder.tokenize(prompts[0].prefix), len(prompts) + AT_ONCE * FIRST_WORDS, cells, steps)


def _prompt(decoder: Decoder, prompt: SpanPrompt) -> _Prompt:
    question, lead = decoder.tokenize(prompt.question), decoder.tokenize(prompt.lead)
    text = decoder.tokenize(" " + prompt.text)
    return _Prompt(
        decoder.tokenize(prompt.context) + question + lead,
        len(question),
        len(question) + len(lead) + 1,
        SpanText(prompt.text, text, [decoder.piece(token) for token in text]),
        decoder.tokenize(prompt.stop)[0],
    )


def _first_words(text: SpanText, logits: Logits) -> list[tuple[float, int]]:
    """The likeliest tokens of the text with which a span may begin, with their log-probabilities; `logits` are those
    after the prompt, shape `(1, vocabulary)`."""
    if not text.starts:
        return []
    (chances,) = _log_probabilities(logits, [[text.tokens[start] for start in text.starts]])
    pairs = [(float(chance), start) for chance, start in zip(chances, text.starts, strict=True)]
    return sorted(pairs, key=lambda pair: -pair[0])[:FIRST_WORDS]


def _span_run(decoder: Decoder, text: SpanText, start: int, sequence: int, target: int) -> TokenRun:
    """The run that reads the span's tokens from `start` on, in a copy of `sequence`, that of the prompt."""
    decoder.fork(sequence, target)
    followers = text.tokens[start : start + SPAN_TOKENS]
    return TokenRun(target, followers, len(followers))


def _of_start(text: SpanText, start: int, first: float, logits: Logits, stop: int) -> list[Span]:
    """The spans that begin at token `start`; `logits[i]` are those after token `start + i`."""
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
    """The natural log-probabilities of the tokens wanted of each row of logits.

    Computed row by row, so that intermediate values stay in the processor's cache; no other probability is stored.
    """
    found = []
    for row, wanted in zip(logits, tokens, strict=True):
        highest = row.max()
        normaliser = highest + np.log(np.exp(row - highest).sum())
        found.append(row[list(wanted)] - normaliser)
    return found
