"""Pages for a browser: the page at `/`, and the documentation at `/docs` with Swagger UI from an installed package.

Everything a page needs comes from this server; there is no build step.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

PAGE = Path(__file__).parent.parent / "page"
SWAGGER = ("fastapi_offline", "static")  # package and folder; nothing of it is imported


def install_pages(app: FastAPI) -> None:
    """Add the pages, with their scripts and styles, to the application."""
    app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)(_page)
    app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)(_docs)
    app.mount("/page", GZipMiddleware(StaticFiles(directory=PAGE)))
    app.mount("/docs/swagger", StaticFiles(packages=[SWAGGER]))


async def _page() -> Response:
    return FileResponse(PAGE / "index.html")


async def _docs() -> Response:
    return FileResponse(PAGE / "docs.html")
