"""What the process serves: the models, loaded once, and for each index a pipeline, opened when it is first asked for.

Blocking and thread-safe. An index that was removed from the disk is let go of, and one that was made anew in its place
is opened anew, so nobody is answered from documents that are no longer there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from api.errors import NotReady, public
from api.middleware.access import caller
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
    """Made at once; of use when `load` has returned."""

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
        """Of the indexes that the caller may see."""
        sees = caller().sees
        return [name for name in self._names() if sees(name)]

    def default(self) -> str:
        """Where a request names no index: the server's, or the first that the caller may see where that is hidden."""
        key, name = caller().key, self.settings.index
        return name if key is None or not key.indexes or name in key.indexes else key.indexes[0]

    def check(self, name: str) -> None:
        """Raises `IndexNotFound` where there is no such index, and the same where the caller may not see it."""
        if name not in self.names():
            raise absent(name)

    def changed(self, name: str) -> int:
        """When the index last changed, in Unix seconds; 0 where it is gone."""
        from rag.stores.open import index_changed_at

        return index_changed_at(self.settings, name)

    def models(self) -> Models:
        """Raises `NotReady`."""
        if self._models is None:
            raise NotReady(self._failure or "the models are being loaded: try again in a few seconds")
        return self._models

    def pipeline(self, name: str | None = None) -> Pipeline:
        """Of the index `name`, or the caller's default one. Raises `NotReady`, `IndexNotFound`, what opening raises."""
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
        """What stands between now and an answer from the default index, one line each; empty when ready."""
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
        return [public(notice) for notice in self._models.notices] if self._models else []

    def opened(self) -> list[Pipeline]:
        """Of all indexes that are open now."""
        return [opened.pipeline for opened in list(self._opened.values())]

    def close(self) -> None:
        with self._opening:
            while self._opened:
                self._opened.popitem()[1].pipeline.close()
        if self._models:
            self._models.close()

    def _model_trouble(self) -> list[str]:
        """Why the language model cannot answer now, where it is on a server that does not."""
        model = self._models and self._models.language_model
        return [public(line)] if model and (line := model.trouble()) else []

    def _open(self, name: str, identity: object, models: Models) -> _Opened:
        """Open the index, in place of the one of that name that was open; with `_opening` held."""
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
        """Changes when the index is made anew; None where there is none."""
        from rag.stores.open import index_identity

        return index_identity(self.settings, name)


def absent(name: str) -> IndexNotFound:
    return IndexNotFound(f'there is no index "{name[:64]}": GET /v1/indexes lists those that there are')
