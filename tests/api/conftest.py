"""A service on fakes: its stage, a client of it, and for tests of the web page a browser that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.api.browsing import browser, expected_errors, page, site  # noqa: F401  (fixtures)
from tests.api.fakes import Stage, serving


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The service's folder of indexes, and what it answers with."""
    return Stage(tmp_path / "indexes")


@pytest.fixture
def client(stage: Stage) -> Iterator[TestClient]:
    """A client of the service in this process."""
    with serving(stage) as client:
        yield client
