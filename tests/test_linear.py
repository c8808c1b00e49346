"""Work on hostile text grows with its length, never with the square of it.

Each regular expression of the service and of the steps of a question is fed 100,000 characters made of its own parts,
in the way in which it is used (`match` alone, or searched for). Each function from one text is fed 100,000 characters
of what such functions stumble over; those of the readers of files are not, as they run in processes with a time.
"""

from __future__ import annotations

import ast
import gc
import importlib
import inspect
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from re import _constants as op
from re import _parser as parser
from types import FrameType, ModuleType
from typing import Any

import pytest

import api
import rag
from api.openai.messages import read_messages
from api.openai.schemas import ChatMessage
from api.openai.tasks import task_answer

pytestmark = pytest.mark.no_cover  # the time is that of the work, not of the tracer
SIZE = 100_000  # characters
SECONDS = 0.4  # of the processor, for one text of that size: what is linear takes some milliseconds, a square minutes
SURE = (
    SECONDS / 4**2 / 2
)  # in which a quarter is read of what takes less even if time grows with the square of the length
READERS = ("rag.documents", "rag.ingest", "rag.cli", "rag.evaluation", "rag.stores", "rag.llm")
MATCHED = {"rag.documents.asciidoc", "rag.documents.org"}  # their patterns are tried on the beginning of each line
MOST = 24  # texts for a pattern
# Longest texts, in characters, of what is used on shorter ones only, and who sees to that.
BOUNDED = {
    "api.middleware.access._is_loopback": 255,  # a setting: a name of a host
    "rag.answering.cited_text._CITED": 2_000,  # a model's answer: `max_tokens` of `rag.answering.write`
    "rag.answering.conflicts._FIELD": 2_000,  # empty lines of a passage, of which readers leave one
    "rag.answering.values.value_of": 8_000,  # a span of a passage
    "rag.documents.number_formats.SECTION_END": 255,  # a format of numbers: LONGEST_CODE
    "rag.documents.number_formats.TOKEN": 255,
    "rag.documents.raised.NUMBER": 40,  # LONGEST_NUMBER
    "rag.documents.wrapping.CUT": 100,  # the end of a line: LONGEST_CUT
    "rag.retrieval.several._ALSO": 2_000,  # a question
    "rag.retrieval.several._PHRASES": 2_000,
    "rag.retrieval.several._PLACES": 2_000,
    "rag.retrieval.several._SECOND": 2_000,
    "rag.retrieval.several.questions_in": 2_000,
    "rag.text.borders._LAST_WORD": 2_000,  # the end of a line
    "rag.text.dates._TIME": 200,  # what a file states as its date, with single spaces
    "rag.text.dates._WEEKDAY": 200,
}
SEARCHES = {"search", "sub", "subn", "split", "findall", "finditer"}
SAMPLES = "a0 \n.<-[{\"'A_\té中:|,/\\*#)>]}=&;!?(1%+$~`^"


class TooLong(BaseException):
    pass


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises `TooLong` in the block after some seconds of the processor; `re` looks for signals as it works."""

    def over(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@cache
def modules() -> list[ModuleType]:
    found = []
    for package in (api, rag):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" not in module.name:
                found.append(importlib.import_module(module.name))
    return found


@cache
def patterns() -> dict[str, tuple[re.Pattern[str], bool]]:
    """Patterns at the top of the modules, and if any use of them searches for them anywhere in a text."""
    used: dict[int, set[str]] = {}
    for module in modules():
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Attribute) and (pattern := named(module, node.value)) is not None:
                used.setdefault(id(pattern), set()).add(node.attr)
    found = {}
    for module in modules():
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                ways = used.get(id(value)) or ({"match"} if module.__name__ in MATCHED else SEARCHES)
                found[f"{module.__name__}.{name}"] = (value, bool(ways & SEARCHES))
    return found


def named(module: ModuleType, node: ast.expr) -> object:
    """The pattern that a name of a module stands for, or a name of a module that it imports."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        value = getattr(getattr(module, node.value.id, None), node.attr, None)
    else:
        value = getattr(module, node.id, None) if isinstance(node, ast.Name) else None
    return value if isinstance(value, re.Pattern) else None


def attacks(pattern: re.Pattern[str]) -> list[str]:
    """Short texts made of neighbouring parts of the pattern, to be repeated."""
    texts: dict[str, None] = {}
    for parts in sequences(parser.parse(pattern.pattern, pattern.flags)):
        for end in range(1, len(parts) + 1):
            for begin in {0, end - 1, max(0, end - 2)}:
                for way in range(2):
                    texts[sample(parts[begin:end], way)] = None
    return [text for text in texts if text][:MOST]


def sequences(parts: Any) -> Iterator[list[Any]]:
    """The parts of a pattern and of each group in it; literal characters in a row are one part."""
    joined: list[Any] = []
    for kind, value in parts:
        if kind is op.LITERAL and joined and joined[-1][0] is op.LITERAL:
            joined[-1] = (op.LITERAL, joined[-1][1] + chr(value))
        else:
            joined.append((kind, chr(value) if kind is op.LITERAL else value))
    yield joined
    for kind, value in parts:
        if kind is op.SUBPATTERN:
            yield from sequences(value[3])
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            yield from sequences(value[2])
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from sequences(branch)
        elif kind is op.ATOMIC_GROUP:
            yield from sequences(value)


