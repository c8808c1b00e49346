"""Read a folder of real files with this program and with two peers, and count what each gets right.

    python benchmarks/documents.py [../shared/documents] [--only rag] [--cache FOLDER]
    python benchmarks/documents.py --evidence ../shared/eval/financebench      the second table alone, see evidence.py

The folder holds `manifest.jsonl` (see its README.md): for each file the phrases that must be read, the page they stand
on, what must be left out, and whether the file is to be read or refused. White space, soft hyphens and the marks of
Markdown make no difference. A phrase counts as found on its page only where the reader tells pages.
An expectation is met by text that holds the phrases, or, where the file is to be refused, by an error that says why: an
encrypted file must be called so, a page that is an image must be read or named, a damaged file must end in time.
Each reader runs in a process of its own, one file after another, and is ended when a file takes too long. Seconds are
those of the processor, with what the reader starts, so that a busy machine does not change them. The peers are
installed from PyPI into virtual environments below the cache folder when they are first needed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import venv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import Any

import evidence
import platformdirs

LOOP = """
import json, os, sys
def spent():
    return sum(os.times()[:4])
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    path, password = json.loads(line)
    begin = spent()
    try:
        answer = read(path, password)
    except Exception as exc:
        answer = {"error": f"{type(exc).__name__}: {exc}"}
    answer["seconds"] = spent() - begin
    print(json.dumps(answer), file=answers, flush=True)
"""
RAG = """
from pathlib import Path
from rag.documents.options import ReadOptions
from rag.documents.read import read_document
def read(path, password):
    document = read_document(Path(path), "x", options=ReadOptions(passwords=(password,) if password else ()))
    ends = [*document.pages[1:], len(document.text)]
    pages = [document.text[start:end] for start, end in zip(document.pages, ends)]
    return {"text": document.text, "pages": pages or None}
"""
MARKITDOWN = """
from markitdown import MarkItDown
converter = MarkItDown()
def read(path, password):
    return {"text": converter.convert(path).text_content, "pages": None}
"""
KREUZBERG = """
from kreuzberg import ExtractionConfig, PageConfig, PdfConfig, extract_file_sync
def read(path, password):
    pdf = PdfConfig(passwords=[password]) if password else None
    result = extract_file_sync(path, config=ExtractionConfig(pages=PageConfig(extract_pages=True), pdf_options=pdf))
    paged = path.endswith(".pdf") and result.pages  # it gives all slides as one page
    return {"text": result.content, "pages": [page["content"] for page in result.pages] if paged else None}
"""
READERS = {"rag": ("", RAG), "markitdown": ("markitdown[all]", MARKITDOWN), "kreuzberg": ("kreuzberg", KREUZBERG)}
SAYS = {  # what an error must speak of to be clear
    "needs_password": r"password|encrypt|decrypt",
    "needs_ocr": r"image|ocr|scan",
    "empty": r"empty|no text",
    "encrypted_body": r"encrypt|decrypt",
}
LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
MARKS = re.compile("[*_`\\\\\u00ad]")
MAY_REFUSE = {"text_or_error", "unsupported_or_text", "garbled", "reject", *SAYS}


@dataclass
class Tally:
    """Result of one reader with the files of one format."""

    files: int = 0
    met: int = 0
    phrases: int = 0
    found: int = 0
    paged: int = 0
    on_page: int = 0
    furniture: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


class Process:
    """A reader in a process that is started anew after a file that it did not survive."""

    def __init__(self, python: str, code: str, limit: float) -> None:
        self._limit = limit
        self._command = [python, "-c", code + LOOP]
        self._process: subprocess.Popen[str] | None = None

    def read(self, path: Path, password: str | None) -> dict[str, Any]:
        """-> text and pages, or an error; and the seconds it took, without those of starting."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([str(path), password]) + "\n")
        process.stdin.flush()
        ready = select([process.stdout], [], [], self._limit)[0]
        line = process.stdout.readline() if ready else ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.stop()
        return {"crash": "crashed" if ready else f"took more than {self._limit:g} s", "seconds": self._limit}

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        return self._process

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/documents"))
    parser.add_argument("--only", choices=READERS, help="one reader instead of all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for a file, by the clock; default: 60")
    cache = Path(platformdirs.user_cache_dir("rag", appauthor=False)) / "peers"
    parser.add_argument("--cache", type=Path, default=cache, help=f"default: {cache}")
    parser.add_argument("--evidence", type=Path, metavar="FOLDER", help="questions about PDF files, and the files")
    options = parser.parse_args()
    if options.evidence:
        report_evidence(options.evidence, options.seconds)
        return
    manifest = options.folder / "manifest.jsonl"
    if not manifest.is_file():
        print(f"{manifest} is not there: give the folder of the test documents as the argument", file=sys.stderr)
        raise SystemExit(2)
    entries = [json.loads(line) for line in manifest.read_text("utf-8").split("\n") if line.strip()]
    for name in [options.only] if options.only else READERS:
        package, code = READERS[name]
        process = Process(_python(options.cache, name, package), code, options.seconds)
        report(name, run(process, options.folder, entries))
        process.stop()


