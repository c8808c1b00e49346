"""The arguments of the command `rag`: its parser, and the nearest word for a wrong command or option.

In: a function for each command. Out: a parser whose result has the function as `run`. Imports nothing of the library,
so that help is printed at once.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from rag import __version__
from rag.cli import backup as cli_backup
from rag.cli import completion as cli_completion
from rag.cli import index as cli_index
from rag.cli import keys as cli_keys
from rag.cli import migrate as cli_migrate

Command = Callable[[argparse.Namespace], int]

_MOST_PASSAGES = 100
_MODES = ["auto", "quote", "write", "extract"]
_MODEL = "language model: a GGUF file, 'owner/name/file.gguf' of a hub, http://HOST/v1, or 'none'"
_TEXTS = {
    "index": "bring an index in line with files and folders",
    "ask": "answer a question with citations, or say that the documents do not",
    "chat": "answer questions in a row, each of which may refer to those before it",
    "search": "list the passages that fit a query, with scores",
    "documents": "list, show or remove documents",
    "verify": "check an index against its catalogue",
    "backup": cli_backup.BACKUP_TEXT,
    "restore": cli_backup.RESTORE_TEXT,
    "migrate": "copy an index from one store to another, and compare both",
    "serve": "serve answers over HTTP, with a web page at /",
    "keys": cli_keys.KEYS_TEXT,
    "mcp": "serve search, ask and get_document to an agent, over standard input and output (MCP)",
    "eval": "measure answers to questions whose answers are known, and compare runs",
    "check": "check answers of any system against their passages, claim by claim",
    "calibrate": "set the confidence below which an index refuses, from questions whose answers are known",
    "models": "list the models that are on this machine, fetch one, or use one from now on",
    "settings": "list the settings: the value of each, and where it came from",
    "completion": cli_completion.COMPLETION_TEXT,
    "doctor": "show what is installed, what is wrong, and the command that mends it",
}
# The common options that have an effect; commands that are not named here take all of them.
_COMMON = ("index", "indexes_dir", "store", "uri", "json")
_TAKES = {
    "serve": ("index", "indexes_dir", "store", "uri"),
    "mcp": ("index", "indexes_dir", "store", "uri"),
    "verify": ("index", "indexes_dir", "store", "json"),
    "backup": ("indexes_dir", "store", "json"),
    "restore": ("index", "indexes_dir", "store", "json"),
    "migrate": ("index", "indexes_dir", "uri", "json"),
    "doctor": ("indexes_dir", "store", "uri", "json"),
    "settings": ("json",),
    "keys": (),  # each of its actions has its own
    "check": ("json",),
    "models": (),
    "completion": (),
}


def make_parser(commands: Mapping[str, Command]) -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of `rag`, and those of its sub-commands by name, such as "ask" and "keys add"."""
    parser = argparse.ArgumentParser(
        prog="rag",
        allow_abbrev=False,
        description="Answers from your own documents, in which every sentence is checked against what it cites.",
        epilog="Settings are read from rag.toml, then RAG_* variables, then flags. Exit codes: 0 success, 1 some files "
        "failed or a limit was missed, 2 nothing could be done, 3 abstained, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"rag {__version__}")
    made = parser.add_subparsers(required=True, metavar="COMMAND")
    by_name: dict[str, argparse.ArgumentParser] = {}
    for name, run in commands.items():
        by_name[name] = made.add_parser(name, help=_TEXTS[name], description=_TEXTS[name], allow_abbrev=False)
        by_name[name].set_defaults(run=run)
        _common_arguments(by_name[name], _TAKES.get(name, _COMMON))
    cli_index.add_arguments(by_name["index"])
    _ask_arguments(by_name["ask"])
    _chat_arguments(by_name["chat"])
    _search_arguments(by_name["search"])
    _documents_arguments(by_name["documents"])
    by_name["verify"].add_argument(
        "--repair", action="store_true", help="restore all that can be made from the catalogue"
    )
    cli_backup.add_arguments(by_name["backup"], by_name["restore"])
    cli_migrate.add_arguments(by_name["migrate"])
    _serve_arguments(by_name["serve"])
    by_name |= {f"keys {action}": own for action, own in cli_keys.add_arguments(by_name["keys"]).items()}
    by_name["mcp"].add_argument("--model", help=_MODEL)
    by_name |= {f"models {action}": own for action, own in _models_arguments(by_name["models"]).items()}
    cli_completion.add_arguments(by_name["completion"])
    _eval_arguments(by_name["eval"])
    _check_arguments(by_name["check"])
    _calibrate_arguments(by_name["calibrate"])
    return parser, by_name


def wrong_word(
    words: Sequence[str], parser: argparse.ArgumentParser, by_name: Mapping[str, argparse.ArgumentParser]
) -> str:
    """Usage and message for an unknown command or option, with the nearest known one; empty if there is none.

    Options are those of the sub-command in `words`, by their whole names: `--index` must not be taken for the beginning
    of `--indexes-dir`.
    """
    command = words[0]
    if command.startswith("-"):
        wrong, own, place = _unknown_option(words, parser), parser, "rag"
        return f"{own.format_usage()}rag: {_unknown(wrong, place, own)}" if wrong else ""
    if command not in by_name:
        near = _nearest(command, [name for name in by_name if " " not in name], "`rag {}`")
        question = " ".join(words) if len(words) > 1 or " " in command else ""
        near = near or (f": to ask a question, `rag ask {shlex.quote(question)}`" if question else "")
        return f"{parser.format_usage()}rag: unknown command {command!r}{near}"
    action = f"{command} {words[1]}" if len(words) > 1 else command
    name = action if action in by_name else command
    wrong = _unknown_option(words[name.count(" ") + 1 :], by_name[name])
    return f"{by_name[name].format_usage()}rag: {_unknown(wrong, f'rag {name}', by_name[name])}" if wrong else ""


def surplus(options: argparse.Namespace, words: Sequence[str]) -> str:
    """The message for words that a command does not take; those of a question may stand in front of options only."""
    asked = getattr(options, "question", None) or getattr(options, "query", None)
    left = " ".join(words)
    if isinstance(asked, list):
        whole = shlex.quote(" ".join([*asked, *words]))
        return f"rag: {left!r} stands apart from the question: put the question in quotes, {whole}"
    return f"rag: {left!r} is more than the command takes: leave it out, or put quotes around names with spaces"


def _unknown(option: str, command: str, parser: argparse.ArgumentParser) -> str:
    return f"unknown option {option} for `{command}`{_nearest(option, _options(parser), '{}')}"


def _unknown_option(words: Iterable[str], parser: argparse.ArgumentParser) -> str | None:
    """The first word that argparse takes for an option and does not know."""
    known = _options(parser)
    for word in words:
        option = word.partition("=")[0]
        if word == "--":
            break
        if not word.startswith("-") or word == "-" or " " in option or _is_number(word):
            continue
        if option not in known and (word.startswith("--") or word[:2] not in known):
            return option
    return None


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return [name for action in parser._actions for name in action.option_strings]


def _nearest(word: str, known: Iterable[str], shown: str) -> str:
    near = get_close_matches(word, known, n=1)
    return f": did you mean {shown.format(near[0])}?" if near else ""


def _is_number(word: str) -> bool:
    """True for a negative number, which argparse takes for a value."""
    return word[1:].replace(".", "", 1).isdigit()


def _common_arguments(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    if "index" in names:
        index = parser.add_argument("--index", metavar="NAME", help="index to use (default: default)")
        index.completer = cli_completion.complete_index_names  # type: ignore[attr-defined]
    if "indexes_dir" in names:
        parser.add_argument("--indexes-dir", metavar="DIR", help="folder that holds the indexes (default: indexes)")
    if "store" in names:
        parser.add_argument("--store", choices=["local", "milvus"], help="place of the indexes (default: local)")
    if "uri" in names:
        parser.add_argument(
            "--uri",
            dest="milvus_uri",
            metavar="URI",
            help="address of Milvus: http://HOST:19530, or a file that ends in .db",
        )
    if "json" in names:
        parser.add_argument("--json", action="store_true", help="print JSON")


def _passages(text: str) -> int:
    """The value of -k; argparse shows the reason of an error."""
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_PASSAGES:
        raise argparse.ArgumentTypeError(f"is {text!r}; it can be 1 to {_MOST_PASSAGES}")
    return int(text)


def _ask_arguments(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("question", nargs="+", metavar="QUESTION", help="question to answer")
    ask.add_argument("--mode", choices=_MODES, help="answer mode (default: auto)")
    ask.add_argument("--model", help=_MODEL)
    ask.add_argument(
        "--history",
        type=Path,
        metavar="FILE",
        help="JSON: the turns before the question, oldest first, each with role (user or assistant) and content",
    )
    ask.add_argument("-k", type=_passages, help="number of passages that the answer lists (default: 5)")
    _filter_argument(ask)


def _chat_arguments(chat: argparse.ArgumentParser) -> None:
    chat.add_argument("--resume", action="store_true", help="go on with the last conversation of the index")
    chat.add_argument("--mode", choices=_MODES, help="answer mode (default: auto)")
    chat.add_argument("--model", help=_MODEL)
    chat.add_argument("-k", type=_passages, help="number of passages that an answer lists (default: 5)")
    _filter_argument(chat)


def _search_arguments(search: argparse.ArgumentParser) -> None:
    search.add_argument("query", nargs="+", metavar="QUERY", help="words or a question to search for")
    search.add_argument("-k", type=_passages, help="number of passages to list (default: 10)")
    _filter_argument(search)


def _filter_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="only documents that fit: document, folder, type, after, before, or a key of their metadata; may be "
        "repeated: keys are ANDed; repeated values of one key are ORed",
    )


def _documents_arguments(documents: argparse.ArgumentParser) -> None:
    documents.add_argument(
        "action", nargs="?", choices=["list", "show", "remove"], default="list", help="action (default: list)"
    )
    documents.add_argument("id", nargs="?", metavar="ID", help="id of the document to show or remove")


def _serve_arguments(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on (default: 8000)")
    serve.add_argument("--model", help=_MODEL)
    serve.add_argument(
        "--auth",
        choices=["auto", "keys", "off"],
        help="demand of API keys: keys (always), off (never), or auto (unless the address is a loopback one) "
        "(default: auto)",
    )


def _models_arguments(models: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = models.add_subparsers(dest="action", required=True, metavar="list|pull|use")
    texts = {
        "list": "list the embedded models and those that were fetched",
        "pull": "fetch a model from a hub",
        "use": "write a model into rag.toml of this folder, once it is there",
    }
    made = {
        name: actions.add_parser(name, help=text, description=text, allow_abbrev=False) for name, text in texts.items()
    }
    made["list"].add_argument("--json", action="store_true", help="print JSON")
    for name in ("pull", "use"):
        made[name].add_argument("name", metavar="NAME", help=f"{_MODEL}; or an embedder: a folder or 'owner/name'")
    return made


def _eval_arguments(evaluation: argparse.ArgumentParser) -> None:
    evaluation.add_argument(
        "questions", nargs="?", metavar="QUESTIONS", help="questions with gold: a .jsonl or .csv file"
    )
    evaluation.add_argument(
        "--out", metavar="DIR", help="folder of the run: answers, figures, report; an unfinished run is resumed"
    )
    evaluation.add_argument("--limit", type=int, metavar="N", help="ask N questions, drawn at random (default: all)")
    evaluation.add_argument(
        "--seed", type=int, default=0, help="seed of the random draw of --limit and of the intervals (default: 0)"
    )
    evaluation.add_argument("--mode", choices=_MODES, help="answer mode (default: auto)")
    evaluation.add_argument("--model", help=_MODEL)
    evaluation.add_argument(
        "--compare",
        nargs=2,
        metavar=("A", "B"),
        help="compare the runs in two folders: changes from A to B; with --out DIR also as a page in it",
    )
    evaluation.add_argument(
        "--gate",
        metavar="FILE",
        help="figures.json of a stored run: exit with 1 if a figure is worse than its interval there",
    )
    evaluation.add_argument(
        "--export", nargs=2, metavar=("FORMAT", "FILE"), help="write the run as a file of ragas or ragchecker"
    )
    evaluation.add_argument(
        "--stored",
        action="store_true",
        help="answers that the service stored: with --export ragas FILE, or with --rated",
    )
    evaluation.add_argument(
        "--rated",
        action="store_true",
        help="with --stored: those that people rated; without --export, print them as a file of questions",
    )


def _check_arguments(check: argparse.ArgumentParser) -> None:
    check.add_argument("answers", metavar="ANSWERS.jsonl", help="a line each: answer, passages, and question if known")
    check.add_argument(
        "--fail-under",
        type=float,
        metavar="SHARE",
        help="exit with 1 if a smaller share of all claims is supported, such as 0.9",
    )


def _calibrate_arguments(calibrate: argparse.ArgumentParser) -> None:
    calibrate.add_argument("questions", nargs="?", metavar="QUESTIONS", help="questions with gold, as for rag eval")
    calibrate.add_argument(
        "--at-most",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="share of the given answers that may be wrong, between 0 and 1 (default: 0.1)",
    )
    calibrate.add_argument("--mode", choices=_MODES, help="answer mode (default: auto)")
    calibrate.add_argument("--model", help=_MODEL)
    calibrate.add_argument("--dry-run", action="store_true", help="print the threshold and store nothing")
    calibrate.add_argument("--remove", action="store_true", help="go back to the threshold of the package")
