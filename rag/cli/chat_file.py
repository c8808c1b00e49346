"""The file that keeps the conversation of `rag chat`, so that `--resume` goes on with it.

A file of JSON for each index in the folder `chats` of the cache, which its owner alone can read: questions, answers and
the citations of the last answer. A new conversation takes the place of the one before with its first answer.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import InputError
from rag.types import Citation, Message

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import Answer

_KEPT = 200  # questions with their answers: the last ones


class KeptChat:
    """A conversation and its file; an empty one until it is loaded."""

    def __init__(self, file: Path, resumed_by: str) -> None:
        self._file = file
        self._resumed_by = resumed_by
        self._turns: list[tuple[str, str]] = []
        self.citations: tuple[Citation, ...] = ()  # of the last answer

    @classmethod
    def of(cls, settings: Settings) -> KeptChat:
        """The one of the settings' index."""
        place = settings.milvus_uri if settings.store == "milvus" else str(settings.indexes_dir.resolve())
        mark = hashlib.sha256(f"{place}\n{settings.index}".encode()).hexdigest()[:12]
        name = "".join(char for char in settings.index if char.isalnum() or char in "-_")[:40]
        return cls(settings.cache_dir / "chats" / f"{name}-{mark}.json", f"rag chat --index {settings.index}")

    @property
    def questions(self) -> list[str]:
        """The questions, oldest first."""
        return [question for question, _ in self._turns]

    @property
    def history(self) -> list[Message]:
        """The last turns, as many as questions are read with, oldest first."""
        from rag.retrieval.conversation import READ_TURNS

        last = self._turns[-READ_TURNS // 2 :]
        return [turn for question, answer in last for turn in (Message("user", question), Message("assistant", answer))]

    def load(self) -> None:
        """Read what the file keeps. Raises `InputError` if there is none, or what is there is no conversation."""
        try:
            found = json.loads(self._file.read_text("utf-8"))
            self._turns = [_texts(turn) for turn in found["turns"]]
            self.citations = tuple(Citation(**item) for item in found["citations"])
        except FileNotFoundError:
            self._turns = []
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise InputError(
                f"{self._file} holds no conversation ({exc}): start a new one with `{self._resumed_by}`"
            ) from exc
        if not self._turns:
            raise InputError(f"there is no conversation to resume: start one with `{self._resumed_by}`")

    def add(self, answer: Answer) -> None:
        """Keep a question and its answer. Raises `InputError` if the file cannot be written."""
        self._turns = [*self._turns, (answer.question, answer.answer)][-_KEPT:]
        self.citations = answer.citations
        content = {"turns": self._turns, "citations": [asdict(item) for item in self.citations]}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            _write_private(self._file, json.dumps(content, ensure_ascii=False))
        except OSError as exc:
            raise InputError(f"the conversation is not kept: {self._file}: {exc.strerror}") from exc


def _write_private(file: Path, text: str) -> None:
    """Write a file that nobody but its owner can read, whole or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    os.replace(fresh, file)


def _texts(turn: Any) -> tuple[str, str]:
    question, answer = turn
    if not isinstance(question, str) or not isinstance(answer, str):
        raise ValueError("a turn is a question and an answer")
    return question, answer
