"""A file of questions -> `GoldQuestion`s.

One question a row (`lines.py`): `question`; and as far as they are known, `id`, `answers` (any of them is right),
`answer_groups` (of each, one must be said), `gold_doc_ids`, `evidence` (strings that stand in the gold documents),
`answerable`, `type`, and `history`, the turns before the question: `{"role": "user" or "assistant", "content"}`, or
`{"speaker": "user" or another, "text"}`. Other fields are named and not read. A cell of a table holds one value,
several with `|` between them, or JSON.

Does not look for the gold in an index (`gold.py`).
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import InputError
from rag.evaluation.lines import FileRow, read_rows
from rag.evaluation.record import GoldQuestion
from rag.retrieval.question import parse_question
from rag.types import Message

_NAMED = 5  # ids that an error names
_LISTS = ("answers", "gold_doc_ids", "evidence")
_FIELDS = (*_LISTS, "id", "question", "answer_groups", "answerable", "type", "history")
_BETWEEN = "|"  # values in a cell of a table


class QuestionFile(NamedTuple):
    """The questions of a file, the hash of its bytes, and a line about each kind of field that was not read."""

    name: str
    sha256: str
    questions: list[GoldQuestion]
    notices: tuple[str, ...] = ()


def read_questions(path: Path) -> QuestionFile:
    """The questions of a file, in its order; raises `InputError` with the file or line that cannot be used."""
    raw, rows = read_rows(path, "questions")
    questions = _with_ids([_question(row.where, _values(row)) for row in rows])
    _check_ids(path, questions)
    return QuestionFile(path.name, hashlib.sha256(raw).hexdigest(), questions, tuple(_unread(rows)))


def sample(questions: Sequence[GoldQuestion], limit: int | None, seed: int) -> list[GoldQuestion]:
    """A random sample of `limit` questions, in the order of the file; all if there are no more or no limit."""
    if limit is None or limit >= len(questions):
        return list(questions)
    chosen = sorted(random.Random(seed).sample(range(len(questions)), limit))
    return [questions[number] for number in chosen]


def _values(row: FileRow) -> dict[str, Any]:
    """The values of a row; those of a table as a line of JSON has them."""
    if not row.is_table:
        return row.values
    return {name: _cell(row.where, name, value) for name, value in row.values.items()}


def _cell(where: str, name: str, value: str) -> Any:
    if name not in (*_LISTS, "answer_groups", "history", "answerable"):
        return value
    if name == "answerable":
        return {"true": True, "false": False, "yes": True, "no": False}.get(value.strip().lower(), value)
    if value.lstrip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except ValueError as exc:
            if name not in _LISTS:
                raise InputError(f"{where}: `{name}` is not JSON: {exc}", "questions") from exc
    return [part.strip() for part in value.split(_BETWEEN)] if name in _LISTS else value


def _unread(rows: Iterable[FileRow]) -> list[str]:
    """A line for each field that no question has, with the nearest that questions have."""
    counts = Counter(name for row in rows for name in row.values if name not in _FIELDS)
    lines = []
    for name, count in sorted(counts.items()):
        near = get_close_matches(name.lower(), _FIELDS, n=1)
        hint = f": did you mean `{near[0]}`?" if near else ""
        lines.append(f"the field `{name}` of {count} question{'s' if count > 1 else ''} is not read{hint}")
    return lines


def _with_ids(questions: Sequence[GoldQuestion]) -> list[GoldQuestion]:
    """The questions; those without an id get one made of what is asked, by which runs can be compared."""
    seen: Counter[str] = Counter()
    named = []
    for question in questions:
        if not question.id:
            asked = json.dumps([question.text, *question.history])
            made = hashlib.sha256(asked.encode()).hexdigest()[:8]
            seen[made] += 1
            question = replace(question, id=made if seen[made] == 1 else f"{made}-{seen[made]}")
        named.append(question)
    return named


def _question(where: str, row: dict[str, Any]) -> GoldQuestion:
    name = "" if row.get("id") in (None, "") else _text(where, row, "id")
    try:
        text = parse_question(_text(where, row, "question")).text
    except InputError as exc:
        raise InputError(f"{where}{name and f', question {name!r}'}: {exc}", "questions") from exc
    answers = _texts(where, row, "answers")
    groups = row.get("answer_groups") or [answers]
    if not isinstance(groups, list) or not all(isinstance(group, list | tuple) for group in groups):
        raise InputError(f"{where}: `answer_groups` is not a list of lists", "questions")
    documents, evidence = _texts(where, row, "gold_doc_ids"), _texts(where, row, "evidence")
    answerable = row.get("answerable", True if answers or documents or evidence else None)
    if answerable not in (True, False, None):
        raise InputError(f"{where}: `answerable` is {answerable!r}; it can be true or false", "questions")
    return GoldQuestion(
        id=name,
        text=text,
        answers=answers,
        answer_groups=tuple(tuple(map(str, group)) for group in groups if group),
        documents=documents,
        evidence=evidence,
        answerable=answerable,
        type=str(row.get("type") or ""),
        history=_history(where, row),
    )


def _history(where: str, row: dict[str, Any]) -> tuple[Message, ...]:
    turns = row.get("history") or []
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise InputError(f"{where}: `history` is not a list of turns", "questions")
    read = [(turn.get("role", turn.get("speaker")), turn.get("content", turn.get("text"))) for turn in turns]
    if not all(isinstance(who, str) and isinstance(text, str) for who, text in read):
        raise InputError(
            f"{where}: a turn of `history` needs `role` and `content`, or `speaker` and `text`", "questions"
        )
    return tuple(Message("user" if who == "user" else "assistant", text) for who, text in read)


def _text(where: str, row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where} has no `{name}`", "questions")
    return value


def _texts(where: str, row: dict[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{where}: `{name}` is not a list of strings", "questions")
    return tuple(item for item in value if item.strip())


def _check_ids(path: Path, questions: Sequence[GoldQuestion]) -> None:
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for question in questions:
        if question.id in seen:
            twice[question.id] = None
        seen.add(question.id)
    if twice:
        named = ", ".join(map(repr, list(twice)[:_NAMED]))
        raise InputError(f"{path} has {len(twice)} ids more than once: {named}; ids must be unique", "questions")
