"""Where a service keeps what is not in an index: API keys, stored answers, what became of uploads.

In: settings. Out: None for files in the folder of indexes, or the database that several replicas share, and the keys
in either. SQLAlchemy is loaded only for the latter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rag.settings import Settings
from rag.state.keys import KeyRing, Keys

if TYPE_CHECKING:
    from rag.state.database import Database


def open_state(settings: Settings) -> Database | None:
    """Connects to nothing yet. Raises `InputError` where `state_uri` is no address, `RagError` without the driver."""
    if settings.state_uri is None:
        return None
    from rag.state.postgres import server_database

    return server_database(settings.state_uri.get_secret_value())


@contextmanager
def closing_state(settings: Settings) -> Iterator[Database | None]:
    """For one look at it."""
    state = open_state(settings)
    try:
        yield state
    finally:
        if state is not None:
            state.close()


def open_keys(settings: Settings, state: Database | None) -> KeyRing:
    if state is None:
        return Keys(settings.indexes_dir)
    from rag.state.key_table import SharedKeys

    return SharedKeys(state)
