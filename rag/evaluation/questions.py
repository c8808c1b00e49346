"""A file of questions -> `GoldQuestion`s.

One JSON object a line: `id` and `question`; and as far as they are known, `answers` (any of them is right),
`answer_groups` (of each, one must be said), `gold_doc_ids`, `evidence` (strings that stand in the gold documents),
`answerable`, `type`, and `history`, the turns before the question: `{"role": "user" or "assistant", "content"}`, or
`{"speaker": "user" or another, "text"}`. Other fields are not read. A file that ends in `.gz` is unpacked.

Does not look for the gold in an index (`gold.py`).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import InputError
from rag.evaluation.record import GoldQuestion
from rag.retrieval.question import parse_question
from rag.types import Message

_NAMED = 5  # ids that an error names


class QuestionFile(NamedTuple):
    """The questions of a file, and the hash of its bytes."""

    name: str
    sha256: str
    questions: list[GoldQuestion]


def read_questions(path: Path) -> QuestionFile:
    """The questions of a file, in its order; raises `InputError` with the file or line that cannot be used."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except FileNotFoundError as exc:
        raise InputError(f"there is no file of questions {path}", "questions") from exc
    except (OSError, EOFError, ValueError) as exc:  # a folder, a damaged gzip, no UTF-8
        raise InputError(f"{path} cannot be read as lines of JSON: {exc}", "questions") from exc
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    questions = [_question(f"{path} line {number}", line) for number, line in lines]
    if not questions:
        raise InputError(f"{path} holds no questions", "questions")
    _check_ids(path, questions)
    return QuestionFile(path.name, hashlib.sha256(raw).hexdigest(), questions)


def sample(questions: Sequence[GoldQuestion], limit: int | None, seed: int) -> list[GoldQuestion]:
    """A random sample of `limit` questions, in the order of the file; all if there are no more or no limit."""
    if limit is None or limit >= len(questions):
        return list(questions)
    chosen = sorted(random.Random(seed).sample(range(len(questions)), limit))
    return [questions[number] for number in chosen]


def _question(where: str, line: str) -> GoldQuestion:
    try:
        row = json.loads(line)
    except ValueError as exc:
        raise InputError(f"{where} is not JSON: {exc}", "questions") from exc
    if not isinstance(row, dict):
        raise InputError(f"{where} is not an object with `id` and `question`", "questions")
    name = _text(where, row, "id")
    try:
        text = parse_question(_text(where, row, "question")).text
    except InputError as exc:
        raise InputError(f"{where}, question {name!r}: {exc}", "questions") from exc
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
