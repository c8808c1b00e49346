"""`rag chat`: questions typed in a row, each of which may refer to those before it.

In: lines of a terminal, or of a file or pipe, a question or a command of the session a line. Out: each answer as
`rag ask` shows it. The conversation is kept in a file (chat_file.py). Ctrl-C ends an answer, Ctrl-D the session.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from types import FrameType
from typing import TYPE_CHECKING

from rag.cli.chat_file import KeptChat

if TYPE_CHECKING:
    from rag.pipeline import Pipeline
    from rag.settings import Settings
    from rag.types import Answer, Filters

_COMMANDS = {
    "/sources": "show the citations of the last answer",
    "/only FILE": "ask one document only, by its id or a part of it; without FILE: all documents again",
    "/help": "list the commands",
    "/quit": "end the session, as Ctrl-D does; Ctrl-C ends an answer",
}
_NAMES = [command.split()[0] for command in _COMMANDS]
_PLAIN = {name[1:]: name for name in _NAMES} | {"exit": "/quit"}  # alone on a line, no question
_COMMAND = re.compile(r"(/[a-z]*)(?:\s+(.*))?", re.IGNORECASE)  # "/etc/hosts" is none
_LISTED = 5  # documents that a part of an id may mean


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Answer line by line until the input ends or `/quit`. Raises `InputError` if there is nothing to resume."""
    from rag.index.filters import parse_filters, parse_pairs
    from rag.pipeline import open_pipeline

    filters = parse_filters(parse_pairs(options.filter))
    kept = KeptChat.of(settings)
    if options.resume:
        kept.load()
    with open_pipeline(settings) as pipeline:
        chat = Chat(pipeline, kept, filters, options.k, options.json)
        if sys.stdin.isatty():
            _complete(chat)
            print(f"Index {pipeline.name}: /help lists the commands, Ctrl-D ends the session.")
            if options.resume:
                print(f"The conversation goes on after: {kept.questions[-1]}")
        while chat.goes_on:
            chat.take(_line(chat.prompt))
    return 0


class Chat:
    """A session: takes lines and prints what they bring."""

    def __init__(
        self, pipeline: Pipeline, kept: KeptChat, filters: Filters | None, k: int | None, as_json: bool
    ) -> None:
        self._pipeline = pipeline
        self._kept = kept
        self._given = filters  # those of the command line
        self._filters = filters
        self._k = k
        self._json = as_json
        self.goes_on = True
        self.prompt = "> "

    def take(self, line: str | None) -> None:
        """Carry out a command or answer a question; None ends the session. An error is one line on standard error, and
        the session goes on."""
        from rag.errors import RagError

        if line is None:
            self.goes_on = False
            return
        try:
            command = _COMMAND.fullmatch(_PLAIN.get(line.strip().lower(), line.strip()))
            if command:
                self._command(command[1].lower(), (command[2] or "").strip())
            elif line.strip():
                self._ask(line)
        except RagError as exc:
            if self._json:
                print(json.dumps({"error": {"type": type(exc).__name__, "message": str(exc)}}, ensure_ascii=False))
            print(f"rag: {exc}", file=sys.stderr)

    def documents(self) -> list[str]:
        """The ids of all documents."""
        return [info.id for info in self._pipeline.documents()]

    def _command(self, name: str, argument: str) -> None:
        if name == "/quit":
            self.goes_on = False
        elif name == "/help":
            self._say("\n".join(f"{command:12}{text}" for command, text in _COMMANDS.items()))
        elif name == "/sources":
            self._sources()
        elif name == "/only":
            self._only(argument)
        else:
            near = get_close_matches(name, _NAMES, n=1)
            meant = f": did you mean {near[0]}?" if near else ""
            self._say(f"unknown command {name}{meant} (/help lists the commands)")

    def _sources(self) -> None:
        from rag.cli.display import citation_lines
        from rag.serialise import citation_json

        citations = self._kept.citations
        if self._json:
            print(json.dumps({"citations": [citation_json(item) for item in citations]}, ensure_ascii=False))
            return
        lines = [line for item in citations for line in citation_lines(item, sys.stdout.isatty())]
        self._say("\n".join(lines[:-1]) if lines else "no sources: the last answer cites nothing, or there is none yet")

    def _only(self, part: str) -> None:
        from rag.types import Filters

        if not part:
            self._filters, self.prompt = self._given, "> "
            self._say("all documents are asked" if self._given is None else "all documents that fit --filter are asked")
            return
        ids = self.documents()
        found = meant_documents(part, ids)
        if len(found) == 1:
            self._filters = replace(self._given or Filters(), documents=(found[0],))
            self.prompt = f"{found[0].rpartition('/')[2]}> "
            self._say(f"only {found[0]} is asked; /only lifts this")
        elif found:
            more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
            self._say(f"{part!r} may mean {', '.join(found[:_LISTED])}{more}: give more of the id")
        else:
            near = get_close_matches(part, ids, n=1, cutoff=0.3)
            self._say(f"no document has {part!r} in its id" + (f": did you mean {near[0]}?" if near else ""))

    def _ask(self, question: str) -> None:
        from rag.cli.display import answer_text
        from rag.serialise import answer_json

        answer = self._answered(question)
        if answer is None:
            self._say("stopped")
            return
        if self._json:
            print(json.dumps(answer_json(answer), ensure_ascii=False), flush=True)
        else:
            print(f"{answer_text(answer, color=sys.stdout.isatty())}\n", flush=True)
        self._kept.add(answer)

    def _answered(self, question: str) -> Answer | None:
        """The answer; None if Ctrl-C ended it, which the steps of an answer look for as for any caller that left."""
        from rag.deadline import Deadline
        from rag.errors import Cancelled
        from rag.types import Ask

        deadline = Deadline()

        def stop(signum: int, frame: FrameType | None) -> None:
            deadline.cancel()

        before = signal.signal(signal.SIGINT, stop)
        try:
            return self._pipeline.ask(
                Ask(question, k=self._k, filters=self._filters, history=self._kept.history, deadline=deadline)
            )
        except Cancelled:
            return None
        finally:
            signal.signal(signal.SIGINT, before)

    def _say(self, text: str) -> None:
        """Print a message of the session; where answers are JSON, beside them."""
        print(text, file=sys.stderr if self._json else sys.stdout, flush=True)


