"""Tables that the first versions of a catalogue's file lack -> SQL that reads them, or what stands for them if absent.

In: a connection to the file. Out: expressions about `versions v` and `passages p` for the queries of `catalogue.py`. A
file is never changed by reading it; writing adds the tables (`ledger.py`).
"""

from __future__ import annotations

import sqlite3


class LaterTables:
    """The tables of one file that earlier versions of this program do not make."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def reader(self) -> str:
        """SQL for the version of the reader of `versions v`; earlier versions of this program did not note it."""
        known = self.has("readers")
        return "COALESCE((SELECT reader FROM readers r WHERE r.version = v.version), 1)" if known else "1"

    def blocks(self) -> str:
        """SQL for the blocks of `versions v`; NULL if an earlier version of this program made the file."""
        return "(SELECT b.blocks FROM blocks b WHERE b.version = v.version)" if self.has("blocks") else "NULL"

    def passage_blocks(self) -> tuple[str, str]:
        """SQL for the blocks and the header of `passages p`, and what must be joined for it."""
        if not self.has("passage_blocks"):
            return "NULL, NULL", ""
        return "b.blocks, b.header", "LEFT JOIN passage_blocks b ON b.row = p.row"

    def has(self, table: str) -> bool:
        """True if the file has the table, which earlier versions of this program do not make."""
        found = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,))
        return found.fetchone() is not None

    def receipt(self, column: str) -> str:
        """SQL for a column of the receipt of `versions v`; earlier versions of this program kept none."""
        return f"(SELECT {column} FROM receipts r WHERE r.version = v.version)" if self.has("receipts") else "NULL"

    def links(self) -> str:
        """SQL for the links of `versions v`; earlier versions of this program kept none."""
        return "(SELECT links FROM links l WHERE l.version = v.version)" if self.has("links") else "NULL"

    def source(self, column: str) -> str:
        """SQL for a column of the source of `versions v`; earlier versions of this program kept none."""
        return f"(SELECT {column} FROM sources s WHERE s.version = v.version)" if self.has("sources") else "NULL"

    def stamp(self) -> tuple[str, str]:
        """SQL for how images were read, the state and the stamp of the file of `versions v`, and what must be joined
        for it."""
        if not self.has("sources"):
            return "NULL, NULL, v.size, v.mtime_ns", ""
        stamp = "v.size, v.mtime_ns, s.ctime_ns, s.inode, COALESCE(s.own, ''), s.place, s.device"
        return f"s.ocr, s.state, {stamp}", "LEFT JOIN sources s ON s.version = v.version"
