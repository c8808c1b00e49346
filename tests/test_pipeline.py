"""The whole path on the embedded models: a small library in, cited answers and abstentions out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag.answering.confidence import sure_from
from rag.embedding.embedded import EmbeddedEmbedder
from rag.errors import DocumentNotFound, IndexMismatch, IndexNotFound, InputError, ModelError
from rag.ingest.run import sync
from rag.models import Models, load_models
from rag.pipeline import Pipeline, open_pipeline
from rag.retrieval import language
from rag.retrieval.several import questions_in
from rag.seams import LanguageModel
from rag.settings import Settings, load_settings
from rag.stores.open import open_index
from rag.types import Answer, Ask, Mode

pytestmark = pytest.mark.models

LIBRARY = {
    "mill.txt": (
        "Ada Hart, a surveyor from Leeds, built the mill at Corran in 1859. It cost 1,400 pounds. The mill was closed "
        "because the stream ran dry after the reservoir was dug.\n\nThe miller sold flour, bran and oatmeal. "
        "His cat slept in the loft."
    ),
    "ferry.md": (
        "# The Corran ferry\n\n## Timetable\n\nThe ferry leaves at 08:15 and at 17:40.\n\n## Rules\n\n"
        "Passengers bring:\n\n- a ticket\n- a life jacket\n- a whistle\n"
    ),
    "toll.html": (
        "<h1>The toll bridge</h1><p>Carts pay six pence at the toll bridge of Corran.</p>"
        "<p style='display:none'>Carts pay ninety pounds at the toll bridge of Corran.</p>"
    ),
    "emoji 😀.txt": "The 😀 festival of Łódź is held in the café on 3 June. Entry costs €4.50.",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Settings:
    return load_settings(indexes_dir=tmp_path_factory.mktemp("indexes"), index="t", cache_dir=model_cache)


@pytest.fixture(scope="module")
def models(settings: Settings, embedder: EmbeddedEmbedder) -> Iterator[Models]:
    loaded = replace(load_models(settings), embedder=embedder)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def pipeline(settings: Settings, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("docs") / "corran"
    folder.mkdir()
    for name, text in LIBRARY.items():
        (folder / name).write_text(text, "utf-8")
    index_folder(folder, settings, models)
    with open_pipeline(settings, models) as opened:
        yield opened


def index_folder(folder: Path, settings: Settings, models: Models) -> None:
    with open_index(settings, models.embedder, create=True) as index:
        assert sync([folder], index, models.embedder, settings).failed == []


def check_promises(pipeline: Pipeline, answer: Answer) -> None:
    """What contract.md says is always true of an answer."""
    for citation in answer.citations:
        text = pipeline.document(citation.document_id).text
        assert text[citation.start : citation.end] == citation.quote
        assert citation.start <= citation.answer_start < citation.answer_end <= citation.end
        assert f"[{citation.label}]" in answer.answer
    if span := answer.answer_span:
        (cited,) = [citation for citation in answer.citations if citation.label == span.label]
        assert pipeline.document(cited.document_id).text[span.start : span.end] == span.text
        assert answer.mode != "write"
    for hit in answer.hits:
        assert pipeline.document(hit.passage.document_id).text[hit.passage.start : hit.passage.end] == hit.passage.text
    labels = {citation.label for citation in answer.citations}
    for claim in answer.claims:
        assert answer.answer[claim.start : claim.end] == claim.text
        assert set(claim.citations) <= labels
        assert 0 <= claim.support <= 1
    supports = [claim.support for claim in answer.claims]
    assert answer.faithfulness == pytest.approx(sum(supports) / len(supports) if supports else 0.0)
    assert answer.answered == (answer.abstained is None)
    assert bool(answer.citations) == (answer.answered and answer.mode != "catalogue")
    assert answer.answered or answer.answer_span is None
    assert 0 <= answer.confidence <= 1
    assert answer.answered or not answer.sure
    assert answer.unanswered == () or len(questions_in(answer.question)) == 2
    if answer.answered and answer.mode != "catalogue" and not (answer.documents or answer.unanswered):
        assert answer.sure == (answer.confidence >= sure_from()) or answer.answer_span is None


@pytest.mark.parametrize(
    ("question", "start", "reason"),
    [
        ("What documents do you have?", "There are 4 documents:\n- ", None),
        ("Do you have anything on festivals?", '1 of 4 documents holds "festivals":\n- ', None),
        ("hello", "Ask about what stands in your documents", "talk"),
        ("Can you sum up the ferry file?", "The Corran ferry\n- Timetable: The ferry leaves at 08:15", None),
        ("What is this document about?", "It is not clear which document is meant.", "unclear"),
    ],
)
def test_a_question_about_the_library_or_a_whole_document_gets_its_form(
    pipeline: Pipeline, question: str, start: str, reason: str | None
) -> None:
    answer = pipeline.ask(question)
    check_promises(pipeline, answer)
    assert answer.answer.startswith(start)
    assert (answer.abstained and answer.abstained.reason) == reason


@pytest.mark.parametrize("mode", ["quote", "extract"])
@pytest.mark.parametrize(
    ("question", "words", "document"),
    [
        ("Who built the mill at Corran?", "Ada Hart", "corran/mill.txt"),
        ("What did the mill cost?", "1,400 pounds", "corran/mill.txt"),
        ("How much does entry to the festival cost?", "€4.50", "corran/emoji 😀.txt"),
    ],
)
def test_a_factual_question_gets_its_sentence_and_the_span_in_it(
    pipeline: Pipeline, question: str, words: str, document: str, mode: Mode
) -> None:
    answer = pipeline.ask(Ask(question, mode=mode))
    check_promises(pipeline, answer)
    assert answer.answer_span is not None
    assert answer.answer_span.text.rstrip(".") == words
    (citation,) = answer.citations
    assert citation.document_id == document
    assert words in citation.quote
    assert answer.answer == f"{citation.quote.removesuffix('.')} [1]."
    assert (answer.mode, answer.model, answer.index.name) == (mode, "reader-l12", "t")


def test_auto_quotes_and_loads_no_language_model(pipeline: Pipeline, settings: Settings, models: Models) -> None:
    def load() -> LanguageModel:
        raise AssertionError("nothing is to be written")

    with open_pipeline(settings, replace(models, language_model=None, load_writer=load)) as opened:
        answer = opened.ask("Who built the mill at Corran?")
    check_promises(pipeline, answer)
    assert (answer.mode, answer.model, answer.answered) == ("quote", "reader-l12", True)


def test_two_questions_in_one_are_answered_part_by_part(pipeline: Pipeline) -> None:
    answer = pipeline.ask("Who built the mill at Corran, and how much does entry to the festival cost?")
    check_promises(pipeline, answer)
    assert [citation.document_id for citation in answer.citations] == ["corran/mill.txt", "corran/emoji 😀.txt"]
    assert "Ada Hart" in answer.claims[0].text
    assert "€4.50" in answer.claims[1].text
    assert (answer.notices, answer.unanswered) == ((), ())
    alone = [
        pipeline.ask(text) for text in ("Who built the mill at Corran?", "how much does entry to the festival cost?")
    ]
    assert answer.confidence == pytest.approx(min(one.confidence for one in alone))


def test_a_part_that_the_documents_do_not_answer_is_named(pipeline: Pipeline) -> None:
    answer = pipeline.ask("Who built the mill at Corran, and how many moons does Jupiter have?")
    check_promises(pipeline, answer)
    assert "Ada Hart" in answer.answer
    assert (answer.unanswered, answer.notices) == (("how many moons does Jupiter have?",), ())
    first = pipeline.ask("Who built the mill at Corran?")
    assert answer.confidence == pytest.approx(first.confidence)
    assert answer.sure


@pytest.mark.parametrize("mode", ["quote", "extract"])
def test_an_answer_from_a_document_that_was_read_in_part_says_so(pipeline: Pipeline, mode: Mode) -> None:
    notice = "toll.html was read in part: 53 characters of hidden text"
    answer = pipeline.ask(Ask("What do carts pay at the toll bridge?", mode=mode))
    check_promises(pipeline, answer)
    assert "six pence" in answer.answer
    assert answer.notices == (notice,)
    refused = pipeline.ask(Ask("Who painted the toll bridge of Corran in green?", mode=mode))
    assert (refused.answered, refused.notices) == (False, (notice,))
    named = pipeline.ask(Ask("Who built the mill at Corran?", mode=mode, id="ans_5f"))
    assert (named.notices, named.id) == ((), "ans_5f")


def test_a_why_question_gets_the_whole_sentence(pipeline: Pipeline) -> None:
    answer = pipeline.ask("Why was the mill closed?")
    check_promises(pipeline, answer)
    assert "The mill was closed because the stream ran dry after the reservoir was dug [" in answer.answer


def test_a_list_question_gets_all_its_items_each_with_its_own_citation(pipeline: Pipeline) -> None:
    answer = pipeline.ask("Which things do passengers bring?")
    check_promises(pipeline, answer)
    assert answer.answer == "Passengers bring [1]:\n- a ticket [2].\n- a life jacket [3].\n- a whistle [4]."
    answer = pipeline.ask("Which goods did the miller sell?")
    check_promises(pipeline, answer)
    assert "flour, bran and oatmeal" in answer.answer


@pytest.mark.parametrize("question", ["What is the boiling point of lead?", "Who built the mill at Rosneath?"])
@pytest.mark.parametrize("mode", ["quote", "extract"])
def test_what_the_documents_do_not_say_is_refused_with_the_nearest_passages(
    pipeline: Pipeline, question: str, mode: Mode
) -> None:
    answer = pipeline.ask(Ask(question, mode=mode))
    check_promises(pipeline, answer)
    assert answer.abstained is not None
    assert answer.abstained.reason == "no_evidence"
    assert answer.answer == answer.abstained.message
    assert answer.answer.startswith("The documents do not answer this question. ")
    assert not answer.sure
    assert len(answer.hits) > 0


@pytest.mark.parametrize("mode", ["auto", "quote", "write"])
def test_without_a_language_model_it_is_quoted_with_a_notice(
    settings: Settings, models: Models, pipeline: Pipeline, mode: Mode
) -> None:
    bare = Models(models.embedder, None, ("answering without a language model: no file",), models.reader)
    with open_pipeline(settings, bare) as opened:
        answer = opened.ask(Ask("Who built the mill at Corran?", mode=mode))
    check_promises(pipeline, answer)
    assert answer.answer == "Ada Hart, a surveyor from Leeds, built the mill at Corran in 1859 [1]."
    assert (answer.mode, answer.model) == ("quote", "reader-l12")
    assert answer.notices == ("answering without a language model: no file",)


def test_what_is_only_searched_loads_no_reader(settings: Settings, pipeline: Pipeline) -> None:
    with open_pipeline(settings, answers=False) as opened:
        assert opened.search("Who built the mill at Corran?")[0].passage.document_id == "corran/mill.txt"
        with pytest.raises(ModelError, match="no reader is loaded"):
            opened.ask("Who built the mill at Corran?")


def test_the_language_of_words_that_are_only_searched_is_not_looked_for(pipeline: Pipeline) -> None:
    language.identifier.cache_clear()
    assert pipeline.search("mill Corran")
    assert language.identifier.cache_info().currsize == 0
    pipeline.ask("mill Corran")
    assert language.identifier.cache_info().currsize == 1


def test_a_written_answer_cites_only_what_it_was_shown_and_keeps_only_what_is_supported(pipeline: Pipeline) -> None:
    answer = pipeline.ask(Ask("Who built the mill at Corran?", mode="write"))
    check_promises(pipeline, answer)
    assert (answer.mode, answer.model) == ("write", "smollm2-135m")
    assert answer.answered or answer.abstained is not None and answer.abstained.reason in ("declined", "unsupported")


def test_many_threads_ask_at_once(pipeline: Pipeline) -> None:
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(pipeline.ask("Who built the mill at Corran?").answer))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 6
    assert len(set(answers)) == 1


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80), st.sampled_from(["quote", "extract"])
)
def test_every_citation_is_exact_for_any_question(pipeline: Pipeline, question: str, mode: Mode) -> None:
    try:
        answer = pipeline.ask(Ask(question, mode=mode))
    except InputError:
        return
    check_promises(pipeline, answer)


def test_bad_input_is_named(pipeline: Pipeline, settings: Settings, models: Models) -> None:
    with pytest.raises(InputError, match="k is 0; it can be 1 to 100"):
        pipeline.search("mill", 0)
    with pytest.raises(InputError, match="mode 'loud' is not known"):
        pipeline.ask(Ask("mill?", mode="loud"))  # type: ignore[arg-type]
    with pytest.raises(DocumentNotFound, match="absent.txt"):
        pipeline.document("absent.txt")
    with pytest.raises(IndexNotFound, match="nowhere"):
        open_pipeline(load_settings(indexes_dir=settings.indexes_dir, index="nowhere"), models)
    with pytest.raises(IndexMismatch, match="sentences-2:99"):
        open_pipeline(load_settings(indexes_dir=settings.indexes_dir, index="t", passage_tokens=99), models)


def test_an_index_without_documents_abstains(settings: Settings, models: Models, tmp_path: Path) -> None:
    empty = load_settings(indexes_dir=tmp_path, index="empty", cache_dir=settings.cache_dir)
    folder = tmp_path / "docs"
    folder.mkdir()
    index_folder(folder, empty, models)
    with open_pipeline(empty, models) as opened:
        answer = opened.ask("Who built the mill?")
        assert opened.search("mill") == []
    assert (answer.answered, answer.hits, answer.confidence) == (False, (), 0.0)
    assert answer.answer.endswith("There is no document yet: index or upload one.")


def test_documents_that_disagree_are_told_beside_the_answer_with_their_dates(
    settings: Settings, models: Models, tmp_path: Path
) -> None:
    folder = tmp_path / "corran"
    folder.mkdir()
    lease = "---\ndate: 2022-08-20\n---\n# Lease of the boathouse\n\nThe yearly rent of the boathouse is 940 euros."
    letter = "---\ndate: 2024-05-06\n---\n# About the roof\n\nPay the yearly rent of the boathouse: 985 euros."
    (folder / "lease.md").write_text(lease, "utf-8")
    (folder / "letter.md").write_text(letter, "utf-8")
    (folder / "cat.txt").write_text("The cat of the miller slept in the loft.", "utf-8")
    own = settings.model_copy(update={"index": "disagree"})
    index_folder(folder, own, models)
    with open_pipeline(own, models) as pipeline:
        *_, answer = pipeline.stream("What is the yearly rent of the boathouse?")
        assert isinstance(answer, Answer)
        (conflict,) = answer.conflicts
        assert conflict.about == "What is the yearly rent of the boathouse?"
        assert [(one.value, one.as_of) for one in conflict.values] == [
            ("985 euros", "2024-05-06"),
            ("940 euros", "2022-08-20"),
        ]
        assert sorted(label for one in conflict.values for label in one.citations) == [1, 2]
        assert [claim.text for claim in answer.claims] == [answer.answer]  # nothing of it is in the answer
        for citation in answer.citations:
            text = pipeline.document(citation.document_id).text
            assert text[citation.start : citation.end] == citation.quote
            assert (citation.as_of_origin, citation.stale) == ("document", False)
        (folder / "letter.md").write_text(f"{letter}\n\nThe roof leaks.", "utf-8")
        again = pipeline.ask("What is the yearly rent of the boathouse?")
        assert {one.document_id: one.stale for one in again.citations} == {
            "corran/letter.md": True,
            "corran/lease.md": False,
        }
        assert pipeline.ask("Where did the cat sleep?").conflicts == ()
