"""Numbers of spreadsheets -> what their cells show.

In: a number and the format of its cell, as Excel writes it: #,##0.00 "€". Out: the text that a person sees. Dates with
a day are written as 2024-02-29, times of a day beside them as 14:30; colours and widths are left out. Signs of decimals
and thousands are those of the format itself, "." and ",", since a file does not say in which country it is shown.
"""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

GENERAL = "General"
# Formats that files name by number alone (ECMA-376, part 1, 18.8.30); those of money depend on the country
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00", 8: "#,##0.00", 9: "0%",
    10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;-#,##0",
    38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00", 41: "#,##0", 42: "#,##0", 43: "#,##0.00",
    44: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),
}  # fmt: skip
DIGITS = ".15g"  # what a spreadsheet computes with; more shows 0.1 + 0.2 as 0.30000000000000004
LARGEST_WHOLE = 10**21  # from here on whole numbers are written with an exponent
LATEST = 2_957_000  # days; the year 9995 counted from 1900, 9999 counted from 1904
SECONDS = 86_400  # a day
LONGEST = 255  # characters of a format, Excel's own limit
WIDE = Context(prec=700)  # digits of the largest number with as many decimals as a format can ask for

LONGEST_CODE = 255  # characters; Excel takes no longer one
SIMPLE = re.compile(r"(#,##)?0((?:\.0{1,9})?)")  # the usual formats, which need no taking apart for whole numbers
SECTION_END = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[\$(?P<money>[^\]-]*)[^\]]*\]'
    r"|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<condition>[<>=]+-?\d+(?:\.\d+)?)\]|\[(?P<colour>[^\]]*)\]|(?P<general>General)"
    r"|(?P<noon>AM/PM|A/P|上午/下午)|(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?)|(?P<digit>[0#?])"
    r"|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<slash>/)|(?P<text>@)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
WORDS = frozenset({"quoted", "escaped", "money", "other", "space", "percent"})
SHOWN = frozenset({"quoted", "escaped", "money", "other", "slash"})  # written as they stand, if they mean no more


class FormatToken(NamedTuple):
    """A piece of a format: what it is, and its text."""

    kind: str
    text: str


class FormatSection(NamedTuple):
    """A part of a format, for some of the numbers."""

    tokens: tuple[FormatToken, ...]
    condition: str = ""
    coloured: bool = False

    def kinds(self) -> frozenset[str]:
        """Kinds of its pieces."""
        return _kinds(self.tokens)


@lru_cache(maxsize=1024)
def _kinds(tokens: tuple[FormatToken, ...]) -> frozenset[str]:
    return frozenset(token.kind for token in tokens)


class _Usual(NamedTuple):
    """A format such as "#,##0.00 kg" or "0%", of which most are."""

    before: str
    grouped: bool
    decimals: int
    after: str
    percents: int


@lru_cache(maxsize=1024)
def _usual(tokens: tuple[FormatToken, ...]) -> _Usual | None:
    """The format if it asks for whole digits, and zeros behind a point, with words around them; None for any other."""
    digits = [place for place, token in enumerate(tokens) if token.kind in ("digit", "comma", "point")]
    first, last = (digits[0], digits[-1] + 1) if digits else (0, 0)
    whole, _, zeros = "".join(token.text for token in tokens[first:last]).partition(".")
    around = [*tokens[:first], *tokens[last:]]
    if (
        whole not in ("0", "#,##0")
        or zeros.strip("0")
        or (not zeros and "." in [token.text for token in tokens[first:last]])
    ):
        return None
    if len(digits) != last - first or not _kinds(tuple(around)) <= WORDS:
        return None
    percents = sum(token.kind == "percent" for token in around)
    before, after = ("".join(map(_said, part)) for part in (tokens[:first], tokens[last:]))
    return _Usual(before, whole != "0", len(zeros), after, percents)


