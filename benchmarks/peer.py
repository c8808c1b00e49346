"""Work of the peers, in a process and a virtual environment of their own: `benchmarks/peers.py` starts it.

Lines of JSON on standard input, `{"do": NAME, ...}`, are answered by one line each on standard output. Seconds are
taken here, around the peer's own call, so that the lines between the processes count for nobody. Knows nothing of this
project's code. Where a call fails, the answer is `{"error": "..."}`.

The peers are given the cores that ours has, the same model files, and, where they have a choice, what is fastest here:

    encode   `SentenceTransformer.encode` with its defaults (batches of 32, sorted by length), one call for all texts
    index    txtai `Embeddings(hybrid=True, content=True)`, encodebatch 32; index, then save, as ours ends on disk
    search   the same index, `search(query, 10)`, one at a time; with its content, since ours gives the passages too
    ask      txtai `RAG` on it: three passages (its default), the prompt of its documentation, all cores for llama.cpp
             (whose own default is half of them), at most 128 tokens, greedy
    faiss    `IndexFlatIP`, one query at a time
    write    `llama_cpp.Llama.create_chat_completion`, greedy, one at a time
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
TEMPLATE = "Answer the following question using only the context below.\n\nQuestion: {question}\nContext: {context}"
SYSTEM = "You are a friendly assistant. You answer questions from users."
ANSWER_TOKENS = 128
CONTEXT_TOKENS = 4096

loaded: dict[str, Any] = {}


def load_encoder(folder: str) -> dict[str, Any]:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(CORES)
    loaded["encoder"] = SentenceTransformer(folder, device="cpu", local_files_only=True)
    return {}


def encode(texts: list[str], vectors: str = "") -> dict[str, Any]:
    """Embed the texts; with `vectors`, the vectors are written into that file."""
    import numpy as np

    began = time.perf_counter()
    found = loaded["encoder"].encode(texts)
    seconds = time.perf_counter() - began
    if vectors:
        np.save(vectors, found)
    return {"seconds": seconds}


def encode_each(texts: list[str]) -> dict[str, Any]:
    """One at a time, as questions come."""
    return {"seconds": [timed(loaded["encoder"].encode, text) for text in texts]}


def index(folder: str, documents: list[tuple[str, str]], into: str) -> dict[str, Any]:
    from txtai import Embeddings

    documents = [(name, text) for name, text in documents]  # lists, as JSON has them, would be texts without ids
    if "embeddings" not in loaded:  # the model is loaded and warm before time is taken; ours is, too
        loaded["models"] = {}
        loaded["embeddings"] = fresh = Embeddings(path=folder, hybrid=True, content=True, models=loaded["models"])
        fresh.index(documents[:32])
    began = time.perf_counter()
    embeddings = Embeddings(path=folder, hybrid=True, content=True, models=loaded["models"])
    embeddings.index(documents)
    embeddings.save(into)
    loaded["embeddings"] = embeddings
    return {"seconds": time.perf_counter() - began}


def search(queries: list[str]) -> dict[str, Any]:
    """-> seconds and the first document of each."""
    seconds, first = [], []
    for query in queries:
        began = time.perf_counter()
        found = loaded["embeddings"].search(query, 10)
        seconds.append(time.perf_counter() - began)
        first.append(found[0]["id"] if found else "")
    return {"seconds": seconds, "first": first}


def load_rag(model: str, questions: list[str]) -> dict[str, Any]:
    """The questions warm it up."""
    from txtai import RAG

    loaded["rag"] = RAG(
        loaded["embeddings"],
        model,
        system=SYSTEM,
        template=TEMPLATE,
        n_threads=CORES,
        n_threads_batch=CORES,
        n_ctx=CONTEXT_TOKENS,
    )
    return ask(questions)


def ask(questions: list[str]) -> dict[str, Any]:
    seconds, answers = [], []
    for question in questions:
        began = time.perf_counter()
        answers.append(loaded["rag"](question, maxlength=ANSWER_TOKENS, temperature=0.0)["answer"])
        seconds.append(time.perf_counter() - began)
    return {"seconds": seconds, "answers": answers}


def load_faiss(vectors: str) -> dict[str, Any]:
    import faiss
    import numpy as np

    faiss.omp_set_num_threads(CORES)
    rows = np.load(vectors)
    loaded["flat"] = faiss.IndexFlatIP(rows.shape[1])
    loaded["flat"].add(rows)
    return {}


def search_faiss(queries: str) -> dict[str, Any]:
    import numpy as np

    return {"seconds": [timed(loaded["flat"].search, query[None], 50) for query in np.load(queries)]}


def load_llama(model: str) -> dict[str, Any]:
    from llama_cpp import Llama

    loaded["llama"] = Llama(model, n_ctx=CONTEXT_TOKENS, n_threads=CORES, n_threads_batch=CORES, verbose=False)
    return {}


def write(chats: list[list[dict[str, str]]], tokens: int) -> dict[str, Any]:
    """-> seconds for all of them, one after another, and the tokens that were written."""
    written, began = 0, time.perf_counter()
    for chat in chats:
        reply = loaded["llama"].create_chat_completion(chat, max_tokens=tokens, temperature=0.0)
        written += reply["usage"]["completion_tokens"]
    return {"seconds": time.perf_counter() - began, "tokens": written}


def timed(call: Callable[..., Any], *arguments: Any, **named: Any) -> float:
    began = time.perf_counter()
    call(*arguments, **named)
    return time.perf_counter() - began


def main() -> None:
    calls = {
        call.__name__: call
        for call in (
            load_encoder,
            encode,
            encode_each,
            index,
            search,
            load_rag,
            ask,
            load_faiss,
            search_faiss,
            load_llama,
            write,
        )
    }
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = calls[order.pop("do")](**order)
        except Exception as exc:
            answer = {"error": f"{type(exc).__name__}: {(str(exc).strip() or 'no message').splitlines()[0]}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
