"""Jupyter notebooks (.ipynb) -> the blocks of their cells: text as Markdown, code and its printed results as lines.

In: the bytes of a file. Out: blocks in order; of a result the form that says most. Left out and counted: pictures,
widgets, error traces, and results in forms that are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from rag.documents import html, markdown, text
from rag.documents.blocks import Block, Content
from rag.documents.encoding import decode_text
from rag.documents.receipt import Kind, Receipt
from rag.errors import DocumentError

PICTURE = Kind("picture among the results", "pictures among the results")
TRACE = Kind("error trace", "error traces")
RESULT = Kind("result that is markup only", "results that are markup only")
READ = frozenset({"text/plain", "text/markdown", "text/html", "text/latex", "application/json"})
OBJECT = re.compile(r"<[\w.]+(?: [^<>]*)?>|")  # what Python prints of a result that has another form
PICTURES = frozenset({"png", "jpeg", "svg"})  # in format 3


class _Cell(NamedTuple):
    kind: object  # "markdown", "code", "raw", or "heading" in format 3
    source: str
    level: int  # of a heading
    outputs: list[list[Block]]  # results of code


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The cells of a notebook as one page of blocks; raises `DocumentError` if the file is no notebook."""
    receipt = receipt or Receipt()
    try:
        notebook = json.loads(decode_text(data))
        found = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        cells = [_cell(cell, receipt) for cell in found]
        title = notebook.get("metadata", {}).get("title", "")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as exc:
        raise DocumentError("is not a notebook although its name says so; save it anew in Jupyter") from exc
    blocks = [block for cell in cells for block in _blocks(cell, receipt)]
    return Content([blocks], title=title if isinstance(title, str) else "")


def _cell(cell: dict[str, Any], receipt: Receipt) -> _Cell:
    """A cell of the file; raises `TypeError` and the like for one of another form."""
    kind = cell.get("cell_type")
    outputs = cell.get("outputs", []) if kind == "code" else []
    shown = [_result(output, receipt) for output in outputs]
    for output in outputs:
        _count(output, receipt)
    level = int(cell.get("level", 1)) if kind == "heading" else 0
    return _Cell(kind, _joined(cell.get("source", cell.get("input", ""))), level, shown)


def _result(output: dict[str, Any], receipt: Receipt) -> list[Block]:
    """The blocks of a result in the form that says most: Markdown, a table, or as it was printed."""
    data = output.get("data", {})
    printed = _joined(output.get("text") or data.get("text/plain", ""))
    if "text/markdown" in data:
        return list(markdown.markdown_blocks(_joined(data["text/markdown"]), receipt))
    page = _joined(data.get("text/html", ""))
    says_more = not printed.strip() or OBJECT.fullmatch(printed.strip())
    if "<table" in page or (page and says_more):
        return html.fragment(page, receipt)
    if OBJECT.fullmatch(printed.strip()):
        told = data.get("text/latex") or data.get("application/json")
        if told is not None:
            printed = told if isinstance(told, str) else _lines(told)
    return text.text_blocks(printed, unwrap=False)


def _lines(told: Any) -> str:
    """Lines as they are, a value of JSON as JSON."""
    is_text = isinstance(told, list) and all(isinstance(line, str) for line in told)
    return "".join(told) if is_text else json.dumps(told, ensure_ascii=False)


def _count(output: dict[str, Any], receipt: Receipt) -> None:
    """Counts a result of which something is not read."""
    kinds = {*output.get("data", {}), *output}
    if output.get("output_type") in ("error", "pyerr"):
        receipt.count(TRACE)
    elif any(kind.startswith("image/") or kind in PICTURES for kind in kinds):
        receipt.count(PICTURE)
    elif not output.get("text") and not READ & kinds:
        receipt.count(RESULT, any(output.get("data", {}).values()))


def _blocks(cell: _Cell, receipt: Receipt) -> Iterator[Block]:
    match cell.kind:
        case "markdown":
            yield from markdown.markdown_blocks(cell.source, receipt)
        case "heading":
            yield Block(cell.source, cell.level)
        case _:
            yield from text.text_blocks(cell.source, unwrap=False)
            for blocks in cell.outputs:
                yield from blocks


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
