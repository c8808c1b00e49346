"""The state of a service, which is not in an index: API keys, stored answers, jobs of uploads.

In: settings. Out: None for files in the folder of indexes, or the database that several replicas share, and the keys
in either. SQLAlchemy is loaded only for the database.
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
    """The shared database that the settings name, or None if they name none. Connects to nothing yet. Raises
    `InputError` if `state_uri` is no address, `RagError` if the driver is missing."""
    if settings.state_uri is None:
        return None
    from rag.state.postgres import server_database

    return server_database(settings.state_uri.get_secret_value())


@contextmanager
def closing_state(settings: Settings) -> Iterator[Database | None]:
    """Open the state for a `with` block, and close it at the end."""
    state = open_state(settings)
    try:
        yield state
    finally:
        if state is not None:
            state.close()


def open_keys(settings: Settings, state: Database | None) -> KeyRing:
    """The API keys: those in the database if there is one, else those in the folder of indexes."""
    if state is None:
        return Keys(settings.indexes_dir)
    from rag.state.key_table import SharedKeys

    return SharedKeys(state)
