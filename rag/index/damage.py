"""Writing files so that they are there whole or not at all; putting damaged ones aside, never deleting them."""

from __future__ import annotations

from pathlib import Path


class Damaged(Exception):
    """A derived file that cannot be used as it is: missing, cut short, altered or of another time. Never leaves
    `rag.index`, since what is derived can be made again."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file.name} {why}")
        self.file = file
