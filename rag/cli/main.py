"""The command `rag`: arguments in, one of the library's calls, text or JSON out.

Imports of the library stand inside the commands, so that `rag --help` and listings answer at once.
Exit codes: 0 well, 1 some files failed, 2 nothing could be done, 3 abstained, 130 interrupted.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.cli import index as cli_index
from rag.cli import keys as cli_keys
from rag.cli import migrate as cli_migrate

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import Message

OK, SOME_FAILED, NOTHING_DONE, ABSTAINED, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; -> its exit code. Errors that people can mend are one line on standard error."""
    gc.set_threshold(50_000, 20, 20)  # imports and a library's files make many objects and no cycles
    options = _parser().parse_args(arguments)
    from rag.errors import RagError

    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except RagError as exc:
        return _fail(options, exc)
    except KeyboardInterrupt:
        print("rag: interrupted; what was committed is kept, run the same command to go on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `rag search ... | head` is no error
        sys.stderr.close()
        return OK


def _fail(options: argparse.Namespace, exc: Exception) -> int:
    if getattr(options, "json", False):
        print(json.dumps({"error": {"type": type(exc).__name__, "message": str(exc)}}, ensure_ascii=False))
    print(f"rag: {exc}", file=sys.stderr)
    return NOTHING_DONE


def _settings(options: argparse.Namespace) -> Settings:
    from rag.settings import load_settings

    if getattr(options, "milvus_uri", None) and options.store is None:
        options.store = "milvus"
    names = (
        "index",
        "indexes_dir",
        "store",
        "milvus_uri",
        "embedder",
        "model",
        "mode",
        "host",
        "port",
        "workers",
        "auth",
    )
    return load_settings(**{name: getattr(options, name, None) for name in names})


def _keys(options: argparse.Namespace) -> int:
    from rag.settings import load_settings

    return cli_keys.run(options, load_settings(indexes_dir=options.indexes_dir))


def _mcp(options: argparse.Namespace) -> int:
    from api.agents.mcp import serve_stdio

    serve_stdio(_settings(options))
    return OK


def _index(options: argparse.Namespace) -> int:
    return cli_index.run(options, _settings(options))


def _migrate(options: argparse.Namespace) -> int:
    return cli_migrate.run(options, _settings(options))


def _ask(options: argparse.Namespace) -> int:
    from rag.index.filters import parse_filters, parse_pairs
    from rag.pipeline import open_pipeline
    from rag.retrieval.question import parse_question
    from rag.types import Ask

    question = parse_question(options.question).text
    filters = parse_filters(parse_pairs(options.filter))
    history = _history(options.history) if options.history else ()
    with open_pipeline(_settings(options)) as pipeline:
        answer = pipeline.ask(Ask(question, k=options.k, filters=filters, history=history))
    if options.json:
        from rag.serialise import answer_json

        print(json.dumps(answer_json(answer), ensure_ascii=False, indent=2))
    else:
        from rag.cli.display import answer_text

        print(answer_text(answer, color=sys.stdout.isatty()))
    return OK if answer.answered else ABSTAINED


def _history(path: Path) -> Sequence[Message]:
    """The turns in a file of JSON, as `history` has them over HTTP."""
    from rag.errors import InputError
    from rag.retrieval.conversation import parse_history

    try:
        return parse_history(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else f"is not JSON: {exc}"
        raise InputError(f"the history {path}: {reason}; it is a list of objects with role and content") from exc


def _search(options: argparse.Namespace) -> int:
    from rag.index.filters import parse_filters, parse_pairs
    from rag.pipeline import open_pipeline
    from rag.retrieval.question import parse_question

    query = parse_question(options.query).text
    filters = parse_filters(parse_pairs(options.filter))
    with open_pipeline(_settings(options), language_model=False) as pipeline:
        hits = pipeline.search(query, options.k or 10, filters)
    if options.json:
        from rag.serialise import hit_json

        print(json.dumps({"hits": [hit_json(hit) for hit in hits]}, ensure_ascii=False, indent=2))
    else:
        from rag.cli.display import hits_text

        print(hits_text(hits))
    return OK


def _documents(options: argparse.Namespace) -> int:
    from rag.errors import InputError
    from rag.ingest.uploads import remove_document
    from rag.serialise import document_json
    from rag.stores.open import open_index

    settings = _settings(options)
    if options.action != "list" and not options.id:
        raise InputError(f"rag documents {options.action} needs the id of a document; `rag documents` lists them")
    with open_index(settings, None, write=options.action == "remove", chunker=False) as index:
        if options.action == "remove":
            remove_document(options.id, index)
            print(json.dumps({"removed": options.id}) if options.json else f"removed {options.id}")
        elif options.action == "show":
            document = index.document(options.id)
            print(
                json.dumps({"id": document.id, "title": document.title, "text": document.text}, ensure_ascii=False)
                if options.json
                else document.text
            )
        else:
            documents = index.documents()
            if options.json:
                print(json.dumps({"documents": [document_json(info) for info in documents]}, ensure_ascii=False))
            for info in [] if options.json else documents:
                pages = f", {info.pages} pages" if info.pages else ""
                print(f"{info.id}  {info.title}  ({info.passages} passages{pages})")
    return OK


def _verify(options: argparse.Namespace) -> int:
    from rag.index.local import LocalIndex
    from rag.stores.open import local_only

    settings = _settings(options)
    local_only(settings, "rag verify", "Milvus keeps what it stores; `rag doctor` tells whether it answers")
    with LocalIndex.open(settings.indexes_dir, settings.index) as index:
        problems = index.repair() if options.repair else index.verify()
        trained = index.trained()
    if options.json:
        report = {"problems": [str(problem) for problem in problems], "quantised": trained and trained._asdict()}
        print(json.dumps(report, ensure_ascii=False))
        return OK if not problems else SOME_FAILED
    for problem in problems:
        print(f"  {problem}")
    hint = "" if options.repair else f"; `rag verify --repair --index {settings.index}` mends what can be mended"
    print(f"{len(problems)} problems{hint}" if problems else f"index {settings.index!r} is whole")
    if trained:
        print(
            f"dense search is quantised: {trained.probes} of {trained.lists} lists find {trained.recall:.1%} of "
            f"the ten nearest that exact search finds, measured with {trained.queries} queries"
        )
    return OK if not problems else SOME_FAILED


def _serve(options: argparse.Namespace) -> int:
    from api.app import serve

    serve(_settings(options))
    return OK


def _eval(options: argparse.Namespace) -> int:
    from rag.cli.evaluate import evaluate

    return evaluate(options, _settings(options))


def _doctor(options: argparse.Namespace) -> int:
    from rag.cli.doctor import examine

    findings = examine(_settings(options))
    if options.json:
        print(json.dumps([finding._asdict() for finding in findings], ensure_ascii=False, indent=2))
    for finding in [] if options.json else findings:
        print(f"{'ok ' if finding.ok else 'BAD'}  {finding.what}: {finding.found}")
        if finding.remedy:
            print(f"     -> {finding.remedy}")
    return OK if all(finding.ok for finding in findings) else SOME_FAILED


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--index", metavar="NAME", help="the index to use (default: default)")
    common.add_argument("--indexes-dir", metavar="DIR", help="folder that holds the indexes (default: indexes)")
    common.add_argument("--store", choices=["local", "milvus"], help="where indexes are (default: local)")
    common.add_argument(
        "--uri", dest="milvus_uri", metavar="URI", help="of Milvus: http://HOST:19530, or a file that ends in .db"
    )
    common.add_argument("--json", action="store_true", help="print JSON")
    parser = argparse.ArgumentParser(
        prog="rag",
        description="Answers from your own documents, in which every sentence is checked against what it cites.",
        epilog="Settings are read from rag.toml, then RAG_* variables, then flags. Exit codes: 0 well, 1 some files "
        "failed, 2 nothing could be done, 3 abstained.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=text, description=text)
        made.set_defaults(run=run)
        return made

    index = command("index", _index, "bring an index in line with files and folders")
    cli_index.add_arguments(index)
    ask = command("ask", _ask, "answer a question, with citations, or say that the documents do not")
    _ask_arguments(ask)
    search = command("search", _search, "list the passages that fit a query, with scores")
    search.add_argument("query", metavar="QUERY")
    search.add_argument("-k", type=int, help="passages to list (default: 10)")
    for asks in (ask, search):
        asks.add_argument(
            "--filter",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="only documents that fit: document, folder, type, after, before, or a key of their metadata; may be "
            "repeated, all keys must hold, and of each any value",
        )
    documents = command("documents", _documents, "list, show or remove documents")
    documents.add_argument("action", nargs="?", choices=["list", "show", "remove"], default="list")
    documents.add_argument("id", nargs="?", metavar="ID")
    verify = command("verify", _verify, "check an index against its catalogue")
    verify.add_argument("--repair", action="store_true", help="make again what can be made from the catalogue")
    cli_migrate.add_arguments(command("migrate", _migrate, "copy an index from one store to another, and compare"))
    serve = command("serve", _serve, "serve answers over HTTP, with a web page at /")
    _serve_arguments(serve)
    keys = commands.add_parser("keys", help=cli_keys.TEXT, description=cli_keys.TEXT)
    keys.set_defaults(run=_keys)
    cli_keys.add_arguments(keys)
    mcp = command("mcp", _mcp, "serve search, ask and get_document to an agent, over standard input and output (MCP)")
    mcp.add_argument("--model", help="GGUF file, 'owner/name/file.gguf' of a hub, http://HOST/v1, or 'none'")
    evaluation = command("eval", _eval, "measure answers to questions whose answers are known, and compare runs")
    _eval_arguments(evaluation)
    command("doctor", _doctor, "what is installed, what is wrong, and the command that mends it")
    return parser


def _ask_arguments(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("question", metavar="QUESTION")
    ask.add_argument("--mode", choices=["auto", "quote", "write", "extract"], help="how the answer is said")
    ask.add_argument("--model", help="GGUF file, 'owner/name/file.gguf' of a hub, http://HOST/v1, or 'none'")
    ask.add_argument(
        "--history",
        type=Path,
        metavar="FILE",
        help="JSON: the turns before the question, oldest first, each with role (user or assistant) and content",
    )
    ask.add_argument("-k", type=int, help="passages that the answer lists (default: 5)")


def _serve_arguments(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on (default: 8000)")
    serve.add_argument("--model", help="GGUF file, 'owner/name/file.gguf' of a hub, http://HOST/v1, or 'none'")
    serve.add_argument(
        "--auth",
        choices=["auto", "keys", "off"],
        help="whether requests need an API key; auto: not on a loopback address, elsewhere they do (default: auto)",
    )


def _eval_arguments(evaluation: argparse.ArgumentParser) -> None:
    evaluation.add_argument("questions", nargs="?", metavar="QUESTIONS.jsonl", help="questions with gold, one a line")
    evaluation.add_argument(
        "--out", metavar="DIR", help="folder of the run: answers, figures, report; goes on where it is"
    )
    evaluation.add_argument("--limit", type=int, metavar="N", help="ask N questions, drawn at random (default: all)")
    evaluation.add_argument("--seed", type=int, default=0, help="of the drawing and of the intervals (default: 0)")
    evaluation.add_argument("--mode", choices=["auto", "quote", "write", "extract"], help="how answers are said")
    evaluation.add_argument("--model", help="GGUF file, 'owner/name/file.gguf' of a hub, http://HOST/v1, or 'none'")
    evaluation.add_argument(
        "--compare", nargs=2, metavar=("A", "B"), help="two folders of runs: what changed from A to B"
    )
    evaluation.add_argument(
        "--export", nargs=2, metavar=("FORMAT", "FILE"), help="write the run as a file of ragas or ragchecker"
    )
    evaluation.add_argument(
        "--stored", action="store_true", help="with --export ragas FILE: the answers that the service gave and kept"
    )


if __name__ == "__main__":
    raise SystemExit(main())