def formatted_number(value: float, code: str = GENERAL, epoch_1904: bool = False) -> str:
    """The number as its cell shows it; `epoch_1904`: days are counted from 1904, as old Macintosh programs do."""
    if code == GENERAL or len(code) > LONGEST:
        return plain(value)
    if value.is_integer() and (simple := SIMPLE.fullmatch(code)) and abs(value) < LARGEST_WHOLE:
        return f"{int(value):,}{simple[2]}" if simple[1] else f"{int(value)}{simple[2]}"
    sections = _sections(code)
    section, number = _chosen(sections, value)
    kinds = section.kinds()
    if kinds & {"date", "elapsed"}:
        return _date(value, section, epoch_1904)
    if not section.tokens and code.strip():
        return ""  # such as ;;; which hides the number
    if "general" in kinds or not kinds & {"digit"}:
        if not kinds & {"general", "text"} and kinds & SHOWN and len(sections) > 1:
            return _words(section)  # such as "yes";;"no"
        return plain(number) if not kinds & SHOWN else _around_general(section, number)
    return _number(section, number)


def plain(value: float) -> str:
    """The number without a format: 3, 0.3, 1234567890123456."""
    if value.is_integer() and abs(value) < LARGEST_WHOLE:
        return str(int(value))
    return format(value, DIGITS)


@lru_cache(maxsize=1024)
def _sections(code: str) -> tuple[FormatSection, ...]:
    return tuple(_section(part) for part in SECTION_END.split(code[:LONGEST_CODE])[:4])


def _section(code: str) -> FormatSection:
    tokens = [FormatToken(match.lastgroup or "", match[match.lastgroup or 0]) for match in TOKEN.finditer(code)]
    condition = next((token.text for token in tokens if token.kind == "condition"), "")
    kept = tuple(token for token in tokens if token.kind not in ("condition", "colour"))
    return FormatSection(kept, condition, any(token.kind == "colour" for token in tokens))


def _chosen(sections: tuple[FormatSection, ...], value: float) -> tuple[FormatSection, float]:
    """The section for the number, and the number that it is to write: a section of negative ones has its own sign."""
    if any(section.condition for section in sections):
        fitting = (section for section in sections if not section.condition or _fits(value, section.condition))
        return next(fitting, sections[0]), value
    if value < 0 and len(sections) > 1:
        negative = sections[1]
        signed = any(token.text in "-(−" for token in negative.tokens if token.kind in SHOWN and token.text)
        return negative, -value if signed or not negative.coloured else value
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


def _fits(value: float, condition: str) -> bool:
    sign = condition.rstrip("-.0123456789")
    limit = float(condition[len(sign) :])
    return {
        "<": value < limit,
        ">": value > limit,
        "<=": value <= limit,
        ">=": value >= limit,
        "=": value == limit,
    }.get(sign, value != limit)


def _words(section: FormatSection) -> str:
    return "".join(token.text for token in section.tokens if token.kind in SHOWN).strip()


def _around_general(section: FormatSection, number: float) -> str:
    written = "general" if "general" in section.kinds() else "text"
    parts = [
        plain(number) if token.kind == written else token.text if token.kind in SHOWN else ""
        for token in section.tokens
    ]
    return "".join(parts).strip() if written in section.kinds() else f"{plain(number)} {_words(section)}"


def _number(section: FormatSection, value: float) -> str:
    if (usual := _usual(section.tokens)) is not None:
        return _usual_number(usual, value)
    tokens = list(section.tokens)
    places = [place for place, token in enumerate(tokens) if token.kind == "digit"]
    exact = int(abs(value)) if value.is_integer() and abs(value) < LARGEST_WHOLE else format(abs(value), DIGITS)
    number = Decimal(exact) * Decimal(100) ** sum(token.kind == "percent" for token in tokens)
    last = places[-1]
    while last + 1 < len(tokens) and tokens[last + 1].kind == "comma":  # a comma behind the digits: in thousands
        number /= 1000
        del tokens[last + 1]
    if any(token.kind == "slash" for token in tokens) and number < LARGEST_WHOLE and "point" not in section.kinds():
        text = _fraction(tokens, number)
    elif "exponent" in section.kinds():
        text = _scientific(tokens, number)
    else:
        text = _fixed(tokens, number)
    is_zero = not re.search(r"[1-9]", text)
    return ("-" if value < 0 and not is_zero else "") + text.strip()


def _usual_number(form: _Usual, value: float) -> str:
    exact = int(abs(value)) if value.is_integer() and abs(value) < LARGEST_WHOLE else format(abs(value), DIGITS)
    number = Decimal(exact) * 100**form.percents
    digits = format(
        number.quantize(Decimal(1).scaleb(-form.decimals), ROUND_HALF_UP, WIDE), ",f" if form.grouped else "f"
    )
    text = f"{form.before}{digits}{form.after}"
    return ("-" if value < 0 and re.search(r"[1-9]", text) else "") + text.strip()


