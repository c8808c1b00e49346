"""Settings -> the models of a process: embedder, reader, language model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rag.errors import ModelError
from rag.llm.remote.endpoints import names_servers
from rag.seams import Embedder, LanguageModel, PassageReader
from rag.settings import EMBEDDED_EMBEDDER, EMBEDDED_MODEL, NO_MODEL, Settings


@dataclass(slots=True)
class Models:
    """Models that are loaded once in a process and shared by all of its indexes."""

    embedder: Embedder
    language_model: LanguageModel | None = None  # loaded already
    notices: tuple[str, ...] = ()  # why there is no language model, if one was asked for
    reader: PassageReader | None = None
    load_writer: Callable[[], LanguageModel] | None = None  # loads the language model when an answer is first written
    _loading: threading.Lock = field(default_factory=threading.Lock)

    def writer(self) -> LanguageModel | None:
        """The language model, loaded now if it was not before; None if there is none. Raises `ModelError`."""
        with self._loading:
            if self.language_model is None and self.load_writer is not None:
                self.language_model = self.load_writer()
            return self.language_model

    def close(self) -> None:
        """Free the language model."""
        if self.language_model is not None:
            self.language_model.close()


def load_models(settings: Settings, answers: bool = True) -> Models:
    """The embedder, and unless `answers` is false what answers need: the reader, and the language model. The embedded
    language model writes only if it is asked to, so it is loaded then.

    Raises `ModelError` if embedder or reader cannot be loaded; answers are given without a language model, too.
    """
    models = Models(load_embedder(settings.embedder, settings.threads, settings.cache_dir))
    if not answers:
        return models
    from rag.reading.reader import Reader

    models.reader = Reader.load(settings.threads, settings.queue)
    if settings.model == NO_MODEL or settings.mode == "extract":
        return models
    if names_servers(settings.model):
        models.language_model = _remote_model(settings)
    elif settings.model == EMBEDDED_MODEL:
        models.load_writer = partial(_local_model, settings)
    else:
        try:
            models.language_model = _local_model(settings)
        except ModelError as exc:
            models.notices = (f"answering without a language model: {exc}",)
    return models


def _local_model(settings: Settings) -> LanguageModel:
    from rag.llm.gguf import model_file
    from rag.llm.local.model import LlamaCpp

    path = model_file(settings.model, settings.cache_dir, settings.threads)
    return LlamaCpp.load(path, settings.model, settings.context_tokens, settings.threads, settings.queue)


def _remote_model(settings: Settings) -> LanguageModel:
    """A model whose server need not answer yet: questions say what is wrong as long as it does not."""
    from rag.llm.remote.model import RemoteModel

    return RemoteModel(settings.model, settings.model_key.get_secret_value(), settings.context_tokens)


def load_embedder(name: str, threads: int, cache_dir: Path | None = None) -> Embedder:
    """The embedder of that name: the embedded one, or any of sentence-transformers, which is downloaded to `cache_dir`
    if it is one of a hub. Raises `ModelError`."""
    if name == EMBEDDED_EMBEDDER:
        from rag.embedding.embedded import EmbeddedEmbedder

        return EmbeddedEmbedder.load(threads)
    from rag.embedding.passages import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder.load(name, threads, cache_dir)
