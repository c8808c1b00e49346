"""A small library of letters, minutes and drafts, served with the embedded models. For `page.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving import make_index, rag_server

from tests.documents.locked import locked_pdf
from tests.documents.test_pdf import lines, make_pdf

DRAFTS = 30
PASSWORD = "sesame"
LEASE = (
    "Lease of the boathouse",
    "This lease is made between the harbour office and Mr Tom Varga.",
    "The lease begins on 1 May 2021 and ends on 30 April 2027.",
    "The rent is 340 euros a month and is due on the third working day.",
    "Keys are handed over by the harbour master.",
)
MARCH = """# Minutes of March

The board met on 12 March 2024 in the town hall.

The budget for the bridge is 48,000 euros.

The ferry runs until 9 in the evening.
"""
APRIL = """# Minutes of April

The board met on 16 April 2024 in the town hall.

The budget for the bridge is 52,500 euros.

The ferry runs until 10 in the evening.
"""


def write_library(folder: Path) -> None:
    """Write the files: a lease as a PDF, minutes, drafts; and a locked PDF beside them, which is not part of it."""
    library = folder / "library"
    for name in ("contracts", "minutes", "drafts"):
        (library / name).mkdir(parents=True, exist_ok=True)
    (library / "contracts/lease.pdf").write_bytes(make_pdf([lines(LEASE[0], size=18) + lines(*LEASE[1:], top=650)]))
    (library / "minutes/2024-03.md").write_text(MARCH)
    (library / "minutes/2024-04.md").write_text(APRIL)
    for number in range(1, DRAFTS + 1):
        (library / f"drafts/draft-{number:02}.txt").write_text(
            f"Draft {number} of the notice about sheds on pier {number}."
        )
    (folder / "locked.pdf").write_bytes(locked_pdf("The safe of the club holds 1,250 euros.", PASSWORD))


@contextmanager
def make_library(folder: Path) -> Iterator[str]:
    """The address of a service over the library."""
    write_library(folder)
    make_index(folder, folder / "library")
    with rag_server(folder) as server:
        yield f"http://127.0.0.1:{server.port}"
