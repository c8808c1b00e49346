"""A file of answers of any system -> answers with the passages that they were drawn from, to be checked.

One answer a row (`lines.py`): `answer` and `passages`, and as far as they are known `question` and `id`; or the same by
the names of ragas (`response`, `retrieved_contexts`, `user_input`). A passage is a string, or an object with `text`, so
that the JSON of `/v1/ask` is a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import InputError
from rag.evaluation.lines import FileRow, read_rows

_NAMES = {"answer": "response", "passages": "retrieved_contexts", "question": "user_input"}


class GivenAnswer(NamedTuple):
    """An answer that somebody's system gave; `id` is that of the file, or the number of the row from 1."""

    id: str
    answer: str
    passages: list[str]
    question: str | None


def read_answers(path: Path) -> list[GivenAnswer]:
    """The answers of a file, in its order; raises `InputError` with the file or line that cannot be used."""
    _, rows = read_rows(path, "answers")
    return [_given(number, row) for number, row in enumerate(rows, 1)]


def _given(number: int, row: FileRow) -> GivenAnswer:
    answer, passages = _value(row, "answer"), _value(row, "passages")
    if not isinstance(answer, str):
        raise InputError(f"{row.where} has no `answer`", "answers")
    if not isinstance(passages, list):
        raise InputError(f"{row.where} has no `passages`, a list", "answers")
    texts: list[Any] = [one.get("text") if isinstance(one, Mapping) else one for one in passages]
    if not all(isinstance(text, str) for text in texts):
        raise InputError(f"{row.where}: a passage is neither a string nor an object with `text`", "answers")
    question = _value(row, "question")
    if not isinstance(question, str | None):
        raise InputError(f"{row.where}: `question` is not a string", "answers")
    name = row.values.get("id")
    return GivenAnswer(str(number if name in (None, "") else name), answer, texts, question)


def _value(row: FileRow, name: str) -> Any:
    return row.values.get(name, row.values.get(_NAMES[name]))
