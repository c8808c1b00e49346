"""The meta collection of an index: what it was made with, how far it is published, which files could not be read.

In: a connection and an index. Out: settings and generations. One row is one value, so a change of it is seen whole or
not at all: that is what makes a generation visible. The published generation is in a row for each fencing number of a
writer, of which the highest counts: what a writer publishes after another has taken over is never seen.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from rag.documents.contained import path_now
from rag.errors import IndexMismatch, IndexNotFound
from rag.stores.milvus.schema import META, MILVUS_FORMAT, UNUSED, collection, index_names
from rag.stores.milvus.server import MilvusRow, Server, text_of
from rag.text.analysis import analysis
from rag.types import Failed, MadeWith, Stamp

_SETTINGS, _STATE, _ANALYSIS = "settings", "state", "analysis"
_FAILED = "failed:"  # begins the keys of files that could not be read
_ROOT = "root:"  # begins the keys of paths that were given
_JOB = "job:"  # begins the keys of what came of uploads; their ids sort as they came
_JOBS_KEPT = 10_000
_LOOKED = 0.001  # how often it is looked if there are more


class MilvusState(NamedTuple):
    """The published generation, what it holds, and when the last ones were published (Unix seconds), oldest first."""

    published: int
    passages: int = 0
    terms: int = 0  # of all its passages together, repetitions counted
    recent: tuple[tuple[int, float], ...] = ()


class Meta:
    """The rows of one index in its meta collection."""

    def __init__(self, server: Server, index: str) -> None:
        self._server = server
        self._index = index
        self._name = collection(index, META)

    def settings(self) -> MadeWith:
        """The embedder, dimension and chunker of the index. Raises `IndexNotFound`, or `IndexMismatch` if its format is
        another."""
        there = index_names(self._server)
        value = self._read(_SETTINGS) if self._index in there else None
        if value is None:
            names = ", ".join(name for name in there if name != self._index) or "none"
            raise IndexNotFound(
                f'there is no index "{self._index}" in Milvus at {self._server.uri} (those there: {names}): make it '
                f"with `rag index PATH... --index {self._index} --store milvus --uri {self._server.uri}`"
            )
        if value.pop("format") != MILVUS_FORMAT:
            raise IndexMismatch(
                f'index "{self._index}" in Milvus has another format than {MILVUS_FORMAT}, which this version reads: '
                "index the documents again under another name"
            )
        return MadeWith(value["embedder"], value["dimension"], value["chunker"])

    def made(self) -> str | None:
        """A text that differs between indexes that had the same name one after another; None if there is none."""
        value = self._read(_SETTINGS) if self._index in index_names(self._server) else None
        return value and str(value["made"])

    def make(self, settings: MadeWith) -> None:
        """Store what a new index is made with, unless that is stored."""
        if self._read(_SETTINGS) is None:
            self._write(_STATE, MilvusState(0)._asdict())
            self.note_analysis()
            self._write(_SETTINGS, {"format": MILVUS_FORMAT, "made": uuid.uuid4().hex, **settings._asdict()})

    def state(self) -> MilvusState:
        """The published state. Raises `IndexNotFound` if the index is gone."""
        found = self._states()
        if not found:
            self.settings()
            return MilvusState(0)
        value = json.loads(max(found, key=lambda row: str(row["key"]))["value"])
        return MilvusState(**value | {"recent": tuple((generation, at) for generation, at in value["recent"])})

    def publish(self, state: MilvusState, fence: int) -> None:
        """Store the state as that of the writer with this fencing number; from then on readers see its generation, if
        no later writer has stored one."""
        self._write(f"{_STATE}:{fence:016}", state._asdict())

    def fence_off(self, state: MilvusState, fence: int) -> None:
        """Store the state as that of this writer, so that nothing counts that writers before it may still publish."""
        self.publish(state, fence)
        for row in self._states():
            if row["key"] < f"{_STATE}:{fence:016}":
                self._server.delete(self._name, f"key == {text_of(row['key'])}")

    def _states(self) -> list[MilvusRow]:
        return self._server.few(self._name, _like(_STATE), ["key", "value"])

    def has_current_terms(self) -> bool:
        """True if the terms of all passages were made by the analysis of this version."""
        return bool(self._read(_ANALYSIS) == analysis())

    def note_analysis(self) -> None:
        """Store that the terms of all passages are those of this version."""
        self._write(_ANALYSIS, analysis())

    def failures(self) -> list[Failed]:
        """The files, and files in them, that could not be read when they were last tried, by id."""
        found = [json.loads(row["value"]) for row in self._server.query(self._name, _like(_FAILED), ["value"])]
        every = [Failed(**row | {"stamp": Stamp(*row["stamp"])}) for row in found]
        return sorted(every, key=lambda failed: failed.document_id)

    def remember(self, file: str, failures: Sequence[Failed]) -> None:
        """Store these failures of a file, and of files in it, in place of those before."""
        of_file = f"{_FAILED}{_digest(file)}:"
        fresh = {f"{of_file}{_digest(failed.document_id)}": failed for failed in failures}
        for key, failed in fresh.items():
            self._write(key, failed._asdict())
        old = {row["key"] for row in self._server.query(self._name, _like(of_file), ["key"])} - fresh.keys()
        for key in sorted(old):
            self._server.delete(self._name, f"key == {text_of(key)}")

    def move_failures(self, before: str, now: str) -> None:
        """Store the failures of files that lay at `before` as those of files at `now`, as `path_now` says."""
        by_file: dict[str, list[Failed]] = {}
        for failed in self.failures():
            by_file.setdefault(failed.file, []).append(failed)
        for file, failures in by_file.items():
            if (fresh := path_now(file, before, now)) != file:
                self.remember(fresh, [failed._replace(file=fresh) for failed in failures])
                self.remember(file, [])

    def roots(self) -> dict[str, str]:
        """Real paths to which given ones led the last time, by these."""
        return dict(json.loads(row["value"]) for row in self._server.query(self._name, _like(_ROOT), ["value"]))

    def note_root(self, given: str, place: str) -> None:
        """Store where a given path leads; nothing if its name is not UTF-8, which cannot be stored."""
        with suppress(UnicodeEncodeError):
            given.encode()
            self._write(f"{_ROOT}{_digest(given)}", [given, place])

    def outcome(self, job: str) -> str | None:
        """The outcome of an upload, as it was noted; None if that is not known."""
        value = self._read(f"{_JOB}{job}")
        return None if value is None else str(value)

    def outcomes_after(self, job: str) -> dict[str, str]:
        """Outcomes of the uploads whose ids sort behind this one, by id."""
        later = f"{_like(_JOB)} and key > {text_of(f'{_JOB}{job}')}"
        found = self._server.query(self._name, later, ["key", "value"])
        return {row["key"].removeprefix(_JOB): str(json.loads(row["value"])) for row in found}

    def note_outcome(self, job: str, outcome: str) -> None:
        """Store what came of an upload; each thousandth time, those beyond the newest are deleted."""
        self._write(f"{_JOB}{job}", outcome)
        if random.random() < _LOOKED:
            keys = sorted(row["key"] for row in self._server.query(self._name, _like(_JOB), ["key"]))
            for key in keys[:-_JOBS_KEPT]:
                self._server.delete(self._name, f"key == {text_of(key)}")

    def _read(self, key: str) -> Any:
        rows = self._server.get(self._name, [key], ["value"])
        return json.loads(rows[0]["value"]) if rows else None

    def _write(self, key: str, value: object) -> None:
        self._server.put(self._name, [{"key": key, "value": json.dumps(value)} | UNUSED], 200)


def _like(start: str) -> str:
    return f"key like {text_of(f'{start}%')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
