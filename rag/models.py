"""Settings -> the embedder and the language model of a process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rag.errors import InputError, ModelError
from rag.llm.remote.endpoints import is_address
from rag.seams import Embedder, LanguageModel
from rag.settings import EMBEDDED_EMBEDDER, NO_MODEL, Settings

CANNOT_READ = (
    "mode 'quote' needs a model in this process, since a model server does not tell how likely a span is the answer: "
    "use mode auto, write or extract, or set 'model' to a GGUF file"
)


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a process, loaded once and shared by all of its indexes."""

    embedder: Embedder
    language_model: LanguageModel | None
    notices: tuple[str, ...] = ()  # the reason why a language model that was asked for is missing

    def close(self) -> None:
        """Free the language model."""
        if self.language_model is not None:
            self.language_model.close()


def load_models(settings: Settings, language_model: bool = True) -> Models:
    """The models that the settings name. A language model that cannot be loaded is left out with a notice, since
    answers can be given without one. Raises `ModelError` if the embedder cannot be loaded."""
    embedder = _load_embedder(settings)
    if not language_model or settings.model == NO_MODEL or settings.mode == "extract":
        return Models(embedder, None)
    if is_address(settings.model):
        return Models(embedder, _remote_model(settings))
    from rag.llm.gguf import model_file
    from rag.llm.local.model import LlamaCpp

    try:
        path = model_file(settings.model, settings.cache_dir, settings.threads)
        model = LlamaCpp.load(path, settings.model, settings.context_tokens, settings.threads, settings.queue)
        return Models(embedder, model)
    except ModelError as exc:
        return Models(embedder, None, (f"answering without a language model: {exc}",))


def _remote_model(settings: Settings) -> LanguageModel:
    """The model on a server, which need not answer yet: until it does, each question gets its error."""
    if settings.mode == "quote":
        raise InputError(CANNOT_READ, "mode")
    from rag.llm.remote.model import RemoteModel

    return RemoteModel(settings.model, settings.model_key.get_secret_value(), settings.context_tokens)


def _load_embedder(settings: Settings) -> Embedder:
    if settings.embedder == EMBEDDED_EMBEDDER:
        from rag.embedding.questions import QuestionEmbedder

        return QuestionEmbedder.load(settings.cache_dir, settings.threads)
    from rag.embedding.passages import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder.load(settings.embedder, settings.threads)


def convert_embedded(cache_dir: Path, threads: int) -> list[Path]:
    """The files of the embedded models, converted for every kind of processor, in `cache_dir`: for a folder that is
    written now and read elsewhere, such as an image of a container. Raises `ModelError`."""
    from rag.embedding.encoder_file import encoder_file
    from rag.embedding.passages import embedder_folder
    from rag.llm.gguf import KINDS, each_kind

    embedder = Path(embedder_folder(EMBEDDED_EMBEDDER))
    return [*each_kind(cache_dir, threads), *(encoder_file(embedder, cache_dir, kind) for kind in KINDS)]
