"""Charts and diagrams of Office files -> tables and lines.

In: a drawing, and the parts that its page relates to. Out: a chart's title and values, a row for each category and a
column for each series; the texts of a diagram's points. What is a chart and gives none is counted.
"""

from __future__ import annotations

import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from rag.documents import ooxml
from rag.documents.blocks import Block, table_block
from rag.documents.ooxml import Element, Target, local_name, relation_id
from rag.documents.receipt import CHART, Receipt

MOST_POINTS = 100_000  # of a series; indices beyond are damage
CATEGORIES = ("cat", "xVal")
VALUES = ("val", "yVal", "bubbleSize")


def chart_blocks(
    package: zipfile.ZipFile, data: Iterable[Element], targets: Mapping[str, Target], receipt: Receipt
) -> Iterator[Block]:
    """The blocks of a `graphicData` element that refers to a chart or a diagram."""
    for element in data:
        if local_name(element) not in ("chart", "relIds"):
            continue
        target = targets.get(relation_id(element, "dm" if local_name(element) == "relIds" else "id"))
        part = ooxml.part(package, target.path) if target else None
        if part is None:
            blocks = []
        elif local_name(element) == "chart":
            blocks = list(chart(part))
        else:
            blocks = [Block("\n".join(_lines(point) for point in part.iterfind("{*}ptLst/{*}pt/{*}t")))]
        receipt.count(CHART, not (blocks and blocks[-1].text.strip()))
        yield from blocks


def title_of(part: Element) -> str:
    """The title of a chart, empty if it has none."""
    title = part.find("{*}chart/{*}title")
    pieces = [] if title is None else [piece for piece in title.iter() if local_name(piece) in ("t", "v")]
    return "".join(piece.text or "" for piece in pieces)


def chart(part: Element) -> Iterator[Block]:
    """The chart's title and its values."""
    yield Block(title_of(part))
    columns: list[tuple[str, dict[int, str]]] = []
    labels: dict[int, str] = {}
    for series in part.iter():
        if local_name(series) != "ser":
            continue
        own = next(filter(None, (_points(series, kind) for kind in CATEGORIES)), {})
        if own and own != labels:
            columns.append(("", own))
            labels = own
        name = " ".join(_points(series, "tx").values())
        columns += [(name, points) for points in (_points(series, kind) for kind in VALUES) if points]
    places = sorted({place for _, points in columns for place in points})
    rows = [[points.get(place, "") for _, points in columns] for place in places]
    yield table_block([[name for name, _ in columns], *rows])


def _points(series: Element, kind: str) -> dict[int, str]:
    """The values that the file keeps of what it computed, by their place; levels of labels go together: "2023 Q1"."""
    cache = next((found for found in series.iterfind(f"{{*}}{kind}/*/*") if local_name(found).endswith("Cache")), None)
    if cache is None:
        cache = next((found for found in series.iterfind(f"{{*}}{kind}/*") if local_name(found).endswith("Lit")), None)
    if cache is None:
        plain = series.find(f"{{*}}{kind}/{{*}}v")
        return {0: (plain.text or "").strip()} if plain is not None else {}
    levels = [_level(level) for level in cache.iterfind("{*}lvl")] or [_level(cache)]
    points = levels[0]
    for level in levels[1:]:  # from the innermost outwards
        begins = list(level)
        points = {place: f"{_held(level, begins, place)} {text}".strip() for place, text in points.items()}
    return points


def _level(cache: Element) -> dict[int, str]:
    found = enumerate(cache.iterfind("{*}pt"))
    points = {_place(point, number): (point.findtext("{*}v") or "").strip() for number, point in found}
    return {place: points[place] for place in sorted(points) if place < MOST_POINTS}


def _place(point: Element, number: int) -> int:
    stated = point.get("idx", "")
    return int(stated) if stated.isdecimal() else number


def _held(level: Mapping[int, str], begins: list[int], place: int) -> str:
    """The label at a place: that of the last place with one, as an outer label holds up to the next."""
    before = bisect_right(begins, place)
    return level[begins[before - 1]] if before else ""


def _lines(body: Element) -> str:
    return "\n".join("".join(piece.text or "" for piece in line.iter() if local_name(piece) == "t") for line in body)
