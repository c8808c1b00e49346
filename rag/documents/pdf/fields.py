"""Values of a form, with their places on a page -> lines among those of the page, each where it stands.

In: the lines of a page in reading order and the values. Out: the lines with the values among them. Pure.
A value goes after its label ("Name: value"), a box that can be ticked before or after it as on the page, a row of
values into a row; where no label is seen, the field's own name is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.documents.pdf.lines import Line, Word, made_of

USUAL_SIZE = 10.0  # points, where there is no line beside a value
CHARACTER = 0.5  # of the size: the usual width
SPACE = 0.3  # of the size: a value as near to its label is one line with it
HIGHEST = 3.0  # of the size: a field higher than that has lines of its own
ABOVE = 2.5  # of the size: a label stands no higher above its value
READABLE_NAME = re.compile(r"[^\W\d_][\w ,.'/()-]*")  # not "topmostSubform[0].Page1[0].f1_02[0]"


class Field(NamedTuple):
    """A value, its place in points and the name of its field."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    name: str = ""
    box: bool = False  # to be ticked
    meaning: str = ""  # of a box
    typed: bool = False  # upon the page, in no field


def with_fields(lines: Sequence[Line], fields: Sequence[Field]) -> list[Line]:
    """The lines, with the fields' values in their places."""
    rows: dict[float, list[Field]] = {}
    loose: list[Field] = []
    placed = _cut_at(lines, fields)
    for field in fields:
        beside = [line for line in placed if _is_on_row(line, field)]
        if beside:
            baseline = min((line.baseline for line in beside), key=lambda y: abs(y - field.bottom))
            rows.setdefault(baseline, []).append(field)
        else:
            loose.append(field)
    for baseline, values in rows.items():
        _put_on_row(placed, baseline, values)
    for field in sorted(loose, key=lambda field: (-field.top, field.left)):
        _put_below(placed, field)
    return placed


def _is_on_row(line: Line, field: Field) -> bool:
    """Tells if a line is level with a field that is no higher than a line or two."""
    low = field.top - field.bottom < HIGHEST * line.size
    return line.upright and low and field.bottom - line.size / 2 <= line.baseline <= field.top


def _cut_at(lines: Sequence[Line], fields: Sequence[Field]) -> list[Line]:
    """The lines, cut where a field lies between two of their words."""
    cut: list[Line] = []
    for line in lines:
        marks = sorted(
            field.left for field in fields if _is_on_row(line, field) and line.left < field.left < line.right
        )
        rest = list(line.words)
        for mark in marks:
            before = [word for word in rest if (word.left + word.right) / 2 < mark]
            if before and len(before) < len(rest):
                cut.append(made_of(line, before))
                rest = rest[len(before) :]
        cut.append(made_of(line, rest) if len(rest) < len(line.words) else line)
    return cut


def _put_on_row(lines: list[Line], baseline: float, values: Sequence[Field]) -> None:
    """Puts the values among the pieces of text on one row, from the left."""
    row = [place for place, line in enumerate(lines) if line.upright and line.baseline == baseline]
    labels = sorted((lines[place] for place in row), key=lambda line: line.left)
    size = labels[0].size
    values = sorted(values, key=lambda field: field.left)
    made: list[Line] = []
    for place, field in enumerate(values):
        label = max((label for label in labels if label.left < field.left), key=lambda label: label.left, default=None)
        following = min((label.left for label in labels if label.left >= field.left), default=None)
        alone = (place == 0 or (label is not None and values[place - 1].left < label.left)) and not (
            place + 1 < len(values) and (following is None or values[place + 1].left < following)
        )
        text = " ".join(field.text.split())
        if field.box and field.meaning and following is None:
            text = f"{text} {field.meaning}"
        left, right = field.left, field.right
        if alone and label is not None and not (field.box and following is not None):
            colon = "" if field.box or field.typed or not label.text[-1].isalnum() else ":"
            text, left = f"{colon} {text}".strip(), label.right + (0 if colon else SPACE * size)
            right = left + CHARACTER * size * len(text)
        elif field.box and following is not None:
            right = following - SPACE * size
            left = min(left, right - size)
        else:
            right = min(right, left + CHARACTER * size * len(text))
        made.append(_line(text, left, right, baseline, size))
    whole = sorted([*labels, *made], key=lambda line: line.left)
    for place in reversed(row):
        del lines[place]
    lines[row[0] : row[0]] = whole


def _put_below(lines: list[Line], field: Field) -> None:
    """Puts a value beside which there is no text below the nearest line above it."""
    above = [
        (line.baseline, -place)
        for place, line in enumerate(lines)
        if line.upright and line.baseline >= field.bottom and line.left < field.right
        and (line.right > field.left or line.baseline <= field.top)
    ]  # fmt: skip
    nearest, place = min(above, default=(0.0, 1))
    size = lines[-place].size if above else USUAL_SIZE
    labelled = bool(above) and nearest - field.top < ABOVE * size
    texts = field.text.splitlines()
    if field.box and field.meaning:
        texts = [f"{field.text} {field.meaning}"]
    if not labelled and not field.typed and READABLE_NAME.fullmatch(field.name):
        texts[0] = f"{field.name}: {texts[0]}"
    top = min(field.top - size, nearest - size) if above else field.top - size
    made = [
        _line(text, field.left, field.left + CHARACTER * size * len(text), top - 1.2 * size * number, size)
        for number, text in enumerate(texts)
    ]
    if above:
        lines[1 - place : 1 - place] = made
    else:
        before = next((place for place, line in enumerate(lines) if line.upright and line.baseline < top), len(lines))
        lines[before:before] = made


def _line(text: str, left: float, right: float, baseline: float, size: float) -> Line:
    return Line(text, left, max(right, left + 1), baseline, size, words=(Word(left, max(right, left + 1), text),))
