"""The command `rag doctor`: installed packages, models and indexes, with a remedy for each fault."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rag.answering.calibration import confidence_fingerprint, read_calibration
from rag.answering.confidence import weights
from rag.cli.models import fetched_models
from rag.documents import libreoffice
from rag.documents.pdf import ocr
from rag.errors import RagError
from rag.llm.gguf import INSTALL_EMBEDDED, INSTALL_LLM, embedded_writes, model_file
from rag.llm.hub import with_hash
from rag.llm.remote.endpoints import names_servers
from rag.models import load_embedder
from rag.processor import processor_flags
from rag.reading.reader import Reader, reader_sha256
from rag.settings import EMBEDDED_EMBEDDER, EMBEDDED_MODEL, NO_MODEL, Settings
from rag.state.open import closing_state, open_keys
from rag.stores.open import list_indexes, open_index
from rag.types import DocumentInfo

_PACKAGES = (
    "faiss-cpu",
    "tantivy",
    "onnxruntime",
    "fastapi",
    "pypdfium2",
)
# Extras by name: a module that each brings, and what cannot be done without it.
_EXTRAS = {
    "embedders": ("sentence_transformers", "no other embedder than the embedded one can be used"),
    "llm": ("llama_cpp", "no language model runs in this process"),
    "otel": ("opentelemetry.sdk", "no spans can be sent"),
    "milvus": ("pymilvus", "indexes cannot be kept in Milvus"),
    "postgres": ("pg8000", "keys and stored answers cannot be kept in PostgreSQL"),
    "ray": ("ray", "documents cannot be read on a cluster"),
}
_NAMED = 5  # most documents that are named
_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")  # what the embedder and llama.cpp have faster code for


class Finding(NamedTuple):
    """A line of the report; `remedy` is empty if nothing is wrong."""

    what: str
    ok: bool
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Examine everything once; the last finding tells if questions can be answered. Of the models only the embedded
    embedder and the reader are loaded."""
    findings = [
        _python(),
        _processor(),
        *_packages(),
        _embedder(settings),
        _reader(settings),
        *_model(settings),
        _fetched(settings),
        *_optional(),
        *_state(settings),
        *_indexes(settings),
    ]
    return [*findings, _answers(settings, findings)]


def _answers(settings: Settings, findings: Sequence[Finding]) -> Finding:
    """The sum of the others: an answer needs the embedder and the reader."""
    for one in findings:
        if one.what in ("embedder", "reader") and not one.ok:
            return Finding("answers", False, f"none can be given: {one.what}: {one.found}", one.remedy)
    if away := list(_of_hub(settings)):
        return Finding("answers", True, f"given from any folder; {' and '.join(away)} may need a network")
    return Finding("answers", True, "given from any folder, without a network: the models are on this machine")


def _of_hub(settings: Settings) -> Iterator[str]:
    if settings.embedder != EMBEDDED_EMBEDDER and not Path(with_hash(settings.embedder)[0]).is_dir():
        yield f"the embedder {settings.embedder}"
    if (
        settings.model not in (EMBEDDED_MODEL, NO_MODEL)
        and not Path(with_hash(settings.model)[0]).expanduser().is_file()
    ):
        yield f"the language model {settings.model}"


def _python() -> Finding:
    return Finding("python", sys.version_info >= (3, 11), platform.python_version())


def _processor() -> Finding:
    has = [flag for flag in _FLAGS if flag in processor_flags()] or [platform.machine()]
    return Finding("processor", True, f"{os.cpu_count()} cores, {' '.join(has)}")


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            yield Finding(name, False, "not installed", f"pip install {name}")


def _embedder(settings: Settings) -> Finding:
    if settings.embedder != EMBEDDED_EMBEDDER:
        there = find_spec("sentence_transformers") is not None
        return Finding("embedder", there, settings.embedder, "" if there else "pip install 'rag-cited[embedders]'")
    return _checked("embedder", lambda: f"{settings.embedder} ({load_embedder(settings.embedder, 1).fingerprint})")


def _reader(settings: Settings) -> Finding:
    return _checked("reader", lambda: _loaded_reader(settings))


def _loaded_reader(settings: Settings) -> str:
    """The reader, loaded, since a file that is cut shows only then. Raises `ModelError`."""
    reader = Reader.load(settings.threads, settings.queue)
    fitted = weights()["fitted"]["reader"] == reader_sha256()
    note = "" if fitted else "; the weights of the confidence were fitted with another one, so it may mislead"
    return f"{reader.name} ({reader_sha256()[:12]}){note}"


