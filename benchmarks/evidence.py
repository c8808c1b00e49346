"""Evidence of questions about PDF files -> the share of its phrases that a reader finds on the pages that are named.

In: a folder with `questions.jsonl` (`doc_name`, `evidence`: texts, `evidence_pages`: their pages from 1) and `pdfs/`.
Out: a line for each file, and what was not found. `benchmarks/documents.py --evidence FOLDER` prints it.

Evidence was copied out of the files by another program, in its order and line by line: in tables it has a cell a line,
where ours has a row. Letters, digits and their order count, case, white space and other signs do not; "1,234.5" is one
word. A phrase is a line of the evidence, or each eight words of a longer one, and must stand as whole words in a row on
the page. That says if words are lost; runs of eight words across the lines, which overlap, say if rows and paragraphs
stay together as well.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

RUN = 8  # words
WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")


class Evidence(NamedTuple):
    """A text that stands on a page of a file, which counts from 1."""

    page: int
    text: str


@dataclass
class Found:
    """Evidence that was found of one file."""

    pages: int = 0
    phrases: int = 0
    found: int = 0
    runs: int = 0
    together: int = 0
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)


def evidence(folder: Path) -> dict[str, list[Evidence]]:
    """The evidence by the files' names, each text once; raises `FileNotFoundError` if the folder lacks a part."""
    files = sorted((folder / "pdfs").glob("*.pdf"))
    questions = folder / "questions.jsonl"
    if not files or not questions.is_file():
        raise FileNotFoundError(
            f"{folder} has no {'questions.jsonl' if files else 'pdfs/*.pdf'}: give the folder of the set financebench"
        )
    by_file: dict[str, dict[Evidence, None]] = {path.name: {} for path in files}
    for line in questions.read_text("utf-8").split("\n"):
        if line.strip():
            question = json.loads(line)
            stated = zip(question["evidence_pages"], question["evidence"], strict=True)
            texts = by_file.setdefault(f"{question['doc_name']}.pdf", {})
            texts |= {Evidence(page, text): None for page, text in stated}
    return {name: list(texts) for name, texts in by_file.items()}


def measure(
    folder: Path, read: Callable[[Path], dict[str, Any]], wanted: dict[str, list[Evidence]]
) -> dict[str, Found]:
    """Evidence that is found of each file; `read` gives the texts of a file's pages, or an error."""
    results: dict[str, Found] = defaultdict(Found)
    for name, texts in wanted.items():
        found, answer = results[name], read(folder / "pdfs" / name)
        found.seconds = answer["seconds"]
        pages = answer.get("pages") or []
        found.pages = len(pages)
        if not pages:
            found.lost.append(str(answer.get("error") or answer.get("crash")))
        for page, text in texts:
            count(found, text, pages[page - 1] if page <= len(pages) else "")
    return results


def count(found: Found, text: str, page: str) -> None:
    """Adds the phrases of an evidence text, which should stand on the page."""
    here = f" {' '.join(words(page))} "
    for phrase in phrases(text):
        found.phrases += 1
        if f" {phrase} " in here:
            found.found += 1
        else:
            found.lost.append(phrase)
    for run in runs(words(text)):
        found.runs += 1
        found.together += f" {run} " in here


def phrases(text: str) -> Iterator[str]:
    """Yields the words of each line, eight at a time."""
    for line in text.split("\n"):
        found = words(line)
        yield from (" ".join(found[start : start + RUN]) for start in range(0, len(found), RUN))


def runs(found: Sequence[str]) -> Iterator[str]:
    """Yields each eight words that follow one another, all of them if there are fewer."""
    for start in range(max(1, len(found) - RUN + 1)):
        yield " ".join(found[start : start + RUN])


def words(text: str) -> list[str]:
    """The words and numbers in lower case; soft hyphens make no difference."""
    return WORD.findall(text.replace("\u00ad", "").casefold())


def table(results: dict[str, Found]) -> Iterator[str]:
    """Yields the lines of a table in Markdown, and of what was not found."""
    yield "| file | pages | phrases on their page | runs of eight words | seconds |"
    yield "|---|---|---|---|---|"
    whole = Found()
    for name, found in results.items():
        yield _row(name, found)
        for key in ("pages", "phrases", "found", "runs", "together", "seconds"):
            setattr(whole, key, getattr(whole, key) + getattr(found, key))
    yield _row("**all**", whole)
    yield from (f"  {name}: {lost[:100]!r}" for name, found in results.items() for lost in found.lost)


def _row(name: str, found: Found) -> str:
    on_page, together = _share(found.found, found.phrases), _share(found.together, found.runs)
    return f"| {name} | {found.pages} | {on_page} | {together} | {found.seconds:.1f} |"


def _share(part: int, whole: int) -> str:
    return f"{part:,} / {whole:,} ({100 * part / whole:.1f} %)" if whole else "-"
