"""Texts -> unit vectors, with any sentence-transformers model behind the `Embedder` Protocol.

A passage goes through the model once and gives two things: its own vector, and one for each of its sentences, pooled
from the same token states ("late chunking", arXiv 2409.04701). That costs nothing beyond the passage, and a sentence
keeps its context: the best-sentence score finds more than that of sentences embedded alone
(docs/experiments.md). Models that do not pool by the mean have their sentences embedded one by one.

Does not handle: the embedded model (`rag.embedding.embedded`), choosing passages, storing vectors. It needs the extra
`embedders`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rag.embedding.pooling import late_chunked, stacked_rows, unit
from rag.errors import ModelError
from rag.llm.hub import HubRecord, check_folder_hash, folder_hash, with_hash
from rag.processor import has_bfloat16, spin_briefly
from rag.settings import EMBEDDED_EMBEDDER
from rag.text.encodable import encodable
from rag.types import Embedding, Passage, Sentence, Vectors

# Padded tokens of one forward pass: larger batches have more padding and push the states out of the processor's cache.
BATCH_TOKENS = 1536
HUB_S = 15.0  # for the first answer of a hub


def _pinned(name: str) -> tuple[str, str | None]:
    """The name of a repository, and the revision behind an `@`."""
    repository, _, revision = name.partition("@")
    return repository, revision or None


def _hub_folder(repository: str, revision: str | None, cache_dir: Path) -> str | None:
    """The folder for a model of a hub; None, the one of the hub's own library, if that has it already."""
    from huggingface_hub import try_to_load_from_cache

    there = try_to_load_from_cache(repository, "modules.json", revision=revision)
    return None if isinstance(there, str) else str(cache_dir / "hub")


def _of_hub(name: str, cache_dir: Path, wanted: str | None = None) -> Any:
    """The model of a hub, of the commit and with the files that were fetched first, which have the hash `wanted` if one
    is. Raises `ModelError` if one of them was changed, before it is loaded if it was there."""
    from sentence_transformers import SentenceTransformer

    repository, revision = _pinned(name)
    known = HubRecord(cache_dir, name)
    revision = revision or known.commit
    place = _hub_folder(repository, revision, cache_dir)
    if (folder := _snapshot(repository, revision, place)) is not None:
        known.check(_files(folder), folder)
        check_folder_hash(folder, wanted)
    else:
        _look_up(repository, revision)
    model = SentenceTransformer(repository, device="cpu", local_files_only=False, revision=revision, cache_folder=place)
    if (folder := _snapshot(repository, revision, place)) is not None:
        known.check(_files(folder), folder)
        check_folder_hash(folder, wanted)
        known.note(_files(folder), folder)
    return model


def files_hash(name: str, cache_dir: Path) -> str | None:
    """The hash that `#sha256=` behind the name of a folder, or of a model of a hub that was fetched, demands; None for
    a model that is not there."""
    if Path(name).is_dir():
        return folder_hash(Path(name))
    repository, revision = _pinned(name)
    revision = revision or HubRecord(cache_dir, name).commit
    folder = _snapshot(repository, revision, _hub_folder(repository, revision, cache_dir))
    return None if folder is None else folder_hash(folder)


def _look_up(repository: str, revision: str | None) -> None:
    """Raise an error if no hub can be reached or it has no such model: fetching tries each file again and again, for
    minutes in all."""
    from huggingface_hub import HfApi, constants

    if not constants.HF_HUB_OFFLINE:  # which is told at once
        HfApi().model_info(repository, revision=revision, timeout=HUB_S)


