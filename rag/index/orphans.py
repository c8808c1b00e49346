"""A catalogue's file -> its faults as a file: what SQLite finds damaged, and rows that nothing refers to.

In: a connection to the file. Out: a line for each kind of fault. What the rows mean is checked in `verify.py`.
"""

from __future__ import annotations

import sqlite3

from rag.index.later_tables import LaterTables

_ORPHANS = (
    ("passages of no document", "passages WHERE version NOT IN (SELECT version FROM versions)"),
    ("texts of no document", "texts WHERE version NOT IN (SELECT version FROM versions)"),
    ("documents without text", "versions WHERE version NOT IN (SELECT version FROM texts)"),
    ("vectors of no passage", "embeddings WHERE embedding NOT IN (SELECT embedding FROM passages)"),
)
# Tables that earlier versions of the program did not make, and what their rows belong to
_LATER = {
    "blocks": ("blocks of no document", "version NOT IN (SELECT version FROM versions)"),
    "passage_blocks": ("blocks of no passage", "row NOT IN (SELECT row FROM passages)"),
    "readers": ("versions of readers of no document", "version NOT IN (SELECT version FROM versions)"),
    "receipts": ("receipts of no document", "version NOT IN (SELECT version FROM versions)"),
    "links": ("lists of links of no document", "version NOT IN (SELECT version FROM versions)"),
    "sources": ("sources of no document", "version NOT IN (SELECT version FROM versions)"),
}


def orphans(connection: sqlite3.Connection) -> list[str]:
    """Rows that nothing refers to, such as "3 texts of no document"; to be asked if all that was committed is
    published."""
    tables = LaterTables(connection)
    later = [(what, f"{table} WHERE {which}") for table, (what, which) in _LATER.items() if tables.has(table)]
    counts = {
        what: connection.execute(f"SELECT COUNT(*) FROM {which}").fetchone()[0] for what, which in (*_ORPHANS, *later)
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def integrity(connection: sqlite3.Connection) -> list[str]:
    """The faults that SQLite itself finds in the file, at most 20; empty if there are none."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    return [] if found == ["ok"] else found
