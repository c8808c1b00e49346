"""Figures and comparisons -> text for a terminal (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import isnan

from rag.evaluation.compare import Comparison, Crossing, Difference
from rag.evaluation.judging import said
from rag.evaluation.measures import Figure
from rag.evaluation.report import number, signed

_TITLE = 36
_CHANGES = 20  # questions that are named; --json has them all


def figures_text(figures: Sequence[Figure]) -> str:
    """A line for each figure with its interval and the number of questions, by group."""
    lines = []
    for group, found in groupby(figures, key=lambda one: one.measure.group):
        lines += [group, *(_figure(one) for one in found), ""]
    return "\n".join(lines)


def comparison_text(comparison: Comparison, first: str, second: str) -> str:
    """The differences, second minus first, and the questions that changed sides."""
    lines = [f"{comparison.questions} questions of both; difference is {second} minus {first}"]
    if any(comparison.left_out):
        lines.append(f"left out: {comparison.left_out[0]} only in {first}, {comparison.left_out[1]} only in {second}")
    lines += ["", f"  {'':{_TITLE}} {'first':>8} {'second':>8} {'difference':>11}   95 % interval"]
    lines += [_difference(item) for item in comparison.differences]
    better = [change for change in comparison.changes if change.better]
    worse = [change for change in comparison.changes if not change.better]
    for name, changes in (("better", better), ("worse", worse)):
        lines += ["", f"{len(changes)} questions got {name}"]
        lines += [_change(change) for change in changes[:_CHANGES]]
        if len(changes) > _CHANGES:
            lines.append(f"  and {len(changes) - _CHANGES} more: --json lists them all")
    return "\n".join(lines)


def _figure(figure: Figure) -> str:
    measure, interval = figure.measure, figure.interval
    if isnan(interval.value):
        return f"  {measure.title:{_TITLE}} not defined"
    value, low, high = (number(one, measure.unit) for one in interval)
    return f"  {measure.title:{_TITLE}} {value:>8}   {low} to {high}  ({figure.questions})"


def _difference(item: Difference) -> str:
    title = f"  {item.measure.title:{_TITLE}}"
    if isnan(item.interval.value):
        return f"{title} not defined"
    unit = item.measure.unit
    difference, low, high = item.interval
    verdict = f"  {item.verdict}" if item.verdict else ""
    return (
        f"{title} {number(item.first, unit):>8} {number(item.second, unit):>8} {signed(difference, unit):>11}   "
        f"{signed(low, unit)} to {signed(high, unit)}{verdict}"
    )


def _change(change: Crossing) -> str:
    return (
        f"  {change.first.id}: {change.first.question}\n"
        f"    {change.before}: {said(change.first) or '-'}\n    {change.after}: {said(change.second) or '-'}"
    )
