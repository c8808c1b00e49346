"""One connection to Milvus: every call with a time limit, every error one line of this package's own.

In: the URI of a server (`http://host:19530`) or of a file of Milvus Lite (`./milvus.db`, served by a thread of this
process and locked against others), and a token. Out: rows, hits, counts. pymilvus is imported here and in
`milvus_schema` only, when a connection is made.

pymilvus repeats a failing call 75 times, for minutes; with a time limit it repeats until that is over, so a server that
restarts is waited for, and one that is gone is told of after `SECONDS`. Knows nothing of documents.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import InputError, StoreError

SECONDS = 10.0  # of one call, repetitions included
_BATCH_BYTES = 8 << 20  # of one request; gRPC servers of Milvus take 64 MB
_PAGE = 1000  # rows of one answer when many are read
MOST = 16_384  # rows that Milvus returns for one search
_LITE = ".db"
_UNAVAILABLE = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "Fail connecting", "Retry timeout", "channel", "connect")

Row = dict[str, Any]


class Server:
    """Any thread may read; writes of one connection go one after another, since Milvus Lite takes no two at once."""

    def __init__(self, uri: str, token: str = "") -> None:
        self.uri = uri
        self._writing = threading.Lock()
        self._client = _connect(uri, token)

    def close(self) -> None:
        """The connection is shared by all of this process to the same server, and stays until the process ends."""

    def names(self) -> list[str]:
        """Of all collections."""
        with self._errors("listing collections"):
            return list(self._client.list_collections(timeout=SECONDS))

    def create(self, name: str, schema: Any, indexes: Any, properties: dict[str, Any] | None = None) -> None:
        """A collection with its indexes, loaded."""
        with self._errors(f"creating {name}"), self._writing:
            self._client.create_collection(
                name, schema=schema, consistency_level="Strong", timeout=SECONDS, properties=properties
            )
            self._client.create_index(name, indexes, timeout=SECONDS, sync=False)  # nothing is there to wait for
            self._client.load_collection(name, timeout=6 * SECONDS)

    def drop(self, name: str) -> None:
        with self._errors(f"dropping {name}"), self._writing:
            self._client.drop_collection(name, timeout=SECONDS)

    def query(self, name: str, where: str, fields: Sequence[str]) -> Iterator[Row]:
        """All rows that fit, by primary key."""
        with self._errors(f"reading {name}"):
            pages = self._client.query_iterator(
                name, batch_size=_PAGE, filter=where, output_fields=list(fields), consistency_level="Strong",
                timeout=SECONDS,
            )  # fmt: skip
            try:
                while page := pages.next():
                    yield from page
            finally:
                pages.close()

    def get(self, name: str, ids: Sequence[Any], fields: Sequence[str]) -> list[Row]:
        """Those of these primary keys that there are, in any order."""
        found: list[Row] = []
        with self._errors(f"reading {name}"):
            for start in range(0, len(ids), _PAGE):
                part = list(ids[start : start + _PAGE])
                found += self._client.get(
                    name, part, output_fields=list(fields), timeout=SECONDS, consistency_level="Strong"
                )
        return found

    def count(self, name: str, where: str) -> int:
        with self._errors(f"counting in {name}"):
            rows = self._client.query(
                name, filter=where, output_fields=["count(*)"], timeout=SECONDS, consistency_level="Strong"
            )
        return int(rows[0]["count(*)"])

    def search(
        self, name: str, field: str, query: Any, where: str, k: int, params: Row, fields: Sequence[str] = ()
    ) -> list[tuple[int, float, Row]]:
        """Primary keys, scores as Milvus has them and the fields that are asked for, best first."""
        with self._errors(f"searching {name}"):
            found = self._client.search(
                name, data=[query], anns_field=field, filter=where, limit=min(k, MOST), search_params=params,
                output_fields=list(fields), timeout=SECONDS, consistency_level="Strong",
            )  # fmt: skip
        return [(int(hit.id), float(hit.distance), dict(hit.fields)) for hit in found[0]]

    def put(self, name: str, rows: Iterable[Row], size: int) -> None:
        """Upsert, so that a call that is repeated changes nothing; `size` is what a row has of bytes, at most."""
        batch = max(1, _BATCH_BYTES // max(size, 1))
        rows = list(rows)
        for start in range(0, len(rows), batch):
            with self._errors(f"writing {name}"), self._writing:
                self._client.upsert(name, rows[start : start + batch], timeout=3 * SECONDS)

    def delete(self, name: str, where: str) -> None:
        with self._errors(f"deleting from {name}"), self._writing:
            self._client.delete(name, filter=where, timeout=3 * SECONDS)

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except (MilvusException, grpc.RpcError, ValueError, ConnectionError) as exc:
            raise _translated(self.uri, doing, exc) from exc


def text_of(value: str) -> str:
    r"""A string in an expression; both Milvus and Milvus Lite know these escapes.

    >>> print(text_of('say "a\\b"'))
    "say \"a\\b\""
    """
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(raw, escaped)
    return f'"{value}"'


def release(uri: str) -> None:
    """Stop the thread that serves a file of Milvus Lite, if there is one, so that others may open it."""
    if uri.endswith(_LITE):
        from milvus_lite.server_manager import server_manager_instance

        server_manager_instance.release_server(uri)


def _connect(uri: str, token: str) -> Any:
    try:
        import grpc
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException
    except ImportError as exc:
        raise StoreError(f"the store 'milvus' needs pymilvus ({exc}): pip install 'rag[milvus]'") from exc
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
        return MilvusClient(uri, token=token, timeout=SECONDS)
    except (MilvusException, grpc.RpcError, ValueError, ConnectionError) as exc:
        raise _translated(uri, "connecting", exc) from exc


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
    if "auth" in said.lower():
        return StoreError(f"Milvus at {uri} refuses the token while {doing} ({said}): set RAG_MILVUS_TOKEN")
    if any(sign in said for sign in _UNAVAILABLE):
        return StoreError(
            f"Milvus at {uri} does not answer within {SECONDS:.0f} s while {doing}: is it running there, and is the "
            "address right?"
        )
    return StoreError(f"Milvus at {uri} failed while {doing} ({said}): its log tells more")
