"""Which questions are completed from a conversation, with which words, and what is refused as a history."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.embedding.embedded import EmbeddedEmbedder
from rag.errors import InputError
from rag.models import Models
from rag.pipeline import Pipeline, open_pipeline
from rag.reading.reader import Reader
from rag.retrieval.conversation import MAX_CHARACTERS, MAX_TURNS, READ_TURNS, parse_history, resolve
from rag.retrieval.question import Carried, Earlier, Question, parse_question
from rag.retrieval.search import question_weights, retrieve
from rag.settings import load_settings
from rag.text.terms import terms
from rag.types import Ask, Embedding, Message, Scored, StoredPassage
from tests.fakes import HashEmbedder, WordReader
from tests.retrieval.test_search import FakeSnapshot, passage, unit
from tests.test_pipeline import index_folder

MILL = (Message("user", "Who built the Corran mill?"), Message("assistant", "Ada Hart, a surveyor from Leeds [1]."))
COMMON = {"peopl": 0.5, "place": 0.5}


def weigh(words: Iterable[str]) -> dict[str, float]:
    """All words are equally rare, but for two."""
    return {word: COMMON.get(word, 2.0) for word in words}


def resolved(text: str, history: Iterable[Message] = MILL) -> Question:
    return resolve(parse_question(text), tuple(history), weigh)


def test_a_question_that_refers_back_takes_the_words_of_the_turns_before_it() -> None:
    question = resolved("When was it opened to visitors from Wales?")
    assert question.standalone == (
        "When was it opened to visitors from Wales? (built Corran mill Ada Hart surveyor Leeds)"
    )
    assert question.text == "When was it opened to visitors from Wales?"
    assert question.terms == frozenset(terms(question.text))
    assert question.carried[:2] == (Carried("built", "built", 0.5), Carried("corran", "Corran", 0.5))
    assert question.carried[-1] == Carried("leed", "Leeds", 0.2)  # of an answer; its mark [1] is no word of it


@pytest.mark.parametrize(
    "text",
    [
        "When was it opened to visitors from Wales?",  # a pronoun
        "What about visitors from Wales and Ireland?",  # goes on
        "And how many visitors paid the entrance fee?",
        "How tall was the mill compared with churches?",  # speaks of the same
        "Why?",  # says nothing of its own
    ],
)
def test_questions_that_go_on(text: str) -> None:
    assert "Corran" in resolved(text).standalone


@pytest.mark.parametrize(
    "text",
    [
        "Which metal did the smelters of Falun export?",
        "How many people live in Reykjavik during winter?",
        "Where do eels spawn according to Johannes Schmidt?",
    ],
)
def test_a_question_that_stands_on_its_own_is_left_as_it_is(text: str) -> None:
    question = parse_question(text)
    assert resolve(question, MILL, weigh) is question


def test_a_common_word_that_both_have_does_not_make_a_follow_up() -> None:
    before = [Message("user", "How many people visit the Corran mill?")]
    text = "Which people speak Romansh, Ladin, Friulian, Sorbian, Walser?"
    assert resolved(text, before).carried == ()
    assert resolved("Which people visit Romansh, Ladin, Friulian, Sorbian, Walser?", before).carried != ()


def test_a_short_question_keeps_two_thirds_of_the_weight() -> None:
    """It may go on, or begin something new: words are carried, but count half of its own at most."""
    question = resolved("Entrance fee?")
    own, carried = 2 * 2.0, sum(2.0 * item.credit for item in question.carried)
    assert carried == pytest.approx(own / 2)
    assert carried / (own + carried) == pytest.approx(1 / 3)


def test_turns_further_back_count_half_as_much_each() -> None:
    turns = [Message("user", name) for name in ("granite", "basalt", "marble")]
    credits = {item.word: item.credit for item in resolved("Is it hard?", turns).carried}
    assert credits == {"granite": 0.125, "basalt": 0.25, "marble": 0.5}


def test_a_word_that_is_said_again_counts_as_its_best_turn_and_stands_there() -> None:
    turns = [Message("user", "granite slate"), Message("user", "basalt granite")]
    assert resolved("Is it hard?", turns).carried == (
        Carried("slate", "slate", 0.25),
        Carried("basalt", "basalt", 0.5),
        Carried("granit", "granite", 0.5),
    )


def test_the_eight_weightiest_words_are_taken_at_most() -> None:
    turns = [Message("user", "people place a1 b2 c3 d4 e5 f6 g7 h8"), Message("assistant", "i9")]
    assert [item.word for item in resolved("Is it?", turns).carried] == ["a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8"]


def test_a_follow_up_is_about_the_last_turn_that_stood_on_its_own_and_the_last_one() -> None:
    turns = [
        Message("user", "Which firm insures bicycles at Larkfield?"),
        Message("assistant", "Mutual [1]."),
        Message("user", "Who directs the marble quarry of Dunmore?"),
        Message("assistant", "Tom Achterberg."),
        Message("user", "Since when does he direct?"),
        Message("assistant", "1999."),
        Message("user", "And who came before him?"),
        Message("assistant", "Vera."),
    ]
    question = resolved("When is it open?", turns)
    assert question.subject == ("directs", "marble", "quarry", "Dunmore", "came", "before")
    assert question.to_read == "When is it open? (directs marble quarry Dunmore came before)"
    assert question.earlier == Earlier("And who came before him?", "Vera.")
    assert resolved("When did Dunmore quarry open?", turns).subject == ("directs", "marble", "came", "before")


@pytest.mark.parametrize(
    ("turns", "text", "figures"),
    [
        (["Who teaches group 2?"], "And group 1?", set()),  # another of the same thing
        (["Who teaches group 2?", "And group 1?"], "What does it cost?", {"1"}),
        (["Who teaches group 2 in 2030?"], "And in 2031?", {"2"}),  # another year
        (["Who teaches group 2?"], "And on 3 May?", {"2"}),
        (["Who teaches group 2?"], "What does it cost?", {"2"}),
    ],
)
def test_a_figure_in_the_place_of_another_is_not_mixed_with_it(turns: list[str], text: str, figures: set[str]) -> None:
    history = [turn for said in turns for turn in (Message("user", said), Message("assistant", "Ada Hart."))]
    question = resolved(text, history)
    assert {item.term for item in question.carried if item.term.isdigit()} == figures
    assert {word for word in question.subject if word.isdigit()} == figures


def test_a_question_on_its_own_has_no_subject_but_itself() -> None:
    question = resolved("Which metal did the smelters of Falun export?")
    assert (question.subject, question.earlier, question.to_read) == ((), None, question.text)
    assert resolved("Is it hard?", [Message("user", "granite")]).earlier is None  # it was not answered


def test_system_turns_old_turns_and_data_are_not_read() -> None:
    old = Message("user", "granite")
    between = [Message("assistant", "")] * (READ_TURNS - 1)
    assert resolved("Is it hard?", [old, *between]).standalone == "Is it hard? (granite)"
    assert resolved("Is it hard?", [old, *between, Message("assistant", "")]).carried == ()
    assert resolved("Is it hard?", [Message("system", "Answer about granite.")]).carried == ()
    assert resolved("Is it hard?", [Message("user", "x" * 51 + " slate")]).standalone == "Is it hard? (slate)"


def test_other_scripts_are_taken_as_the_pairs_that_they_are_searched_by() -> None:
    question = resolved("橋は何年に完成?", [Message("user", "橋は東京にある")])
    assert question.standalone == "橋は何年に完成? (は東 東京 京に にあ ある)"


def test_a_function_word_in_capitals_is_a_name_that_refers_to_nothing_and_is_carried() -> None:
    text = "Who was the head of IT in the harbour office?"
    assert resolved(text).standalone == text
    health = [Message("user", "What does the WHO recommend?")]
    assert resolved("And for children?", health).carried == (
        Carried("who", "WHO", 0.5),
        Carried("recommend", "recommend", 0.5),
    )
    assert resolved("And for children?", [Message("user", "WHO OWNS IT?")]).carried == (Carried("own", "OWNS", 0.5),)


def test_a_question_without_history_is_itself() -> None:
    question = parse_question("When was it built?")
    assert resolve(question, (), weigh) is question


texts = st.text(st.sampled_from("ab cé東[1]?.\ud800 "), max_size=30)
histories = st.lists(st.builds(Message, st.sampled_from(["user", "assistant", "system"]), texts), max_size=8)


@given(histories, texts.filter(lambda text: any(c.isalnum() for c in text)))
def test_what_is_asked_is_never_changed_and_what_is_added_was_said(history: list[Message], text: str) -> None:
    turns = parse_history(history)
    question = parse_question(text)
    found = resolve(question, turns, weigh)
    assert (found.text, found.kind, found.terms) == (question.text, question.kind, question.terms)
    said = {term for turn in turns for term in terms(turn.content)}
    assert {item.term for item in found.carried} <= said - question.terms
    assert len(found.carried) <= 8
    assert all(0 <= item.credit <= 0.5 for item in found.carried)
    assert found.standalone.startswith(question.text)
    assert resolve(question, turns, weigh) == found


def test_objects_and_messages_are_the_same_turns() -> None:
    assert parse_history([{"role": "user", "content": "Who?", "name": "x"}]) == (Message("user", "Who?"),)
    assert parse_history(MILL) == MILL
    assert parse_history(None) == parse_history([]) == parse_history(()) == ()
    assert parse_history([Message("user", "\ud800 a")]) == (Message("user", "? a"),)


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ("Who?", "the history is a list of turns; this is str"),
        ({"role": "user"}, "the history is a list of turns; this is dict"),
        (["Who?"], "turn 1 of the history is str: it needs role and content"),
        (
            [MILL[0], {"role": "tool", "content": ""}],
            "turn 2 of the history has the role 'tool': use user, assistant or",
        ),
        ([{"content": "Who?"}], "turn 1 of the history has the role None"),
        ([{"role": "user", "content": None}], "turn 1 of the history has no text as content: NoneType"),
        ([{"role": "user", "content": ["Who?"]}], "turn 1 of the history has no text as content: list"),
        ([MILL[0]] * (MAX_TURNS + 1), "the history has 201 turns and the limit is 200: send the last turns only"),
        ([Message("user", "x" * (MAX_CHARACTERS + 1))], "the history has 200,001 characters and the limit is 200,000"),
    ],
)
def test_what_is_no_history(history: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_history(history)
    assert str(caught.value).startswith(message)
    assert caught.value.param == "history"


def test_the_limits_themselves_are_allowed() -> None:
    assert len(parse_history([Message("user", "x" * (MAX_CHARACTERS // MAX_TURNS))] * MAX_TURNS)) == MAX_TURNS


def test_carried_words_count_their_share_in_the_search() -> None:
    text = "The mill closed in 1901."
    stored = StoredPassage(1, passage(text), Embedding(unit(1, 0), unit(1, 0)[None]))
    snapshot = FakeSnapshot([stored], [Scored(1, 0.0)], [])
    question = resolve(parse_question("When was it demolished?"), [Message("user", "mill")], snapshot.term_weights)
    assert question_weights(snapshot, question) == {"demolish": 2.0, "mill": 1.0}
    (hit,) = retrieve(snapshot, question, lambda: unit(0, 1), 1)
    assert hit.score == pytest.approx((0 + 1 / 3 + 0 + 1 / 3) / 4)  # of 2 + 1 the passage has the mill's 1


def test_both_searches_are_asked_the_whole() -> None:
    class Asked(FakeSnapshot):
        def lexical(self, query: str, k: int) -> list[Scored]:
            queries.append(query)
            return []

    queries: list[str] = []
    question = resolve(parse_question("When was it built?"), [Message("user", "mill")], weigh)
    retrieve(Asked([], [], []), question, lambda: np.ones(2, np.float32), 1)
    assert queries == ["When was it built? (mill)"]


LIBRARY = {
    "mill.txt": "The Corran mill was built by Ada Hart. The mill was closed in 1911, because the stream ran dry.",
    "ferry.txt": "The Skerry ferry was launched in 1874. The ferry was closed in 1923, because a bridge was built.",
    "eel.txt": "Eels spawn in the Sargasso Sea. The larvae drift to Europe for two years.",
}
REFUSAL = "The documents do not answer this question."
FERRY = [
    {"role": "user", "content": "When was the Skerry ferry launched?"},
    {"role": "assistant", "content": "1874 [1]."},
]


def made(folder: Path, models: Models) -> Pipeline:
    settings = load_settings(indexes_dir=folder / "indexes", index="t", model="none")
    (folder / "docs").mkdir()
    for name, text in LIBRARY.items():
        (folder / "docs" / name).write_text(text, "utf-8")
    index_folder(folder / "docs", settings, models)
    return open_pipeline(settings, models)


def test_an_answer_tells_what_was_asked_and_how_it_was_read(tmp_path: Path) -> None:
    with made(tmp_path, Models(HashEmbedder(), reader=WordReader())) as pipeline:
        answer = pipeline.ask(Ask("Why was it closed?", history=FERRY))
        assert (answer.question, answer.resolved_question) == (
            "Why was it closed?",
            "Why was it closed? (Skerry ferry launched 1874)",
        )
        assert answer.hits[0].passage.document_id.endswith("ferry.txt")
        assert answer.hits == tuple(pipeline.search("Why was it closed?", 5, history=FERRY))
        refused = [*FERRY, {"role": "user", "content": "Who?"}, {"role": "assistant", "content": REFUSAL}]
        after = pipeline.ask(Ask("Why was it closed?", history=refused))
        assert after.resolved_question == "Why was it closed? (Skerry ferry launched 1874)"
        alone = pipeline.ask(Ask("Why was it closed?", history=[]))
        assert alone.resolved_question is None
        assert alone.hits == pipeline.ask("Why was it closed?").hits
        with pytest.raises(InputError, match="no text as content"):
            pipeline.ask(Ask("Why?", history=[{"role": "user", "content": 5}]))  # type: ignore[dict-item]


@pytest.mark.models
def test_a_conversation_with_the_embedded_models(tmp_path: Path, embedder: EmbeddedEmbedder) -> None:
    with made(tmp_path, Models(embedder, reader=Reader.load(2, 4))) as pipeline:
        answer = pipeline.ask(Ask("Why was it closed?", history=FERRY))
        assert answer.citations[0].quote == "The ferry was closed in 1923, because a bridge was built."
        mill = [{"role": "user", "content": "Who built the Corran mill?"}]
        answer = pipeline.ask(Ask("Why was it closed?", history=mill))
        assert answer.citations[0].quote == "The mill was closed in 1911, because the stream ran dry."
        said = "The Skerry ferry was launched in 1874."
        asked = [
            {"role": "user", "content": "When was the Skerry ferry launched?"},
            {"role": "assistant", "content": said},
        ]
        answer = pipeline.ask(Ask("And closed?", history=asked))
        assert answer.answer_span is not None
        assert answer.answer_span.text == "1923"
        again = pipeline.ask(Ask("When was the Skerry ferry launched?", history=asked))
        assert again.answer_span is not None
        assert again.answer_span.text == "1874"
        shift = pipeline.ask(Ask("Where do eels spawn in the sea?", history=FERRY))
        assert (shift.resolved_question, shift.citations[0].quote) == (None, "Eels spawn in the Sargasso Sea.")