def _fixed(tokens: list[FormatToken], number: Decimal) -> str:
    point = next((place for place, token in enumerate(tokens) if token.kind == "point"), len(tokens))
    before, after = tokens[:point], tokens[point + 1 :]
    decimals = sum(token.kind == "digit" for token in after)
    whole, _, rest = format(number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, WIDE), "f").partition(".")
    fraction = _decimals(after, rest)
    dot = "." if decimals and re.search(r"\d", fraction[: _digits_end(after, fraction)]) else ""
    return _whole(before, whole if whole != "0" else "") + dot + fraction


def _digits_end(tokens: list[FormatToken], text: str) -> int:
    """Place at which the digits may end in the text behind a point; words follow."""
    tail = 0
    for token in reversed(tokens):
        if token.kind == "digit":
            break
        tail += len(_said(token))
    return len(text) - tail


def _whole(tokens: list[FormatToken], digits: str) -> str:
    """The digits before the point, filled into their places from the right: "000-00" with 7 gives 000-07."""
    grouped = any(token.kind == "comma" for token in tokens)
    first = next((place for place, token in enumerate(tokens) if token.kind == "digit"), None)
    out: list[str] = []
    left, count = digits, 0
    for place in range(len(tokens) - 1, -1, -1):
        token = tokens[place]
        if token.kind != "digit":
            out.append(_said(token))
            continue
        here = [left[-1:] or {"0": "0", "?": " "}.get(token.text, "")]
        left = left[:-1]
        if place == first:
            here += reversed(left)
            left = ""
        for digit in here:
            if digit.isdigit():
                out.append("," if grouped and count and count % 3 == 0 else "")
                count += 1
            out.append(digit)
    if first is None:
        out.append(digits)
    return "".join(reversed(out))


def _decimals(tokens: list[FormatToken], digits: str) -> str:
    """The digits behind the point; zeros at their end are left out where the format does not ask for them."""
    needed = len(digits.rstrip("0"))
    out, place = "", 0
    for at, token in enumerate(tokens):
        if token.kind == "digit":
            asked = any(later == FormatToken("digit", "0") for later in tokens[at:])
            out += digits[place] if place < needed or token.text == "0" or asked else ""
            place += 1
        else:
            out += _said(token)
    return out


def _said(token: FormatToken) -> str:
    """Text that a piece writes which is no digit."""
    if token.kind in SHOWN:
        return token.text
    return {"percent": "%", "space": " ", "point": "."}.get(token.kind, "")


def _scientific(tokens: list[FormatToken], number: Decimal) -> str:
    at = next(place for place, token in enumerate(tokens) if token.kind == "exponent")
    mantissa = tokens[:at]
    decimals = 0
    if any(token.kind == "point" for token in mantissa):
        point = next(place for place, token in enumerate(mantissa) if token.kind == "point")
        decimals = sum(token.kind == "digit" for token in mantissa[point:])
    power = sum(token.kind == "digit" for token in tokens[at:])
    written, _, exponent = format(float(number), f".{decimals}E").partition("E")
    sign = "-" if exponent.startswith("-") else "+" if tokens[at].text.endswith("+") else ""
    first = next((place for place, token in enumerate(mantissa) if token.kind == "digit"), len(mantissa))
    before, after = ("".join(map(_said, part)) for part in (mantissa[:first], tokens[at:]))
    return f"{before}{written}E{sign}{exponent[1:].lstrip('0').zfill(power)}{after}"


def _fraction(tokens: list[FormatToken], number: Decimal) -> str:
    """A whole number and a fraction: "# ?/?" with 2.5 gives 2 1/2; "?/8" asks for eighths."""
    slash = next(place for place, token in enumerate(tokens) if token.kind == "slash")
    below = "".join(token.text for token in tokens[slash + 1 :] if token.kind in ("digit", "other"))
    fixed = re.match(r"\s*([1-9]\d*)", below)
    groups = "".join("d" if token.kind == "digit" else " " for token in tokens[:slash]).split()
    whole, rest = (int(number), number % 1) if len(groups) > 1 else (0, number)
    if fixed:
        part = Fraction(int((rest * int(fixed[1])).to_integral_value(ROUND_HALF_UP)), 1)
        above, under = int(part), int(fixed[1])
    else:
        part = Fraction(rest).limit_denominator(10 ** max(1, sum(character in "?#0" for character in below)) - 1)
        above, under = part.numerator, part.denominator
    if above == under and len(groups) > 1:
        whole, above = whole + 1, 0
    if not above and len(groups) > 1:
        return str(whole)
    return f"{whole} {above}/{under}" if whole else f"{above}/{under}"


