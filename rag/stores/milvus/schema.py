"""The collections of one index in Milvus: their names, their fields, making them, and which indexes there are.

In: a connection, the name of an index, what it is made with. Out: four collections, `rag_NAME__X`, NAME with what
Milvus does not take in names escaped (`a.b` -> `a_2eb`):

    meta       a row for each of: settings, state (the published generation, by fencing number), the last
               fencing number, analysis of terms, writer's lease; and for each file that could not be read
    documents  a row for each version of a document: the ledger, in which one row is one commit
    passages   a row for each passage of each version; nothing but terms and days ever changes in it
    blobs      texts of documents and vectors of sentences, cut into parts of at most `PART` bytes

Milvus wants a vector in every collection, so three of them carry an `unused` one. `terms` has the terms of
`rag.text.terms`, encoded so that Milvus's standard analyzer leaves each as it is: both stores rank by the same words.
BM25's k1 and b are those of the local store.

What Milvus Lite cannot show: how long `Strong` reads wait; its BM25 counts within each segment of 100,000 rows, where
Milvus shares statistics among the segments of a shard; it has no shards, replicas, roles or TLS.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any

from rag.stores.milvus.server import Server
from rag.types import MadeWith

MILVUS_FORMAT = 1
NEVER = 2**62  # in place of the generation of removal, for a version that is not removed
MAX_VARCHAR = 65_535  # bytes of a VARCHAR
PART = 60_000  # bytes of a blob's part
K1, B = 1.2, 0.75  # of BM25, as in the local store
_MOST_VALUES = 1024  # metadata entries of a document that filters find
UNUSED = {"unused": [0.0, 0.0]}  # of rows that need no vector
META, DOCUMENTS, PASSAGES, BLOBS = "meta", "documents", "passages", "blobs"
_COLLECTION = re.compile(r"rag_(.+)__meta")
_PLAIN_TERM = re.compile(r"(?!zq)[a-z0-9]+")
NO_TERMS = "zq"  # the terms of a passage without any; no term is encoded as that


def collection(index: str, kind: str) -> str:
    """The name of a collection of an index.

    >>> collection("my.books_2", "meta")
    'rag_my_2ebooks_5f2__meta'
    """
    return f"rag_{re.sub('[^A-Za-z0-9]', lambda c: f'_{ord(c[0]):02x}', index)}__{kind}"


def index_names(server: Server) -> list[str]:
    """The names of the indexes there, sorted."""
    found = [match[1] for name in server.names() if (match := _COLLECTION.fullmatch(name))]
    return sorted(re.sub("_([0-9a-f]{2})", lambda code: chr(int(code[1], 16)), name) for name in found)


def encoded(terms: Iterable[str]) -> str:
    """Terms as words of lower-case letters and digits: those that are, as they are, others in base 32.

    >>> encoded(["mill", "1500.5", "zqar"])
    'mill zqge2tambogu zqpjywc4q'
    """
    return " ".join(map(_word, terms))


def create_collections(server: Server, index: str, settings: MadeWith) -> None:
    """Make the collections that are missing; `meta` last, so that an index that is listed is complete."""
    there = set(server.names())
    for kind in (PASSAGES, DOCUMENTS, BLOBS, META):
        name = collection(index, kind)
        if name not in there:
            server.create(name, _schema(kind, settings.dimension), _indexes(kind))


def _word(term: str) -> str:
    if _PLAIN_TERM.fullmatch(term):
        return term
    return NO_TERMS + base64.b32encode(term.encode()).decode().rstrip("=").lower()


def _schema(kind: str, dimension: int) -> Any:
    from pymilvus import DataType, Function, FunctionType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    number, text = DataType.INT64, DataType.VARCHAR
    if kind in (META, BLOBS):
        schema.add_field("key", text, is_primary=True, max_length=256)
        schema.add_field("value", text, max_length=MAX_VARCHAR)
    else:
        schema.add_field("row" if kind == PASSAGES else "version", number, is_primary=True)
        schema.add_field("document", text, max_length=MAX_VARCHAR)
        schema.add_field("added", number)
        schema.add_field("about", text, max_length=MAX_VARCHAR)
    if kind == DOCUMENTS:
        schema.add_field("removed", number)
        schema.add_field("keys", DataType.ARRAY, element_type=text, max_capacity=_MOST_VALUES, max_length=MAX_VARCHAR)
    if kind != PASSAGES:
        schema.add_field("unused", DataType.FLOAT_VECTOR, dim=2)
        return schema
    schema.add_field("version", number)
    for name in ("suffix", "media", "kind", "embedding", "text"):
        schema.add_field(name, text, max_length=MAX_VARCHAR)
    for name in ("first_day", "last_day"):
        schema.add_field(name, number)
    schema.add_field("metadata", DataType.ARRAY, element_type=text, max_capacity=_MOST_VALUES, max_length=MAX_VARCHAR)
    analyzer = {"tokenizer": "standard"}
    schema.add_field(
        "terms", text, max_length=MAX_VARCHAR, enable_analyzer=True, analyzer_params=analyzer, enable_match=True
    )
    schema.add_field("bm25", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_field("dense", DataType.FLOAT_VECTOR, dim=dimension)
    schema.add_function(
        Function(name="bm25", function_type=FunctionType.BM25, input_field_names=["terms"], output_field_names=["bm25"])
    )
    return schema


def _indexes(kind: str) -> Any:
    from pymilvus import MilvusClient

    wanted = MilvusClient.prepare_index_params()
    if kind != PASSAGES:
        wanted.add_index("unused", index_type="FLAT", metric_type="L2")
        for field in ("document", "removed") if kind == DOCUMENTS else ():
            wanted.add_index(field, index_type="INVERTED")
        return wanted
    wanted.add_index("dense", index_type="AUTOINDEX", metric_type="IP")
    bm25 = {"bm25_k1": K1, "bm25_b": B}
    wanted.add_index("bm25", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=bm25)
    for field in ("version", "added", "document", "embedding"):
        wanted.add_index(field, index_type="INVERTED")
    return wanted
