"""Rows at the top of a table -> how many of them name its columns together, where nothing in the file says so (pure).

In: rows of text. Out: the number of rows that are names, and the names of the upper one in each column that they stand
above. A second row names columns with the first if it holds only units, or if it leaves the column of the rows' own
heads to the first and there are figures below.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_HEADERS = 3  # rows
LOOKED_AT = 20  # rows below, for figures
YEAR = re.compile(r"(?:19|20)\d\d")
FIGURE = re.compile(r"[^\w\s]{0,2}\s?\d[\d.,:/ '’-]*\s?\S{0,3}")
UNITS = frozenset(
    """m mm cm dm km nm µm μm in inch inches ft yd mi m2 m² m3 m³ cm2 cm² cm3 cm³ mm2 mm² km2 km² ha l ml cl dl hl
    gal g kg mg µg μg t lb lbs oz s sec ms min h hr hrs d days day years year yr a months weeks °c °f c k % ‰
    ppm ppb bar mbar pa kpa mpa hpa psi n kn nm w kw mw gw kwh mwh gwh wh j kj mj kcal v mv kv ma ah ω ohm hz
    khz mhz ghz db dba lm lx rpm mol mmol ph px pt dpi kb mb gb tb bit byte knots kn mph eur € usd $ gbp £ chf
    sek nok dkk kr jpy ¥ k€ t€ m€ teur tsd mio mrd thousand thousands million millions pcs pc no nr stk stück st
    units unit number count each hours minutes seconds metres meters litres kilograms tonnes percent degrees""".split()
)
BRACKETS = "()[]{} "
PARTS = re.compile(r"\s*(?:[/·⋅*×]|\bper\b|\bpro\b|\s)\s*")
EXPONENT = re.compile(r"(?<=\w)\^?[-−]?[1-4²³]?$")


def is_amount(text: str) -> bool:
    """Tells if a cell holds a figure; a year may be a name."""
    text = text.strip()
    return bool(FIGURE.fullmatch(text)) and not YEAR.fullmatch(text)


def is_unit(text: str) -> bool:
    """Tells if a text is a unit, such as "l/min", "(EUR)" or "kg m^-3".

    >>> [is_unit(text) for text in ("l/min", "(EUR)", "kg m^-3", "Lund", "")]
    [True, True, True, False, False]
    """
    parts = PARTS.split(text.strip(BRACKETS).rstrip("."))
    return all(part.lower() in UNITS or EXPONENT.sub("", part.lower()) in UNITS for part in parts)


def are_units(row: Sequence[str]) -> bool:
    """Tells if a row holds units and nothing else."""
    filled = [cell for cell in row if cell.strip(BRACKETS + "-–—")]
    return bool(filled) and all(map(is_unit, filled))


def units_below(rows: Sequence[Sequence[str]]) -> bool:
    """Tells if the second row holds the units of the columns that the first one names, above figures."""
    if any(map(is_amount, rows[0])) or not are_units(rows[1]):
        return False
    return any(is_amount(cell) for row in rows[2 : 2 + LOOKED_AT] for cell in row)


def naming_rows(rows: Sequence[Sequence[str]]) -> int:
    """The number of rows at the top that name the columns together; one if the second row has values."""
    count = 1
    while count < min(len(rows) - 1, MOST_HEADERS) and names_go_on(rows[count - 1], rows[count], rows[count + 1 :]):
        count += 1
    return count


def spread(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """The names of the upper row, each in all columns of which it is the name, as far as these are told: each stands
    above as many names of the lower row.

    >>> spread(["", "2021", "", "2022", ""], ["", "week", "night", "week", "night"])
    ['', '2021', '2021', '2022', '2022']
    """
    names = [*upper, *[""] * (len(lower) - len(upper))]
    below = [column for column, text in enumerate(lower) if text.strip() and (column or names[0].strip())]
    tops = [column for column in below if names[column].strip()]
    size, rest = divmod(len(below), len(tops)) if tops else (0, 0)
    groups = [below[place : place + size] for place in range(0, len(below), size)] if size > 1 and not rest else []
    if all(top in group for top, group in zip(tops, groups, strict=False)):
        for top, group in zip(tops, groups, strict=False):
            for column in group:
                names[column] = upper[top]
    return names


def names_go_on(upper: Sequence[str], lower: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tells if the lower row names the columns together with the upper one, and is no row of values."""
    if units_below([upper, lower, *below[:LOOKED_AT]]):
        return True
    if any(map(is_amount, [*upper, *lower])) or sum(bool(cell.strip()) for cell in lower) < 2:
        return False
    if not any(is_amount(cell) for row in below[:LOOKED_AT] for cell in row):
        return False
    names = [column for column, cell in enumerate(lower) if cell.strip()]
    if lower[0].strip() or not any(cell.strip() for cell in upper[1:]):
        return False
    repeated = len({lower[column] for column in names}) < len(names)  # "Q1 | Q2 | Q1 | Q2"
    covered = any(not (upper[column] if column < len(upper) else "").strip() for column in names)
    return repeated or covered
