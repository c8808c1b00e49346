"""The command `rag`: arguments in, one of the library's calls, text or JSON out.

Imports of the library stand inside the commands, so that `rag --help` and listings answer at once.
Exit codes: 0 well, 1 some files failed, 2 nothing could be done, 3 abstained, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import Message

OK, SOME_FAILED, NOTHING_DONE, ABSTAINED, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; -> its exit code. Errors that people can mend are one line on standard error."""
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

    names = ("index", "indexes_dir", "embedder", "model", "mode", "host", "port")
    return load_settings(**{name: getattr(options, name, None) for name in names})


def _index(options: argparse.Namespace) -> int:
    from rag.index.local import LocalIndex, list_indexes
    from rag.ingest import apply_changes, chunker_fingerprint, find_changes, sync

    settings = _settings(options)
    paths = [Path(path) for path in options.paths]
    if options.dry_run:
        known = {}
        if settings.index in list_indexes(settings.indexes_dir):
            with LocalIndex.open(settings.indexes_dir, settings.index) as index:
                known = index.files()
        return _print_dry_run(find_changes(paths, known), set(known), options.json)
    if settings.index in list_indexes(settings.indexes_dir):
        with LocalIndex.open(
            settings.indexes_dir, settings.index, write=True, chunker=chunker_fingerprint(settings)
        ) as index:
            change = find_changes(paths, index.files())
            if not change.changed:  # nothing to embed: the model is not even loaded
                summary = apply_changes(change, index, None, settings)
                return _print_summary(summary, len(index.documents()), settings.index, options.json)
    elif not (change := find_changes(paths, {})).changed:
        return _nothing_to_read(paths, change.skipped)
    from rag.embedding import SentenceTransformerEmbedder

    embedder = SentenceTransformerEmbedder.load(settings.embedder, settings.threads)
    with (
        LocalIndex.open(
            settings.indexes_dir,
            settings.index,
            create=True,
            embedder_fingerprint=embedder.fingerprint,
            dimension=embedder.dimension,
            chunker=chunker_fingerprint(settings),
        ) as index,
        _Progress() as progress,
    ):
        summary = sync(paths, index, embedder, settings, progress)
        total = len(index.documents())
    return _print_summary(summary, total, settings.index, options.json)


