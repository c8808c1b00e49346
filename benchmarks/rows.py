"""The rows of `speed.py`: what is measured of ours and of a peer, with the same texts, questions and model files.

All is warm before time is taken, except where a whole process is timed. Questions are new in every round, and the same
for both. A function makes a `Row`; what it needs of peers and indexes is made before its first round.
"""

from __future__ import annotations

import http.client
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from measure import Figure, Row, Time
from ours import Ours
from peers import PeerError
from serving import rag_server
from workload import Asked

from rag.answering.prompt import writing_messages
from rag.documents.pool import ReaderPool
from rag.documents.read import read_document
from rag.index.local import LocalIndex
from rag.ingest.prepare import cut, embedded
from rag.ingest.run import sync
from rag.retrieval.evidence import select_evidence
from rag.stores.open import open_index
from rag.types import Message, NextClaim, Passage

ASKERS = 8
TOKENS = 48  # that each asker has written
ANY_TEXT = r"root ::= [^\x00]*"
LEAST_COSINE = 0.99
FOUND = 10  # passages
CANDIDATES = 50  # of the vector search alone


def index(ours: Ours, rounds: int) -> Row:
    """Read, chunk, embed, commit; theirs has the texts in memory already."""
    files, embedder, numbers = ours.files, ours.models.embedder, iter(range(rounds))

    def here() -> float:
        settings = ours.settings.model_copy(update={"index": f"round-{next(numbers)}"})
        began = time.perf_counter()
        with (
            open_index(settings, embedder, create=True) as index,
            ReaderPool(settings.workers) as pool,
        ):
            sync([files], index, embedder, settings, read=pool.read)
        seconds = time.perf_counter() - began
        shutil.rmtree(settings.indexes_dir / settings.index)
        return seconds

    embedder.embed_passages(_passages(ours, 8))  # a question alone would not load what passages need
    peer, count = ours.indexed_txtai, len(ours.workload.documents)
    return Row(
        f"index {count} paragraphs",
        "txtai, hybrid",
        "faster",
        2.0,
        here,
        lambda: float(peer.do("index", **ours.txtai_order)["seconds"]),
        rounds,
    )


def embed(ours: Ours, rounds: int, texts: int | None = None) -> Row:
    """The same passages; ours also makes a vector of each sentence."""
    embedder, passages = ours.models.embedder, _passages(ours, texts)
    peer, file = ours.encoder, ours.work / "vectors.npy"
    found: list[np.ndarray] = []

    def here() -> float:
        began = time.perf_counter()
        found[:] = [embedding.passage for embedding in embedded(embedder, passages)]
        return time.perf_counter() - began

    def check() -> tuple[str, bool]:
        least = float((np.stack(found) * np.load(file)).sum(axis=1).min())
        return f"least cosine to its float32 {least:.6f}", least >= LEAST_COSINE

    list(embedded(embedder, passages[:32]))
    return Row(
        f"embed {len(passages)} passages",
        "SentenceTransformer.encode",
        "faster",
        1.9,
        here,
        lambda: float(peer.do("encode", texts=[passage.text for passage in passages], vectors=str(file))["seconds"]),
        rounds,
        check,
    )


def search(ours: Ours, rounds: int, questions: int) -> Row:
    """Medians of one question after another; ten passages each."""
    pipeline, peer = ours.pipeline, ours.indexed_txtai
    asked = _rounds(ours, rounds, questions)
    right: dict[str, list[bool]] = {"ours": [], "theirs": []}

    def here(questions: Sequence[Asked]) -> float:
        seconds = []
        for question in questions:
            began = time.perf_counter()
            hits = pipeline.search(question.text, FOUND)
            seconds.append(time.perf_counter() - began)
            right["ours"].append(_document(hits[0].passage.document_id) in question.gold)
        return statistics.median(seconds)

    def there(questions: Sequence[Asked]) -> float:
        answer = peer.do("search", queries=[question.text for question in questions])
        right["theirs"] += [name in question.gold for name, question in zip(answer["first"], questions, strict=True)]
        return float(statistics.median(answer["seconds"]))

    def check() -> tuple[str, bool]:
        hits = {name: statistics.mean(values) for name, values in right.items()}
        return f"hit@1 {hits['ours']:.3f}, theirs {hits['theirs']:.3f}", hits["ours"] >= hits["theirs"]

    here(ours.questions(10)), there(ours.questions(10))
    right = {"ours": [], "theirs": []}
    return Row("hybrid search, median", "txtai, hybrid", "faster", 2.0, asked(here), asked(there), rounds, check)


