"""Jupyter notebooks (.ipynb) -> the blocks of their cells: text as Markdown, code and its printed results as lines.

In: the bytes of a file. Out: blocks in order. Left out: pictures, widgets and error traces, and results for which the
notebook has only markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rag.documents import markdown, text
from rag.documents.blocks import Block, Content
from rag.documents.encoding import decode_text
from rag.errors import DocumentError


def parse(data: bytes) -> Content:
    try:
        notebook = json.loads(decode_text(data))
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        blocks = [block for cell in cells for block in _cell(cell)]
        title = notebook.get("metadata", {}).get("title", "")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as exc:
        raise DocumentError("is not a notebook although its name says so; save it anew in Jupyter") from exc
    return Content([blocks], title=title if isinstance(title, str) else "")


def _cell(cell: dict[str, Any]) -> Iterator[Block]:
    source = _joined(cell.get("source", cell.get("input", "")))
    match cell.get("cell_type"):
        case "markdown":
            yield from markdown.markdown_blocks(source)
        case "heading":  # format 3
            yield Block(source, int(cell.get("level", 1)))
        case "code":
            yield from text.text_blocks(source, unwrap=False)
            for output in cell.get("outputs", []):
                shown = output.get("text") or output.get("data", {}).get("text/plain", "")
                yield from text.text_blocks(_joined(shown), unwrap=False)
        case _:
            yield from text.text_blocks(source, unwrap=False)


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
