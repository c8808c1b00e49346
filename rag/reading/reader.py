"""Question + passages -> what a small model trained for this project reads in them: spans, no answer, yes or no.

In: a question and passages. Out: for each passage its best spans as characters of the document, each with a score: the
logit of the span less that of "no answer", so that above 0 an answer is more likely than none. One forward pass gives
all of it. A passage that is longer than the model takes is read in windows that overlap.

Does not decide: which passage answers, and whether to answer at all, is for `rag.answering`. The model reads English.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from rag.deadline import Deadline
from rag.encoder.model import Float32Array, Outputs
from rag.encoder.session import EncoderSession
from rag.errors import ModelError
from rag.reading.forms import shown
from rag.text.encodable import encodable
from rag.text.insertions import Shown
from rag.types import AnswerSpan, Passage, PassageReading

MODEL = "reader-l12"
_LONGEST = 384  # tokens of a pair of question and passage
_OVERLAP = 96  # tokens that windows of one passage share
_LONGEST_QUESTION = 64  # tokens
_LONGEST_HEAD = 64  # tokens of title and section, repeated in front of each window
_LONGEST_SPAN = 200  # tokens
_SPANS = 5  # of a passage
_START, _BREAK = 101, 102  # [CLS] and [SEP] of the vocabulary
_NEVER = -1e4  # a logit that no span has
_TAKEN = -1e5  # less than the sum of two of them

_Place = tuple[int, int] | None


class Reader:
    """The packaged model. Any thread may call."""

    name = MODEL

    def __init__(self, model: Path, vocabulary: Path, threads: int, waiting: int) -> None:
        """Open the model. At most `waiting` questions wait. Raises `ModelError` if a file is absent, cut or foreign."""
        from tokenizers import Tokenizer

        for path in (model, vocabulary):
            if not path.is_file():
                raise ModelError(f"{path} is not there: install the package anew")
        self._session = EncoderSession(model, threads, waiting)
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(vocabulary))
        except Exception as exc:  # the tokenizers library raises plain exceptions
            raise ModelError(f"{vocabulary} is no tokenizer ({exc}): install the package anew") from exc
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    @classmethod
    def load(cls, threads: int, waiting: int) -> Reader:
        """The reader that comes with the package. Raises `ModelError`."""
        folder = files("rag.reading").joinpath("model")
        with as_file(folder.joinpath("reader.onnx")) as model, as_file(folder.joinpath("tokenizer.json")) as vocabulary:
            return cls(model, vocabulary, threads, waiting)

    def read(
        self, question: str, passages: Sequence[Passage], deadline: Deadline | None = None
    ) -> list[PassageReading]:
        """One reading for each passage, in order. Raises `Overloaded`, `ModelError` and the
        error of the deadline."""
        lead = [_START, *self._ids(question)[:_LONGEST_QUESTION], _BREAK]
        windows = [
            (number, ids, places)
            for number, passage in enumerate(passages)
            for ids, places in self._windows(shown(passage), _LONGEST - len(lead) - 1)
        ]
        outputs = self._session.run([[*lead, *ids, _BREAK] for _, ids, _ in windows], deadline)
        found: list[list[PassageReading]] = [[] for _ in passages]
        for (number, _, places), out in zip(windows, outputs, strict=True):
            found[number].append(_reading(out, len(lead), places, passages[number]))
        return [_joined(parts) for parts in found]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(encodable(text), add_special_tokens=False).ids
        return ids

    def _windows(self, view: Shown, room: int) -> list[tuple[list[int], list[_Place]]]:
        """Token ids and their places in the passage's text, window by window, each behind title and section."""
        encoded = self._tokenizer.encode(encodable(view.text), add_special_tokens=False)
        ids, places = encoded.ids, [view.place(*offsets) for offsets in encoded.offsets]
        head = min(next((n for n, place in enumerate(places) if place), len(places)), _LONGEST_HEAD)
        room = max(room - head, _OVERLAP + 1)
        starts = range(head, max(len(ids) - _OVERLAP, head + 1), room - _OVERLAP)
        above: list[_Place] = [None] * head
        return [(ids[:head] + ids[at : at + room], above + places[at : at + room]) for at in starts]


@cache
def reader_sha256() -> str:
    """The hash of the packaged model in hex, by which fitted weights name it."""
    return hashlib.sha256(files("rag.reading").joinpath("model/reader.onnx").read_bytes()).hexdigest()


def _reading(out: Outputs, lead: int, places: Sequence[_Place], passage: Passage) -> PassageReading:
    """The reading of one window, whose tokens stand behind `lead` others."""
    start, end = out["start"], out["end"]
    none = float(start[0] + end[0])  # [CLS] stands for "no answer"
    spans = tuple(
        AnswerSpan(passage.start + first, passage.start + last, score - none)
        for first, last, score in _spans(start[lead:], end[lead:], places)
    )
    yes, no, _ = _shares(out["yesno"])
    return PassageReading(passage, spans, float(out["relevance"]), yes, no)


def _spans(start: Float32Array, end: Float32Array, places: Sequence[_Place]) -> list[tuple[int, int, float]]:
    """The best spans as characters of the passage's text with their logits, best first, none of which meet."""
    allowed = np.array([place is not None for place in places], bool)
    if not allowed.any():
        return []
    first = np.where(allowed, start[: len(places)], _NEVER)
    last = np.where(allowed, end[: len(places)], _NEVER)
    total = first[:, None] + last[None, :]
    within = np.triu(np.ones(total.shape, bool)) & ~np.triu(np.ones(total.shape, bool), _LONGEST_SPAN)
    total = np.where(within, total, _TAKEN)
    found: list[tuple[int, int, float]] = []
    while len(found) < _SPANS:
        a, b = divmod(int(total.argmax()), total.shape[1])
        begin, stop = places[a], places[b]
        if total[a, b] <= _NEVER / 2 or begin is None or stop is None:
            break
        found.append((begin[0], stop[1], float(total[a, b])))
        total[: b + 1, a:] = _TAKEN  # every span that begins before its end and ends after its start
    return found


def _joined(windows: Sequence[PassageReading]) -> PassageReading:
    """One reading of all windows of a passage: that of the best one, with the spans of all."""
    best = max(windows, key=lambda part: part.score)
    spans: list[AnswerSpan] = []
    for span in sorted((span for part in windows for span in part.spans), key=lambda span: -span.score):
        if all(span.end <= other.start or span.start >= other.end for other in spans):
            spans.append(span)
    return best._replace(spans=tuple(spans[:_SPANS]), relevance=max(part.relevance for part in windows))


def _shares(logits: Float32Array) -> tuple[float, ...]:
    """Softmax."""
    powers = [math.exp(float(value - logits.max())) for value in logits]
    return tuple(power / sum(powers) for power in powers)
