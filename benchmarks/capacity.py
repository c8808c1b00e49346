"""Number of passages -> machines, bytes and money: the arithmetic of docs/scaling.md, without measuring anything.

In: what was measured of one passage and one question (`Measured`), and what is assumed of machines, prices and the
load (`Assumed`). Out: the plan of one machine, and that of the profile `scale` grown to many.

All is linear in the number of passages: what is not (lists that are searched sublinearly within one node) is taken at
its rate per million, since Milvus searches segments of about a million rows each, one by one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

VECTOR = 384 * 4  # bytes of a float32 vector of the embedded embedder
HNSW = VECTOR + 2 * 18 * 4  # Milvus's AUTOINDEX: HNSW with M = 18, so 36 links of 4 bytes on the lowest level
RABITQ = 384 // 8 + 8 + 8  # IVF_RABITQ: one bit a dimension, two factors of float32, an id of 8 bytes
SQ8 = 384  # its second look: one byte a dimension
TERM = 8  # of a posting in a sparse vector: number and weight, 4 bytes each
ROW = 150  # numbers and names beside the texts of a passage in Milvus
BASE64 = 4 / 3  # Milvus takes blobs as text
HOURS = 730  # a month
SMALL = 10_000_000  # up to here vectors stay whole in memory
SECONDS = 86_400


class Measured(NamedTuple):
    """Cost of one passage in bytes, of one question in core-seconds; `quantised_*` and `dense_ms` are large.py's."""

    text: float  # of the passage, UTF-8
    terms: float  # its terms, as a text
    distinct: float  # how many different ones
    sentences: float  # of a passage
    catalogue: float  # catalogue.sqlite without the vectors of sentences
    sentence_vectors: float
    lexical: float  # Tantivy's folder
    ingest: float  # passages a second and core, read, cut, embedded and committed
    question: float  # core-seconds without reader and search: embed, weigh, cite, check
    reading: float  # core-seconds of the reader
    bm25_ms: float  # core-milliseconds of a lexical search among a million passages
    dense_ms: float = 2.4
    quantised_memory: float = 149
    quantised_disk: float = 1652


class Assumed(NamedTuple):
    """Nothing here was measured; every one is an argument. Money is in units of 1."""

    days: float = 7  # in which all is to be ingested
    cores: int = 16  # of a machine
    memory_gb: float = 64
    disk_tb: float = 2
    filled: float = 0.7  # of cores, memory and disk that may be planned with
    copies: int = 2  # of what search nodes hold, so that one may fail
    fixed: int = 3  # machines for Milvus's coordinators, log and etcd, PostgreSQL, proxy and Prometheus
    read_tokens: float = 900  # of a question, by a large model that writes
    written_tokens: float = 80
    read_rate: float = 10_000  # tokens a second that one model server reads, many questions together
    write_rate: float = 1_500
    machine_hour: float = 0.8
    model_hour: float = 2.5  # of a model server, with its graphics card
    object_gb_month: float = 0.025


class Stored(NamedTuple):
    """Bytes of one passage: in memory, on the disk of whoever searches, and in the object store."""

    memory: float
    disk: float
    objects: float


class Plan(NamedTuple):
    """Machines of each kind, and their cost: once for ingestion, and each month."""

    passages: int
    questions: float  # a second
    ingest_machines: int
    ingest_hours: float  # machine-hours, all together
    search_by: dict[str, int]  # machines that each need alone would take
    api_machines: int
    model_servers: int
    object_tb: float
    ingest_cost: float
    month: dict[str, float]

    @property
    def search_machines(self) -> int:
        return max(self.search_by.values())

    @property
    def decided_by(self) -> str:
        return max(self.search_by, key=lambda need: self.search_by[need])


def local(measured: Measured) -> Stored:
    """The four parts of a local index, from 50,000 passages on."""
    on_disk = measured.catalogue + measured.sentence_vectors + measured.lexical + measured.quantised_disk
    return Stored(measured.quantised_memory, on_disk, 0)


def milvus(measured: Measured, passages: int) -> Stored:
    """Plan with everything but the two searched indexes mapped from the disk (Milvus's mmap)."""
    texts = measured.text + measured.terms + ROW
    blobs = BASE64 * (measured.text + measured.sentence_vectors)
    sparse = TERM * measured.distinct
    dense, refined = (HNSW, 0) if passages <= SMALL else (RABITQ, SQ8)
    raw = VECTOR + sparse + texts + blobs
    return Stored(dense + sparse, refined + texts + blobs, raw + dense + refined + sparse)


def search_seconds(measured: Measured, passages: int) -> float:
    """Core-seconds of the two searches of one question."""
    return (measured.dense_ms + measured.bm25_ms) / 1000 * passages / 1e6


def model_questions(assumed: Assumed) -> float:
    """Questions a second of one model server."""
    return 1 / (assumed.read_tokens / assumed.read_rate + assumed.written_tokens / assumed.write_rate)


def plan(measured: Measured, assumed: Assumed, passages: int, questions: float) -> Plan:
    """Plan for the profile `scale`, each part on machines of its own."""
    stored, cores = milvus(measured, passages), assumed.cores * assumed.filled
    core_seconds = passages / measured.ingest
    hours = core_seconds / 3600 / assumed.cores
    held = passages * assumed.copies
    search_by = {
        "memory": _up(held * stored.memory / (assumed.memory_gb * 1e9 * assumed.filled)),
        "disk": _up(held * stored.disk / (assumed.disk_tb * 1e12 * assumed.filled)),
        "search": _up(questions * search_seconds(measured, passages) / cores),
        "two for safety": 2,
    }
    api = max(2, _up(questions * measured.question / cores))
    models = max(2, _up(questions / model_questions(assumed)))
    object_gb = passages * stored.objects / 1e9
    machine = HOURS * assumed.machine_hour
    month = {
        "search": max(search_by.values()) * machine,
        "API": api * machine,
        "model": models * HOURS * assumed.model_hour,
        "objects": object_gb * assumed.object_gb_month,
        "fixed": assumed.fixed * machine,
    }
    ingesting = _up(core_seconds / (assumed.days * SECONDS) / assumed.cores)
    cost = hours * assumed.machine_hour
    return Plan(passages, questions, ingesting, hours, search_by, api, models, object_gb / 1000, cost, month)


def _up(value: float) -> int:
    return max(1, math.ceil(value))
