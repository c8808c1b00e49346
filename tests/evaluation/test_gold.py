"""Files of questions and where their gold stands: what is read, what is located, and what is refused by name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag.errors import InputError
from rag.evaluation.gold import Gold, find_all, locate
from rag.evaluation.questions import read_questions, sample
from rag.evaluation.record import GoldEvidence, GoldPlace, GoldQuestion
from rag.ingest.run import sync
from rag.seams import Snapshot
from rag.settings import load_settings
from rag.stores.open import open_index
from rag.types import Message
from tests.fakes import HashEmbedder

MILL = "Ada Hart built the mill in 1859.\n\nIt cost 1,400 pounds."


def written(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "questions.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines), "utf-8")
    return path


def question(name: str = "q1", **fields: Any) -> GoldQuestion:
    given: dict[str, Any] = {
        "id": name,
        "text": "Who built the mill?",
        "answers": (),
        "answer_groups": (),
        "documents": (),
        "evidence": (),
        "answerable": True,
        "type": "",
    }
    return GoldQuestion(**(given | fields))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    work = tmp_path_factory.mktemp("gold")
    for name, text in {"corpus/mill.txt": MILL, "a/ferry.txt": "A ferry.", "b/ferry.txt": "Another ferry."}.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text(text, "utf-8")
    settings, embedder = load_settings(indexes_dir=work / "indexes", index="t"), HashEmbedder()
    with open_index(settings, embedder, create=True) as index:
        sync([work / "corpus", work / "a", work / "b"], index, embedder, settings)
        with index.snapshot() as opened:
            yield opened


def test_questions_are_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"id": "q1", "question": " Who built it? ", "answers": ["Ada"], "gold_doc_ids": ["mill"], "type": "factual"},
        "",
        {"id": 2, "question": "Why?", "answerable": False, "related_doc_ids": ["x"]},
        {"id": "q3", "question": "What?", "answers": ["a", "b"], "answer_groups": [["a"], ["b"]]},
        {"id": "q4", "question": "When?"},
    )
    first, second, third, fourth = read_questions(path).questions
    assert (first.text, first.answers, first.documents, first.answerable) == (
        "Who built it?",
        ("Ada",),
        ("mill",),
        True,
    )
    assert first.answer_groups == (("Ada",),)
    assert (second.id, second.answerable) == ("2", False)
    assert third.answer_groups == (("a",), ("b",))
    assert fourth.answerable is None  # nothing is known: to refuse is neither right nor wrong


def test_turns_before_the_question_are_read_in_both_forms(tmp_path: Path) -> None:
    first = [{"role": "user", "content": "Who built it?"}, {"role": "assistant", "content": "Ada."}]
    second = [{"speaker": "user", "text": "Who built it?"}, {"speaker": "agent", "text": "Ada."}]
    rows = [{"id": f"q{n}", "question": "When?", "history": turns} for n, turns in enumerate((first, second))]
    one, other = read_questions(written(tmp_path, *rows)).questions
    assert one.history == other.history == (Message("user", "Who built it?"), Message("assistant", "Ada."))


def test_a_packed_file_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": "q1", "question": "Who?"}\n'))
    assert [one.id for one in read_questions(path).questions] == ["q1"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["{not json"], "questions.jsonl line 1 is not JSON"),
        (["[1]"], "line 1 is not a JSON object"),
        ([{"id": ["a"], "question": "Who?"}], "line 1 has no `id`"),
        ([{"id": "q1"}], "line 1 has no `question`"),
        ([{"id": "q1", "question": "  "}], "line 1 has no `question`"),
        ([{"id": "q1", "question": "x" * 2001}], "line 1, question 'q1': the question has 2,001 characters"),
        ([{"id": "q1", "question": "Who?", "answers": "Ada"}], "line 1: `answers` is not a list of strings"),
        ([{"id": "q1", "question": "Who?", "answer_groups": ["Ada"]}], "`answer_groups` is not a list of lists"),
        ([{"id": "q1", "question": "Who?", "answerable": "no"}], "`answerable` is 'no'; it can be true or false"),
        ([{"id": "q1", "question": "Who?"}, {"id": "q1", "question": "Why?"}], "has 1 ids more than once: 'q1'"),
        ([{"id": "q1", "question": "Who?", "history": "Hi"}], "line 1: `history` is not a list of turns"),
        ([{"id": "q1", "question": "Who?", "history": [{"role": "user"}]}], "a turn of `history` needs `role` and"),
        ([""], "holds no questions"),
    ],
)
def test_bad_questions_are_named(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_questions(written(tmp_path, *rows))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file of questions .*absent\.jsonl"):
        read_questions(tmp_path / "absent.jsonl")
    with pytest.raises(InputError, match="cannot be read"):
        read_questions(tmp_path)
    (tmp_path / "torn.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_questions(tmp_path / "torn.jsonl.gz")


def test_a_sample_is_drawn_by_its_seed_and_keeps_the_order() -> None:
    questions = [question(str(number)) for number in range(20)]
    drawn = [int(one.id) for one in sample(questions, 5, seed=1)]
    assert drawn == sorted(drawn) == [int(one.id) for one in sample(questions, 5, seed=1)]
    assert drawn != [int(one.id) for one in sample(questions, 5, seed=2)]
    assert sample(questions, 99, seed=0) == sample(questions, None, seed=0) == questions


def test_gold_is_located_by_id_or_by_name(snapshot: Snapshot) -> None:
    told = question(answers=("Ada Hart", "yes", "a woman"), documents=("mill",), evidence=("It cost 1,400 pounds.",))
    whole = question("q2", documents=("corpus/mill.txt", "a/ferry.txt"), answers=("a woman",))
    located = locate([told, whole, question("q3", answers=("Ada",)), question("q4", answerable=False)], snapshot, "t")
    assert located["q1"] == Gold(
        ("corpus/mill.txt",),
        (GoldEvidence("It cost 1,400 pounds.", (GoldPlace("corpus/mill.txt", 34, 55),)),),
        ("Ada Hart",),  # no document says "a woman", and "yes" says nothing
    )
    assert MILL[34:55] == "It cost 1,400 pounds."
    assert located["q2"] == Gold(("corpus/mill.txt", "a/ferry.txt"), (), ())
    assert located["q3"] == Gold((), (), ("Ada",))
    assert "q4" not in located


def test_evidence_is_found_across_lines_and_spaces(snapshot: Snapshot) -> None:
    told = question(documents=("mill",), evidence=("the mill in 1859 . It  cost",))
    (found,) = locate([told], snapshot, "t")["q1"].evidence
    ((name, start, end),) = found.places
    assert (name, MILL[start:end]) == ("corpus/mill.txt", "the mill in 1859.\n\nIt cost")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (question(documents=("mull",)), "question 'q1': there is no document 'mull', by id or by name"),
        (question(documents=("ferry",)), "question 'q1': 'ferry' may be 'a/ferry.txt' or 'b/ferry.txt'"),
        (
            question(documents=("mill",), evidence=("It cost 900 pounds.",)),
            "question 'q1': its evidence 'It cost 900 pounds.' does not stand in 'corpus/mill.txt'",
        ),
        (question(evidence=("It cost",)), "does not stand in any gold document, for it names none"),
    ],
)
def test_gold_that_cannot_be_located_is_named(snapshot: Snapshot, told: GoldQuestion, message: str) -> None:
    with pytest.raises(InputError) as caught:
        locate([told], snapshot, "t")
    assert message in str(caught.value)
    assert str(caught.value).startswith("gold is not in index 't'")


def test_an_index_of_other_documents_is_one_line(snapshot: Snapshot) -> None:
    with pytest.raises(InputError, match="; and 37 more$"):
        locate([question(f"q{n}", documents=(f"row-{n}",)) for n in range(40)], snapshot, "t")


@hypothesis_settings(deadline=None)
@given(st.text(alphabet="aB1 ,.\n-ßﬁé", max_size=30), st.integers(0, 30), st.integers(0, 30))
def test_a_stretch_of_a_text_is_found_where_it_stands(text: str, first: int, second: int) -> None:
    start, end = sorted((first % (len(text) + 1), second % (len(text) + 1)))
    found = find_all(text, text[start:end])
    assert ((start, end) in found) is (end > start)
    spaced = " ".join(text[start:end].split())
    if any(map(str.isalnum, spaced)):
        letters = [c for c in spaced.casefold() if c.isalnum()]
        assert any([c for c in text[a:b].casefold() if c.isalnum()] == letters for a, b in find_all(text, spaced))