def answer(ours: Ours, rounds: int, questions: int, converted: bool = False) -> Row:
    """The checked answer, refusals included; theirs is neither cited nor checked. Their model is the file as it is
    published, or with `converted` what this project makes of it to read faster."""
    pipeline = ours.pipeline
    asked = _rounds(ours, rounds, questions)
    there = _txtai_answers(ours, converted)
    here = _median_of(lambda question: pipeline.ask(question))
    against = "txtai RAG, model converted as here" if converted else "txtai RAG, same model file"
    return Row("checked answer, median", against, "faster", 15.0, asked(here), asked(there), rounds)


def first_sentence(ours: Ours, rounds: int, questions: int) -> Row:
    """Seconds from question to first checked sentence, for the questions that are answered; theirs is the whole answer,
    with the model that this project converted."""
    pipeline = ours.pipeline
    asked = _rounds(ours, rounds, questions)
    there = _txtai_answers(ours, converted=True)

    def here(questions: Sequence[Asked]) -> float:
        seconds = []
        for question in questions:
            began = time.perf_counter()
            for step in pipeline.stream(question.text):
                if isinstance(step, NextClaim):
                    seconds.append(time.perf_counter() - began)
                    break
        return statistics.median(seconds)

    against = "txtai RAG, model converted as here"
    return Row("first checked sentence, median", against, "faster", 15.0, asked(here), asked(there), rounds)


def _txtai_answers(ours: Ours, converted: bool) -> Callable[[Sequence[Asked]], float]:
    """The median seconds of txtai's answers to questions; its model is loaded and warm."""
    peer = ours.indexed_txtai
    model = ours.model_file if converted else ours.published_file
    peer.do("load_rag", model=str(model), questions=[question.text for question in ours.questions(3)])

    def there(questions: Sequence[Asked]) -> float:
        return float(statistics.median(peer.do("ask", questions=[question.text for question in questions])["seconds"]))

    return there


def askers(ours: Ours, rounds: int, questions: int) -> Row:
    """Checked answers of this project's own kind against chats that show the evidence of the same questions."""
    asked, pipeline = ours.questions(questions), ours.pipeline
    there = _on_server(ours)
    chats = [_chat(ours, question) for question in asked]

    def here() -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(ASKERS) as pool:
            list(pool.map(lambda question: pipeline.ask(question.text), asked))
        return (time.perf_counter() - began) / len(asked)

    def one_by_one() -> float:
        return sum(_timed(partial(there, chat)) for chat in chats) / len(chats)

    there(chats[0])
    return Row(
        f"{ASKERS} askers at once, a checked answer",
        "one at a time, llama_cpp.server",
        "faster",
        1.5,
        here,
        one_by_one,
        rounds,
    )


def writers(ours: Ours, rounds: int, prompts: int) -> Row:
    """The same chats for both, greedy, so many tokens; theirs reads one request at a time."""
    chats, here, there = _chats(ours, prompts), _written(ours), _on_server(ours)
    here(chats[0]), there(chats[0])
    return Row(
        f"{ASKERS} askers at once, {TOKENS} tokens written",
        "one at a time, llama_cpp.server",
        "faster",
        1.5,
        _each(here, chats, ASKERS),
        _each(there, chats, 1),
        rounds,
    )


