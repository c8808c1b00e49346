"""Models and indexes of the process: models are loaded once, a pipeline for each index is opened at its first use.

Blocking and thread-safe. An index that was removed from the disk is closed, and one that was made anew in its place is
opened anew, so nobody is answered from documents that are no longer there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from api.caller import caller
from api.errors import NotReady, public
from rag.errors import IndexNotFound, RagError
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.models import Models
    from rag.pipeline import Pipeline

_log = logging.getLogger(__name__)

LoadModels = Callable[[Settings], "Models"]
OpenPipeline = Callable[[Settings, "Models"], "Pipeline"]


class _Opened(NamedTuple):
    identity: object
    pipeline: Pipeline


class Served:
    """The models and pipelines of the service; made at once, usable when `load` has returned."""

    def __init__(self, settings: Settings, load: LoadModels, open_index: OpenPipeline) -> None:
        self.settings = settings
        self._load = load
        self._open_index = open_index
        self._models: Models | None = None
        self._failure: str | None = None
        self._opened: dict[str, _Opened] = {}
        self._opening = threading.Lock()

    def load(self) -> None:
        """Load the models and open the default index, if there is one. Never raises: `missing` tells what happened."""
        try:
            self._models = self._load(self.settings)
        except RagError as exc:
            self._failure = public(str(exc))
        except Exception:
            _log.exception("the models could not be loaded")
            self._failure = "the models could not be loaded: the server's log tells why"
        for line in self.missing():
            _log.warning("not ready: %s", line)

    def names(self) -> list[str]:
        """Names of the indexes that the caller may see."""
        sees = caller().sees
        return [name for name in self._names() if sees(name)]

    def default(self) -> str:
        """The index of a request that names none: the server's, or the first of the caller's key if that is hidden."""
        key, name = caller().key, self.settings.index
        return name if key is None or not key.indexes or name in key.indexes else key.indexes[0]

    def check(self, name: str) -> None:
        """Check that the index exists. Raises `IndexNotFound` if it does not, or if the caller may not see it."""
        if name not in self.names():
            raise absent(name)

    def changed(self, name: str) -> int:
        """Time of the last change of the index, in Unix seconds; 0 if it is gone, or nothing of it is published yet."""
        from rag.stores.open import index_changed_at

        return index_changed_at(self.settings, name)

    def models(self) -> Models:
        """The models. Raises `NotReady` if they are not loaded yet, or could not be."""
        if self._models is None:
            raise NotReady(self._failure or "the models are being loaded: try again in a few seconds")
        return self._models

    def pipeline(self, name: str | None = None) -> Pipeline:
        """The pipeline of the index `name`, or of the caller's default. Raises `NotReady`, `IndexNotFound`, and what
        opening raises."""
        models = self.models()
        name = self.default() if name is None else name
        if not caller().sees(name):
            raise absent(name)
        return self._pipeline(name, models)

    def _pipeline(self, name: str, models: Models) -> Pipeline:
        identity = self._identity(name)
        opened = self._opened.get(name)
        if opened is None or opened.identity != identity:
            with self._opening:
                opened = self._opened.get(name)  # another thread may have been first
                if opened is None or opened.identity != identity:
                    opened = self._open(name, identity, models)
        return opened.pipeline

    def missing(self) -> list[str]:
        """Reasons why the default index cannot be asked now, one line each; empty if it can."""
        lines = self._model_trouble() if self._models else [self._failure or "the models are being loaded"]
        name = self.settings.index
        try:
            there = self._identity(name) is not None
        except RagError as exc:  # a store elsewhere that does not answer
            return [*lines, public(str(exc))]
        if not there:
            option = "" if name == "default" else f" --index {name}"
            return [*lines, f'there is no index "{name}" yet: make it with `rag index PATH...{option}`']
        if self._models:
            try:
                self._pipeline(name, self._models)
            except RagError as exc:
                lines.append(public(str(exc)))
            except Exception:
                _log.exception('index "%s" cannot be opened', name)
                lines.append(f'index "{name}" cannot be opened: the server\'s log tells why')
        return lines

    def notices(self) -> list[str]:
        """Lines about the models that a person should read, such as one that could not be loaded."""
        return [public(notice) for notice in self._models.notices] if self._models else []

    def forget(self, name: str) -> None:
        """Close the pipeline of an index that is no longer there, or has another name."""
        with self._opening:
            if opened := self._opened.pop(name, None):
                opened.pipeline.close()

    def opened(self) -> list[Pipeline]:
        """The pipelines of all indexes that are open now."""
        return [opened.pipeline for opened in list(self._opened.values())]

    def close(self) -> None:
        """Close all pipelines and the models."""
        with self._opening:
            while self._opened:
                self._opened.popitem()[1].pipeline.close()
        if self._models:
            self._models.close()

    def _model_trouble(self) -> list[str]:
        """Reasons why the language model cannot answer now, if it is on a server that does not respond."""
        model = self._models and self._models.language_model
        return [public(line)] if model and (line := model.trouble()) else []

    def _open(self, name: str, identity: object, models: Models) -> _Opened:
        """Open the index, and close the one of that name that was open; `_opening` must be held."""
        stale = self._opened.pop(name, None)
        if stale is not None:
            stale.pipeline.close()
        try:
            pipeline = self._open_index(self.settings.model_copy(update={"index": name}), models)
        except IndexNotFound as exc:  # its message names folders of this machine
            raise absent(name) from exc
        self._opened[name] = _Opened(identity, pipeline)
        return self._opened[name]

    def _names(self) -> list[str]:
        from rag.stores.open import list_indexes  # late: it brings FAISS along

        return list_indexes(self.settings)

    def _identity(self, name: str) -> object:
        """A value that changes when the index is made anew; None if there is no such index."""
        from rag.stores.open import index_identity

        return index_identity(self.settings, name)


def absent(name: str) -> IndexNotFound:
    """The error for an index that does not exist, or that the caller may not see."""
    return IndexNotFound(f'there is no index "{name[:64]}": GET /v1/indexes lists those that there are')
