"""Calendar data (iCalendar, RFC 5545: .ics, invitations in mail) -> a block for each appointment or task.

In: the bytes of a file, or the decoded text of a part of a mail. Out: blocks that say what, when, where and who. Times
are shown as written, with the name of their zone. Left out: alarms, definitions of time zones, free and busy times.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from datetime import date, timedelta

from rag.documents import html
from rag.documents.blocks import Block, Content
from rag.documents.encoding import decode_labelled, decode_text
from rag.errors import DocumentError

FOLD = re.compile(r"\r?\n[ \t]")
LINE = re.compile(r'([\w-]+)((?:;[\w-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)')
PARAMETER = re.compile(r';([\w-]+)=("[^"]*"|[^";:]*)')
ESCAPED = re.compile(r"\\([\\;,Nn])")
TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
LENGTH = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
KINDS = {"VEVENT": "Appointment", "VTODO": "Task", "VJOURNAL": "Note"}
# Times of an appointment that repeats
OTHER_TIMES = {"RDATE": "Also", "EXDATE": "Not", "RECURRENCE-ID": "Instead of"}
NAMED = re.compile(r"^X-WR-CALNAME(?:;[^:\r\n]*)?:(.*)$|^NAME:(.*)$", re.MULTILINE)
STATES = frozenset({"CANCELLED", "TENTATIVE", "COMPLETED"})


class _Property(dict[str, str]):
    """The parameters of a line, with its value under the empty name."""

    @property
    def text(self) -> str:
        """The value as it was typed."""
        value = self[""]
        if self.get("ENCODING", "").upper() == "QUOTED-PRINTABLE":  # of vCalendar, which came before
            value = decode_labelled(quopri.decodestring(value.encode()), self.get("CHARSET", "utf-8"))
        return ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()

    @property
    def attached(self) -> str:
        """The name or the address of an attached file; empty for one that has neither."""
        name = self.get("FILENAME", "") or self.get("X-FILENAME", "")
        return name or ("" if self.get("VALUE", "").upper() == "BINARY" else self[""].strip())

    @property
    def person(self) -> str:
        """A person as name and address."""
        address = re.sub(r"^mailto:", "", self[""].strip(), flags=re.IGNORECASE)
        name = self.get("CN", "").strip()
        return f"{name} <{address}>" if name and name != address else address


def parse(data: bytes) -> Content:
    """The appointments and tasks of a file; raises `DocumentError` if it is no calendar, or holds none."""
    text = decode_text(data)
    if not re.search(r"^BEGIN:VCALENDAR\s*$", text.lstrip("\ufeff"), re.IGNORECASE | re.MULTILINE):
        raise DocumentError(
            "is not a calendar: it does not begin with BEGIN:VCALENDAR; give it the name of its real type"
        )
    blocks = appointment_blocks(text)
    if not blocks:
        raise DocumentError("holds no appointments and no tasks")
    name = NAMED.search(FOLD.sub("", text))
    return Content([blocks], title=_Property({"": (name[1] or name[2]) if name else ""}).text)


def appointment_blocks(text: str) -> list[Block]:
    """A block for each appointment, with a line for each thing that it says; none if this is no calendar."""
    lines = [found for line in FOLD.sub("", text).splitlines() if (found := LINE.fullmatch(line.strip()))]
    cancelled = any(line[1].upper() == "METHOD" and line[3].strip().upper() == "CANCEL" for line in lines)
    return [Block("\n".join(_lines(kind, told, cancelled))) for kind, told in _components(lines)]


def _components(lines: list[re.Match[str]]) -> Iterator[tuple[str, dict[str, list[_Property]]]]:
    """Yields kind and properties of each appointment; what is nested in one is not its own."""
    kind, inner = "", 0
    told: dict[str, list[_Property]] = {}
    for line in lines:
        name, value = line[1].upper(), line[3].strip().upper()
        if name == "BEGIN":
            if not kind and value in KINDS:
                kind, told = KINDS[value], {}
            else:
                inner += bool(kind)
        elif name == "END" and kind:
            if inner:
                inner -= 1
            else:
                yield kind, told
                kind = ""
        elif kind and not inner:
            parameters = {key.upper(): given.strip('"') for key, given in PARAMETER.findall(line[2])}
            told.setdefault(name, []).append(_Property(parameters, **{"": line[3]}))


def _lines(kind: str, told: dict[str, list[_Property]], cancelled: bool) -> Iterator[str]:
    first = {name: found[0] for name, found in told.items()}
    yield f"{kind}: {first['SUMMARY'].text}" if "SUMMARY" in first else kind
    yield from _times(told, first)
    for name, label in {"LOCATION": "Where", "URL": "Link"}.items():
        if name in first and first[name].text:
            yield f"{label}: {first[name].text}"
    for name, label in {"ORGANIZER": "Organiser", "ATTENDEE": "Invited"}.items():
        if name in told:
            yield f"{label}: {', '.join(person.person for person in told[name])}"
    if "CATEGORIES" in told:
        yield f"Category: {', '.join(name.strip() for line in told['CATEGORIES'] for name in line.text.split(','))}"
    state = "CANCELLED" if cancelled else first["STATUS"].text.upper() if "STATUS" in first else ""
    if state in STATES:
        yield f"Status: {state.lower()}"
    yield from _also(told)


def _also(told: dict[str, list[_Property]]) -> Iterator[str]:
    """Yields what else is told: how urgent, who to ask, what to bring, and the description."""
    for name, label in {"PRIORITY": "Priority", "PERCENT-COMPLETE": "Percent complete"}.items():
        if name in told and told[name][0].text not in ("", "0"):
            yield f"{label}: {told[name][0].text}"
    for name, label in {"CONTACT": "Contact", "RESOURCES": "Resources"}.items():
        if name in told:
            yield f"{label}: {', '.join(line.text for line in told[name])}"
    attached = [found for line in told.get("ATTACH", ()) if (found := line.attached)]
    if attached:
        yield f"Attached: {', '.join(attached)}"
    for name in ("DESCRIPTION", "COMMENT"):
        yield from (line.text for line in told.get(name, ()) if line.text)
    if "X-ALT-DESC" in told and not any(line.text for line in told.get("DESCRIPTION", ())):
        yield from (block.text for block in html.fragment(told["X-ALT-DESC"][0].text))


def _times(told: dict[str, list[_Property]], first: dict[str, _Property]) -> Iterator[str]:
    if "DTSTART" in first or "DUE" in first:
        yield f"When: {_when(first)}"
    if "RRULE" in first:
        yield f"Repeats: {_repeats(first['RRULE'].text)}"
    for name, label in OTHER_TIMES.items():
        if name in told:
            yield f"{label}: {', '.join(_day(time) for line in told[name] for time in line.text.split(','))}"


def _when(told: dict[str, _Property]) -> str:
    """E.g. "2024-04-04 09:00 to 10:30 (Europe/Berlin)"; the last day of whole days is the one before their end."""
    start, end = told.get("DTSTART"), told.get("DTEND", told.get("DUE"))
    if start is None:
        return f"until {_time(end)}" if end is not None else ""
    begin, zone = _time(start), start.get("TZID", "")
    until = "" if end is None else _time(end)
    if end is not None and re.fullmatch(r"\d{8}", end.text) and "DTEND" in told:
        until = _day_before(until)
    if until[:10] == begin[:10]:
        until = until[11:]
    length = f" for {_length(told['DURATION'].text)}" if end is None and "DURATION" in told else ""
    return begin + (f" to {until}" if until else length) + (f" ({zone})" if zone else "")


def _time(stated: _Property) -> str:
    found = TIME.fullmatch(stated.text)
    if found is None:
        return stated.text
    year, month, day, hour, minute, utc = found.groups()
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}" if hour else "") + (" UTC" if utc else "")


def _length(stated: str) -> str:
    """E.g. "PT1H30M" -> "1 h 30 min"."""
    found = LENGTH.fullmatch(stated.upper())
    if found is None:
        return stated
    units = ("weeks", "days", "h", "min", "s")
    return " ".join(f"{number} {unit}" for number, unit in zip(found.groups(), units, strict=True) if number) or stated


def _day_before(day: str) -> str:
    try:
        return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day


def _repeats(rule: str) -> str:
    """E.g. "weekly, byday MO, until 2024-06-30"."""
    parts = [part.partition("=") for part in rule.split(";") if part]
    shown = [value.lower() if name.upper() == "FREQ" else f"{name.lower()} {_day(value)}" for name, _, value in parts]
    return ", ".join(shown)


def _day(value: str) -> str:
    return _time(_Property({"": value})) if TIME.fullmatch(value) else value
