"""The command `rag`: arguments in, one of the library's calls, text or JSON out.

Imports of the library stand inside the commands, so that `rag --help` and listings answer at once.
Exit codes: 0 success, 1 some files failed or a limit was missed, 2 nothing could be done, 3 abstained, 130 interrupted.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.cli import backup as cli_backup
from rag.cli import completion as cli_completion
from rag.cli import index as cli_index
from rag.cli import keys as cli_keys
from rag.cli import migrate as cli_migrate
from rag.cli.arguments import make_parser, surplus, wrong_word

if TYPE_CHECKING:
    from rag.index.verify import Problem
    from rag.pipeline import Pipeline
    from rag.settings import Settings
    from rag.types import Answer, Message

_BOXES_S = 60.0  # for the boxes of an answer's citations
OK, SOME_FAILED, NOTHING_DONE, ABSTAINED, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors that people can mend are one line on standard error."""
    gc.set_threshold(50_000, 20, 20)  # imports and a library's files make many objects and no cycles
    words = list(sys.argv[1:] if arguments is None else arguments)
    whole, by_name = parser()
    cli_completion.complete(whole)
    if not words:
        whole.print_help()
        return OK
    if wrong := wrong_word(words, whole, by_name):
        print(wrong, file=sys.stderr)
        return NOTHING_DONE
    options, left = whole.parse_known_args(words)
    if left:
        print(surplus(options, left), file=sys.stderr)
        return NOTHING_DONE
    from rag.errors import RagError

    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except RagError as exc:
        return _fail(options, exc)
    except KeyboardInterrupt:
        print("rag: interrupted; finished work is kept. Run the same command to resume", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `rag search ... | head` is no error
        sys.stderr.close()
        return OK


def parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of `rag`, and those of its sub-commands by name, such as "ask" and "keys add"."""
    return make_parser(_COMMANDS)


def _fail(options: argparse.Namespace, exc: Exception) -> int:
    if getattr(options, "json", False):
        print(json.dumps({"error": {"type": type(exc).__name__, "message": str(exc)}}, ensure_ascii=False))
    print(f"rag: {exc}", file=sys.stderr)
    return NOTHING_DONE


def _settings(options: argparse.Namespace) -> Settings:
    from rag.settings import load_settings

    if getattr(options, "milvus_uri", None) and getattr(options, "store", None) is None:
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
    settings = load_settings(**{name: getattr(options, name, None) for name in names})
    if getattr(options, "model", None):
        _check_model(settings)
    return settings


def _check_model(settings: Settings) -> None:
    """Raises `ModelError` if the model that `--model` names is not there: answers without it are not what was asked
    for."""
    from rag.llm.gguf import model_file
    from rag.llm.remote.endpoints import names_servers
    from rag.settings import EMBEDDED_MODEL, NO_MODEL

    if settings.model not in (EMBEDDED_MODEL, NO_MODEL) and not names_servers(settings.model):
        model_file(settings.model, settings.cache_dir, settings.threads)


def _keys(options: argparse.Namespace) -> int:
    from rag.settings import load_settings

    return cli_keys.run(options, load_settings(indexes_dir=options.indexes_dir))


def _mcp(options: argparse.Namespace) -> int:
    from api.agents.mcp import serve_stdio

    serve_stdio(_settings(options))
    return OK


def _index(options: argparse.Namespace) -> int:
    return cli_index.run(options, _settings(options))


def _backup(options: argparse.Namespace) -> int:
    return cli_backup.run_backup(options, _settings(options))


def _restore(options: argparse.Namespace) -> int:
    return cli_backup.run_restore(options, _settings(options))


def _migrate(options: argparse.Namespace) -> int:
    return cli_migrate.run(options, _settings(options))


def _with_boxes(answer: Answer, pipeline: Pipeline) -> Answer:
    """The answer with the boxes of its citations of PDFs, for which a process is started if there are any."""
    from contextlib import closing
    from dataclasses import replace

    from rag.deadline import Deadline
    from rag.originals.citations import is_of_pdf, with_boxes
    from rag.originals.viewer import Viewer

    if not any(map(is_of_pdf, answer.citations)):
        return answer
    with closing(Viewer(1)) as viewer:
        deadline = Deadline(_BOXES_S, None)
        placed = (with_boxes(citation, pipeline, viewer, deadline) for citation in answer.citations)
        return replace(answer, citations=tuple(placed))


def _ask(options: argparse.Namespace) -> int:
    from rag.index.filters import parse_filters, parse_pairs
    from rag.pipeline import open_pipeline
    from rag.retrieval.pasted import without_pasted
    from rag.retrieval.question import parse_question
    from rag.types import Ask

    question = " ".join(options.question)
    parse_question(without_pasted(question).question)  # before models are loaded
    filters = parse_filters(parse_pairs(options.filter))
    history = _history(options.history) if options.history else ()
    with open_pipeline(_settings(options)) as pipeline:
        answer = pipeline.ask(Ask(question, k=options.k, filters=filters, history=history))
        if options.json:
            answer = _with_boxes(answer, pipeline)
    if options.json:
        from rag.serialise import answer_json

        print(json.dumps(answer_json(answer), ensure_ascii=False, indent=2))
    else:
        from rag.cli.display import answer_text

        print(answer_text(answer, color=sys.stdout.isatty()))
    return OK if answer.answered else ABSTAINED


def _chat(options: argparse.Namespace) -> int:
    from rag.cli.chat import run

    return run(options, _settings(options))


def _history(path: Path) -> Sequence[Message]:
    """The turns in a file of JSON, in the form of `history` over HTTP."""
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

    query = parse_question(" ".join(options.query)).text
    filters = parse_filters(parse_pairs(options.filter))
    with open_pipeline(_settings(options), answers=False) as pipeline:
        hits = pipeline.search(query, options.k or 10, filters)
    if options.json:
        from rag.serialise import hit_json

        print(json.dumps({"hits": [hit_json(hit) for hit in hits]}, ensure_ascii=False, indent=2))
    else:
        from rag.cli.display import hits_text

        print(hits_text(hits))
    return OK


def _documents(options: argparse.Namespace) -> int:
    from rag.cli.documents import run

    return run(options, _settings(options))


def _models(options: argparse.Namespace) -> int:
    from rag.cli.models import run
    from rag.settings import load_settings

    return run(options, load_settings())


def _list_settings(options: argparse.Namespace) -> int:
    from rag.cli.settings import run
    from rag.settings import load_settings

    return run(options, load_settings())


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
    else:
        _print_problems(problems, options.repair, settings.index)
        if trained:
            print(
                f"dense search is quantised: {trained.probes} of {trained.lists} lists find {trained.recall:.1%} of "
                f"the ten nearest that exact search finds, measured with {trained.queries} queries"
            )
    return OK if not problems else SOME_FAILED


def _print_problems(problems: Sequence[Problem], repair: bool, index: str) -> None:
    for problem in problems:
        print(f"  {problem}")
    if not problems:
        print(f"index {index!r}: no problems")
        return
    found = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    hint = "" if repair else f"; `rag verify --repair --index {index}` repairs all that the catalogue can restore"
    print(f"{found} in index {index!r}{hint}")


def _serve(options: argparse.Namespace) -> int:
    from api.app import serve

    serve(_settings(options))
    return OK


def _eval(options: argparse.Namespace) -> int:
    from rag.cli.evaluate import evaluate

    return evaluate(options, _settings(options))


def _check(options: argparse.Namespace) -> int:
    from rag.cli.check import run

    return run(options)


def _calibrate(options: argparse.Namespace) -> int:
    from rag.cli.calibrate import calibrate

    return calibrate(options, _settings(options))


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


_COMMANDS = {
    "index": _index,
    "ask": _ask,
    "chat": _chat,
    "search": _search,
    "documents": _documents,
    "verify": _verify,
    "backup": _backup,
    "restore": _restore,
    "migrate": _migrate,
    "serve": _serve,
    "keys": _keys,
    "mcp": _mcp,
    "eval": _eval,
    "check": _check,
    "calibrate": _calibrate,
    "models": _models,
    "settings": _list_settings,
    "completion": cli_completion.run,
    "doctor": _doctor,
}

if __name__ == "__main__":
    raise SystemExit(main())
