"""The figures of a run against those of a stored run -> those that are worse than its interval allows (pure).

In: figures, and the content of a stored `figures.json`. Out: what fell out of the stored interval to the worse side.
Times are left out, since they are of the machine. A figure that is not defined in one of the runs is left out, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, NamedTuple

from rag.errors import InputError
from rag.evaluation.measures import Figure


class Fallen(NamedTuple):
    """A figure that is worse; `bound` is the end of the stored interval that it is beyond."""

    figure: Figure
    stored: float
    bound: float


def fallen(found: Sequence[Figure], asked: Mapping[str, Any], stored: object) -> list[Fallen]:
    """The figures that are worse than the stored ones beyond their interval.

    Raises `InputError` if `stored` holds no figures, or those of other questions than `asked`, the entry `questions` of
    `run.json`.
    """
    try:
        before = {one["name"]: one for one in stored["figures"]}  # type: ignore[index]
        questions = stored.get("asked", asked)  # type: ignore[attr-defined]
        pairs = [(one, before[one.measure.name]) for one in found if one.measure.name in before]
        worse = [Fallen(one, old["value"], bound) for one, old in pairs if (bound := _bound(one, old)) is not None]
    except (KeyError, TypeError, AttributeError) as exc:
        raise InputError("the file of --gate holds no figures: give figures.json of a run", "gate") from exc
    if questions != asked:
        raise InputError(
            f"the figures of --gate are of {_named(questions)} and these of {_named(asked)}: store new ones", "gate"
        )
    return worse


def _bound(figure: Figure, old: Mapping[str, Any]) -> float | None:
    """The end of the old interval that the figure is beyond on its worse side; None if it is not."""
    value, better = figure.interval.value, figure.measure.better
    if isnan(value) or old["value"] is None or figure.measure.unit == "s":
        return None
    low, high = float(old["low"]), float(old["high"])
    if better == "higher" and value < low:
        return low
    return high if better == "lower" and value > high else None


def _named(questions: Any) -> str:
    which = f"{questions['file']} ({str(questions['sha256'])[:8]})"
    return which if questions["limit"] is None else f"{which}, {questions['limit']} drawn with seed {questions['seed']}"
