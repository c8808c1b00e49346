"""The steps of an answer: retrieve, select, read or write, check, answer or abstain."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import cast

from rag.answering.abstention import abstention
from rag.answering.alternative import alternative_of
from rag.answering.calibration import confidence_fingerprint, read_calibration
from rag.answering.choose import Chosen
from rag.answering.comparison import Side, side_parts
from rag.answering.computed import compute_instead
from rag.answering.confidence import threshold
from rag.answering.disagreement import conflicts_of
from rag.answering.doubt import without_doubt
from rag.answering.draft import Draft, Subquestion, checked, in_turn, short_answer
from rag.answering.extract import extract
from rag.answering.find import find_passages, questions_of, with_days_as_written
from rag.answering.form import SAID_SO, Form, says_so
from rag.answering.modes import Parts, at_once
from rag.answering.own_form import own_form
from rag.answering.partly_read import partly_read_notices
from rag.answering.parts import Composed, Composer
from rag.answering.quote import quote
from rag.answering.read_passages import read_passages, take_version, tell_apart
from rag.answering.refusal import is_refusal
from rag.answering.rows import LookUp
from rag.answering.unread import names_document, unread_by_name, unread_by_words, unread_lines
from rag.answering.write import write
from rag.answering.written_on import written_on
from rag.deadline import Deadline
from rag.errors import DocumentNotFound, InputError, ModelError
from rag.index.originals import kept_copy
from rag.index.sources import ShowSource, with_path
from rag.index.unread import MAX_UNREAD, Unread, unread
from rag.ingest.again import readable_again
from rag.ingest.dating import dated
from rag.models import Models, load_models
from rag.retrieval.conversation import parse_history, refers_back, resolve
from rag.retrieval.evidence import select_evidence
from rag.retrieval.language import is_foreign
from rag.retrieval.pasted import without_pasted
from rag.retrieval.question import MAX_QUESTION, Question, encodable_line, parse_question, with_kind
from rag.retrieval.search import SeenTexts, retrieve
from rag.seams import Index, PassageReader, Snapshot
from rag.settings import Settings, load_settings
from rag.traces.collect import note_evidence, watched
from rag.types import (
    Answer,
    AnswerStep,
    Ask,
    AsOf,
    Citation,
    Conflict,
    Document,
    DocumentInfo,
    Filters,
    History,
    Hit,
    IndexInfo,
    Message,
    Mode,
    Origin,
    Retrieved,
    StoredDocument,
    Usage,
    Vectors,
)

__all__ = ["MAX_QUESTION", "Models", "Pipeline", "load_models", "open_pipeline"]

MAX_K = 100
_EVIDENCE_HITS = 10  # passages whose sentences compete to be shown to a model that writes
_EVIDENCE = 4  # sentences that it is shown
_EVIDENCE_SHARE = 0.5  # of the model's context: the rest is for examples, question and answer
_WRITES_FROM = 1_000_000_000  # weights: smaller models invent names and dates when they write freely
_MODES = ("auto", "extract", "quote", "write")

_FOREIGN = (
    "The question seems not to be English, which the reader reads: whole sentences near it are quoted, and how well "
    "they answer it is not known."
)
_MADE_OTHERWISE = (
    "The threshold of this index was measured with another reader, embedder or weights, so the packaged one is used: "
    "run `rag calibrate` again."
)


def open_pipeline(
    settings: Settings | None = None,
    models: Models | None = None,
    *,
    answers: bool = True,
    shown: ShowSource = with_path,
    refuse_below: float | None = None,
) -> Pipeline:
    """The index `settings.index`, ready for questions; `models` that are given are shared, not closed. `shown` makes
    the `source` of a document that answers show; `refuse_below` (0..1) is used in place of the index's threshold.

    Raises `IndexNotFound`, `IndexMismatch`, `ModelError`.
    """
    from rag.stores.open import open_index

    settings = settings or load_settings()
    open_index(settings, None, chunker=False).close()  # an absent index fails before models are loaded
    loaded = models or load_models(settings, answers)
    index = open_index(settings, loaded.embedder, shown=shown)
    return Pipeline(index, loaded, settings, owns_models=models is None, refuse_below=refuse_below)


class Pipeline:
    """Answers questions from one index; its methods may be called from any thread."""

    def __init__(
        self,
        index: Index,
        models: Models,
        settings: Settings,
        owns_models: bool,
        refuse_below: float | None = None,
    ) -> None:
        self._index = index
        self._models = models
        self._settings = settings
        self._owns_models = owns_models
        self._refuse_below = refuse_below
        self._seen = SeenTexts()
        self.name = index.name

    @property
    def generation(self) -> int:
        """The newest published generation of the index."""
        with self._index.snapshot() as snapshot:
            return snapshot.generation

    def search(self, query: str, k: int = 10, filters: Filters | None = None, *, history: History = ()) -> list[Hit]:
        """The best `k` (1..100) passages of documents that fit `filters`, best first; `history` as in `Ask`. Raises
        `InputError`."""
        question = self._read(Ask(query, history=history))
        _check_k(k)
        with self._index.snapshot(filters) as snapshot:
            question = with_days_as_written(question, snapshot, self._embed(question), self._seen)
            return retrieve(snapshot, question, self._embed(question), k, self._seen)

    def ask(self, question: str | Ask) -> Answer:
        """The answer, whose claims are cited and checked, or an abstention. Raises the errors of `stream`."""
        *_, answer = self.stream(question)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str | Ask) -> Generator[AnswerStep, None, None]:
        """The steps of an answer as they become known: the passages that were found, then each sentence when it has
        been checked, with its citations, then the whole answer, which adds no other text. An answer is refused before
        its first sentence or not at all. Closing the generator ends the work.

        Raises `InputError`, `Overloaded`, `ModelError`, and the error of the deadline when it is over.
        """
        ask = question if isinstance(question, Ask) else Ask(question)
        deadline = ask.deadline or Deadline()
        parsed = self._read(ask)
        parsed = replace(parsed, english=not is_foreign(parsed.text))
        listed = self._settings.k if ask.k is None else ask.k
        _check_k(listed)
        below, notices = self._threshold()
        draft = Draft(
            parsed, encodable_line(ask.question), self._mode(ask.mode or self._settings.mode), notices, ask.filters
        )
        draft.id = ask.id or draft.id
        with self._index.snapshot(ask.filters) as snapshot:
            draft.generation = snapshot.generation
            draft.asked = [
                self._understand(with_days_as_written(one, snapshot, self._embed(one), self._seen))
                for one in questions_of(parsed, snapshot)
            ]
            self._take_form(draft, snapshot)
            for one in draft.asked:
                self._find(one, snapshot, ask.filters, listed)
            found = {hit.passage.document_id for one in draft.asked for hit in one.hits}
            found |= draft.quoted()
            draft.unread, draft.origins = snapshot.notes(found), snapshot.origins(found)
        draft.hits = tuple(in_turn([one.hits for one in draft.asked])[:listed])
        draft.clock.lap("retrieve")
        yield Retrieved(draft.hits)
        whole = self._as_found(draft, deadline)
        day_of = partial(_day_of, draft.origins)
        for one in draft.asked:
            read_passages(one, self._reader(), below, deadline, whole)
        if len(draft.asked) == 1:
            take_version(draft.asked[0], day_of)
        tell_apart(draft.asked, below)
        compute_instead(draft, whole, day_of)
        draft.clock.lap("read")
        composer = Composer(partial(_as_of, draft.origins))
        said_at: set[tuple[str, int, int]] = set()
        for parts in self._parts(draft, deadline, whole):
            said_at = set() if draft.compared else said_at
            outcome, spoke = yield from checked(parts, composer, draft.sure, said_at)
            draft.outcomes.append(outcome)
            draft.spoke.append(spoke)
        draft.clock.lap("generate")
        said = composer.composed()
        conflicts = conflicts_of(draft, composer) if said.claims else ()
        other = alternative_of(draft, composer) if said.claims and not conflicts else None
        answer = self._answer(draft, said, conflicts, composer.composed().citations)
        yield replace(answer, alternative=other)

    def documents(self) -> list[DocumentInfo]:
        """The documents of the index, in order of their ids."""
        with self._index.snapshot() as snapshot:
            return snapshot.documents()

    def listed(self, after: str | None, most: int) -> list[DocumentInfo]:
        """The first `most` documents behind the id `after`, in order of their ids."""
        with self._index.snapshot() as snapshot:
            return snapshot.listed(after, most)

    def info(self, document_id: str) -> DocumentInfo:
        """Properties of a document for a list. Raises `DocumentNotFound`."""
        with self._index.snapshot() as snapshot:
            found = snapshot.info(document_id)
        if found is None:
            raise _not_found(document_id)
        return found

    def document(self, document_id: str) -> Document:
        """The document of that id. Raises `DocumentNotFound`."""
        with self._index.snapshot() as snapshot:
            return snapshot.document(document_id)

    def origin(self, document_id: str) -> Origin:
        """The file behind a document, as it was when it was read. Raises `DocumentNotFound`."""
        with self._index.snapshot() as snapshot:
            found = snapshot.origins([document_id]).get(document_id)
            info = snapshot.info(document_id)
        if found is None or info is None:
            raise _not_found(document_id)
        return found._replace(kept=kept_copy(self._index.folder, document_id, info.sha256, found.stamp))

    def unread(self) -> list[Unread]:
        """The files of folders that could not be read, and are still there."""
        return readable_again(self._index, MAX_UNREAD)

    def close(self) -> None:
        """Close the index, and the models if this pipeline loaded them."""
        self._index.close()
        if self._owns_models:
            self._models.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _read(self, ask: Ask) -> Question:
        """The parsed question, with the words that it takes from the conversation, or from a text pasted with it."""
        text, pasted = without_pasted(ask.question) if isinstance(ask.question, str) else (ask.question, "")
        question = parse_question(text)
        turns = [
            turn._replace(content=without_doubt(turn.content)) if turn.role == "assistant" else turn
            for turn in parse_history(ask.history)
            if not is_refusal(turn.content)
        ]
        if pasted and refers_back(question):
            turns.append(Message("user", pasted))
        if not turns:
            return question
        with self._index.snapshot() as snapshot:
            return resolve(question, turns, snapshot.term_weights)

    def _embed(self, question: Question) -> Callable[[], Vectors]:
        return partial(self._models.embedder.embed_query, question.standalone)

    def _mode(self, mode: str) -> Mode:
        if mode not in _MODES:
            raise InputError(f"mode {mode!r} is not known: use one of {', '.join(_MODES)}", "mode")
        model = self._models.language_model
        if mode == "auto":
            return "quote" if model is None or 0 < model.parameters < _WRITES_FROM else "write"
        if mode == "write" and model is None and self._models.load_writer is None:
            return "quote"
        return cast(Mode, mode)

    def _understand(self, question: Question, side: Side | None = None) -> Subquestion:
        vector = self._models.embedder.embed_query(question.standalone)
        return Subquestion(with_kind(question, vector), vector, side)

    def _take_form(self, draft: Draft, snapshot: Snapshot) -> None:
        """Give the answer a form of its own, if the question asks for one and the library has what it needs. Then
        nothing is asked of passages; a comparison of two subjects becomes a question for each."""
        question = draft.asked[0].question
        draft.form = self._unread(draft, snapshot)
        if draft.form is None and len(draft.asked) == 1:
            draft.form = own_form(draft, question, snapshot, self._understand)
        if draft.form is not None:
            draft.asked, draft.share = [], max(question.share, SAID_SO if says_so(question.text) else 0.0)

    def _unread(self, draft: Draft, snapshot: Snapshot) -> Form | None:
        """The refusal of a question that names a file which could not be read, and no document; if it may mean such a
        file, that is noted for the answer."""
        text = draft.question.text
        files = unread(self._index.failures(MAX_UNREAD))
        named = unread_by_name(text, files)
        if named and not names_document(text, snapshot.documents()):
            return Form(remark="\n".join(unread_lines(named)), reason="unread")
        draft.unreadable = tuple(unread_lines(named or unread_by_words(text, files)))
        return None

    def _find(self, asked: Subquestion, snapshot: Snapshot, filters: Filters | None, listed: int) -> None:
        if asked.side is None or asked.side.document is None:
            find_passages(asked, snapshot, snapshot, listed, self._seen)
            return
        within = replace(filters or Filters(), documents=(asked.side.document,))
        with self._index.snapshot(within) as narrow:
            find_passages(asked, snapshot, narrow, listed, self._seen)

    def _threshold(self) -> tuple[float, tuple[str, ...]]:
        """The confidence below which answers are refused, with a notice if it is not the one of the index."""
        if self._refuse_below is not None:
            return self._refuse_below, ()
        own = read_calibration(self._index.folder)
        if own is None:
            return threshold(), ()
        if own.made_with != confidence_fingerprint(self._index.settings.embedder):
            return threshold(), (_MADE_OTHERWISE,)
        return own.threshold, ()

    def _reader(self) -> PassageReader:
        if self._models.reader is None:
            raise ModelError("no reader is loaded, so nothing can be answered: load the models with answers=True")
        return self._models.reader

    def _as_found(self, draft: Draft, deadline: Deadline) -> LookUp:
        """The whole documents of the hits, each read once; None for one that was changed or removed since its passages
        were found."""

        @cache
        def stored(document_id: str) -> StoredDocument | None:
            with self._index.snapshot() as snapshot:
                now, found = snapshot.origins([document_id]).get(document_id), draft.origins.get(document_id)
                same = now is not None and found is not None and now.version == found.version
                return snapshot.stored(document_id) if same else None

        def in_time(document_id: str) -> StoredDocument | None:
            deadline.check()
            return stored(document_id)

        return in_time

    def _parts(self, draft: Draft, deadline: Deadline, whole: LookUp) -> Iterator[Parts]:
        """The parts of the answer to each question, or of its form."""
        if draft.form is not None:
            yield at_once(draft.form.parts)
            return
        for number, (one, chosen) in enumerate(draft.said()):
            if one.side is not None:
                yield at_once(side_parts(one.side, chosen, first=number == 0))
            else:
                yield self._said(draft.mode, one, chosen, deadline, whole)

    def _said(self, mode: Mode, asked: Subquestion, chosen: Chosen, deadline: Deadline, whole: LookUp) -> Parts:
        if mode == "extract" or not (asked.question.english or mode == "write"):
            return extract(chosen)
        question, hits = asked.question, asked.hits[:_EVIDENCE_HITS]
        model = self._models.writer() if mode == "write" else None
        if model is None:
            return quote(question, chosen, whole)
        evidence = select_evidence(hits, _EVIDENCE, int(model.context_tokens * _EVIDENCE_SHARE), model.count_tokens)
        note_evidence(evidence)
        return write(question, evidence, watched(model), deadline)

    def _answer(
        self, draft: Draft, composed: Composed, conflicts: tuple[Conflict, ...], citations: tuple[Citation, ...]
    ) -> Answer:
        """The answer; `citations` are those of what was composed, and behind them those of the conflicts."""
        abstained = abstention(draft, composed, self._index.snapshot)
        form = draft.form or Form()
        support = [claim.support for claim in composed.claims]
        used = [citation.document_id for citation in composed.citations]
        near = [hit.passage.document_id for hit in draft.hits[:1]] if abstained and abstained.near else []
        partly = partly_read_notices(used or near, draft.unread)
        draft.clock.lap("check")
        return Answer(
            id=draft.id,
            question=draft.text,
            answered=abstained is None,
            abstained=abstained,
            answer=abstained.message if abstained else composed.text + draft.remark + written_on(draft.text, composed),
            mode=form.mode if draft.form else draft.mode,
            faithfulness=sum(support) / len(support) if support else 0.0,
            confidence=draft.confidence,
            claims=composed.claims,
            citations=citations,
            hits=draft.hits,
            model=self._model_name(draft.mode) if draft.asked else None,
            index=IndexInfo(self.name, draft.generation),
            usage=Usage(
                sum(outcome.usage.prompt_tokens for outcome in draft.outcomes),
                sum(outcome.usage.completion_tokens for outcome in draft.outcomes),
            ),
            timings=draft.clock.seconds,
            notices=(
                *self._notices(draft.mode),
                *draft.notices,
                *(() if draft.question.english else (_FOREIGN,)),
                *(() if abstained else draft.unreadable),
                *partly,
            ),
            answer_span=short_answer(draft, composed),
            resolved_question=draft.question.standalone if draft.resolved else None,
            conflicts=conflicts,
            documents=form.documents,
            sure=abstained is None and draft.sure,
            unanswered=draft.unanswered(),
        )

    def _notices(self, mode: Mode) -> tuple[str, ...]:
        return self._models.notices if mode != "extract" else ()

    def _model_name(self, mode: Mode) -> str | None:
        model = self._models.language_model if mode == "write" else self._models.reader
        return model.name if model is not None else None


def _as_of(origins: Mapping[str, Origin], document_id: str) -> AsOf:
    """The date of a document that was found."""
    origin = origins.get(document_id)
    return AsOf() if origin is None else dated(document_id, origin)


def _day_of(origins: Mapping[str, Origin], document_id: str) -> str | None:
    """The day of a document that was found, in ISO."""
    return _as_of(origins, document_id).day


def _not_found(document_id: str) -> DocumentNotFound:
    return DocumentNotFound(
        f"the index has no document {document_id[:200]!r}: GET /v1/documents lists those that it has"
    )


def _check_k(k: int) -> None:
    if not 1 <= k <= MAX_K:
        raise InputError(f"k is {k}; it can be 1 to {MAX_K}", "k")