def alone(ours: Ours, rounds: int, prompts: int) -> Row:
    """The same chats, one after another, without a server between."""
    peer, chats, here = ours.llama, _chats(ours, prompts), _written(ours)

    def there() -> float:
        written = peer.do("write", chats=[_plain(chat) for chat in chats], tokens=TOKENS)
        return float(written["seconds"]) / int(written["tokens"]) * TOKENS

    here(chats[0])
    work = f"one asker, {TOKENS} tokens written"
    return Row(work, "llama_cpp.Llama", "faster", None, _each(here, chats, 1), there, rounds)


def _written(ours: Ours) -> Callable[[list[Message]], int]:
    """Has this project's engine write; -> tokens."""
    model = ours.models.writer()
    assert model is not None
    return lambda chat: sum(1 for _ in model.write(chat, ANY_TEXT, TOKENS))


def _on_server(ours: Ours) -> Callable[[list[Message]], int]:
    """Has llama-cpp-python's own server write, with the same model file and cores; -> tokens."""
    server = ours.llama_server

    def write(chat: list[Message]) -> int:
        body = {"messages": _plain(chat), "max_tokens": TOKENS, "temperature": 0}
        reply = server.post("/v1/chat/completions", body)
        if reply.status != 200:
            raise PeerError(f"llama_cpp.server gave {reply.status}")
        return int(reply.body["usage"]["completion_tokens"])

    return write


def evidence_read(ours: Ours, rounds: int, questions: int) -> Row:
    """A checked answer against what reading the same evidence and writing eight tokens takes; for `--quick`."""
    pipeline, peer = ours.pipeline, ours.llama
    asked = _rounds(ours, rounds, questions)

    def there(questions: Sequence[Asked]) -> float:
        chats = [_plain(_chat(ours, question)) for question in questions]
        return statistics.median(float(peer.do("write", chats=[chat], tokens=8)["seconds"]) for chat in chats)

    here = _median_of(lambda question: pipeline.ask(question))
    return Row("checked answer, median", "llama_cpp.Llama, 8 tokens", "share", None, asked(here), asked(there), rounds)


def query(ours: Ours, rounds: int, questions: int) -> Row:
    """A search against the embedding of its question alone; for `--quick`."""
    pipeline, peer = ours.pipeline, ours.encoder
    asked = _rounds(ours, rounds, questions)

    def there(questions: Sequence[Asked]) -> float:
        return float(statistics.median(peer.do("encode_each", texts=[q.text for q in questions])["seconds"]))

    here = _median_of(lambda question: pipeline.search(question, FOUND))
    return Row("hybrid search, median", "SentenceTransformer.encode", "share", None, asked(here), asked(there), rounds)


def vectors(ours: Ours, rounds: int, questions: int) -> Row:
    """The vector search alone, one question at a time, on the same vectors."""
    pipeline, embedder = ours.pipeline, ours.models.embedder
    with LocalIndex.open(ours.settings.indexes_dir, ours.settings.index) as opened, opened.snapshot() as snapshot:
        stored = snapshot.fetch([hit.row for hit in snapshot.dense(embedder.embed_query("all"), 1 << 20)])
    rows, queries = ours.work / "rows.npy", ours.work / "queries.npy"
    np.save(rows, np.stack([passage.embedding.passage for passage in stored]))
    wanted = np.stack([embedder.embed_query(question.text) for question in ours.questions(questions)])
    np.save(queries, wanted)
    peer = ours.encoder
    peer.do("load_faiss", vectors=str(rows))
    index = ours.exits.enter_context(LocalIndex.open(ours.settings.indexes_dir, pipeline.name))

    def here() -> float:
        with index.snapshot() as snapshot:
            return statistics.median(_timed(partial(snapshot.dense, q, CANDIDATES)) for q in wanted)

    def there() -> float:
        return float(statistics.median(peer.do("search_faiss", queries=str(queries))["seconds"]))

    here(), there()
    return Row(f"vector search, {len(stored)} passages", "faiss.IndexFlatIP", "share", None, here, there, rounds)


