"""Rounds of two measurements -> medians, their spread, one figure, and whether it is as required.

A `Row` is one line of the table: what is measured of ours and of a peer, both in seconds. They are measured one after
the other, `rounds` times, and who goes first changes with each round, so that a machine that grows busy is busy for
both. The figure is made of the medians; its spread is the least and the greatest that a single round would have given.

    faster   theirs / ours, at least so much
    share    ours / theirs, at most so much
    excess   ours - theirs, at most so many seconds
    seconds  ours alone, at most so many
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

Figure = Literal["faster", "share", "excess", "seconds"]
Time = Callable[[], float]  # measures once; -> seconds


class Row(NamedTuple):
    """One workload; `theirs` is None where there is nothing to compare with."""

    name: str
    against: str
    figure: Figure
    required: float | None  # None: shown, not judged
    ours: Time
    theirs: Time | None
    rounds: int
    check: Callable[[], tuple[str, bool]] | None = None  # what must hold besides, in words, and whether it does


class Result(NamedTuple):
    """Result of a row, or why it could not be measured."""

    name: str
    against: str
    figure: Figure
    required: float | None
    ours: list[float] = []  # seconds of each round
    theirs: list[float] = []
    note: str = ""
    fine: bool = True  # what must hold besides the figure
    missing: str = ""  # why it was not measured

    @property
    def value(self) -> float:
        """The figure of the medians."""
        theirs = statistics.median(self.theirs) if self.theirs else None
        return combined(self.figure, statistics.median(self.ours), theirs)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest figure of a single round."""
        theirs: Sequence[float | None] = self.theirs or [None] * len(self.ours)
        values = [combined(self.figure, a, b) for a, b in zip(self.ours, theirs, strict=False)]
        return min(values), max(values)

    @property
    def reached(self) -> bool | None:
        """None where nothing is required or nothing was measured."""
        if self.missing or (self.required is None and self.fine):
            return None
        return self.fine and (self.required is None or not worse(self.figure, self.value, self.required))

    def stored(self) -> dict[str, Any]:
        """The form for JSON."""
        if self.missing:
            return {"name": self.name, "against": self.against, "missing": self.missing}
        return {
            "name": self.name,
            "against": self.against,
            "figure": self.figure,
            "value": self.value,
            "spread": list(self.spread),
            "required": self.required,
            "reached": self.reached,
            "note": self.note,
            "ours_s": self.ours,
            "theirs_s": self.theirs,
        }


def combined(figure: Figure, ours: float, theirs: float | None) -> float:
    """
    >>> combined("faster", 2.0, 5.0), combined("share", 2.0, 5.0), combined("excess", 2.0, 1.5)
    (2.5, 0.4, 0.5)
    """
    if figure == "seconds" or theirs is None:
        return ours
    if figure == "excess":
        return ours - theirs
    return theirs / ours if figure == "faster" else ours / theirs


def worse(figure: Figure, value: float, than: float) -> bool:
    """True if the value is worse: of speed-ups the smaller is worse, of all else the larger."""
    return value < than if figure == "faster" else value > than


def measure(row: Row) -> Result:
    """All rounds of a row, in turns."""
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(row.rounds):
        turns = [(row.ours, ours), (row.theirs, theirs)]
        for time, into in turns if number % 2 == 0 else reversed(turns):
            if time is not None:
                into.append(time())
    note, fine = row.check() if row.check else ("", True)
    return Result(row.name, row.against, row.figure, row.required, ours, theirs, note, fine)


def table(results: list[Result]) -> str:
    """Markdown."""
    lines = [
        "| workload | against | ours | theirs | figure | rounds gave | required | reached |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        if result.missing:
            lines.append(f"| {result.name} | {result.against} | | | not measured: {result.missing} | | | |")
            continue
        low, high = (_shown(result.figure, value) for value in result.spread)
        required = _required(result)
        reached = {None: "", True: "yes", False: "**no**"}[result.reached]
        note = f" ({result.note})" if result.note else ""
        lines.append(
            f"| {result.name}{note} | {result.against} | {_seconds(result.ours)} | {_seconds(result.theirs)} | "
            f"{_shown(result.figure, result.value)} | {low} to {high} | {required} | {reached} |"
        )
    return "\n".join(lines) + "\n"


def _required(result: Result) -> str:
    if result.required is None:
        return ""
    return f"{'>=' if result.figure == 'faster' else '<='} {_shown(result.figure, result.required)}"


def _shown(figure: Figure, value: float) -> str:
    if figure in ("faster", "share"):
        return f"{value:.3g}x"
    return f"{value:.3f} s" if abs(value) >= 0.1 else f"{value * 1e3:.2f} ms"


def _seconds(values: list[float]) -> str:
    if not values:
        return "-"
    median = statistics.median(values)
    return f"{median:.3g} s" if median >= 0.1 else f"{median * 1e3:.3g} ms"