def _date(value: float, section: FormatSection, epoch_1904: bool) -> str:
    if not 0 <= value < LATEST:
        return (
            plain(value) if value >= 0 or "elapsed" not in section.kinds() else "-" + _date(-value, section, epoch_1904)
        )
    tokens = _minutes_told(section.tokens)
    names = {token.text[:1].lower() for token in tokens if token.kind == "date"}
    precise = any(token.text.lower().startswith("s.") or "." in token.text for token in tokens if token.kind == "date")
    seconds = round(value * SECONDS, 3) if precise else round(value * SECONDS)
    day = any(token.text.lower() in ("d", "dd") for token in tokens if token.kind == "date") and names & {"o", "y"}
    if value < 1 and names <= {"o", "y", "d"}:
        return plain(value)  # a day before the first
    moment = _moment(seconds, epoch_1904)
    if day and "elapsed" not in section.kinds():
        if value < 1:
            return moment.strftime("%H:%M")
        clock = "" if not names & {"h", "i"} else moment.strftime(" %H:%M:%S" if "s" in names else " %H:%M")
        return moment.date().isoformat() + clock
    noon = any(token.kind == "noon" for token in tokens)
    return "".join(_said_of_date(token, moment, seconds, noon) for token in tokens).strip()


def _moment(seconds: float, epoch_1904: bool) -> datetime.datetime:
    if epoch_1904:
        return datetime.datetime(1904, 1, 1) + datetime.timedelta(seconds=seconds)
    first = datetime.datetime(1899, 12, 30 if seconds >= 60 * SECONDS else 31)  # Excel counts a 29 February 1900
    return first + datetime.timedelta(seconds=seconds)


def _minutes_told(tokens: tuple[FormatToken, ...]) -> list[FormatToken]:
    """The pieces with "i" for minutes and "o" for months, which formats both call "m"."""
    dates = [place for place, token in enumerate(tokens) if token.kind in ("date", "elapsed")]
    told = list(tokens)
    for number, place in enumerate(dates):
        token = tokens[place]
        if token.kind == "date" and token.text[0] in "mM":
            before = tokens[dates[number - 1]].text[:1].lower() if number else ""
            after = tokens[dates[number + 1]].text[:1].lower() if number + 1 < len(dates) else ""
            minutes = len(token.text) < 3 and (before == "h" or after == "s")
            told[place] = FormatToken("date", ("i" if minutes else "o") * len(token.text))
    return told


def _said_of_date(token: FormatToken, moment: datetime.datetime, seconds: float, noon: bool) -> str:
    if token.kind == "elapsed":
        unit = {"h": 3600, "m": 60, "s": 1}[token.text[0].lower()]
        return str(int(seconds // unit)).zfill(len(token.text))
    if token.kind == "noon":
        return "AM" if moment.hour < 12 else "PM"
    if token.kind != "date":
        return {"comma": ","}.get(token.kind) or _said(token)
    wide = len(token.text)
    match token.text[0].lower():
        case "y":
            return moment.strftime("%y") if wide < 3 else f"{moment.year:04}"
        case "o":
            return str(moment.month).zfill(wide) if wide < 3 else moment.strftime("%b" if wide == 3 else "%B")
        case "d":
            return str(moment.day).zfill(wide) if wide < 3 else moment.strftime("%a" if wide == 3 else "%A")
        case "h":
            return str(moment.hour % 12 or 12 if noon else moment.hour).zfill(min(wide, 2))
        case "i":
            return str(moment.minute).zfill(min(wide, 2))
        case _:
            _, _, parts = token.text.partition(".")
            part = f".{moment.microsecond:06}"[: len(parts) + 1] if parts else ""
            return str(moment.second).zfill(min(len(token.text.partition(".")[0]), 2)) + part
