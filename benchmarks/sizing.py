"""Number of machines that so many passages take: measures one passage and one question here, and prints the tables of
docs/scaling.md.

    python benchmarks/sizing.py [--paragraphs 400] [--lexical 40000] [--questions 1 10 100]
    python benchmarks/sizing.py --measured text=720,terms=500,...     # the arithmetic alone, with figures of your own
    python benchmarks/sizing.py --assume machine_hour=0.5,days=30     # other machines, prices, deadlines

Measured on a library made by the generator of workload.py, with the embedded models, in seconds of the processor: two
to three minutes on two cores. What large.py measured is taken from there. The arithmetic is in capacity.py.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import capacity
import workload
from capacity import Assumed, Measured, Plan
from ours import Ours
from workload import Workload

from rag.types import Ask

SIZES = (10**6, 10**8, 10**10)
_ASKED = 40
_READ = 8  # passages, as the pipeline reads them
_WORDS = 7  # of a lexical query
_WRITER_BYTES = 50_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paragraphs", type=int, default=400, help="of the library that is measured (400)")
    parser.add_argument("--lexical", type=int, default=40_000, help="passages of the larger lexical index (40000)")
    parser.add_argument("--questions", type=float, nargs=3, default=[1, 10, 100], help="a second, for each size")
    parser.add_argument("--measured", type=_pairs, help="name=value,...: measure nothing, and take these")
    parser.add_argument("--assume", type=_pairs, default={}, help=f"name=value,... of {', '.join(Assumed._fields)}")
    options = parser.parse_args()
    try:
        assumed = Assumed()._replace(**options.assume)
        measured = Measured(**options.measured) if options.measured else measure(options.paragraphs, options.lexical)
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    if not options.measured:
        print("--measured " + ",".join(f"{name}={value:.5g}" for name, value in measured._asdict().items()), "\n")
    plans = [capacity.plan(measured, assumed, *each) for each in zip(SIZES, options.questions, strict=True)]
    print("\n\n".join([_passage(measured), _rates(measured, assumed), _one(measured, assumed), _many(plans, assumed)]))


def measure(paragraphs: int, lexical: int) -> Measured:
    """Measure this machine. About 1 GB of memory, little disk."""
    made = workload.generated(paragraphs)
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(Path(folder), made, Path())
        with ours.exits:
            ingest = _ingested(ours)
            bytes_of = _stored(ours, paragraphs)
            answered, reading = _asking(ours)
            small, large = (_lexical(Path(folder) / str(count), count) for count in (lexical // 4, lexical))
    bm25 = (large - small) / (lexical - lexical // 4) * 1e6 * 1000
    return Measured(**bytes_of, ingest=ingest, question=answered - reading, reading=reading, bm25_ms=bm25)


def _ingested(ours: Ours) -> float:
    """Passages a second and core, as `rag index` does it but with its models loaded."""
    from rag.ingest.run import sync
    from rag.stores.open import open_index

    files, models = ours.files, ours.models
    warm = ours.work / "warm"
    warm.mkdir()
    (warm / "a.txt").write_text("The first text loads what is loaded once.", "utf-8")
    with closing(open_index(ours.settings, models.embedder, create=True)) as index:
        sync([warm], index, models.embedder, ours.settings)
        before, began = len(_rows(ours)), _processor()
        sync([files], index, models.embedder, ours.settings)
        return (len(_rows(ours)) - before) / (_processor() - began)


def _stored(ours: Ours, paragraphs: int) -> dict[str, float]:
    """Bytes of a passage, by part."""
    from rag.text.terms import terms

    folder = ours.settings.indexes_dir / ours.settings.index
    rows = _rows(ours)
    texts = [text for text, _ in rows]
    found = [terms(text) for text in texts]
    sentence_vectors = statistics.fmean(size for _, size in rows)
    files = {file: file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    catalogue = sum(size for file, size in files.items() if file.name.startswith("catalogue.sqlite")) / len(rows)
    return {
        "text": statistics.fmean(len(text.encode()) for text in texts),
        "terms": statistics.fmean(len(" ".join(each).encode()) for each in found),
        "distinct": statistics.fmean(len(set(each)) for each in found),
        "sentences": sentence_vectors / capacity.VECTOR,
        "catalogue": catalogue - sentence_vectors,
        "sentence_vectors": sentence_vectors,
        "lexical": sum(size for file, size in files.items() if "lexical" in file.parts) / len(rows),
    }


def _rows(ours: Ours) -> list[tuple[str, int]]:
    """Text of each passage, and the bytes of its sentences' vectors."""
    import sqlite3

    path = ours.settings.indexes_dir / ours.settings.index / "catalogue.sqlite"
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT p.text, LENGTH(e.sentences) FROM passages p JOIN embeddings e USING (embedding)"
        return database.execute(query).fetchall()