def _model(settings: Settings) -> Iterator[Finding]:
    if settings.model == NO_MODEL:
        yield Finding("language model", True, "none, as set: answers are quoted, none is written")
    elif names_servers(settings.model):
        yield from _servers(settings)
    elif settings.model == EMBEDDED_MODEL and settings.mode != "write" and not embedded_writes():
        yield _part("language model", None, "answers are quoted, none is written", f"{INSTALL_LLM}; {INSTALL_EMBEDDED}")
    else:
        yield _checked(
            "language model",
            lambda: f"{settings.model} ({model_file(settings.model, settings.cache_dir, settings.threads)})",
        )


def _servers(settings: Settings) -> Iterator[Finding]:
    """The findings on the model servers, each of which is asked once."""
    from rag.llm.remote.model import RemoteModel

    try:
        model = RemoteModel(settings.model, settings.model_key.get_secret_value(), settings.context_tokens)
    except RagError as exc:
        yield _failed("language model", exc)
        return
    for url, failure in model.probe().items():
        remedy = "start it, or set another address as 'model'"
        found = f"{url} {failure}" if failure else f"{model.name} at {url}, which answers"
        yield Finding("language model", failure is None, found, remedy if failure else "")
    model.close()


def _fetched(settings: Settings) -> Finding:
    models = list(fetched_models(settings))
    size = sum(model.bytes or 0 for model in models) / 1e9
    found = f"{len(models)}, {size:.1f} GB; `rag models list` lists them" if models else "none"
    return Finding("models from a hub", True, found)


def _optional() -> Iterator[Finding]:
    """The parts that need not be there, each with the command that adds it."""
    yield _part("OCR", _ocr(), "pages that are images are not read", ocr.INSTALL_OCR)
    office = shutil.which(libreoffice.SOFFICE)
    yield _part("LibreOffice", office, ".doc and .ppt are not read", "install LibreOffice, with the program soffice")
    for extra, (module, lost) in _EXTRAS.items():
        there = "installed" if find_spec(module) else None
        yield _part(extra, there, lost, f"pip install 'rag-cited[{extra}]'")


def _ocr() -> str | None:
    program = shutil.which(ocr.TESSERACT)
    if program is None or not ocr.is_installed():
        return None
    import pytesseract

    return f"{program}, languages {', '.join(pytesseract.get_languages())}"


def _part(what: str, found: str | None, lost: str, remedy: str) -> Finding:
    return Finding(what, True, found) if found else Finding(what, True, f"not installed: {lost}", remedy)


def _state(settings: Settings) -> Iterator[Finding]:
    if settings.state_uri is not None:
        yield _checked("database", lambda: _keys(settings))


def _keys(settings: Settings) -> str:
    with closing_state(settings) as state:
        keys = open_keys(settings, state)
        return f"{len(keys.all())} API keys in {keys.place}"


def _indexes(settings: Settings) -> Iterator[Finding]:
    place = settings.indexes_dir if settings.store == "local" else f"Milvus at {settings.milvus_uri}"
    try:
        names = list_indexes(settings)
    except RagError as exc:
        yield _failed("store", exc)
        return
    if not names:
        yield Finding("indexes", True, f"none in {place} yet", "rag index PATH...")
    for name in names:
        own = settings.model_copy(update={"index": name})
        yield _checked(f"index {name}", lambda own=own: _index(own))  # type: ignore[misc]


def _index(settings: Settings) -> str:
    with open_index(settings, None, chunker=False) as index:
        documents = index.documents()
        found = f"{len(documents)} documents, {sum(info.passages for info in documents)} passages"
        found += _partly_read(documents)
        calibration, embedder = read_calibration(index.folder), index.settings.embedder
    if calibration is None:
        return found
    same = calibration.made_with == confidence_fingerprint(embedder)
    other = "" if same else "; made with another reader, embedder or weights, so it is not used: calibrate again"
    return f"{found}; refused below {calibration.threshold:.3f} (rag calibrate, {calibration.date}){other}"


def _partly_read(documents: Sequence[DocumentInfo]) -> str:
    partly = [info.id for info in documents if info.notes]
    if not partly:
        return ""
    documents_were = "1 document was" if len(partly) == 1 else f"{len(partly)} documents were"
    named = ", ".join(partly[:_NAMED]) + (f" and {len(partly) - _NAMED} more" if len(partly) > _NAMED else "")
    return f"; {documents_were} read in part: {named} (`rag documents show ID` says what was not)"


def _checked(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except RagError as exc:
        return _failed(what, exc)
    except ImportError as exc:  # the package is named above, with its remedy
        return Finding(what, False, f"cannot be loaded: {exc}")


def _failed(what: str, exc: RagError) -> Finding:
    message, _, remedy = str(exc).rpartition(": ")
    return Finding(what, False, message or remedy, remedy if message else "")