def _snapshot(repository: str, revision: str | None, place: str | None) -> Path | None:
    """The folder of the commit of a model; None if it is not there."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, "modules.json", cache_dir=place, revision=revision)
    return Path(found).parent if isinstance(found, str) else None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


_own = threading.local()

_Windows = list[dict[str, Any]]  # token ids and offsets


class _Output(NamedTuple):
    """The output of the model for one window."""

    tokens: Any  # states, shape (tokens, d)
    pooled: Any  # vector, shape (d,)


class SentenceTransformerEmbedder:
    """An `Embedder` on any sentence-transformers model; calls may come from any thread, several at once."""

    def __init__(self, model: Any, fingerprint: str, threads: int) -> None:
        self._model = model
        self._threads = threads
        self._workers = ThreadPoolExecutor(threads, "embedding", _settle, (has_bfloat16(),))
        self._late = _pools_by_mean(model)
        self.fingerprint = f"{fingerprint}+{'late' if self._late else 'alone'}"
        self.dimension = int(model.get_embedding_dimension())
        self._special = int(model.tokenizer.num_special_tokens_to_add())
        self._tokenize("", 0)  # resets the tokenizer's own limits, which must not happen while another thread uses it
        self._saving = threading.Lock()
        self._saved: Path | None = None
        self.max_tokens = int(model.max_seq_length or 512) - self._special

    @classmethod
    def load(cls, name: str, threads: int, cache_dir: Path | None = None) -> SentenceTransformerEmbedder:
        """Load a folder, or a model of a hub, if it is `owner/name@REVISION` as it was in that commit. One that is
        neither in the cache of the hub's own library nor in `cache_dir` is downloaded to the latter, with a progress
        bar. `#sha256=HASH` behind either demands that its files have that hash.

        Raises `ModelError` with the remedy if that fails.
        """
        name, wanted = with_hash(name)
        if importlib.util.find_spec("sentence_transformers") is None:
            raise ModelError(
                f"the embedder {name!r} needs sentence-transformers and torch: pip install 'rag-cited[embedders]', or "
                f"use {EMBEDDED_EMBEDDER!r}"
            )
        local = Path(name).is_dir()
        if local:
            check_folder_hash(Path(name), wanted)
            os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a model on disk needs no request to any host
        spin_briefly()
        try:
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.set_verbosity_error()
            if local:
                logging.disable_progress_bar()
            if local or cache_dir is None:
                repository, revision = (name, None) if local else _pinned(name)
                model = SentenceTransformer(repository, device="cpu", local_files_only=local, revision=revision)
                if not local and (folder := _snapshot(repository, revision, None)) is not None:
                    check_folder_hash(folder, wanted)
            else:
                model = _of_hub(name, cache_dir, wanted)
        except ModelError:
            raise
        except Exception as exc:
            raise ModelError(
                f"the embedder {name!r} cannot be loaded ({_first_line(exc)}): give a folder that holds a "
                f"sentence-transformers model, or a hub id while a hub can be reached, or use {EMBEDDED_EMBEDDER!r}"
            ) from exc
        weights = sorted(Path(name).glob("*.safetensors")) if local else []
        identity = _identity(weights[0]) if weights else name
        return cls(model, f"{Path(name).name}:{identity}:{model.max_seq_length}", threads)

    @property
    def tokenizer(self) -> Path | None:
        """The tokenizer as a file that lasts as long as this; None if it is not one of the tokenizers library."""
        fast = getattr(self._model.tokenizer, "backend_tokenizer", None)
        with self._saving:
            if self._saved is None and fast is not None:
                folder = tempfile.mkdtemp(prefix="rag-tokenizer-")
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
                fast.save(f"{folder}/tokenizer.json")
                self._saved = Path(folder) / "tokenizer.json"
        return self._saved

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """The place of each token in `text`, in characters; special tokens are left out."""
        encoding = self._model.tokenizer(
            encodable(text), add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )
        return [(start, end) for start, end in encoding["offset_mapping"] if end > start]

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a query, shape `(d,)`; one beyond `max_tokens` is embedded in windows, not cut off."""
        vector, _ = self._embed([(text, ())], query=True)[0]
        return vector

    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        """The embedding of each passage, in order."""
        items = [(p.text, tuple(Sentence(s.start - p.start, s.end - p.start) for s in p.sentences)) for p in passages]
        if self._late:
            return self._embed(items)
        alone = [(text[s.start : s.end], ()) for text, sentences in items for s in sentences]
        vectors = iter([embedding.passage for embedding in self._embed(alone)])
        return [
            Embedding(whole.passage, stacked_rows([next(vectors) for _ in passage.sentences], self.dimension))
            for passage, whole in zip(passages, self._embed([(text, ()) for text, _ in items]), strict=True)
        ]

    def _embed(self, items: Sequence[tuple[str, Sequence[Sentence]]], query: bool = False) -> list[Embedding]:
        prompt = self._model.prompts.get("query" if query else "document", "") or ""
        results: list[Embedding | None] = [None] * len(items)
        windows = [self._windows(prompt + text) for text, _ in items]
        flat = [(number, window) for number, parts in enumerate(windows) for window in parts]
        states: list[list[Any]] = [[] for _ in items]
        pooled: list[list[Any]] = [[] for _ in items]
        for (number, _), (tokens, vector) in zip(flat, self._outputs([window for _, window in flat]), strict=True):
            states[number].append(tokens)
            pooled[number].append(vector)
        for number, (_, sentences) in enumerate(items):
            offsets = np.concatenate([window["offsets"] for window in windows[number]])
            offsets[offsets[:, 1] > offsets[:, 0]] -= len(prompt)
            tokens = np.concatenate(states[number])
            lengths = [len(window["offsets"]) for window in windows[number]]
            whole = unit(np.average(np.stack(pooled[number]), axis=0, weights=np.maximum(lengths, 1)))
            results[number] = late_chunked(tokens, offsets, whole, sentences)
        return [result for result in results if result is not None]

    def _windows(self, text: str) -> _Windows:
        """Token ids and their offsets in `text`, in windows that the model can read; special tokens are `(0, 0)`."""
        whole = self._tokenize(text, 0)
        if len(whole["input_ids"]) <= self.max_tokens + self._special:
            return [whole]
        spans = self.token_spans(text)
        cuts = [spans[i][0] for i in range(0, len(spans), self.max_tokens)] + [len(text)]
        return [self._tokenize(text[left:right], left) for left, right in zip(cuts, cuts[1:], strict=False)]

    def _tokenize(self, text: str, shift: int) -> dict[str, Any]:
        encoding = self._model.tokenizer(encodable(text), return_offsets_mapping=True, truncation=False, verbose=False)
        offsets = np.array(encoding["offset_mapping"], np.int64).reshape(-1, 2)
        offsets[offsets[:, 1] > offsets[:, 0]] += shift
        return {"input_ids": encoding["input_ids"], "offsets": offsets}

    def _outputs(self, windows: _Windows) -> list[_Output]:
        """The output for each window. Batches go through the model side by side, each in one thread if there are enough
        of them: threads that share a batch wait for each other at every step."""
        lengths = [len(window["input_ids"]) for window in windows]
        order = sorted(range(len(windows)), key=lengths.__getitem__)
        batches = list(_batches(order, lengths))
        forward = partial(self._forward, threads=max(1, self._threads // max(1, len(batches))))
        outputs = self._side_by_side(forward, [[windows[i] for i in batch] for batch in batches])
        by_window = dict(zip(chain(*batches), chain(*outputs), strict=True))
        return [by_window[number] for number in range(len(windows))]

    def _side_by_side(
        self, forward: Callable[[_Windows], list[_Output]], batches: Sequence[_Windows]
    ) -> Iterator[list[_Output]]:
        """The outputs of the batches, in order. Few are under way at a time, since the end of the program waits for
        those."""
        running: deque[Future[list[_Output]]] = deque()
        for batch in batches:
            if len(running) == 2 * self._threads:
                yield running.popleft().result()
            running.append(self._workers.submit(forward, batch))
        while running:
            yield running.popleft().result()

    def _forward(self, windows: _Windows, threads: int) -> list[_Output]:
        import torch

        torch.set_num_threads(threads)  # those that share this batch, not those of the process
        features = self._model.tokenizer.pad({"input_ids": [w["input_ids"] for w in windows]}, return_tensors="pt")
        output = self._model(dict(features))
        tokens, pooled = output["token_embeddings"].float(), output["sentence_embedding"].float().numpy()
        masks = features["attention_mask"].bool()
        return [_Output(t[mask].numpy(), vector) for t, mask, vector in zip(tokens, masks, pooled, strict=True)]


def _settle(bfloat16: bool) -> None:
    """Enter inference mode and autocast for the life of this thread: the weights that autocast has cast are kept until
    it is left."""
    import torch

    _own.contexts = ExitStack()
    _own.contexts.enter_context(torch.inference_mode())
    _own.contexts.enter_context(torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16))


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Batches of consecutive items of `order` (sorted by length), at most `BATCH_TOKENS` tokens when padded to the
    longest."""
    batch: list[int] = []
    for item in order:
        if batch and (len(batch) + 1) * lengths[item] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _pools_by_mean(model: Any) -> bool:
    """True if a mean over some token states is in the same space as the vector of a whole text."""
    modes = [getattr(module, "pooling_mode", None) for module in model if hasattr(module, "pooling_mode")]
    known = {type(module).__name__ for module in model} <= {"Transformer", "Pooling", "Normalize"}
    return known and modes in (["mean"], [("mean",)], [["mean"]])


def _identity(weights: Path) -> str:
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _first_line(exc: Exception) -> str:
    return (str(exc).strip() or type(exc).__name__).splitlines()[0]
