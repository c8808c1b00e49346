"""OpenAI's own client of a service on fakes."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.api.site import Site, server, site  # noqa: F401  (fixtures)


@pytest.fixture
def client(site: Site) -> Iterator[openai.OpenAI]:  # noqa: F811
    """A client whose errors are not tried again."""
    with openai.OpenAI(base_url=f"{site.address}/v1", api_key="none", max_retries=0) as client:
        yield client
