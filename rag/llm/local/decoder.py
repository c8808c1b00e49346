"""Token sequences -> logits, on llama.cpp's batch interface: the only file that touches its C structures.

The first sequences keep prefixes that others share (few-shot examples, instructions): one that begins as a copy of it
costs nothing, since copies refer to the same cells of the KV cache. Sequences of different questions may stand in one
call.

Does not handle: threads (one thread must own a `Decoder`; `interrupt`, `tokenize` and `piece` may come from any), text
restrictions, sampling, which sequence is whose.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.llm.gguf import check_gguf
from rag.processor import spin_briefly

Logits = NDArray[np.float32]

PREFIXES = 2  # sequences that keep a prefix, such as the instructions of a chat
BATCH_TOKENS = 2048  # tokens of one llama_decode call
MAX_SEQUENCES = 48  # those of prefixes, and 46 continuations at once: three questions with four texts each
_NO_ROOM, _ABORTED = 1, 2  # results of llama_decode, beside 0 for success and negative numbers for failures
CONTEXTS = 2  # questions together may fill as many contexts as one may have: cells of the KV cache cost memory


class Interrupted(Exception):
    """Raised if `interrupt` was called during a call of `run`; nothing was appended."""


class TokenRun(NamedTuple):
    """Tokens to append to a sequence; logits come back for the last `wanted` of them."""

    sequence: int
    tokens: Sequence[int]
    wanted: int = 1


class _Row(NamedTuple):
    """A token of a batch."""

    token: int
    position: int
    sequence: int
    wanted: bool


class Decoder:
    """A loaded GGUF model with its KV cache. Not safe for use by two threads."""

    def __init__(self, path: Path, context_tokens: int, threads: int) -> None:
        """Load the file at `path`. Raises `ModelError` if it is missing, is no GGUF, or llama.cpp refuses it."""
        spin_briefly()
        import llama_cpp

        self._lib: Any = llama_cpp
        silence(llama_cpp)
        self._model = _load_model(llama_cpp, path)
        params = llama_cpp.llama_context_default_params()
        trained = int(llama_cpp.llama_model_n_ctx_train(self._model)) or context_tokens
        self.context_tokens = min(context_tokens, trained)
        self.cells = context_tokens * CONTEXTS
        params.n_ctx = self.cells
        params.n_batch = BATCH_TOKENS
        params.n_ubatch = 512
        params.n_seq_max = MAX_SEQUENCES
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = threads
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            llama_cpp.llama_model_free(self._model)
            raise ModelError(f"{path.name} was read, but a context of {self.context_tokens} tokens could not be made")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._batch_tokens = int(llama_cpp.llama_n_batch(self._context))  # more than that ends the process
        self._batch = llama_cpp.llama_batch_init(self._batch_tokens, 0, 1)
        self._lengths = [0] * MAX_SEQUENCES
        self._prefixes: dict[int, Sequence[int]] = dict.fromkeys(range(PREFIXES), ())  # by sequence, last used last
        self._stop = ctypes.create_string_buffer(2)
        llama_cpp.llama_set_abort_callback(self._context, _is_set(llama_cpp), ctypes.cast(self._stop, ctypes.c_void_p))
        self.vocabulary = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self.parameters = int(llama_cpp.llama_model_n_params(self._model))

    def tokenize(self, text: str, special: bool = False) -> list[int]:
        """The tokens of `text` as part of a longer text: no beginning-of-text token is added.

        `special` reads control tokens such as `<|im_end|>`; leave it off for text of a document or a person.
        """
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 8
        buffer = (self._lib.llama_token * room)()
        count = self._lib.llama_tokenize(self._vocab, data, len(data), buffer, room, False, special)
        return list(buffer[:count])

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; empty for control tokens."""
        buffer = ctypes.create_string_buffer(256)
        count = self._lib.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[: max(count, 0)]

    def is_end(self, token: int) -> bool:
        """True if the model ends its text with this token."""
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))

    def hold(self, prefix: Sequence[int]) -> int:
        """The sequence that holds `prefix`, which is read once and kept until `PREFIXES` others were asked for."""
        sequence = next((number for number, held in self._prefixes.items() if held == prefix), None)
        if sequence is None:
            sequence = next(iter(self._prefixes))
            self.drop(sequence)
            self._prefixes[sequence] = ()
            self.run([TokenRun(sequence, prefix, 0)])
        del self._prefixes[sequence]
        self._prefixes[sequence] = prefix
        return sequence

    def cells_beside(self, prefix: Sequence[int]) -> int:
        """The number of cells that prefixes other than `prefix` take."""
        return sum(len(held) for held in self._prefixes.values() if held != prefix)

    def forget(self) -> None:
        """Drop all prefixes."""
        for sequence in self._prefixes:
            self.drop(sequence)
        self._prefixes = dict.fromkeys(self._prefixes, ())

    def drop(self, sequence: int) -> None:
        """Empty a sequence; cells that no other one refers to are free again."""
        self._lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        self._lengths[sequence] = 0

    def fork(self, source: int, target: int) -> None:
        """Make sequence `target` a copy of `source`."""
        self._lib.llama_memory_seq_rm(self._memory, target, -1, -1)
        self._lib.llama_memory_seq_cp(self._memory, source, target, -1, -1)
        self._lengths[target] = self._lengths[source]

    def run(self, runs: Sequence[TokenRun]) -> list[Logits]:
        """Append each run to its sequence; returns the logits of each, shape `(wanted, vocabulary)`.

        The arrays may be views of llama.cpp's own buffer, since copying 200 kB for every token costs as much as
        computing it: they are valid until the next call. Raises `Interrupted`, and `ModelError` when the context is
        full or llama.cpp fails; all sequences are then as they were before.
        """
        rows: list[_Row] = []
        for run in runs:
            first_wanted = len(run.tokens) - run.wanted
            place = self._lengths[run.sequence]
            rows += [_Row(t, place + i, run.sequence, i >= first_wanted) for i, t in enumerate(run.tokens)]
        most = self._batch_tokens
        batches = [rows[begin : begin + most] for begin in range(0, len(rows), most)]
        try:
            parts = [self._decode(batch, keep=batch is not batches[-1]) for batch in batches]
        except (Interrupted, ModelError):
            for run in runs:
                self._lib.llama_memory_seq_rm(self._memory, run.sequence, self._lengths[run.sequence], -1)
            raise
        for run in runs:
            self._lengths[run.sequence] += len(run.tokens)
        logits = parts[0] if len(parts) == 1 else np.concatenate([self._no_logits(), *parts])
        ends = np.cumsum([run.wanted for run in runs])
        return [logits[end - run.wanted : end] for end, run in zip(ends, runs, strict=True)]

    def interrupt(self) -> None:
        """End the call of `run` under way, and those to come until `resume`, within milliseconds."""
        self._stop[0] = b"\x01"

    def resume(self) -> None:
        """Let `run` work again."""
        self._stop[0] = b"\x00"

    def _no_logits(self) -> Logits:
        return np.empty((0, self.vocabulary), np.float32)

    def _decode(self, rows: Sequence[_Row], keep: bool) -> Logits:
        """The logits of one call of llama_decode; `keep` copies them out of the buffer, which the next call
        overwrites."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for index, row in enumerate(rows):
            batch.token[index] = row.token
            batch.pos[index] = row.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = row.sequence
            batch.logits[index] = row.wanted
        status = self._lib.llama_decode(self._context, batch)
        if status == _ABORTED:
            raise Interrupted
        if status != 0:
            reason = "its context is full" if status == _NO_ROOM else f"llama_decode gave {status}"
            raise ModelError(f"the language model could not read on: {reason}")
        wanted = sum(row.wanted for row in rows)
        if not wanted:
            return self._no_logits()
        buffer = self._lib.llama_get_logits(self._context)
        logits: Logits = np.ctypeslib.as_array(buffer, shape=(wanted, self.vocabulary))
        return logits.copy() if keep else logits

    def chat_template(self, messages: Sequence[tuple[str, str]]) -> str:
        """The model's own template around `(role, content)` pairs, ending where the assistant begins."""
        template = self._lib.llama_model_chat_template(self._model, None)
        encoded = [(role.encode(), content.encode()) for role, content in messages]
        chat = (self._lib.llama_chat_message * len(encoded))(*[self._lib.llama_chat_message(*pair) for pair in encoded])
        room = 4096 + 4 * sum(len(role) + len(content) for role, content in encoded)
        buffer = ctypes.create_string_buffer(room)
        count = (
            self._lib.llama_chat_apply_template(template, chat, len(encoded), True, buffer, room) if template else -1
        )
        if count < 0:  # no template in the file, or one that llama.cpp does not know
            return "".join(f"{role}: {content}\n\n" for role, content in messages) + "assistant:"
        return buffer.raw[:count].decode("utf-8")

    def grammar(self, gbnf: str) -> GrammarSampler:
        """A sampler for the grammar `gbnf`. Raises `ModelError` if that is no grammar with a rule `root`."""
        sampler = self._lib.llama_sampler_init_grammar(self._vocab, gbnf.encode(), b"root")
        if not sampler:
            raise ModelError("the grammar of the answer cannot be parsed")
        return GrammarSampler(self._lib, sampler)

    def close(self) -> None:
        """Free the model's memory; nothing else may be called afterwards."""
        if self._context:
            self._lib.llama_batch_free(self._batch)
            self._lib.llama_free(self._context)
            self._lib.llama_model_free(self._model)
            self._context = None