def sample(parts: Any, way: int) -> str:
    """A text that the parts match."""
    text = ""
    for kind, value in parts:
        if kind is op.LITERAL:
            text += value if isinstance(value, str) else chr(value)
        elif kind in (op.IN, op.ANY, op.NOT_LITERAL):
            fitting = [c for c in SAMPLES if fits(kind, value, c)] or [chr(first(value))]
            text += fitting[way % len(fitting)]
        elif kind is op.SUBPATTERN:
            text += sample(value[3], way)
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            text += sample(value[2], way) * min(max(value[0], 1), 20)
        elif kind is op.BRANCH:
            text += sample(value[1][way % len(value[1])], way)
        elif kind is op.ATOMIC_GROUP:
            text += sample(value, way)
    return text


def fits(kind: Any, value: Any, character: str) -> bool:
    if kind is op.ANY:
        return character != "\n"
    if kind is op.NOT_LITERAL:
        return bool(ord(character) != value)
    hits = [in_class(item, character) for item in value if item[0] is not op.NEGATE]
    return any(hits) != (value[0][0] is op.NEGATE)


def in_class(item: Any, character: str) -> bool:
    kind, value = item
    if kind is op.LITERAL:
        return bool(ord(character) == value)
    if kind is op.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    name = str(value)
    is_it = character.isdigit() if "DIGIT" in name else character.isspace() if "SPACE" in name else character.isalnum()
    return bool(is_it != ("NOT" in name))


def first(value: Any) -> int:
    kind, what = value[-1]
    return int(what if kind is op.LITERAL else what[0] if kind is op.RANGE else 97)


def functions() -> dict[str, Callable[[str], object]]:
    """Functions of the modules that take one text and need nothing else."""
    found: dict[str, Callable[[str], object]] = {}
    for module in modules():
        if module.__name__.startswith(READERS):
            continue
        for name, function in inspect.getmembers(module, inspect.isroutine):
            if getattr(function, "__module__", "") != module.__name__ or not inspect.isfunction(
                inspect.unwrap(function)
            ):
                continue
            parameters = list(inspect.signature(function).parameters.values())
            needed = [parameter for parameter in parameters if parameter.default is inspect.Parameter.empty]
            if len(needed) != 1 or needed[0] is not parameters[0]:
                continue
            if needed[0].annotation in ("str", str):
                found[f"{module.__name__}.{name}"] = function
    return found


HOSTILE = [
    *("a", " ", "\n", ".", "1", "_", "é", "中", "\u0301", "[", "(", "<", "-", "|", '"', "’", "*", "`", "{", "\\"),
    *("a ", "a\n", ". ", "A. ", "1.", "1,", "1 ", "a-", "a.", "[1]", "[1] ", "1/", "| ", "- a\n", "a | b\n", "\n\n"),
    *("the ", "and ", "Mr. ", "2024-01-01 ", "March 1, ", "10:30 ", "no ", "not ", "not only ", "a, b and ", "İ"),
    *("<user_query>", "<chat_history>", "<context>", "user:", "[^1]", "[^1]: x\n", "http://", "what is ", "？", "。"),
    *("one hundred ", "$1.5 ", "about ", "(a) ", "1) a\n", "<a href=", "\t", "\u200b", "\U0001f600", "a: b\n", "“"),
]


@pytest.mark.parametrize("name", sorted(patterns()))
def test_no_pattern_takes_more_than_linear_time(name: str) -> None:
    pattern, anywhere = patterns()[name]
    size = BOUNDED.get(name, SIZE)
    for text in attacks(pattern):
        for end in ("", "\0"):
            try:
                with within(SECONDS):
                    if matching(pattern, anywhere, (text * (size // 4 // len(text) + 1))[: size // 4] + end) > SURE:
                        matching(pattern, anywhere, (text * (size // len(text) + 1))[:size] + end)
            except TooLong:
                pytest.fail(f"{pattern.pattern!r} takes too long on {text!r} {size // len(text):,} times")


def matching(pattern: re.Pattern[str], anywhere: bool, text: str) -> float:
    """Seconds of the processor."""
    began = time.process_time()
    for _ in pattern.finditer(text) if anywhere else ():
        pass
    pattern.match(text)
    return time.process_time() - began


@pytest.mark.parametrize("name", sorted(functions()))
def test_no_function_of_a_text_takes_more_than_linear_time(name: str) -> None:
    function, size = functions()[name], BOUNDED.get(name, SIZE)
    part = min(size, SIZE // 20)
    took = {text: seconds(function, text, part) for text in HOSTILE}
    for text in sorted(HOSTILE, key=lambda text: took[text], reverse=True)[:5]:
        if 2 * took[text] * (size / part) ** 2 < 10 * SECONDS:
            break  # the whole takes less even if time grows with the square of the length
        if seconds(function, text, size) >= 10 * SECONDS:
            pytest.fail(f"{name} takes too long on {text!r} {size // len(text):,} times")


def seconds(function: Callable[[str], object], text: str, size: int) -> float:
    """Of the processor, for the text repeated to that size; cut off where it takes too long."""
    hostile, began = (text * (size // len(text) + 1))[:size], time.process_time()
    gc.disable()  # its time grows with all that the tests before keep
    try:
        with within(10 * SECONDS):
            function(hostile)
    except TooLong:
        return 10 * SECONDS
    except Exception:
        pass  # what is wrong with a text is told as an error
    finally:
        gc.enable()
    return time.process_time() - began


@pytest.mark.parametrize(
    "text",
    [
        "<user_query>",
        "<chat_history>",
        "generate a title" + " " * 200,
        "[^1]",
        "[^1]: ",
        "user: a\n",
        "generate (title ",
    ],
)
def test_a_chat_of_a_megabyte_is_read_at_once(text: str) -> None:
    hostile = (text * (1_000_000 // len(text) + 1))[:1_000_000]
    turns = [ChatMessage(role="user", content=hostile), ChatMessage(role="user", content=hostile)]
    with within(SECONDS):
        asked = read_messages(turns)
        task_answer(asked.message)
    assert len(asked.history[0].content) <= 4_000
