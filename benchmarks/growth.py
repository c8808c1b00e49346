"""Growth of time and memory with the number of passages: index, open, search, delete.

    python benchmarks/growth.py [../shared/eval] [--sizes 1216 10000 100000 1000000]

For each size a library is made and committed as `rag index` commits it, without reading and embedding, whose time for a
passage does not depend on how many there are. A process of its own then opens the index, searches, and tells its
memory. Prints a table and writes `benchmarks/results/growth.json`, which `growth_plot.py` draws. A million passages
take about 15 GB of disk and half an hour.

Documents have ten passages of six sentences of twenty words. Words follow Zipf's law over a vocabulary of 400,000;
vectors are real ones perturbed, as in `large.py`. A question has six words of a sentence, and a vector near that of its
passage; its time includes that of embedding it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from evalset import eval_argument
from large import perturbed, seeded, squad2, unit
from speed import RESULTS
from workload import generated

from rag.embedding.embedded import EmbeddedEmbedder
from rag.index.folders import Expected
from rag.index.local import LocalIndex
from rag.processor import has_bfloat16
from rag.retrieval.question import parse_question
from rag.retrieval.search import retrieve
from rag.settings import load_settings
from rag.types import Document, Embedding, Entry, Passage, Sentence, Vectors

DIMENSION = 384
PASSAGES, SENTENCES, WORDS = 10, 6, 20  # of a document, of a passage, of a sentence
VOCABULARY, ZIPF = 400_000, 1.1
ASKED, WARM_UP, REMOVED, EMBEDDED = 200, 50, 10, 512
PUBLISHED_EVERY = 60.0  # seconds, as `rag index` does
MADE_WITH = Expected("growth", DIMENSION, "growth")
NAME = "growth"
FUNCTION_WORDS = "the of and in to a is was for on as by with at from that it be are this".split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1216, 10_000, 100_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="libraries stay there for another run")
    parser.add_argument("--search", type=Path, help=argparse.SUPPRESS)  # the process of its own
    options = parser.parse_args()
    if options.search:
        print(json.dumps(searched(options.search, options.seed)))
        return
    results: dict[str, Any] = {"machine": machine(), "embedding": embedding(), "sizes": []}
    with tempfile.TemporaryDirectory() as folder:
        work = options.keep or Path(folder)

        @cache
        def real() -> Vectors:
            there = (options.eval / "squad2").is_dir()
            return (squad2(options.eval / "squad2", Path(folder)) if there else seeded(options.seed)).vectors

        for size in options.sizes:
            results["sizes"].append(measured(size, real, work / str(size), options.seed))
            if not options.keep:
                shutil.rmtree(work / str(size))
            print(json.dumps(results["sizes"][-1]), flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "growth.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def measured(size: int, real: Callable[[], Vectors], work: Path, seed: int) -> dict[str, float]:
    made = work / "made.json"
    if not made.exists():
        shutil.rmtree(work, ignore_errors=True)
        figures = indexed(size, real(), work, seed)
        made.write_text(json.dumps(figures), "utf-8")
    return {"passages": size, **json.loads(made.read_text("utf-8")), **apart(work, seed), **removed(work)}


def indexed(size: int, real: Vectors, work: Path, seed: int) -> dict[str, float]:
    """Making texts and vectors is not counted."""
    seconds, published = 0.0, time.monotonic()
    with LocalIndex.open(work, NAME, MADE_WITH, create=True) as index:
        for document, passages, embeddings in documents(size, real, seed):
            began = time.perf_counter()
            index.replace(Entry(document, passages, embeddings))
            if time.monotonic() - published > PUBLISHED_EVERY:
                index.publish()
                published = time.monotonic()
            seconds += time.perf_counter() - began
        began = time.perf_counter()
        index.publish()
    seconds += time.perf_counter() - began
    on_disk = sum(file.stat().st_size for file in work.rglob("*") if file.is_file())
    return {"commit_ms": 1000 * seconds / size, "disk_bytes": on_disk / size}


def documents(size: int, real: Vectors, seed: int) -> Iterator[tuple[Document, list[Passage], list[Embedding]]]:
    vectors = (vector for block in perturbed(real, size * (SENTENCES + 1), seed) for vector in block)
    random = np.random.default_rng(seed)
    for first in range(0, size, PASSAGES):
        texts = [paragraph(random) for _ in range(min(PASSAGES, size - first))]
        text = "\n\n".join(map(" ".join, texts))
        document = Document(f"{first:09d}.txt", f"Library {first}", text, "", f"{first:064x}")
        passages = list(cut(document, texts))
        yield document, passages, [Embedding(next(vectors), np.stack([next(vectors) for _ in texts[0]])) for _ in texts]


def paragraph(random: np.random.Generator) -> list[str]:
    """The sentences of a paragraph."""
    words = random.zipf(ZIPF, SENTENCES * WORDS) % VOCABULARY
    named = [word(int(number)) for number in words]
    return [f"{' '.join(named[at : at + WORDS]).capitalize()}." for at in range(0, len(named), WORDS)]


@lru_cache(VOCABULARY)
def word(number: int) -> str:
    """The most frequent are function words, which searches pass over; the others are made of syllables."""
    if number < len(FUNCTION_WORDS):
        return FUNCTION_WORDS[number]
    consonants, letters = "bcdfghjklmnprstvwxyz", "q"
    while True:
        number, digit = divmod(number, len(consonants))
        letters += consonants[digit] + "aeiou"[digit % 5]
        if not number:
            return letters


def cut(document: Document, texts: list[list[str]]) -> Iterator[Passage]:
    at = 0
    for sentences in texts:
        spans, start = [], at
        for sentence in sentences:
            spans.append(Sentence(at, at + len(sentence)))
            at += len(sentence) + 1
        text = document.text[start : spans[-1].end]
        yield Passage(document.id, document.title, document.source, start, spans[-1].end, text, tuple(spans))
        at = spans[-1].end + 2


def apart(work: Path, seed: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--search", str(work), "--seed", str(seed)]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(found.splitlines()[-1]))


def searched(work: Path, seed: int) -> dict[str, float]:
    embedder = EmbeddedEmbedder.load(load_settings().threads)
    embedder.embed_query("What is measured?")
    before = memory()
    began = time.perf_counter()
    with LocalIndex.open(work, NAME, MADE_WITH) as index:
        with index.snapshot() as snapshot:
            retrieve(snapshot, parse_question("What is first?"), lambda: embedder.embed_query("What is first?"), 10)
        opened = time.perf_counter() - began
        asked = list(questions(index, [info.id for info in index.documents()], seed))
        times = []
        for text, vector in asked:
            began = time.perf_counter()
            search(index, embedder, text, vector)
            times.append(1000 * (time.perf_counter() - began))
    counted = sorted(times[WARM_UP:])
    return {
        "open_ms": 1000 * opened,
        "search_ms": statistics.median(counted),
        "search_ms_90": counted[int(0.9 * len(counted))],
        "memory_mb": (memory() - before) / 1e6,
    }


def search(index: LocalIndex, embedder: EmbeddedEmbedder, text: str, near: Vectors) -> None:
    """Search as the pipeline does it, but for the vector: that of a text of random words is near nothing."""

    def vector() -> Vectors:
        embedder.embed_query(text)
        return near

    with index.snapshot() as snapshot:
        retrieve(snapshot, parse_question(text), vector, 10)


def questions(index: LocalIndex, documents: list[str], seed: int) -> Iterator[tuple[str, Vectors]]:
    random, asked = np.random.default_rng(seed + 1), 0
    while asked < ASKED + WARM_UP:
        document = index.document(documents[random.integers(len(documents))])
        start = document.text.index(". ", random.integers(len(document.text) // 2)) + 2
        text = f"What is said of {' '.join(document.text[start:].split(' ')[1:7])}?"
        with index.snapshot() as snapshot:
            if not (found := snapshot.lexical(text, 1)):
                continue  # six function words
            [near] = snapshot.fetch([found[0].row])
        asked += 1
        yield text, unit(near.embedding.passage[None] + 0.04 * random.standard_normal((1, DIMENSION)))[0]


def removed(work: Path) -> dict[str, float]:
    """A document taken out, and readers told; all are put back afterwards."""
    times = []
    with LocalIndex.open(work, NAME, MADE_WITH, write=True) as index:
        taken = [index.stored(info.id) for info in index.documents()[:REMOVED]]
        for item in taken:
            began = time.perf_counter()
            index.remove(item.document.id)
            index.publish()
            times.append(1000 * (time.perf_counter() - began))
        for item in taken:
            passages = [stored.passage for stored in item.passages]
            index.replace(Entry(item.document, passages, [stored.embedding for stored in item.passages]))
        index.publish()
    return {"remove_ms": statistics.median(times)}


def memory() -> int:
    """Bytes that this process has for itself; pages of files that the system may drop are not counted."""
    lines = Path("/proc/self/status").read_text("utf-8").split("\n")
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("RssAnon")))


def machine() -> dict[str, float]:
    """Best work of the cores: products of matrices, of bfloat16 where passages are embedded in that, else of
    float32, and bytes read from memory."""
    import torch

    a = torch.randn(2048, 2048).to(torch.bfloat16 if has_bfloat16() else torch.float32)
    product = best(lambda: a @ a)
    data = torch.ones(1 << 28)
    read = best(lambda: data.sum())
    return {"gflops": 2 * 2048**3 / product / 1e9, "gigabytes_a_second": 4 * (1 << 28) / read / 1e9}


def embedding() -> dict[str, float]:
    """Speed on paragraphs as long as squad2's, with the embedded model: 6 layers of width 384, 1,536 in the middle. A
    token takes 2 operations a weight, and 4 x width a layer for each token that it attends to."""
    from rag.ingest.prepare import embedded

    settings = load_settings()
    embedder = EmbeddedEmbedder.load(settings.threads)
    texts = [text for _, text in generated(EMBEDDED).documents]
    passages = [Passage("x", "", "", 0, len(text), text, (Sentence(0, len(text)),)) for text in texts]
    tokens = [len(embedder.token_spans(text)) + 2 for text in texts]
    list(embedded(embedder, passages[:32]))
    began = time.perf_counter()
    list(embedded(embedder, passages))
    seconds = time.perf_counter() - began
    operations = sum(n * 6 * (2 * (4 * 384**2 + 2 * 384 * 1536) + 4 * n * 384) for n in tokens)
    return {
        "passages_a_second": EMBEDDED / seconds,
        "tokens_a_passage": statistics.mean(tokens),
        "gflops": operations / seconds / 1e9,
        "gflop_a_passage": operations / EMBEDDED / 1e9,
    }


def best(call: Any, rounds: int = 8) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    main()
