"""Front matter: the fields at the head of a text, between rules (YAML `---`, TOML `+++`) or without (JSON, lines of
"Name: value") -> names with plain values.

In: the text of a file. Out: the fields, flat, and the text after them; no fields if what stands between the first two
rules is prose. Values are as written: nothing becomes a number or a date.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

HEAD = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(?![ \t]*\n)(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6} .*\n[ \t]*\n|^[ \t]*\n#{1,6} ", re.MULTILINE)  # of a text between rules; YAML's comments
LONGEST_HEAD = 1 << 16  # characters
MOST_FIELDS = 1000  # a few lines of YAML can stand for any number, by references to one another
DEEPEST = 10  # names of a path
LINE = re.compile(r"([^\W\d_][\w .-]{0,60}?)[ \t]*:(?:[ \t]+(.*))?")  # of YAML that is none, as "title: a: b"
# The lines of MultiMarkdown and Pelican, up to an empty one
STATED = re.compile(
    r"(?:title|author|date)[ \t]*:[ \t]*\S.*\n(?:[^\W\d_][\w .-]{0,60}?[ \t]*:[ \t].*\n|[ \t]+\S.*\n)+(?=[ \t]*\n)",
    re.I,
)
LEAST_LINES = 2
ITEM = re.compile(r"\s*-\s+(.*)")


class FrontMatter(NamedTuple):
    """The fields of a head by their path ("author.name"), and the text that follows it."""

    fields: dict[str, str]
    rest: str


def front_matter(text: str) -> FrontMatter:
    """The head of the text, taken apart; a text that has none is its own rest."""
    head = HEAD.match(text)
    if head is None:
        return _without_rules(text)
    if len(head[2]) > LONGEST_HEAD or HEADING.search(head[2]):
        return FrontMatter({}, text)
    found = _toml(head[2]) if head[1] == "+++" else _yaml(head[2])
    if not found or not isinstance(found, dict):
        return FrontMatter({}, text)
    return FrontMatter(_fields(found), text[head.end() :])


def _fields(found: dict[object, object]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in islice(_flat(found, "", 0), MOST_FIELDS):
        if value:
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def _without_rules(text: str) -> FrontMatter:
    """The head of a text that is an object of JSON, or some lines that begin with the title, the author or a date."""
    start = text.lstrip("\ufeff \t\n")
    if start.startswith("{"):
        try:
            found, end = json.JSONDecoder(parse_float=str, parse_int=str).raw_decode(start[:LONGEST_HEAD])
        except (ValueError, RecursionError):
            return FrontMatter({}, text)
        rest = start[end:].lstrip(" \t")
        return FrontMatter(_fields(found), rest) if found and rest[:1] in ("\n", "") else FrontMatter({}, text)
    head = STATED.match(start)
    lines = _lines(head[0]) if head is not None and head[0].count("\n") >= LEAST_LINES else None
    return (
        FrontMatter(_fields(lines), start[len(head[0]) :])
        if head and isinstance(lines, dict)
        else FrontMatter({}, text)
    )


def _toml(head: str) -> object:
    try:
        return tomllib.loads(head)
    except tomllib.TOMLDecodeError:
        return None


def _yaml(head: str) -> object:
    import yaml

    try:
        found: object = yaml.load(head, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return _lines(head)
    return found


def _lines(head: str) -> object:
    """The fields of a head that only looks like YAML, a line each, and what stands below them; None if it is prose."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in head.split("\n"):
        found, item = LINE.fullmatch(line.rstrip()), ITEM.match(line)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if found:
            name = found[1]
            fields.setdefault(name, []).append((found[2] or "").strip("\"' "))
        elif name and item:
            fields[name].append(item[1].strip("\"' "))
        elif name and line[0].isspace():
            fields[name][-1] += f" {line.strip()}"
        else:
            return None
    return fields


def _flat(value: object, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yields every value with the path to it; a list of plain values is one, with commas."""
    if isinstance(value, dict) and depth < DEEPEST:
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list) and depth < DEEPEST:
        if any(isinstance(item, (dict, list)) for item in value):
            for item in value:
                yield from _flat(item, name, depth + 1)
        else:
            yield name, ", ".join(str(item) for item in value if item not in ("", None))
    elif value is not None and not isinstance(value, (dict, list)):
        yield name, str(value).lower() if isinstance(value, bool) else str(value)