def report_evidence(folder: Path, seconds: float) -> None:
    """Prints the table of evidence that this program finds on its pages."""
    try:
        wanted = evidence.evidence(folder)
    except FileNotFoundError as exc:
        print(exc, file=sys.stderr)
        raise SystemExit(2) from exc
    process = Process(sys.executable, RAG, seconds)
    print(*evidence.table(evidence.measure(folder, lambda path: process.read(path, None), wanted)), sep="\n")
    process.stop()


def _python(cache: Path, name: str, package: str) -> str:
    """The interpreter that has the reader; its virtual environment is made where it is not there."""
    if not package:
        return sys.executable
    folder = cache / name
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        print(f"installing {package} into {folder} ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True)
        (folder / "ready").touch()
    return str(python)


def run(process: Process, folder: Path, entries: Sequence[dict[str, Any]]) -> dict[str, Tally]:
    """A tally for each format."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for entry in entries:
        tally = tallies[entry["format"]]
        answer = process.read(folder / entry["file"], None)
        tally.files += 1
        tally.seconds += answer["seconds"]
        problems = list(judge(entry, answer))
        if entry["expect"] == "needs_password" and entry["password"] and "crash" not in answer:
            answer = process.read(folder / entry["file"], entry["password"])
            problems += [] if "text" in answer else ["not read with its password"]
        problems += count(tally, entry, answer)
        tally.met += not problems
        tally.faults += [f"{Path(entry['file']).name}: {problem}" for problem in problems]
    return tallies


def judge(entry: dict[str, Any], answer: dict[str, Any]) -> Iterator[str]:
    """Fault in how the file was taken, its phrases aside."""
    expect, error = entry["expect"], answer.get("error")
    if "crash" in answer:
        yield answer["crash"]
    elif expect == "text" and error is not None:
        yield f"refused ({one_line(error)[:100]})"
    elif expect == "reject" and error is None:
        yield "taken for a document"
    elif expect in SAYS and error is not None and not re.search(SAYS[expect], error, re.IGNORECASE):
        yield f"unclear refusal ({one_line(error)[:100]})"
    elif expect == "needs_password" and error is None:
        yield "taken without its password"
    elif expect == "needs_ocr" and error is None and not answer["text"].strip():
        yield "images taken for an empty document"
    elif expect == "encrypted_body" and error is None and "BEGIN PGP" in answer["text"]:
        yield "cipher taken for text"


def count(tally: Tally, entry: dict[str, Any], answer: dict[str, Any]) -> Iterator[str]:
    """Adds the phrases to the tally; those of a file that may be refused, and was, do not count."""
    if "text" not in answer and entry["expect"] in MAY_REFUSE:
        return
    text = one_line(answer.get("text", ""))
    pages = answer.get("pages") or []
    for phrase in entry["must_contain"]:
        wanted, page = one_line(phrase["text"]), phrase["page"]
        found = wanted in text
        here = page is not None and page <= len(pages) and wanted in one_line(pages[page - 1])
        tally.phrases += 1
        tally.found += found
        tally.paged += page is not None
        tally.on_page += here
        if not found:
            yield f"not found: {wanted[:60]!r}"
        elif pages and page is not None and not here:
            yield f"not on page {page}: {wanted[:60]!r}"
    for phrase in entry["must_not_contain"]:
        if one_line(phrase) in text:
            tally.furniture += 1
            yield f"kept: {phrase[:60]!r}"


def one_line(text: str) -> str:
    """Text without what Markdown adds to words: a reader that writes it is not to be the worse for it."""
    return " ".join(MARKS.sub("", LINK.sub(r"\1", text)).split())


def report(name: str, tallies: dict[str, Tally]) -> None:
    print(f"\n{name}\n| format | files | as expected | phrases | on their page | furniture kept | seconds |")
    print("|---|---|---|---|---|---|---|")
    whole = Tally()
    for kind, tally in sorted(tallies.items()):
        print(_row(kind, tally))
        for key in ("files", "met", "phrases", "found", "paged", "on_page", "furniture", "seconds"):
            setattr(whole, key, getattr(whole, key) + getattr(tally, key))
    print(_row("**all**", whole))
    for tally in tallies.values():
        for fault in tally.faults:
            print(f"  {fault}")
    sys.stdout.flush()


def _row(kind: str, tally: Tally) -> str:
    found, on_page = f"{tally.found} / {tally.phrases}", f"{tally.on_page} / {tally.paged}"
    return f"| {kind} | {tally.files} | {tally.met} | {found} | {on_page} | {tally.furniture} | {tally.seconds:.1f} |"


if __name__ == "__main__":
    main()
