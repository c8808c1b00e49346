"""Files of questions: fields that are not read, ids that are made, tables."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.evaluation.questions import read_questions
from rag.types import Message


def lines(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "q.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_fields_that_are_not_read_are_named_with_the_nearest(tmp_path: Path) -> None:
    row = {"question": "Who?", "answer": "Ada", "level": 3}
    found = read_questions(lines(tmp_path, row, {"question": "When?", "answer": "1859"}))
    assert found.notices == (
        "the field `answer` of 2 questions is not read: did you mean `answers`?",
        "the field `level` of 1 question is not read",
    )
    assert read_questions(lines(tmp_path, {"id": 1, "question": "Who?", "type": "x", "history": []})).notices == ()


def test_an_id_is_made_of_what_is_asked(tmp_path: Path) -> None:
    turn = {"role": "user", "content": "The mill?"}
    rows: list[dict[str, object]] = [
        {"question": "Who?"},
        {"question": "Who?", "history": [turn]},
        {"question": "Who?"},
        {"id": "", "question": "x y"},
    ]
    ids = [one.id for one in read_questions(lines(tmp_path, *rows)).questions]
    assert len({len(name) for name in ids[:2]}) == 1
    assert ids[2] == f"{ids[0]}-2"
    assert len(set(ids)) == 4
    again = [one.id for one in read_questions(lines(tmp_path, rows[3], rows[1], rows[0])).questions]
    assert again == [ids[3], ids[1], ids[0]]  # wherever it stands


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_table_is_a_file_of_questions(tmp_path: Path, between: str) -> None:
    names = ["id", "question", "answers", "gold_doc_ids", "answerable", "type", "history"]
    first = ["q1", '"Who built it,\nand when?"', "Ada Hart | Hart", "mill.txt", "TRUE", "who", ""]
    second = ["", "And who owns it?", '"[""a|b"", ""c""]"', "", "", "", '"[{""role"": ""user"", ""content"": ""Hi""}]"']
    third = ["q3", "Who is the king?", "", "", "no", "", ""]
    text = "".join(between.join(row) + "\r\n" for row in (names, first, second, third))
    (tmp_path / "q.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    csv.field_size_limit(20)  # as the reader of a document may have set it for the process
    one, two, three = read_questions(tmp_path / "q.csv").questions
    assert (one.id, one.text, one.answers, one.documents) == (
        "q1",
        "Who built it, and when?",
        ("Ada Hart", "Hart"),
        ("mill.txt",),
    )
    assert (one.answerable, one.type) == (True, "who")
    assert (two.answers, two.history, two.answerable) == (("a|b", "c"), (Message("user", "Hi"),), True)
    assert (three.answerable, three.answers) == (False, ())
    (tmp_path / "q.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert [q.id for q in read_questions(tmp_path / "q.csv.gz").questions] == [one.id, two.id, three.id]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,question\nq1,Who?,Ada\n", "line 2 has more cells than the first line has names"),
        ('id,question\nq1,Who?\nq2,"Who\n', "line 3 is not a line of a table"),
        ("id,question\nq1,\n", "line 2 has no `question`"),
        ("id,question,answerable\nq1,Who?,perhaps\n", "`answerable` is 'perhaps'; it can be true or false"),
        ("id,question,history\nq1,Who?,[1\n", "`history` is not JSON"),
        ("id,question\n", "holds no questions"),
    ],
)
def test_a_table_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "q.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_questions(tmp_path / "q.csv")
