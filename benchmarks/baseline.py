"""Figures that were stored -> what has moved since (pure, but for the file).

The file holds figures and their spreads by kind of processor, and nothing of the machine. A figure has moved when it
lies outside the stored spread and the stored one outside its own, both widened by a twentieth: what a quiet machine
gives twice does not move, what got a tenth slower does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from measure import Figure, Result, worse

WIDENED = 0.05


class Stored(NamedTuple):
    """A figure as it was."""

    figure: Figure
    value: float
    low: float
    high: float


def load(file: Path, kind: str) -> dict[str, Stored]:
    """Figures by the name of the row; empty if there are none of this kind of processor."""
    if not file.is_file():
        return {}
    rows = json.loads(file.read_text("utf-8")).get(kind, {})
    return {name: Stored(**row) for name, row in rows.items()}


def store(file: Path, kind: str, results: list[Result]) -> None:
    """Replace the figures of this kind of processor."""
    known = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    known[kind] = {
        key(result): {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}
        for result in results
        if not result.missing
        for row in [Stored(result.figure, result.value, *result.spread)._asdict()]
    }
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")


def compare(stored: dict[str, Stored], results: list[Result]) -> tuple[list[str], bool]:
    """-> a line for each figure that was stored, and whether any got slower."""
    lines, slower = [], False
    new = {key(result): result for result in results if not result.missing}
    for name, before in stored.items():
        if name not in new:
            lines.append(f"{name}: not measured")
            continue
        result = new[name]
        low, high = result.spread
        moved = _outside(result.value, before.low, before.high) and _outside(before.value, low, high)
        bad = moved and worse(before.figure, result.value, before.value)
        slower |= bad
        verdict = "SLOWER" if bad else "faster" if moved else "as before"
        lines.append(
            f"{name}: {verdict}, {before.value:.3g}x ({before.low:.3g} to {before.high:.3g}) -> "
            f"{result.value:.3g}x ({low:.3g} to {high:.3g})"
        )
    if stored:
        lines += [
            f"{name}: {result.value:.3g}x, nothing is stored of it"
            for name, result in new.items()
            if name not in stored
        ]
    return lines, slower


def key(result: Result) -> str:
    return f"{result.name} | {result.against}"


def _outside(value: float, low: float, high: float) -> bool:
    return value < low * (1 - WIDENED) or value > high * (1 + WIDENED)