class _Progress:
    """A progress bar on standard error, drawn only where that is a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> _Progress:
        return self

    def __call__(self, done: int, total: int, name: str) -> None:
        from tqdm import tqdm

        if self._bar is None and total:
            self._bar = tqdm(total=total, unit="file", disable=None, leave=False)
        if self._bar is not None:
            self._bar.set_postfix_str(name[-40:], refresh=False)
            self._bar.update(done - self._bar.n)

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _nothing_to_read(paths: Sequence[Path], skipped: Sequence[Any]) -> int:
    from rag.documents import SUFFIXES

    for item in skipped[:10]:
        print(f"  skipped  {item.path}: {item.reason}", file=sys.stderr)
    names = ", ".join(str(path) for path in paths)
    print(f"rag: no readable file in {names}: types that are read are {' '.join(sorted(SUFFIXES))}", file=sys.stderr)
    return NOTHING_DONE


def _print_dry_run(change: Any, known: set[str], as_json: bool) -> int:
    lines = {
        "add": [found.document_id for found in change.changed if found.document_id not in known],
        "replace": [found.document_id for found in change.changed if found.document_id in known],
        "remove": change.vanished,
        "skip": [f"{item.path}: {item.reason}" for item in change.skipped],
    }
    if as_json:
        print(json.dumps(lines | {"unchanged": len(change.unchanged) + len(change.touched)}, ensure_ascii=False))
        return OK
    for verb, names in lines.items():
        for name in names:
            print(f"{verb:8} {name}")
    print(f"{len(change.unchanged) + len(change.touched)} unchanged; nothing was written")
    return OK


def _print_summary(summary: Any, total: int, name: str, as_json: bool) -> int:
    touched = summary.added or summary.replaced or summary.removed or summary.unchanged
    code = OK if not summary.failed else SOME_FAILED if touched else NOTHING_DONE
    if as_json:
        counts = {key: getattr(summary, key) for key in ("added", "replaced", "removed", "unchanged")}
        failed = [{"document_id": item.document_id, "message": item.message} for item in summary.failed]
        skipped = [{"path": str(item.path), "reason": item.reason} for item in summary.skipped]
        report = counts | {"failed": failed, "skipped": skipped, "passages": summary.passages, "documents": total}
        print(json.dumps(report, ensure_ascii=False))
        return code
    for failure in summary.failed:
        print(f"  failed   {failure.message}", file=sys.stderr)
    for item in summary.skipped:
        print(f"  skipped  {item.path}: {item.reason}", file=sys.stderr)
    print(
        f"{len(summary.added)} added, {len(summary.replaced)} replaced, {len(summary.removed)} removed, "
        f"{len(summary.unchanged)} unchanged, {len(summary.failed)} failed, {len(summary.skipped)} skipped; "
        f"index {name!r} holds {total} documents"
    )
    return code


def _ask(options: argparse.Namespace) -> int:
    from rag.pipeline import open_pipeline
    from rag.question import parse_question

    question = parse_question(options.question).text
    history = _history(options.history) if options.history else ()
    with open_pipeline(_settings(options)) as pipeline:
        answer = pipeline.ask(question, k=options.k, history=history)
    if options.json:
        from rag.serialise import answer_json

        print(json.dumps(answer_json(answer), ensure_ascii=False, indent=2))
    else:
        from rag.display import answer_text

        print(answer_text(answer, color=sys.stdout.isatty()))
    return OK if answer.answered else ABSTAINED


def _history(path: Path) -> Sequence[Message]:
    """The turns in a file of JSON, as `history` has them over HTTP."""
    from rag.conversation import parse_history
    from rag.errors import InputError

    try:
        return parse_history(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else f"is not JSON: {exc}"
        raise InputError(f"the history {path}: {reason}; it is a list of objects with role and content") from exc


def _search(options: argparse.Namespace) -> int:
    from rag.pipeline import open_pipeline
    from rag.question import parse_question

    query = parse_question(options.query).text
    with open_pipeline(_settings(options), language_model=False) as pipeline:
        hits = pipeline.search(query, options.k or 10)
    if options.json:
        from rag.serialise import hit_json

        print(json.dumps({"hits": [hit_json(hit) for hit in hits]}, ensure_ascii=False, indent=2))
    else:
        from rag.display import hits_text

        print(hits_text(hits))
    return OK


def _documents(options: argparse.Namespace) -> int:
    from rag.errors import InputError
    from rag.index.local import LocalIndex
    from rag.serialise import document_json

    settings = _settings(options)
    if options.action != "list" and not options.id:
        raise InputError(f"rag documents {options.action} needs the id of a document; `rag documents` lists them")
    with LocalIndex.open(settings.indexes_dir, settings.index, write=options.action == "remove") as index:
        if options.action == "remove":
            index.remove(options.id)
            index.publish()
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

    settings = _settings(options)
    with LocalIndex.open(settings.indexes_dir, settings.index) as index:
        problems = index.repair() if options.repair else index.verify()
    if options.json:
        print(json.dumps({"problems": [str(problem) for problem in problems]}, ensure_ascii=False))
        return OK if not problems else SOME_FAILED
    for problem in problems:
        print(f"  {problem}")
    hint = "" if options.repair else f"; `rag verify --repair --index {settings.index}` mends what can be mended"
    print(f"{len(problems)} problems{hint}" if problems else f"index {settings.index!r} is whole")
    return OK if not problems else SOME_FAILED


def _serve(options: argparse.Namespace) -> int:
    from api.app import serve

    serve(_settings(options))
    return OK


def _doctor(options: argparse.Namespace) -> int:
    from rag.doctor import examine

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
    index.add_argument("paths", nargs="+", metavar="PATH", help="files and folders; folders are read recursively")
    index.add_argument("--dry-run", action="store_true", help="show what would change and write nothing")
    index.add_argument("--embedder", help="a sentence-transformers model: folder or hub id")
    ask = command("ask", _ask, "answer a question, with citations, or say that the documents do not")
    ask.add_argument("question", metavar="QUESTION")
    ask.add_argument("--mode", choices=["auto", "quote", "write", "extract"], help="how the answer is said")
    ask.add_argument("--model", help="GGUF file, 'owner/name/file.gguf' of a hub, or 'none'")
    ask.add_argument(
        "--history",
        type=Path,
        metavar="FILE",
        help="JSON: the turns before the question, oldest first, each with role (user or assistant) and content",
    )
    ask.add_argument("-k", type=int, help="passages that the answer lists (default: 5)")
    search = command("search", _search, "list the passages that fit a query, with scores")
    search.add_argument("query", metavar="QUERY")
    search.add_argument("-k", type=int, help="passages to list (default: 10)")
    documents = command("documents", _documents, "list, show or remove documents")
    documents.add_argument("action", nargs="?", choices=["list", "show", "remove"], default="list")
    documents.add_argument("id", nargs="?", metavar="ID")
    verify = command("verify", _verify, "check an index against its catalogue")
    verify.add_argument("--repair", action="store_true", help="make again what can be made from the catalogue")
    serve = command("serve", _serve, "serve answers over HTTP, with a web page at /")
    serve.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on (default: 8000)")
    serve.add_argument("--model", help="GGUF file, 'owner/name/file.gguf' of a hub, or 'none'")
    command("doctor", _doctor, "what is installed, what is wrong, and the command that mends it")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