def meant_documents(part: str, ids: Iterable[str]) -> list[str]:
    """The ids that a part of an id may mean: the id itself, else those whose last part it is, else those that hold it.
    Case does not matter."""
    folded = {item: item.casefold() for item in ids}
    wanted = part.casefold()
    for fits in (
        [item for item in folded if item == part],
        [item for item, low in folded.items() if low == wanted],
        [item for item, low in folded.items() if low.rpartition("/")[2] == wanted],
    ):
        if fits:
            return fits
    return [item for item, low in folded.items() if wanted in low]


def completions(line: str, ids: Sequence[str]) -> list[str]:
    """The lines that a begun line may become: commands, and the documents behind `/only`.

    >>> completions("/o", []), completions("/only lea", ["a/lease.md", "b/bill.md"])
    (['/only '], ['/only a/lease.md'])
    """
    command, space, part = line.partition(" ")
    if not space:
        return [f"{name} " if name == "/only" else name for name in _NAMES if name.startswith(line)] if line else []
    return [f"/only {item}" for item in meant_documents(part.strip(), ids)] if command == "/only" else []


def _line(prompt: str) -> str | None:
    """The next line of the input; None at its end. Ctrl-C discards what was typed."""
    if not sys.stdin.isatty():
        if isinstance(sys.stdin, io.TextIOWrapper) and sys.stdin.errors != "replace":
            sys.stdin.reconfigure(errors="replace")  # only before the first line is read
        return sys.stdin.readline() or None
    try:
        return input(prompt)
    except KeyboardInterrupt:
        print()
        return ""
    except EOFError:
        print()
        return None


def _complete(chat: Chat) -> None:
    """Let the terminal complete commands and ids of documents; without readline, as on Windows, it does not."""
    try:
        import readline
    except ImportError:
        return
    found: list[str] = []

    def complete(text: str, state: int) -> str | None:
        if state == 0:
            found[:] = completions(text, chat.documents() if text.startswith("/only ") else [])
        return found[state] if state < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims("")  # the whole line is completed
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
