"""Addresses of this service's page, opened at characters of a document (pure)."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlencode

from fastapi import Request

from api.served import Served
from rag.types import Citation, Hit


class Links(NamedTuple):
    """Addresses of an index's places; `base` is where browsers reach the service, without a slash at the end."""

    base: str
    library: str  # the index

    def to(self, citation: Citation) -> str:
        """Address of the page, opened at the sentence that is cited."""
        return self._address(citation.document_id, citation.start, citation.end)

    def to_hit(self, hit: Hit) -> str:
        """Address of the page, opened at a passage."""
        return self._address(hit.passage.document_id, hit.passage.start, hit.passage.end)

    def _address(self, document_id: str, start: int, end: int) -> str:
        place = {"document": document_id, "index": self.library, "start": start, "end": end}
        return f"{self.base}/#{urlencode(place, quote_via=quote, errors='replace')}"


def base_of(served: Served, request: Request) -> str:
    """The address at which browsers reach the service: the setting `public_url`, else that of the request."""
    return served.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")


def heading(title: str, page: int | None) -> str:
    """The title, with the page if there is one: "Visitor guide, page 2"."""
    return title if page is None else f"{title}, page {page}"
