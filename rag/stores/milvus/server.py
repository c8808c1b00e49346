"""One connection to Milvus: every call with a time limit, every error one line of this package's own.

In: the URI of a server (`http://host:19530`) or of a file of Milvus Lite (`./milvus.db`, served by a thread of this
process and locked against others), and a token. Out: rows, hits, counts. pymilvus is imported here and in
`rag.stores.milvus.schema` only, when a connection is made.

pymilvus repeats a failing call 75 times, for minutes, unless it has a time limit, as every call here has. For a
server that is gone, a call fails at once, so that a question gets its error or another replica; a patient connection,
as writers have, retries for `SECONDS`, so that a run of hours survives a restart (no call does harm twice). Each call
connects anew by itself when the server is back. Knows nothing of documents.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Any

from rag.errors import InputError, StoreError

SECONDS = 10.0  # of one call, repetitions included
_BATCH_BYTES = 8 << 20  # of one request; gRPC servers of Milvus take 64 MB
_PAGE = 1000  # rows of one answer when many are read
MAX_ROWS = 16_384  # rows that Milvus returns for one search
_LITE = ".db"
_UNAVAILABLE = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "Fail connecting", "Retry timeout", "channel", "connect")
_PAUSE_S = 0.5
# gRPC waits longer and longer, up to two minutes, before it looks again whether a server is back.
_GRPC = {"grpc.initial_reconnect_backoff_ms": 100, "grpc.min_reconnect_backoff_ms": 100,
         "grpc.max_reconnect_backoff_ms": 1000}  # fmt: skip
_LITE_WRITES = threading.Lock()  # Milvus Lite takes one write at a time

_REFUSED = ("unauthenticated", "auth check failure", "permission deny", "permission_denied")
_NOT_LOADED = ("not loaded", "'released'")

MilvusRow = dict[str, Any]


class MilvusUnreachable(StoreError):
    """An error of a server that gives no answer now; a moment later it may."""


class Server:
    """A connection to Milvus, for any thread. It is shared by all of this process to the same address, and is never
    closed."""

    def __init__(self, uri: str, token: str = "", patient: bool = False) -> None:
        self.uri = uri
        self._patience = SECONDS if patient else 0.0
        self._client, self._failure = _connect(uri, token)
        self._failures = _failures(self._failure)
        with self._errors("asking its version"):
            lite = str(self._client.get_server_version(timeout=SECONDS)).startswith("milvus_lite")
        self._writing: AbstractContextManager[Any] = _LITE_WRITES if lite else nullcontext()

    def names(self) -> list[str]:
        """The names of all collections."""
        with self._errors("listing collections"):
            return list(self._client.list_collections(timeout=SECONDS))

    def create(self, name: str, schema: Any, indexes: Any) -> None:
        """Make a collection with its indexes, and load it."""
        with self._errors(f"creating {name}"), self._writing:
            self._client.create_collection(name, schema=schema, consistency_level="Strong", timeout=SECONDS)
            self._client.create_index(name, indexes, timeout=SECONDS, sync=False)  # nothing is there to wait for
            self._client.load_collection(name, timeout=6 * SECONDS)

    def query(self, name: str, where: str, fields: Sequence[str]) -> Iterator[MilvusRow]:
        """Iterate over all rows that fit, by primary key."""

        def first() -> Any:
            return self._client.query_iterator(
                name, batch_size=_PAGE, filter=where, output_fields=list(fields), consistency_level="Strong",
                timeout=SECONDS,
            )  # fmt: skip

        doing = f"reading {name}"
        pages = self._read(name, doing, first)
        while page := self._read(name, doing, pages.next):
            yield from page
        pages.close()

    def few(self, name: str, where: str, fields: Sequence[str]) -> list[MilvusRow]:
        """The rows that fit, by one call; for those that are known to be a handful."""
        call = partial(
            self._client.query, name, filter=where, output_fields=list(fields), limit=_PAGE,
            consistency_level="Strong", timeout=SECONDS,
        )  # fmt: skip
        return list(self._read(name, f"reading {name}", call))

    def get(self, name: str, ids: Sequence[Any], fields: Sequence[str]) -> list[MilvusRow]:
        """The rows with these primary keys, in any order; keys that are not there are left out."""
        found: list[MilvusRow] = []
        for start in range(0, len(ids), _PAGE):
            call = partial(
                self._client.get, name, list(ids[start : start + _PAGE]), output_fields=list(fields),
                consistency_level="Strong", timeout=SECONDS,
            )  # fmt: skip
            found += self._read(name, f"reading {name}", call)
        return found

    def count(self, name: str, where: str) -> int:
        """The number of rows that fit."""
        call = partial(
            self._client.query, name, filter=where, output_fields=["count(*)"], consistency_level="Strong",
            timeout=SECONDS,
        )  # fmt: skip
        return int(self._read(name, f"counting in {name}", call)[0]["count(*)"])

    def search(
        self, name: str, field: str, query: Any, where: str, k: int, params: MilvusRow, fields: Sequence[str] = ()
    ) -> list[tuple[int, float, MilvusRow]]:
        """The `k` best of the rows that fit, best first: primary keys, scores as Milvus has them, and the fields asked
        for."""
        call = partial(
            self._client.search, name, data=[query], anns_field=field, filter=where, limit=min(k, MAX_ROWS),
            search_params=params, output_fields=list(fields), consistency_level="Strong", timeout=SECONDS,
        )  # fmt: skip
        found = self._read(name, f"searching {name}", call)
        return [(int(hit.id), float(hit.distance), dict(hit.fields)) for hit in found[0]]

    def put(self, name: str, rows: Iterable[MilvusRow], size: int) -> None:
        """Upsert rows, so that a call that is repeated changes nothing; `size` is the most bytes that a row has."""
        batch = max(1, _BATCH_BYTES // max(size, 1))
        rows = list(rows)
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            self._write(f"writing {name}", partial(self._client.upsert, name, part, timeout=3 * SECONDS))

    def delete(self, name: str, where: str) -> None:
        """Delete the rows that fit."""
        self._write(f"deleting from {name}", partial(self._client.delete, name, filter=where, timeout=3 * SECONDS))

    def _read(self, name: str, doing: str, call: Callable[[], Any]) -> Any:
        """Call for an answer; a collection that is not in memory, as after a restart of Milvus Lite, is loaded."""

        def loaded() -> Any:
            try:
                return call()
            except self._failure as exc:
                if not any(sign in str(exc) for sign in _NOT_LOADED):
                    raise
                self._client.load_collection(name, timeout=SECONDS)
                return call()

        return self._patiently(doing, loaded)

    def _write(self, doing: str, call: Callable[[], Any]) -> None:
        def alone() -> None:
            with self._writing:
                call()

        self._patiently(doing, alone)

    def _patiently(self, doing: str, call: Callable[[], Any]) -> Any:
        until = time.monotonic() + self._patience
        while True:
            try:
                with self._errors(doing):
                    return call()
            except MilvusUnreachable:
                if time.monotonic() >= until:
                    raise
                time.sleep(_PAUSE_S)

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except self._failures as exc:
            raise _translated(self.uri, doing, exc) from exc


@cache
def connect_milvus(uri: str, token: str, patient: bool = False) -> Server:
    """The connection to an address, made once for all of this process. Raises `StoreError`, `InputError`."""
    return Server(uri, token, patient)


def text_of(value: str) -> str:
    r"""A string in an expression; both Milvus and Milvus Lite know these escapes.

    >>> print(text_of('say "a\\b"'))
    "say \"a\\b\""
    """
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(raw, escaped)
    return f'"{value}"'


def release(uri: str) -> None:
    """Stop the thread that serves a file of Milvus Lite, if there is one, so that other processes may open it;
    connections that were made cannot be used any more."""
    connect_milvus.cache_clear()
    if uri.endswith(_LITE):
        from milvus_lite.server_manager import server_manager_instance

        server_manager_instance.release_server(uri)


def _failures(failure: type[Exception]) -> tuple[type[Exception], ...]:
    import grpc

    return failure, grpc.RpcError, ValueError, ConnectionError


def _connect(uri: str, token: str) -> tuple[Any, type[Exception]]:
    """A client, and the class of errors that it raises."""
    try:
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException
    except ImportError as exc:
        raise StoreError(f"the store 'milvus' needs pymilvus ({exc}): pip install 'rag-cited[milvus]'") from exc
    if not uri:
        raise InputError(
            "store 'milvus' needs the address of a server, or a file of Milvus Lite that ends in .db: "
            "set it with --uri http://HOST:19530 or RAG_MILVUS_URI", "milvus_uri"
        )  # fmt: skip
    for name in ("pymilvus", "milvus_lite"):  # they log what they raise
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if uri.endswith(_LITE):
        _make_folder(uri)
    try:
        client = MilvusClient(uri, token=token, timeout=SECONDS, grpc_options=_GRPC)
    except _failures(MilvusException) as exc:
        raise _translated(uri, "connecting", exc) from exc
    return client, MilvusException


def _make_folder(uri: str) -> None:
    try:
        Path(uri).parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(f"the folder of {uri} cannot be made ({exc.strerror}): name another with --uri") from exc


def _translated(uri: str, doing: str, exc: Exception) -> StoreError:
    said = " ".join(str(getattr(exc, "message", "") or exc).split())[:200]
    if "illegal" in said and "uri" in said:
        return StoreError(f"milvus_uri {uri!r} is no address: it is http://HOST:PORT, or a file that ends in .db")
    if "Open local milvus failed" in said:
        return StoreError(
            f"the file {uri} of Milvus Lite cannot be opened: one process at a time can, so stop the other, or run "
            "`milvus-lite server` and give all of them its address"
        )
    if any(sign in said.lower() for sign in _REFUSED):
        return StoreError(f"Milvus at {uri} refuses the token while {doing} ({said}): set RAG_MILVUS_TOKEN")
    if any(sign in said for sign in _UNAVAILABLE):
        return MilvusUnreachable(
            f"Milvus at {uri} cannot be reached while {doing}: is it running there, and is the address right?"
        )
    return StoreError(f"Milvus at {uri} failed while {doing} ({said}): its log tells more")