def _asking(ours: Ours) -> tuple[float, float]:
    """Core-seconds of a quoted answer, and of reading its passages, warm; the medians."""
    from rag.pipeline import open_pipeline

    reader = ours.models.reader
    assert reader is not None
    with open_pipeline(ours.settings, ours.models) as pipeline:
        for question in ours.questions(3):
            pipeline.ask(Ask(question.text, mode="quote"))
        asked = [Ask(question.text, mode="quote") for question in ours.questions(_ASKED)]
        answered = statistics.median(_spent(partial(pipeline.ask, ask)) for ask in asked)
        found = [(ask.question, [hit.passage for hit in pipeline.search(ask.question, _READ)]) for ask in asked]
    return answered, statistics.median(_spent(partial(reader.read, *each)) for each in found)


def _lexical(folder: Path, count: int) -> float:
    """Core-seconds of a search among so many generated passages; the median."""
    import tantivy

    from rag.index.catalogue import PassageText
    from rag.index.lexical import search as lexical

    made: Workload = workload.generated(count)
    folder.mkdir()
    index = tantivy.Index(lexical.schema(), path=str(folder))
    writer = index.writer(_WRITER_BYTES, 1)
    lexical.add(writer, _texts(PassageText, made))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = lexical.Lexical(index.searcher(), 1)
    words = [" ".join(re.findall(r"\w+", question.text)[:_WORDS]) for question in made.questions[:_ASKED]]
    for text in words:
        searcher.search(text, 100)
    return statistics.median(_spent(partial(searcher.search, text, 100)) for text in words)


