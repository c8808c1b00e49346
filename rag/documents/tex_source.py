"""The text of a LaTeX file -> the same text without comments, with its own commands carried out.

In: the decoded text. Out: a `Source`: commands that the file defines stand as what they are defined as, and what is
kept as written (verbatim, listings) is taken out, so that no parser takes it for commands. Conditions and what packages
define are left as they are.
"""

from __future__ import annotations

import re
from typing import NamedTuple

KEPT = re.compile(
    r"\\begin\{(?P<name>verbatim\*?|Verbatim|lstlisting|minted|alltt|filecontents\*?|comment)\}"
    r"(?:\[[^\]\n]*\])?(?P<text>.*?)\\end\{(?P=name)\}",
    re.DOTALL,
)
MINTED = re.compile(r"\{\w+\}")
NOT_SHOWN = frozenset({"comment", "filecontents", "filecontents*"})
COMMENT = re.compile(r"(\\(?:url|href|path|nolinkurl)\s*\{[^{}\n]*\})|(?<!\\)((?:\\\\)*)%[^\n]*(?:\n[ \t]*)?")
SHORT_RULE = re.compile(r"\\cmidrule\s*(?:\[[^\]]*\])?\s*(?:\([^()]*\))?\s*\{[^{}]*\}")
DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand)\*?\s*(?:\{\s*\\([A-Za-z@]+)\s*\}|\\([A-Za-z@]+))\s*"
    r"(?:\[(\d)\])?\s*(?:\[([^\]]*)\])?\s*(?=\{)"
    r"|\\[gex]?def\s*\\([A-Za-z@]+)\s*((?:#\d)*)\s*(?=\{)"
)
COMMAND = re.compile(r"\\([A-Za-z@]+)")
LITERAL = "\\keptaswritten"  # stands in place of what was taken out, with its number
MOST_EXPANDED = 20_000  # commands
LONGEST = 4  # times the file, and 1 MB, to which it may grow
BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
SIGNS = re.compile(r"\\.|[{}\[\]]|\n[ \t]*\n", re.DOTALL)
ARGUMENT = re.compile(r"(?:\\(?!(?:left|right|[Bb]igg?)\b)[A-Za-z@]+\*?|[}\]])\s*$")  # before the bracket of one
LONGEST_NAME = 40  # characters
SPACE = re.compile(r"[ \t]*\n?[ \t]*")


class Source(NamedTuple):
    """A file that is ready to be parsed."""

    text: str
    kept: list[str]  # as written, by number


class _Command(NamedTuple):
    arguments: int
    default: str | None  # of the first argument, which is optional then
    body: str


def prepared(text: str) -> Source:
    """The source without comments and definitions."""
    kept: list[str] = []

    def taken_out(found: re.Match[str]) -> str:
        if found["name"] in NOT_SHOWN:
            return ""
        inner = found["text"]
        if found["name"] == "minted" and (language := MINTED.match(inner)):
            inner = inner[language.end() :]
        kept.append(inner)
        return f"\n\n{LITERAL}{{{len(kept) - 1}}}\n\n"

    text = KEPT.sub(taken_out, text)
    text = COMMENT.sub(lambda found: found[1].replace("%", "\\%") if found[1] else found[2] or "", text)
    text = SHORT_RULE.sub(r"\\cmidrule ", text)
    text, commands = _without_definitions(text)
    return Source(_balanced(_carried_out(text, commands) if commands else text), kept)


def _balanced(text: str) -> str:
    """The text without braces that nothing opens or closes, and brackets that open an argument for ever as text.

    At each of them the parser's time would double.
    """
    open_at: list[int] = []  # places of what is open, brackets in braces behind these
    lone: dict[int, str] = {}  # what stands in their place
    for found in SIGNS.finditer(text):
        sign, at = found[0], found.start()
        inner = [place for place in open_at if text[place] == "["] if not sign.strip() else []
        while sign == "}" and open_at and text[open_at[-1]] == "[":
            inner.append(open_at.pop())
        lone |= {place: _as_text(text, place) for place in inner}
        if sign in "{[":
            open_at.append(at)
        elif sign == "}" and not open_at:
            lone[at] = ""
        elif sign == "}" or (sign == "]" and open_at and text[open_at[-1]] == "["):
            open_at.pop()
        elif not sign.strip():
            open_at = [place for place in open_at if text[place] == "{"]
    lone |= {place: "" if text[place] == "{" else _as_text(text, place) for place in open_at}
    return "".join(lone.get(at, sign) for at, sign in enumerate(text)) if lone else text


def _as_text(text: str, place: int) -> str:
    """What stands for a bracket that is not closed: one that opens no argument, if it follows a command."""
    return "{[}" if ARGUMENT.search(text[max(0, place - LONGEST_NAME) : place]) else "["


def group_end(text: str, start: int) -> int:
    """The place behind the brace that closes the one at `start`; the end of the text if none does."""
    depth = 0
    for found in BRACE.finditer(text, start):
        depth += (found[0] == "{") - (found[0] == "}")
        if depth == 0:
            return found.end()
    return len(text)


def _without_definitions(text: str) -> tuple[str, dict[str, _Command]]:
    commands: dict[str, _Command] = {}
    parts: list[str] = []
    place = 0
    while (found := DEFINITION.search(text, place)) is not None:
        end = group_end(text, found.end())
        name = found[1] or found[2] or found[5]
        count = int(found[3] or 0) if found[5] is None else len(found[6]) // 2
        body = text[found.end() + 1 : end - 1]
        if name not in COMMAND.findall(body):  # else it would never end
            commands[name] = _Command(count, found[4], body)
        parts.append(text[place : found.start()])
        place = end
    return "".join([*parts, text[place:]]), commands


def _carried_out(text: str, commands: dict[str, _Command]) -> str:
    """The text with commands as what they stand for, as far as limits allow."""
    done: list[str] = []
    most = LONGEST * len(text) + (1 << 20)
    size = place = 0
    for _ in range(MOST_EXPANDED):
        found = COMMAND.search(text, place)
        while found is not None and found[1] not in commands:
            found = COMMAND.search(text, found.end())
        if found is None:
            break
        done.append(text[place : found.start()])
        size += found.start() - place
        body, place = _body(text, found.end(), commands[found[1]])
        if size + len(body) + len(text) - place > most:
            place = found.start()
            break
        text, place = body + text[place:], 0
    return "".join([*done, text[place:]])


def _body(text: str, place: int, command: _Command) -> tuple[str, int]:
    """What a command stands for, with its arguments filled in, and the place behind them."""
    arguments = []
    for number in range(command.arguments):
        start = SPACE.match(text, place)
        assert start is not None  # it matches nothing at least
        if number == 0 and command.default is not None:
            optional = re.compile(r"\[([^\]]*)\]").match(text, start.end())
            arguments.append(optional[1] if optional else command.default)
            place = optional.end() if optional else place
        elif text[start.end() : start.end() + 1] == "{":
            place = group_end(text, start.end())
            arguments.append(text[start.end() + 1 : place - 1])
        else:
            arguments.append(text[start.end() : start.end() + 1])
            place = start.end() + 1
    body = re.sub(
        r"#(\d)", lambda found: arguments[int(found[1]) - 1] if int(found[1]) <= len(arguments) else "", command.body
    )
    if command.arguments == 0:
        space = re.compile(r"[ \t]*(?:\n(?![ \t]*\n)[ \t]*)?").match(text, place)
        if body.endswith("\\xspace"):
            body = body.removesuffix("\\xspace")
        elif space is not None:
            place = space.end()
    return body, place