def again(ours: Ours, rounds: int) -> Row:
    """`rag index` as a process, on files that are as they were, against one that only loads the settings."""
    assert ours.first_run
    script = [sys.executable, "-c", "from rag.settings import load_settings; load_settings()"]
    return Row(
        f"`rag index` again, {len(ours.workload.documents)} files",
        "a process that loads the settings",
        "share",
        1.3,
        lambda: ours.command("index", str(ours.files)),
        lambda: _timed(lambda: subprocess.run(script, check=True, capture_output=True)),
        rounds,
    )


def over_http(ours: Ours, rounds: int, questions: int, share: bool = False) -> Row:
    """`/v1/search` over one connection that stays open, against `Pipeline.search` here, on the same index.

    What was read and which words were met is remembered, so both are asked first what was asked here before: of
    passages that one side knows and the other does not, the time would count as HTTP's."""
    pipeline = ours.pipeline
    ours.questions(20)  # at least so many
    known = ours.asked
    server = ours.exits.enter_context(rag_server(ours.work))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    ours.exits.callback(connection.close)
    asked = _rounds(ours, rounds, questions)

    def post(question: str) -> None:
        body = json.dumps({"query": question, "k": FOUND})
        connection.request("POST", "/v1/search", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        if reply.status != 200:
            raise SystemExit(f"/v1/search gave {reply.status}")

    for question in known:
        post(question.text)
        pipeline.search(question.text, FOUND)
    here, there = _median_of(post), _median_of(lambda question: pipeline.search(question, FOUND))
    figure: Figure = "share" if share else "excess"
    required = None if share else 0.002
    return Row("/v1/search, median", "Pipeline.search", figure, required, asked(here), asked(there), rounds)


def cold(ours: Ours, rounds: int, command: str, required: float) -> Row:
    """A whole process against `import sentence_transformers` in another, files in the page cache."""
    assert ours.first_run
    script = [sys.executable, "-c", "import sentence_transformers"]
    ours.command(command, ours.questions(1)[0].text)
    return Row(
        f"`rag {command}`, cold process",
        "import sentence_transformers",
        "share",
        required,
        lambda: ours.command(command, ours.questions(1)[0].text),
        lambda: _timed(lambda: subprocess.run(script, check=True, capture_output=True)),
        rounds,
    )


def _rounds(ours: Ours, rounds: int, count: int) -> Callable[[Callable[[Sequence[Asked]], float]], Time]:
    """Makes a measurement over questions one of rounds: the n-th time it is called with the n-th set of questions."""
    sets = [ours.questions(count) for _ in range(rounds)]

    def made(measure: Callable[[Sequence[Asked]], float]) -> Time:
        left = iter(sets)
        return lambda: measure(next(left))

    return made


def _median_of(call: Callable[[str], object]) -> Callable[[Sequence[Asked]], float]:
    return lambda questions: statistics.median(_timed(partial(call, q.text)) for q in questions)


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _each(write: Callable[[list[Message]], int], chats: list[list[Message]], at_once: int) -> Time:
    """Seconds for an answer, so many being asked for at once; per token where answers end early would differ."""

    def measure() -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(at_once) as pool:
            tokens = sum(pool.map(write, chats))
        return (time.perf_counter() - began) / tokens * TOKENS

    return measure


def _chats(ours: Ours, count: int) -> list[list[Message]]:
    return [_chat(ours, question) for question in ours.questions(count)]


def _chat(ours: Ours, question: Asked) -> list[Message]:
    """Prompt of a model in write mode: the evidence of the question."""
    evidence = select_evidence(ours.pipeline.search(question.text, FOUND), 4, 10_000, len)
    return list(writing_messages(question.text, evidence))


def _plain(chat: list[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in chat]


def _passages(ours: Ours, limit: int | None) -> list[Passage]:
    """Passages of the workload's files, none longer than the model reads at once."""
    embedder = ours.models.embedder
    files = sorted(ours.files.iterdir())[:limit]
    documents = [read_document(path, path.name, str(path)) for path in files]
    return [passage for document in documents for passage in cut(document, embedder, ours.settings.passage_tokens)]


def _document(document_id: str) -> str:
    """The row of the workload of an indexed file."""
    return document_id.rsplit("/", 1)[-1].removesuffix(".txt")
