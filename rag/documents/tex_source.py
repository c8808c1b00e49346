r"""The text of a LaTeX file -> the same text without comments, with its own commands carried out.

In: the decoded text. Out: a `TexSource`: commands that the file defines stand as what they are defined as, and what is
kept as written (verbatim, listings) is taken out, so that no parser takes it for commands. Left out is what stands
under \iffalse; other conditions and what packages define are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

KEPT = re.compile(
    r"\\begin\{(?P<name>verbatim\*?|Verbatim|lstlisting|minted|alltt|filecontents\*?|comment)\}"
    r"(?:\[[^\]\n]*\])?"
)
MINTED = re.compile(r"\{\w+\}")
NOT_SHOWN = frozenset({"comment", "filecontents", "filecontents*"})
COMMENT = re.compile(r"(\\(?:url|href|path|nolinkurl)\s*\{[^{}\n]*\})|(?<!\\)((?:\\\\)*)%[^\n]*(?:\n[ \t]*)?")
UNTRUE = "\\iffalse"
CONDITION = re.compile(r"\\(?:fi|if(?!f\b|thenelse|def\b)[a-z]*)\b")
SHORT_RULE = re.compile(r"\\cmidrule\s*(?:\[[^\]]*\])?\s*(?:\([^()]*\))?\s*\{[^{}]*\}")
DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand)\*?\s*(?:\{\s*\\([A-Za-z@]+)\s*\}|\\([A-Za-z@]+))\s*"
    r"(?:\[(\d)\])?\s*(?:\[([^\]]*)\])?\s*(?=\{)"
    r"|\\[gex]?def\s*\\([A-Za-z@]+)\s*((?:#\d)*)\s*(?=\{)"
)
ENVIRONMENT = re.compile(
    r"\\(?:re)?newenvironment\*?\s*\{\s*([A-Za-z@]+)\*?\s*\}\s*(?:\[(\d)\])?\s*(?:\[([^\]]*)\])?\s*(?=\{)"
)
ENDS_IN_NAME = re.compile(r"\\[A-Za-z@]+$")
USED = re.compile(r"\\(begin|end)\s*\{\s*([A-Za-z@]+)\s*\}")
COMMAND = re.compile(r"\\([A-Za-z@]+)")
LITERAL = "\\keptaswritten"  # stands in place of what was taken out, with its number
MOST_EXPANDED = 20_000  # commands
LONGEST = 4  # times the file, and 1 MB, to which it may grow
BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
PIECE = re.compile(r"\\.|[{}]|\n[ \t]*\n", re.DOTALL)
SIGNS = re.compile(r"\\(?:begin|end)\s*\{(?P<name>[^{}]*)\}|\\.|[{}\[\]]|\n[ \t]*\n", re.DOTALL)
ARGUMENT = re.compile(r"(?:\\(?!(?:left|right|[Bb]igg?)\b)[A-Za-z@]+\*?|[}\]])\s*$")  # before the bracket of one
LONGEST_NAME = 40  # characters
SPACE = re.compile(r"[ \t]*\n?[ \t]*")


class TexSource(NamedTuple):
    """A file that is ready to be parsed."""

    text: str
    kept: list[str]  # as written, by number


class _Command(NamedTuple):
    arguments: int
    default: str | None  # of the first argument, which is optional then
    body: str


def prepared(text: str) -> TexSource:
    """The source without comments and definitions."""
    text, kept = _without_kept(text)
    text = COMMENT.sub(lambda found: found[1].replace("%", "\\%") if found[1] else found[2] or "", text)
    text = _without_untrue(text)
    text = SHORT_RULE.sub(r"\\cmidrule ", text)
    text, commands = _without_definitions(text)
    return TexSource(_balanced(_carried_out(text, commands) if commands else text), kept)


def _without_kept(text: str) -> tuple[str, list[str]]:
    """The source with a command in place of each environment whose text stays as it is written, and those texts."""
    parts, kept, past = list[str](), list[str](), 0
    unclosed: set[str] = set()  # from here on
    for found in KEPT.finditer(text):
        name = found["name"]
        if found.start() < past or name in unclosed:
            continue
        end = text.find(f"\\end{{{name}}}", found.end())
        if end < 0:
            unclosed.add(name)
            continue
        parts.append(text[past : found.start()])
        past = end + len(f"\\end{{{name}}}")
        if name not in NOT_SHOWN:
            inner = text[found.end() : end]
            language = MINTED.match(inner) if name == "minted" else None
            kept.append(inner[language.end() :] if language else inner)
            parts.append(f"\n\n{LITERAL}{{{len(kept) - 1}}}\n\n")
    return "".join([*parts, text[past:]]), kept


def _without_untrue(text: str) -> str:
    """The text without what stands under a condition that is never true."""
    parts, place = list[str](), 0
    while (opened := text.find(UNTRUE, place)) >= 0:
        depth = 0
        for found in CONDITION.finditer(text, opened):
            depth += -1 if found[0] == "\\fi" else 1
            if not depth:
                break
        else:
            break
        parts.append(text[place:opened])
        place = found.end()
    return "".join([*parts, text[place:]])


def _balanced(text: str) -> str:
    """The text without braces that nothing opens or closes, with environments closed where what holds them ends, and
    brackets that open an argument for ever as text.

    At each of them the parser's time would double.
    """
    marks = _Marks(text)
    for found in SIGNS.finditer(text):
        marks.read(found)
    marks.end(marks.opened, len(text))
    return _with(text, marks.changed)


class _Marks:
    """Marks that are open at a place of the text, and those that have to stand elsewhere so that all is closed."""

    def __init__(self, text: str) -> None:
        self.opened: list[re.Match[str]] = []
        self.changed: list[tuple[int, int, str]] = []  # from, to, what stands there instead
        self._text = text

    def read(self, found: re.Match[str]) -> None:
        """Reads the next sign of the text."""
        sign, name = found[0], found["name"]
        if not sign.strip():  # an argument in brackets ends with its paragraph
            self.end([mark for mark in self.opened if mark[0] == "["], found.start())
            self.opened = [mark for mark in self.opened if mark[0] != "["]
        elif sign in ("{", "[") or (name is not None and sign.startswith("\\begin")):
            self.opened.append(found)
        elif sign in ("}", "]") or name is not None:
            place = self._opening(found)
            if place is not None:
                self.end(self.opened[place + 1 :], found.start())
                del self.opened[place:]
            elif sign != "]":
                self.changed.append((*found.span(), ""))

    def end(self, marks: Sequence[re.Match[str]], at: int) -> None:
        """Ends what is open for ever: a bracket becomes text, a brace nothing, an environment ends at that place."""
        for mark in reversed(marks):
            if mark["name"] is not None:
                self.changed.append((at, at, f"\\end{{{mark['name']}}}"))
            else:
                self.changed.append((*mark.span(), "" if mark[0] == "{" else _as_text(self._text, mark.start())))

    def _opening(self, closing: re.Match[str]) -> int | None:
        """The place of what the sign closes among what is open; an environment ends in the braces that it began in."""
        for place, mark in reversed(list(enumerate(self.opened))):
            if closing["name"] is None and mark[0] + closing[0] in ("{}", "[]"):
                return place
            if closing["name"] is not None and mark["name"] == closing["name"]:
                return place
            if closing[0] == "]" or (closing[0] != "}" and mark[0] == "{"):
                return None
        return None


def _with(text: str, changed: Iterable[tuple[int, int, str]]) -> str:
    """The text with what stands in places of it."""
    parts, place = [], 0
    for start, end, instead in sorted(changed, key=lambda change: change[0]):
        parts += [text[place:start], instead]
        place = end
    return "".join([*parts, text[place:]])


def _as_text(text: str, place: int) -> str:
    """Text that stands for a bracket that is not closed: one that opens no argument, if it follows a command."""
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
    text = _without_environments(text, commands)
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


def _without_environments(text: str, commands: dict[str, _Command]) -> str:
    """The text without definitions of environments; their beginnings and ends become commands."""
    parts: list[str] = []
    place = 0
    names: set[str] = set()
    while (found := ENVIRONMENT.search(text, place)) is not None:
        parts.append(text[place : found.start()])
        middle = group_end(text, found.end())
        space = SPACE.match(text, middle)
        assert space is not None  # it matches nothing at least
        place = group_end(text, space.end()) if text[space.end() : space.end() + 1] == "{" else middle
        begin, end = text[found.end() + 1 : middle - 1], text[space.end() + 1 : place - 1]
        if found[1] not in (used[2] for used in USED.finditer(begin + end)):  # else it would never end
            commands[f"begin@{found[1]}"] = _Command(int(found[2] or 0), found[3], begin)
            commands[f"end@{found[1]}"] = _Command(0, None, end)
            names.add(found[1])
    text = "".join([*parts, text[place:]])
    for name, command in commands.items():
        commands[name] = command._replace(body=_as_commands(command.body, names))
    return _as_commands(text, names)


def _as_commands(text: str, names: Container[str]) -> str:
    return USED.sub(lambda found: f"\\{found[1]}@{found[2]} " if found[2] in names else found[0], text)


def _carried_out(text: str, commands: Mapping[str, _Command]) -> str:
    """The text with commands as what they stand for, as far as limits allow."""
    done: list[str] = []
    most = LONGEST * len(text) + (1 << 20)
    size, rest, number = 0, len(text), 0
    for piece in _paragraphs(text):  # each command is put in place by copying what follows it there
        rest -= len(piece)
        while number < MOST_EXPANDED and (found := _first(piece, commands)) is not None:
            number += 1
            body, place = _body(piece, found.end(), commands[found[1]])
            if size + len(body) + len(piece) - place + rest > most:
                number = MOST_EXPANDED
                break
            done.append(piece[: found.start()])
            size += found.start()
            piece = body + piece[place:]
        done.append(piece)
        size += len(piece)
    return "".join(done)


def _paragraphs(text: str) -> Iterator[str]:
    """Yields the text in pieces that end with paragraphs, outside all braces."""
    depth = start = 0
    for found in PIECE.finditer(text):
        if found[0].startswith("\n"):
            if depth <= 0:
                yield text[start : found.end()]
                start, depth = found.end(), 0
        else:
            depth += (found[0] == "{") - (found[0] == "}")
    yield text[start:]


def _first(text: str, commands: Container[str]) -> re.Match[str] | None:
    """The first of the commands in the text."""
    return next((found for found in COMMAND.finditer(text) if found[1] in commands), None)


def _body(text: str, place: int, command: _Command) -> tuple[str, int]:
    """The text that a command stands for, with its arguments filled in, and the place behind them."""
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
            arguments.append(text[start.end() + 1 : place].removesuffix("}"))
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
    if ENDS_IN_NAME.search(body) and text[place : place + 1].isalpha():
        body += " "
    return body, place
