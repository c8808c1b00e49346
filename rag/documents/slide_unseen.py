"""Looks of text on a slide -> if a person sees it.

In: the properties of a run, and what the slide is made of: its shapes, layout, master and theme. Out: a judgement. Text
below two points, without fill or of the colour that lies behind it is not seen. The colour behind a shape is its own,
else that of the slide; where a picture, a filled shape or a gradient may lie there it is not known, and the text counts
as seen.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from rag.documents import ooxml
from rag.documents.ooxml import Element, local_name
from rag.documents.unseen import WHITE, Colour, colour, is_too_small, look_alike

Behind = Callable[[], Colour | None]
FILLS = frozenset({"solidFill", "gradFill", "blipFill", "pattFill", "grpFill"})
SCHEME = {"bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2"}  # where the master does not say otherwise
MAPPINGS = ("clrMap", "overrideClrMapping")
FIRST_FILL = "1001"  # of a theme's backgrounds: the plain one
CLEAR = 5000  # of 100,000: text less opaque is not seen


class _Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: _Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


class Paper:
    """The colours behind the text of a slide; nothing is looked up before it is asked for."""

    def __init__(self, package: zipfile.ZipFile, path: str, tree: Element) -> None:
        self._package = package
        self._path = path
        self._tree = tree
        self._known: dict[int, Colour | None] = {}  # by shape

    def is_unseen(self, properties: Element, behind: Behind) -> bool:
        """Tells if a run with these properties is too small, clear, or of the colour behind it."""
        size = properties.get("sz", "")
        if size.isdecimal() and is_too_small(int(size) / 100):
            return True
        if properties.find("{*}noFill") is not None:
            return properties.find("{*}ln") is None
        fill = properties.find("{*}solidFill")
        if fill is None:
            return False
        opacity = next((item.get("val", "") for item in fill.iter() if local_name(item) == "alpha"), "")
        if opacity.isdecimal() and int(opacity) < CLEAR:
            return True
        own = self._colour(fill)
        return own is not None and look_alike(own, behind())

    def behind_cell(self, cell: Element) -> Behind:
        """The colour behind the text of a table's cell, as far as the cell states it."""
        return lambda: self._colour(cell.find("{*}tcPr/{*}solidFill"))

    def behind(self, shape: Element) -> Behind:
        """The colour behind the text of a shape."""
        return lambda: self._known[id(shape)] if id(shape) in self._known else self._looked_up(shape)

    def _looked_up(self, shape: Element) -> Colour | None:
        found = self._known[id(shape)] = self._behind(shape)
        return found

    def _behind(self, shape: Element) -> Colour | None:
        properties = shape.find("{*}spPr")
        fill = _fill(properties)
        if fill is not None:
            return self._colour(fill) if local_name(fill) == "solidFill" else None
        reference = shape.find("{*}style/{*}fillRef")
        see_through = properties is not None and properties.find("{*}noFill") is not None
        if not see_through and reference is not None and reference.get("idx", "0") != "0":
            return None
        own = next((box for other, box in self._placed if other is shape), None)
        for other, box in self._placed:
            if other is not shape and _covers(other) and (own is None or box is None or box.meets(own)):
                return None
        return self._background

    @cached_property
    def _roots(self) -> list[Element]:
        """The slide, its layout and its master, as far as they are there."""
        found, path = [self._tree], self._path
        for kind in ("slideLayout", "slideMaster"):
            path = ooxml.target(self._package, path, kind) or ""
            part = ooxml.part(self._package, path)
            if part is None:
                break
            found.append(part)
        return found

    @cached_property
    def _placed(self) -> list[tuple[Element, _Box | None]]:
        """The shapes of slide, layout and master, with their places as far as they are known."""
        trees = [tree for root in self._roots for tree in root.iterfind("{*}cSld/{*}spTree")]
        return [placed for tree in trees for placed in _shapes(tree)]

    @cached_property
    def _background(self) -> Colour | None:
        for root in self._roots:
            stated = root.find("{*}cSld/{*}bg")
            if stated is None:
                continue
            reference, fill = stated.find("{*}bgRef"), stated.find("{*}bgPr/{*}solidFill")
            if reference is not None:
                return self._colour(reference) if reference.get("idx") == FIRST_FILL else None
            return self._colour(fill)
        return WHITE

    @cached_property
    def _scheme(self) -> dict[str, Colour | None]:
        """The theme's colours by the names that slides use."""
        master = ooxml.target(self._package, self._path, "slideLayout") or ""
        master = ooxml.target(self._package, master, "slideMaster") or ""
        theme = ooxml.part(self._package, ooxml.target(self._package, master, "theme"))
        colours = None if theme is None else theme.find("{*}themeElements/{*}clrScheme")
        named = {local_name(item): _plain(item) for item in ([] if colours is None else colours)}
        stated = [item for root in reversed(self._roots) for item in root.iter() if local_name(item) in MAPPINGS]
        mapping = {**SCHEME, **{key: text for item in stated for key, text in item.attrib.items()}}
        return {**named, **{key: named.get(name) for key, name in mapping.items()}}

    def _colour(self, fill: Element | None) -> Colour | None:
        """The colour that an element holds; None if it is not plain."""
        item = next(iter(fill), None) if fill is not None else None
        if item is None or len(item):
            return None
        return self._scheme.get(item.get("val", "")) if local_name(item) == "schemeClr" else _plain([item])


def _plain(holder: Element | list[Element]) -> Colour | None:
    item = next(iter(holder), None)
    return None if item is None else colour(item.get("lastClr") or item.get("val"))


def _fill(properties: Element | None) -> Element | None:
    return next((item for item in (() if properties is None else properties) if local_name(item) in FILLS), None)


def _shapes(tree: Element, in_group: bool = False) -> Iterator[tuple[Element, _Box | None]]:
    """Yields shapes with their places; those of a group lie in measures of their own."""
    for shape in tree:
        yield shape, None if in_group else _box(shape)
        if local_name(shape) in ("grpSp", "AlternateContent", "Choice"):
            yield from _shapes(shape, in_group or local_name(shape) == "grpSp")


def _covers(shape: Element) -> bool:
    """Tells if a shape is a picture, a table or filled."""
    if local_name(shape) in ("pic", "graphicFrame"):
        return True
    reference = shape.find("{*}style/{*}fillRef")
    styled = reference is not None and reference.get("idx", "0") != "0"
    return local_name(shape) == "sp" and (styled or _fill(shape.find("{*}spPr")) is not None)


def _box(shape: Element) -> _Box | None:
    """The place of a shape; None if its layout gives it."""
    place = shape.find("{*}xfrm") if local_name(shape) == "graphicFrame" else shape.find("{*}spPr/{*}xfrm")
    offset, size = (None, None) if place is None else (place.find("{*}off"), place.find("{*}ext"))
    if offset is None or size is None:
        return None
    try:
        left, top = int(offset.get("x", "")), int(offset.get("y", ""))
        return _Box(left, top, left + int(size.get("cx", "")), top + int(size.get("cy", "")))
    except ValueError:
        return None
