"""The table of contents: retrieve, select, read or write, check, answer or abstain."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from rag.answering.confidence import confidence, refuses
from rag.answering.modes import Outcome, Said, extract, quote, write
from rag.answering.parts import Composed, Composer
from rag.checking.faithfulness import SUPPORTED
from rag.deadline import Deadline
from rag.errors import InputError, ModelError
from rag.llm.remote.endpoints import is_address
from rag.retrieval.conversation import parse_history, resolve
from rag.retrieval.evidence import select_evidence
from rag.retrieval.question import MAX_QUESTION, Question, parse_question
from rag.retrieval.search import retrieve
from rag.retrieval.unknown_names import unknown_names
from rag.settings import EMBEDDED_EMBEDDER, NO_MODEL, Settings, load_settings
from rag.traces.collect import note_evidence, watched
from rag.types import (
    Abstention,
    AbstentionReason,
    Answer,
    Checked,
    Document,
    DocumentInfo,
    Embedder,
    Evidence,
    Filters,
    Found,
    Hit,
    Index,
    IndexInfo,
    LanguageModel,
    Message,
    Mode,
    Progress,
    Usage,
)

__all__ = ["MAX_QUESTION", "Models", "Pipeline", "load_models", "open_pipeline"]

History = Sequence[Message | Mapping[str, str]]  # turns: `role` is user, assistant or system, `content` is text

MAX_K = 100
_READ_HITS = 10  # passages whose sentences compete to be evidence: the right one is among them for 98 of 100 questions
_EVIDENCE = 4  # sentences that a model is shown: the right one is among them for 94 of 100 questions
_EVIDENCE_SHARE = 0.5  # of the model's context: the rest is for examples, question and answer
_WRITES_FROM = 1_000_000_000  # weights: smaller models invent names and dates when they write freely
_MODES = ("auto", "extract", "quote", "write")
_CANNOT_READ = (
    "mode 'quote' needs a model in this process, since a model server does not tell how likely a span is the answer: "
    "use mode auto, write or extract, or set 'model' to a GGUF file"
)

_MESSAGES: dict[AbstentionReason, str] = {
    "no_evidence": "The documents do not answer this question.",
    "declined": "The language model found no answer in the documents.",
    "unsupported": "Nothing that could be said is supported by the documents.",
}


@dataclass(frozen=True, slots=True)
class Models:
    """What is loaded once in a process and shared by all of its indexes."""

    embedder: Embedder
    language_model: LanguageModel | None
    notices: tuple[str, ...] = ()  # why there is no language model, where one was asked for

    def close(self) -> None:
        """Free the language model."""
        if self.language_model is not None:
            self.language_model.close()


def load_models(settings: Settings, language_model: bool = True) -> Models:
    """Raises `ModelError` where the embedder cannot be loaded; answers are given without a language model, too."""
    embedder = _load_embedder(settings)
    if not language_model or settings.model == NO_MODEL or settings.mode == "extract":
        return Models(embedder, None)
    if is_address(settings.model):
        return Models(embedder, _remote_model(settings))
    from rag.llm.gguf import model_file
    from rag.llm.local.model import LlamaCpp

    try:
        path = model_file(settings.model, settings.cache_dir, settings.threads)
        model = LlamaCpp.load(path, settings.model, settings.context_tokens, settings.threads, settings.queue)
        return Models(embedder, model)
    except ModelError as exc:
        return Models(embedder, None, (f"answering without a language model: {exc}",))


def _remote_model(settings: Settings) -> LanguageModel:
    """Its server need not answer yet: questions say what is wrong as long as it does not."""
    if settings.mode == "quote":
        raise InputError(_CANNOT_READ, "mode")
    from rag.llm.remote.model import RemoteModel

    return RemoteModel(settings.model, settings.model_key.get_secret_value(), settings.context_tokens)


def _load_embedder(settings: Settings) -> Embedder:
    if settings.embedder == EMBEDDED_EMBEDDER:
        from rag.embedding.questions import QuestionEmbedder

        return QuestionEmbedder.load(settings.cache_dir, settings.threads)
    from rag.embedding.passages import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder.load(settings.embedder, settings.threads)


def open_pipeline(
    settings: Settings | None = None, models: Models | None = None, *, language_model: bool = True, paths: bool = True
) -> Pipeline:
    """The index `settings.index`, ready for questions; `models` that are given are shared, not closed. Without `paths`,
    the `source` of a file is its document's id.

    Raises `IndexNotFound`, `IndexMismatch`, `ModelError`.
    """
    from rag.stores.open import open_index

    settings = settings or load_settings()
    open_index(settings, None, chunker=False).close()  # before models are loaded: is it there at all?
    loaded = models or load_models(settings, language_model)
    index = open_index(settings, loaded.embedder, paths=paths)
    return Pipeline(index, loaded, settings, owns_models=models is None)


class Pipeline:
    """Questions to one index; its methods may be called from any thread."""

    def __init__(self, index: Index, models: Models, settings: Settings, owns_models: bool) -> None:
        self._index = index
        self._models = models
        self._settings = settings
        self._owns_models = owns_models
        self.name = index.name

    @property
    def generation(self) -> int:
        """Of the newest published state of the index."""
        with self._index.snapshot() as snapshot:
            return snapshot.generation

    def search(self, query: str, k: int = 10, filters: Filters | None = None, *, history: History = ()) -> list[Hit]:
        """The best `k` (1..100) passages (of documents that fit), best first; `history` as in `ask`. Raises
        `InputError`."""
        question = self._read(query, history)
        _check_k(k)
        with self._index.snapshot(filters) as snapshot:
            return retrieve(snapshot, question, partial(self._models.embedder.embed_query, question.standalone), k)

    def ask(
        self,
        question: str,
        *,
        mode: Mode | None = None,
        k: int | None = None,
        filters: Filters | None = None,
        history: History = (),
        deadline: Deadline | None = None,
    ) -> Answer:
        """The last of `stream`: an answer whose claims are cited and checked, or an abstention."""
        steps = self.stream(question, mode=mode, k=k, filters=filters, history=history, deadline=deadline)
        *_, answer = steps
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self,
        question: str,
        *,
        mode: Mode | None = None,
        k: int | None = None,
        filters: Filters | None = None,
        history: History = (),
        deadline: Deadline | None = None,
    ) -> Generator[Progress, None, None]:
        """What is known of an answer as it is known: the passages that were found, then each sentence when it has been
        checked, with its citations, then the whole, which says nothing else. Whether to refuse is decided before the
        first sentence. An iterator that is left ends the work.

        Only documents that fit `filters` are searched. `k` is how many passages are listed. `history` are the turns
        before the question, oldest first, from which a question that does not stand on its own is completed. Raises
        `InputError`, `Overloaded`, `ModelError`, and what `deadline` raises when it is over.
        """
        deadline = deadline or Deadline()
        asked = self._read(question, history)
        listed = self._settings.k if k is None else k
        _check_k(listed)
        chosen = self._mode(mode or self._settings.mode)
        clock = _Clock()
        embed = partial(self._models.embedder.embed_query, asked.standalone)
        with self._index.snapshot(filters) as snapshot:
            hits = retrieve(snapshot, asked, embed, max(listed, _READ_HITS))
            unknown = unknown_names(asked.text, hits[:_READ_HITS], snapshot.held)
            generation = snapshot.generation
        clock.lap("retrieve")
        yield Found(tuple(hits[:listed]))
        deadline.check()
        evidence = [] if unknown else self._evidence(hits[:_READ_HITS])
        said = self._say(chosen, asked, evidence, deadline) if evidence else None
        composer, outcome = Composer(), Outcome(said.usage if said else Usage(), "no_evidence")
        if said is not None and not refuses(said.signals):
            outcome = yield from _checked(said, composer)
        clock.lap("generate")
        composed = composer.composed()
        abstained = None if composed.claims else _abstention(outcome.reason, unknown)
        yield self._answer(asked, chosen, hits[:listed], said, composed, outcome.usage, abstained, generation, clock)

    def documents(self) -> list[DocumentInfo]:
        """All documents, by id."""
        with self._index.snapshot() as snapshot:
            return snapshot.documents()

    def document(self, document_id: str) -> Document:
        """Raises `DocumentNotFound`."""
        with self._index.snapshot() as snapshot:
            return snapshot.document(document_id)

    def close(self) -> None:
        """Close the index, and the models where this pipeline loaded them."""
        self._index.close()
        if self._owns_models:
            self._models.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _read(self, text: str, history: History) -> Question:
        """The question, with what it takes from the conversation."""
        question, turns = parse_question(text), parse_history(history)
        if not turns:
            return question
        with self._index.snapshot() as snapshot:
            return resolve(question, turns, snapshot.term_weights)

    def _mode(self, mode: str) -> Mode:
        if mode not in _MODES:
            raise InputError(f"mode {mode!r} is not known: use one of {', '.join(_MODES)}", "mode")
        model = self._models.language_model
        if model is None:
            return "extract"
        if mode == "quote" and not model.reads:
            raise InputError(_CANNOT_READ, "mode")
        if mode == "auto":
            return "quote" if 0 < model.parameters < _WRITES_FROM else "write"
        return cast(Mode, mode)

    def _evidence(self, hits: Sequence[Hit]) -> list[Evidence]:
        model = self._models.language_model
        if model is None:
            found = select_evidence(hits, _EVIDENCE, sys.maxsize, len)
        else:
            found = select_evidence(hits, _EVIDENCE, int(model.context_tokens * _EVIDENCE_SHARE), model.count_tokens)
        note_evidence(hits, found)
        return found

    def _say(self, mode: Mode, question: Question, evidence: Sequence[Evidence], deadline: Deadline) -> Said:
        model = self._models.language_model
        if mode == "extract" or model is None:
            return extract(question, evidence)
        return (quote if mode == "quote" else write)(question, evidence, watched(model), deadline)

    def _answer(
        self,
        question: Question,
        mode: Mode,
        hits: list[Hit],
        said: Said | None,
        composed: Composed,
        usage: Usage,
        abstained: Abstention | None,
        generation: int,
        clock: _Clock,
    ) -> Answer:
        support = [claim.support for claim in composed.claims]
        confident = confidence(said.signals) if said else 0.0
        clock.lap("check")
        model = self._models.language_model
        wanted = self._settings.mode if mode == "extract" else mode
        return Answer(
            id=f"ans_{uuid.uuid4().hex}",
            question=question.text,
            answered=abstained is None,
            abstained=abstained,
            answer=abstained.message if abstained else composed.text,
            mode=mode,
            faithfulness=sum(support) / len(support) if support else 0.0,
            confidence=confident,
            claims=composed.claims,
            citations=composed.citations,
            hits=tuple(hits),
            model=model.name if model is not None and mode != "extract" else None,
            index=IndexInfo(self.name, generation),
            usage=usage,
            timings=clock.seconds,
            notices=self._models.notices if wanted != "extract" else (),
            resolved_question=question.standalone if question.carried else None,
        )


class _Clock:
    """Seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step], self._last = now - self._last, now


def _checked(said: Said, composer: Composer) -> Generator[Checked, None, Outcome]:
    """The parts that are supported, each put behind the answer so far; the others are not said."""
    parts = said.parts
    try:
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                return cast(Outcome, end.value)
            if part.support >= SUPPORTED:
                yield composer.add(part)
    finally:
        parts.close()  # the model stops writing when nobody reads on


def _abstention(reason: AbstentionReason, unknown: Sequence[str]) -> Abstention:
    message = _MESSAGES[reason]
    if unknown:
        message = f"{message[:-1]}: none of them mentions {' or '.join(f'“{name}”' for name in unknown)}."
    return Abstention(reason, message)


def _check_k(k: int) -> None:
    if not 1 <= k <= MAX_K:
        raise InputError(f"k is {k}; it can be 1 to {MAX_K}", "k")
