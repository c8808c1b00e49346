"""The caller of the current request: its API key, and what that key allows.

`api.middleware.access` sets it in a context variable, which the tasks and threads of a request inherit, so that
`api.served` can hide indexes in every route at once: `caller().sees(name)`. Routes for things that are kept by id
(jobs, answers) must ask it as well.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from api.errors import Forbidden
from rag.state.keys import Key, Scope


class Caller(NamedTuple):
    """The key that a request was sent with; None if no key is needed, which allows everything."""

    key: Key | None = None

    def sees(self, index: str) -> bool:
        """True if the caller may know of the index of that name."""
        return self.key is None or self.key.indexes is None or index in self.key.indexes

    def may(self, scope: Scope) -> bool:
        """True if the caller has the scope."""
        return self.key is None or scope in self.key.scopes

    def require(self, scope: Scope) -> None:
        """Check that the caller has the scope. Raises `Forbidden`."""
        if not self.may(scope):
            raise Forbidden(
                f"this API key lacks the scope {scope!r}: make one with `rag keys add NAME --scope {scope}`"
            )


ANYONE = Caller()
CALLER: ContextVar[Caller] = ContextVar("caller", default=ANYONE)


def caller() -> Caller:
    """The caller of the current request; `ANYONE` in threads of the service's own, which may do everything."""
    return CALLER.get()
