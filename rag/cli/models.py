"""The command `rag models`: models that are there, one fetched, one put into `rag.toml`.

In: parsed arguments. Out: text or JSON. A name that ends in .gguf, an address and "none" are language models; any other
name is an embedder.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rag.atomic import write_whole
from rag.errors import InputError
from rag.llm.gguf import INSTALL_EMBEDDED, INSTALL_LLM, check_runtime, embedded_file, embedded_writes, model_file
from rag.llm.hub import HubRecord, with_hash
from rag.llm.remote.endpoints import names_servers
from rag.reading.reader import MODEL
from rag.settings import EMBEDDED_EMBEDDER, EMBEDDED_MODEL, NO_MODEL, Settings, set_in

_FILE = Path("rag.toml")
_OWN = "comes with the installation"


class ListedModel(NamedTuple):
    """A model on this machine; `bytes` is null for those of the installation, `used` is true if the settings name
    it."""

    name: str
    kind: str
    bytes: int | None
    used: bool
    place: str


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Carry out the action of the options; returns the exit code 0. Raises `ModelError`, `InputError`."""
    if options.action == "list":
        _list(list(kept_models(settings)), options.json)
    elif options.action == "pull":
        HubRecord(settings.cache_dir, with_hash(options.name)[0]).forget()  # the newest is wanted
        print(f"{options.name}: {_fetched(options.name, settings)}")
    else:
        _use(options.name, settings)
    return 0


def kept_models(settings: Settings) -> Iterator[ListedModel]:
    """The models of the installation, then those that were fetched from a hub."""
    yield ListedModel(EMBEDDED_EMBEDDER, "embedder", None, settings.embedder == EMBEDDED_EMBEDDER, _OWN)
    yield ListedModel(MODEL, "reader", None, True, _OWN)
    place = _OWN if embedded_writes() else f"not installed: {INSTALL_LLM}; {INSTALL_EMBEDDED}"
    yield ListedModel(EMBEDDED_MODEL, "language model", None, settings.model == EMBEDDED_MODEL, place)
    yield from fetched_models(settings)


def fetched_models(settings: Settings) -> Iterator[ListedModel]:
    """The GGUF files and the embedders that were fetched from a hub, by name."""
    from huggingface_hub import CacheNotFound, scan_cache_dir
    from huggingface_hub.constants import HF_HUB_CACHE

    for folder in dict.fromkeys([settings.cache_dir / "hub", Path(HF_HUB_CACHE)]):
        try:
            repositories = sorted(scan_cache_dir(folder).repos, key=lambda one: one.repo_id)
        except CacheNotFound:
            continue
        for repository in repositories:
            files = {
                file.file_path.relative_to(revision.snapshot_path).as_posix(): file
                for revision in repository.revisions
                for file in revision.files
            }
            for path, file in sorted(files.items()):
                if path.endswith(".gguf"):
                    name = f"{repository.repo_id}/{path}"
                    used = name == _unpinned(settings.model)
                    yield ListedModel(name, "language model", file.size_on_disk, used, str(file.file_path))
            if "modules.json" in files:  # the mark of a sentence-transformers model
                used = repository.repo_id == _unpinned(settings.embedder)
                place = str(repository.repo_path)
                yield ListedModel(repository.repo_id, "embedder", repository.size_on_disk, used, place)


def _unpinned(name: str) -> str:
    """The name of a model of a hub without the commit: "a/b@c/d.gguf" -> "a/b/d.gguf"."""
    return re.sub("@[^/]*", "", with_hash(name)[0])


def _list(models: list[ListedModel], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"models": [model._asdict() for model in models]}, ensure_ascii=False, indent=2))
        return
    width = max(len(model.name) for model in models)
    for model in models:
        size = "" if model.bytes is None else f"{model.bytes / 1e6:,.0f} MB, "
        print(f"{'*' if model.used else ' '} {model.name:{width}}  {model.kind}  {size}{model.place}")
    print("* is in use; `rag models use NAME` changes it")


def _fetched(name: str, settings: Settings) -> str:
    """The place of the model, which is fetched if it is not there. Raises `ModelError` if there is none."""
    if name == EMBEDDED_EMBEDDER:
        return _OWN
    if name == EMBEDDED_MODEL:
        check_runtime()
        embedded_file()
        return _OWN
    if name == NO_MODEL or names_servers(name):
        return "there is nothing to fetch"
    if with_hash(name)[0].endswith(".gguf"):
        return str(model_file(name, settings.cache_dir, settings.threads))
    from rag.embedding.passages import SentenceTransformerEmbedder, files_hash

    embedder = SentenceTransformerEmbedder.load(name, settings.threads, settings.cache_dir)
    found = files_hash(with_hash(name)[0], settings.cache_dir)
    demand = f"; `#sha256={found}` behind its name demands these files" if found else ""
    return f"an embedder of {embedder.dimension} dimensions, which is there now{demand}"


def _use(name: str, settings: Settings) -> None:
    """Write the model into `rag.toml`, whose other lines stay as they are."""
    place = _fetched(name, settings)
    key = "model" if _is_language_model(name) else "embedder"
    _write(key, name)
    print(f"{key} = {name!r} in {_FILE.resolve()} ({place})")
    if key == "embedder":
        print("indexes that are there are brought to it by `rag index --reembed --index NAME`")
    if (origin := set_in().get(key)) is not None and not origin.endswith(_FILE.name):
        print(f"rag: the variable {origin} is set to {os.environ[origin]!r} and goes before the file", file=sys.stderr)


def _is_language_model(name: str) -> bool:
    return name in (EMBEDDED_MODEL, NO_MODEL) or with_hash(name)[0].endswith(".gguf") or names_servers(name)


def _write(key: str, value: str) -> None:
    import tomlkit

    try:
        document = tomlkit.parse(_FILE.read_text("utf-8")) if _FILE.exists() else tomlkit.document()
        document[key] = value
        write_whole(_FILE, tomlkit.dumps(document).encode())
    except OSError as exc:
        raise InputError(f"{_FILE.resolve()} cannot be written: {exc.strerror}", "name") from exc