def _texts(make: Any, made: Workload) -> Iterator[Any]:
    for number, (_, text) in enumerate(made.documents):
        yield make(number, 1, None, text)


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _processor() -> float:
    """Seconds of the processor, of this process and those that it started and that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _pairs(text: str) -> dict[str, float]:
    pairs = dict(pair.split("=", 1) for pair in text.split(","))
    return {name: int(value) if value.isdecimal() else float(value) for name, value in pairs.items()}


def _passage(measured: Measured) -> str:
    local = capacity.local(measured)
    one, hundred = (capacity.milvus(measured, count) for count in (10**6, 10**8))
    rows = [
        ["text, UTF-8 (measured)", _bytes(measured.text)],
        ["catalogue: text, places, vector of the passage, indexes of SQLite (measured)", _bytes(measured.catalogue)],
        [f"catalogue: vectors of its {measured.sentences:.1f} sentences (measured)", _bytes(measured.sentence_vectors)],
        ["lexical, Tantivy (measured)", _bytes(measured.lexical)],
        ["dense, quantised, on disk / in memory (large.py)", _two(measured.quantised_disk, measured.quantised_memory)],
        ["**local: disk / memory**", _two(local.disk, local.memory)],
        ["**Milvus, HNSW: memory / disk of search nodes / object store** (arithmetic)", _three(one)],
        ["**Milvus, IVF_RABITQ and SQ8: the same** (arithmetic)", _three(hundred)],
    ]
    return _table(["a passage", "bytes"], rows)


def _rates(measured: Measured, assumed: Assumed) -> str:
    rows = [
        ["passages ingested a second and core (measured)", f"{measured.ingest:.1f}"],
        ["a question without reading and search, core-seconds (measured)", f"{measured.question:.3f}"],
        ["reading for a question, core-seconds (measured)", f"{measured.reading:.2f}"],
        ["BM25 among a million passages, core-milliseconds (measured, extrapolated)", f"{measured.bm25_ms:.1f}"],
        ["dense search among a million, core-milliseconds (large.py)", f"{measured.dense_ms:.1f}"],
        ["questions a second of a core, quoted", f"{1 / (measured.question + measured.reading):.2f}"],
        ["questions a second of one model server (assumed)", f"{capacity.model_questions(assumed):.1f}"],
    ]
    return _table(["a rate", "value"], rows)


def _one(measured: Measured, assumed: Assumed) -> str:
    stored = capacity.local(measured)
    rows = []
    for size in SIZES:
        search = capacity.search_seconds(measured, size)
        each = search + measured.question + measured.reading
        days = size / measured.ingest / assumed.cores / capacity.SECONDS
        memory, disk = size * stored.memory / 1e9, size * stored.disk / 1e12
        fits = memory <= assumed.memory_gb * assumed.filled and disk <= assumed.disk_tb * assumed.filled
        rate = assumed.cores * assumed.filled / each
        row = [f"{size:.0e}", _rounded(memory), _rounded(disk), _rounded(days), _rounded(search), _rounded(rate)]
        rows.append([*row, "yes" if fits else "no"])
    head = ["passages", "memory, GB", "disk, TB", "ingestion, days", "search, core-s", "questions a second", "fits"]
    return _table(head, rows)


def _many(plans: Sequence[Plan], assumed: Assumed) -> str:
    def row(name: str, show: Callable[[Plan], object]) -> list[str]:
        return [name, *(str(show(each)) for each in plans)]

    rows = [
        row("questions a second", lambda p: f"{p.questions:g}"),
        row(f"machines that ingest for {assumed.days:g} days", lambda p: f"{p.ingest_machines:,}"),
        row("machine-hours of ingestion", lambda p: f"{p.ingest_hours:,.0f}"),
        *(
            [f"search machines for {need}", *(f"{p.search_by[need]:,}" for p in plans)]
            for need in ("memory", "disk", "search")
        ),
        row("**search machines**", lambda p: f"{p.search_machines:,} ({p.decided_by})"),
        row("**API machines**", lambda p: f"{p.api_machines:,}"),
        row("**model servers**", lambda p: f"{p.model_servers:,}"),
        row("**other machines**", lambda p: assumed.fixed),
        row("object store, TB", lambda p: _rounded(p.object_tb)),
        row("ingestion costs, once", lambda p: f"{p.ingest_cost:,.0f}"),
        *([f"{part} a month", *(f"{p.month[part]:,.0f}" for p in plans)] for part in plans[0].month),
        row("**all a month**", lambda p: f"{sum(p.month.values()):,.0f}"),
        row("a million questions, at that load", lambda p: f"{_million(p):,.0f}"),
    ]
    return _table(["profile scale", *(f"{each.passages:.0e} passages" for each in plans)], rows)


def _million(plan: Plan) -> float:
    return sum(plan.month.values()) / (plan.questions * capacity.HOURS * 3600) * 1e6


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _bytes(value: float) -> str:
    return f"{value:,.0f}"


def _two(first: float, second: float) -> str:
    return f"{_bytes(first)} / {_bytes(second)}"


def _three(stored: capacity.Stored) -> str:
    return f"{_bytes(stored.memory)} / {_bytes(stored.disk)} / {_bytes(stored.objects)}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
