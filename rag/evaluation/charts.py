"""Numbers -> SVG drawings for the report, whose colours are CSS classes of the page (pure).

Every drawing is 350 units wide, scales with the page, has a name for screen readers, and shows each value as a tooltip.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

import numpy as np

from rag.evaluation.certainty import Bin, Float64Array

_WIDTH, _HEIGHT = 350, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 12, 46
_CURVE_POINTS = 200  # of a curve; more would not be seen
_COLUMNS = 24  # of a histogram, about


class _Frame(NamedTuple):
    """Maps values to places of the drawing."""

    x_most: float
    y_most: float
    x_least: float = 0.0

    def x(self, value: float) -> float:
        return _LEFT + (value - self.x_least) / (self.x_most - self.x_least) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - value / self.y_most * (_HEIGHT - _TOP - _BOTTOM)


def risk_coverage(risk: Float64Array, judged: int) -> str:
    """The share of wrong answers (`certainty.risks`) over the share of all judged questions that are answered."""
    most = min(1.0, max(0.1, ceil(float(risk.max()) * 10) / 10))
    frame = _Frame(1.0, most)
    chosen = np.unique(np.linspace(0, len(risk) - 1, min(_CURVE_POINTS, len(risk))).astype(int))
    points = [((at + 1) / judged, float(risk[at])) for at in chosen]
    line = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
    x, y = points[-1]
    end = _dot(frame, x, y, 5, f"this run: {x:.0%} answered, {y:.0%} of them wrong")
    hover = "".join(
        f'<circle class="hover" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="6">'
        f"<title>{x:.0%} answered: {y:.1%} wrong</title></circle>"
        for x, y in points[:: max(1, len(points) // 40)]
    )
    body = f'<polyline class="line" points="{line}"/>{hover}{end}'
    axes = _axes(
        frame, _ticks(1.0), _ticks(most), "questions answered, most confident first", "wrong among them", True, True
    )
    return _svg(f"Risk-coverage curve: {y:.0%} wrong if {x:.0%} are answered", axes + body)


def calibration_chart(bins: Sequence[Bin]) -> str:
    """The share of right answers over confidence, with the line on which the two would be equal."""
    frame = _Frame(1.0, 1.0)
    most = max(one.size for one in bins)
    diagonal = f'<line class="even" x1="{frame.x(0)}" y1="{frame.y(0)}" x2="{frame.x(1):.1f}" y2="{frame.y(1):.1f}"/>'
    dots = "".join(
        _dot(
            frame,
            one.confidence,
            one.right,
            3 + 9 * (one.size / most) ** 0.5,
            f"confidence {one.confidence:.2f}: {one.right:.0%} of {one.size} right",
        )
        for one in bins
    )
    axes = _axes(frame, _ticks(1.0), _ticks(1.0), "mean confidence", "share that is right", True, True)
    return _svg("Calibration: share of right answers by confidence, in ten bins", axes + diagonal + dots)


def histogram(seconds: Float64Array) -> str:
    """The number of questions by latency; the last column holds the slowest hundredth."""
    most = float(np.quantile(seconds, 0.99))
    width = _round_step(max(most, 1e-6) / _COLUMNS)
    columns = max(1, floor(most / width) + 1)
    counts = np.bincount(np.minimum((seconds / width).astype(int), columns), minlength=columns + 1)
    if not counts[-1]:
        counts = counts[:-1]
    frame = _Frame(width * len(counts), float(counts.max()))
    bars = "".join(_bar(frame, at, width, int(count), at == columns) for at, count in enumerate(counts) if count)
    whole = [float(round(tick)) for tick in _ticks(float(counts.max()))]
    axes = _axes(frame, _ticks(frame.x_most), sorted(set(whole)), "seconds", "questions", False, False)
    return _svg(f"Latency of {len(seconds)} questions, in columns of {width:g} s", axes + bars)


def _bar(frame: _Frame, at: int, width: float, count: int, is_rest: bool) -> str:
    left, right, top = frame.x(at * width), frame.x((at + 1) * width), frame.y(count)
    name = f"{at * width:g} s and more" if is_rest else f"{at * width:g} to {(at + 1) * width:g} s"
    return (
        f'<rect class="bar" x="{left + 0.5:.1f}" y="{top:.1f}" width="{max(right - left - 1, 1):.1f}" '
        f'height="{frame.y(0) - top:.1f}"><title>{name}: {count}</title></rect>'
    )


def _dot(frame: _Frame, x: float, y: float, radius: float, title: str) -> str:
    return (
        f'<circle class="dot" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="{radius:.1f}">'
        f"<title>{escape(title)}</title></circle>"
    )


def _axes(
    frame: _Frame, xs: Sequence[float], ys: Sequence[float], x_name: str, y_name: str, x_share: bool, y_share: bool
) -> str:
    parts = []
    for value in ys:
        at = frame.y(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{at:.1f}" x2="{_WIDTH - _RIGHT}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{_label(value, y_share)}</text>')
    for value in xs:
        at = frame.x(value)
        parts.append(
            f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{_label(value, x_share)}</text>'
        )
    middle_x, middle_y = (_LEFT + _WIDTH - _RIGHT) / 2, (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(f'<text class="axis" x="{middle_x}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_name)}</text>')
    upright = f'transform="translate(13 {middle_y}) rotate(-90)" text-anchor="middle"'
    parts.append(f'<text class="axis" {upright}>{escape(y_name)}</text>')
    return "".join(parts)


def _label(value: float, share: bool) -> str:
    return f"{value:.0%}" if share else f"{value:g}"


def _ticks(most: float) -> list[float]:
    """0 and round numbers up to `most`, four to six of them."""
    step = _round_step(most / 5)
    return [round(step * at, 10) for at in range(floor(most / step + 1e-9) + 1)]


def _round_step(least: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(least))
    return next(round(power * times, 12) for times in (1, 2, 5, 10) if power * times >= least * (1 - 1e-9))


def _svg(name: str, body: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(name)}">{body}</svg>'