class GrammarSampler:
    """A sampler of the most likely token that keeps the text within a grammar."""

    def __init__(self, lib: Any, sampler: Any) -> None:
        self._lib = lib
        self._sampler = sampler

    def choose(self, logits: Logits) -> int:
        """The allowed token of the highest logit; the grammar advances past it."""
        best = int(logits.argmax())
        if not self._allowed(logits, np.array([best], np.int32)):
            order = np.argsort(-logits).astype(np.int32)
            best = self._allowed(logits, order)[0]
        self._lib.llama_sampler_accept(self._sampler, best)
        return best

    def _allowed(self, logits: Logits, candidates: NDArray[np.int32]) -> list[int]:
        """The tokens of `candidates` that the grammar allows next, in their order."""
        data = (self._lib.llama_token_data * len(candidates))()
        rows = np.ctypeslib.as_array(data)
        rows["id"], rows["logit"], rows["p"] = candidates, logits[candidates], 0.0
        array = self._lib.llama_token_data_array(data, len(candidates), -1, False)
        self._lib.llama_sampler_apply(self._sampler, ctypes.byref(array))
        kept = np.ctypeslib.as_array(data)[: array.size]
        return [int(token) for token in kept["id"][np.isfinite(kept["logit"])]]

    def close(self) -> None:
        """Free the sampler's memory."""
        self._lib.llama_sampler_free(self._sampler)


def _load_model(llama_cpp: Any, path: Path) -> Any:
    if not path.is_file():
        raise ModelError(f"no language model at {path}: give the path of a GGUF file")
    check_gguf(path)
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), llama_cpp.llama_model_default_params())
    if not model:
        raise ModelError(f"llama.cpp cannot load {path}: it is damaged or of a kind that this version does not know")
    return model


def _is_set(llama_cpp: Any) -> Any:
    """The callback that llama.cpp calls before each of some thousand steps of a call: non-zero, if the first byte is
    set, aborts it. strlen gives just that for two bytes of which the second is 0, and unlike a function in Python it
    waits for no lock."""
    return llama_cpp.ggml_abort_callback(ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value)


def silence(llama_cpp: Any) -> None:
    """Drop llama.cpp's hundreds of log lines on standard error; failures are raised as `ModelError`."""
    llama_cpp.llama_log_set(_ignore_log(llama_cpp), ctypes.c_void_p())


def _ignore_log(llama_cpp: Any) -> Any:
    if not hasattr(llama_cpp, "_rag_log_callback"):  # the callback must outlive every model
        llama_cpp._rag_log_callback = llama_cpp.llama_log_callback(lambda level, text, data: None)
    return llama_cpp._rag_log_callback
