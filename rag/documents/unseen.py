"""Sizes and colours of text -> if a person can see it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

SMALLEST = 2.0  # points: smaller text is not there to be read
ALIKE = 12  # of 255, in each of red, green and blue: closer colours are not told apart
SMALLEST_IMAGE = 48  # pixels: smaller ones are icons
NAMED = {
    "white": "ffffff", "snow": "fffafa", "ivory": "fffff0", "whitesmoke": "f5f5f5", "ghostwhite": "f8f8ff",
    "floralwhite": "fffaf0", "mintcream": "f5fffa", "azure": "f0ffff", "aliceblue": "f0f8ff", "seashell": "fff5ee",
    "black": "000000", "silver": "c0c0c0", "gray": "808080", "grey": "808080", "red": "ff0000", "maroon": "800000",
    "yellow": "ffff00", "olive": "808000", "lime": "00ff00", "green": "008000", "aqua": "00ffff", "cyan": "00ffff",
    "teal": "008080", "blue": "0000ff", "navy": "000080", "fuchsia": "ff00ff", "magenta": "ff00ff",
    "purple": "800080", "orange": "ffa500",
}  # fmt: skip
HEX = re.compile(r"#?(?:[0-9a-f]{2})?([0-9a-f]{6})|#([0-9a-f]{3})", re.IGNORECASE)
FUNCTION = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*(?:[,/]\s*([\d.]+%?)\s*)?\)", re.IGNORECASE)


class Colour(NamedTuple):
    """A colour by its parts, 0 to 255."""

    red: int
    green: int
    blue: int


WHITE = Colour(255, 255, 255)


def colour(stated: str | None) -> Colour | None:
    """The colour of "#fff", "FFFFFF", "FFFFFFFF" (its opacity first), "white" or "rgb(255, 255, 255)"; None for any
    other text."""
    text = (stated or "").strip().lower()
    if found := FUNCTION.fullmatch(text):
        return Colour(*(min(255, int(part)) for part in found.groups()[:3]))
    found = HEX.fullmatch(NAMED.get(text, text))
    if found is None:
        return None
    digits = found[1] or "".join(2 * digit for digit in found[2])
    return Colour(int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))


def look_alike(one: Colour | None, other: Colour | None) -> bool:
    """Tells if text of one colour cannot be seen upon the other; False if one of them is not known."""
    return one is not None and other is not None and all(abs(a - b) <= ALIKE for a, b in zip(one, other, strict=True))


def is_too_small(points: float) -> bool:
    """Tells if text of that size is not there to be read."""
    return points < SMALLEST
