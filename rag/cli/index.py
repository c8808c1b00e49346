"""The command `rag index`: an index brought in line with files and folders, with progress, a summary and an exit code.

In: parsed arguments. Out: text or JSON; failures are raised as `RagError` for `rag.cli.main` to print. Ctrl-C commits
the batches at hand and prints the command that resumes. Models are loaded only if something has to be embedded.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator, Sequence, Sized
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rag.cli.addresses import fetched
from rag.cli.index_report import held_text, print_dry_run, print_summary
from rag.cli.progress import Interrupts, ProgressBar
from rag.cli.waiting import WAIT_S, when_free
from rag.errors import InputError

if TYPE_CHECKING:
    from rag.documents.discover import Skipped
    from rag.documents.options import ReadOptions
    from rag.ingest.changes import Change
    from rag.ingest.prepare import Preparer
    from rag.ingest.run import Summary
    from rag.ingest.vanished import Held
    from rag.seams import Embedder, VectorSpace, WritableIndex
    from rag.settings import Settings
    from rag.types import Failed, FileState

OK, SOME_FAILED, NOTHING_DONE, INTERRUPTED = 0, 1, 2, 130


class _Sources(NamedTuple):
    """Paths to read, and below them the copies that could not be fetched anew."""

    paths: Sequence[Path]
    missed: Sequence[Skipped] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rag index`."""
    _add_files(parser)
    _add_reading(parser)
    _add_embedding(parser)


def _add_files(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which files are brought in, and what becomes of those that vanished or failed."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files and folders; folders are read recursively. Or addresses: a page or sitemap (https://), a folder on "
        "a server (webdavs://, webdav://, s3://BUCKET/FOLDER)",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would change and write nothing")
    parser.add_argument("--watch", action="store_true", help="afterwards follow every change until Ctrl-C")
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave out files and folders that fit a pattern of gitignore, such as '*.log' or 'drafts/'; may be "
        "repeated. A file .ragignore in a folder does so each time",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="fetch from this host although its address is private; may be repeated",
    )
    parser.add_argument(
        "--prune", action="store_true", help="remove vanished documents even if they are most of those below a path"
    )
    parser.add_argument(
        "--keep-going", action="store_true", help="exit with 0 if only files failed that failed before, unchanged"
    )


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say how files are read."""
    parser.add_argument(
        "--workers", type=int, metavar="N", help="number of processes that read files (default: one a core)"
    )
    parser.add_argument(
        "--password", action="append", default=[], help="password of encrypted PDF files; may be repeated"
    )
    parser.add_argument(
        "--ocr-languages",
        default="eng",
        metavar="A+B",
        help="languages of scanned pages, as tesseract names them (default: eng)",
    )
    parser.add_argument(
        "--include-hidden",
        action="store_true",
        help="read text that nobody sees: hidden, in the colour of its background, smaller than 2 points",
    )


def _add_embedding(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say where passages are embedded, with what, and when."""
    parser.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="HOST:PORT",
        help="read and embed on the Ray cluster at this address; without one, on a new cluster on this machine",
    )
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=WAIT_S,
        metavar="SECONDS",
        help=f"wait so long while another process writes to the index, such as a service (default: {WAIT_S:g})",
    )
    parser.add_argument("--embedder", help="sentence-transformers model: a folder or hub id")
    parser.add_argument(
        "--reembed", action="store_true", help="first embed all documents anew, with another embedder or chunker"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show the traceback of each file on which the program failed"
    )


def _seconds(text: str) -> float:
    """The number of an argument. Raises `ValueError`, which argparse tells."""
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError
    return seconds


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Run the command; returns the exit code: 0 success, 1 some files failed, 2 nothing could be done, 130
    interrupted."""
    if options.ray:
        from rag.ingest.ray.cluster import checked_host_port

        checked_host_port(options.ray)
    if options.ray is not None and options.reembed:
        raise InputError("--reembed works on this machine: leave --ray out", "ray")
    if options.watch and options.dry_run:
        raise InputError("--dry-run writes nothing and --watch goes on writing: leave one of them out", "watch")
    if options.reembed:
        code = _reembed(options, settings)
        if code or not options.paths:
            return code
    if not options.paths:
        raise InputError("rag index needs the paths of files or folders, such as `rag index ~/notes`", "paths")
    if (mirrored := fetched(options, settings)) is not None:
        if not mirrored.whole:
            print("rag: interrupted while fetching; the same command goes on", file=sys.stderr)
            return INTERRUPTED
        code = _bring_in_line(_Sources(mirrored.folders, mirrored.skipped), options, settings)
        return SOME_FAILED if code == OK and mirrored.skipped else code
    sources = _Sources([Path(path) for path in options.paths])
    code = _bring_in_line(sources, options, settings)
    return code if options.dry_run or not options.watch or code == INTERRUPTED else _watch(sources, options, settings)


def _watch(sources: _Sources, options: argparse.Namespace, settings: Settings) -> int:
    """Bring the index in line at each change. It is free for other writers in between. What could not be taken in, such
    as of an index that is busy, is tried again soon."""
    from threading import Event

    from rag.errors import RagError
    from rag.ingest.watch import changes

    print(f"rag: watching {', '.join(map(str, sources.paths))}; Ctrl-C ends it", file=sys.stderr)
    pending = Event()
    pending.set()  # what changed during the first run was not watched
    for _ in changes(sources.paths, settings.indexes_dir, options.exclude, pending.is_set):
        try:
            if _bring_in_line(sources, options, settings) == INTERRUPTED:
                return INTERRUPTED
            pending.clear()
        except RagError as exc:  # such as a folder that has vanished: a later change may restore it
            print(f"rag: {exc}", file=sys.stderr)
            pending.set()
    return OK


def _bring_in_line(sources: _Sources, options: argparse.Namespace, settings: Settings) -> int:
    """Open the index once and walk the folders once; models are loaded only if a file has changed."""
    from rag.ingest.roots import follow
    from rag.stores.open import list_indexes, open_index

    if options.dry_run:
        return _dry_run(sources, options, settings)
    if settings.index not in list_indexes(settings):
        return _first_run(sources, options, settings)
    with when_free(lambda: open_index(settings, None, write=True), options.wait) as index:
        follow(sources.paths, index)
        known = index.files()
        change = _changes(sources, known, index.failures(), options, settings)
        done = None if _is_asked_about(change, options) else _brought_in_line(change, index, known, options, settings)
    if done is None:  # the index is free for others while somebody thinks
        agreed = change.kept if _may_go(change.held) else []
        with when_free(lambda: open_index(settings, None, write=True), options.wait) as index:
            follow(sources.paths, index)
            known = index.files()
            change = _changes(sources, known, index.failures(), options, settings, agreed)
            done = _brought_in_line(change, index, known, options, settings)
    return _report(done, options, settings)  # a cluster that is connected keeps standard output for itself


def _brought_in_line(
    change: Change, index: WritableIndex, known: Sized, options: argparse.Namespace, settings: Settings
) -> _Done:
    from rag.stores.open import check_made_with

    if not change.changed:
        return _carry_out(change, index, None, settings, len(known))
    with _preparer(options, settings) as (space, preparer):
        check_made_with(index, settings, space)
        return _carry_out(change, index, preparer, settings)


def _first_run(sources: _Sources, options: argparse.Namespace, settings: Settings) -> int:
    """Make the index, unless there is nothing to put into it."""
    from rag.ingest.roots import follow
    from rag.stores.open import discard_empty, open_index

    change = _changes(sources, {}, [], options, settings)
    if not change.changed:
        return _nothing_to_read(sources.paths, change.skipped)
    with (
        _preparer(options, settings) as (space, preparer),
        when_free(lambda: open_index(settings, space, create=True), options.wait) as index,
    ):
        follow(sources.paths, index)
        if known := index.files():  # another process has made it meanwhile
            change = _changes(sources, known, index.failures(), options, settings)
        done = _carry_out(change, index, preparer, settings)
    if not done.documents:
        discard_empty(settings)
    return _report(done, options, settings)


def _changes(
    sources: _Sources,
    known: dict[str, FileState],
    failures: Sequence[Failed],
    options: argparse.Namespace,
    settings: Settings,
    agreed: Sequence[str] = (),
) -> Change:
    from rag.ingest.changes import find_changes

    how, prune = _reading(options), options.prune or agreed
    return find_changes(
        sources.paths, known, settings.indexes_dir, how, failures, options.exclude, prune, sources.missed
    )


def _is_asked_about(change: Change, options: argparse.Namespace) -> bool:
    """True if a person is to say if documents may go; nobody is asked without a terminal, and while a folder is
    watched."""
    return bool(change.held and not (options.json or options.watch) and sys.stdin.isatty() and sys.stderr.isatty())


def _may_go(held: Sequence[Held]) -> bool:
    """Ask if so many documents may be removed."""
    for each in held:
        print(f"rag: {held_text(each)}", file=sys.stderr)
    print("Remove them? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


class _Done(NamedTuple):
    """A run that has ended."""

    summary: Summary
    documents: int  # in the index
    interrupted: bool


def _carry_out(
    change: Change,
    index: WritableIndex,
    preparer: Preparer | None,
    settings: Settings,
    before: int | None = None,
) -> _Done:
    """Do what was found; `before` is how many documents the index has, if nothing is put in."""
    from rag.background import Run
    from rag.index.originals import ORIGINALS, bring_copies_in_line
    from rag.ingest.run import carry_out

    with Interrupts() as interrupts, ProgressBar("byte") as progress:
        summary = carry_out(change, index, preparer, Run(progress, interrupts))
    if settings.keep_originals or (index.folder / ORIGINALS).is_dir():
        bring_copies_in_line(index.folder, index.files(), settings.keep_originals)
    documents = len(index.files()) if before is None else before - len(summary.removed)
    return _Done(summary, documents, interrupts())


def _report(done: _Done, options: argparse.Namespace, settings: Settings) -> int:
    code = print_summary(done.summary, done.documents, options, settings)
    return _stopped(done.summary.left, "files", options.paths, options) if done.interrupted else code


def _dry_run(sources: _Sources, options: argparse.Namespace, settings: Settings) -> int:
    from rag.ingest.roots import followed
    from rag.stores.open import list_indexes, open_index

    known: dict[str, FileState] = {}
    failures: list[Failed] = []
    if settings.index in list_indexes(settings):
        with open_index(settings, None, chunker=False) as index:
            known, failures = followed(sources.paths, index.files(), index.roots()), index.failures()
    return print_dry_run(_changes(sources, known, failures, options, settings), known, options.json)


@contextmanager
def _preparer(options: argparse.Namespace, settings: Settings) -> Iterator[tuple[VectorSpace, Preparer]]:
    """The preparer that reads and embeds, with the space of its vectors: this process, or a Ray cluster."""
    with (_here if options.ray is None else _on_ray)(options, settings) as prepared:
        yield prepared


@contextmanager
def _here(options: argparse.Namespace, settings: Settings) -> Iterator[tuple[VectorSpace, Preparer]]:
    from rag.documents.pool import ReaderPool
    from rag.ingest.prepare import Here

    embedder = _embedder(settings)
    with ReaderPool(settings.workers, _reading(options)) as pool:
        yield embedder, Here(embedder, settings.passage_tokens, pool.read)


@contextmanager
def _on_ray(options: argparse.Namespace, settings: Settings) -> Iterator[tuple[VectorSpace, Preparer]]:
    """The preparer on a Ray cluster, with as many workers as the settings say; on a cluster elsewhere, one for each
    processor if they say nothing."""
    from rag.ingest.ray.preparer import ray_preparer
    from rag.ingest.ray.worker import Work
    from rag.models import load_embedder

    said = not options.ray or "workers" in settings.model_fields_set
    threads = 1 if options.ray else max(1, settings.threads // settings.workers)
    load = partial(load_embedder, settings.embedder, threads)
    work = Work(load, settings.passage_tokens, _reading(options))
    with ray_preparer(options.ray or None, settings.workers if said else None, work) as preparer:
        yield preparer, preparer


@cache
def _embedder(settings: Settings) -> Embedder:
    """The embedder, loaded once however often a watched folder changes."""
    from rag.models import load_embedder

    return load_embedder(settings.embedder, settings.threads, settings.cache_dir)


def _reading(options: argparse.Namespace) -> ReadOptions:
    from rag.documents.options import ReadOptions

    languages = tuple(options.ocr_languages.split("+"))
    return ReadOptions(tuple(options.password), languages, include_hidden=options.include_hidden)


def _reembed(options: argparse.Namespace, settings: Settings) -> int:
    from rag.background import Run
    from rag.index.local import LocalIndex
    from rag.ingest.reembed import reembed
    from rag.stores.open import local_only

    local_only(settings, "rag index --reembed", "index the documents under another name")
    with when_free(lambda: LocalIndex.open(settings.indexes_dir, settings.index, write=True), options.wait) as index:
        embedder = _embedder(settings)
        before = index.settings
        with Interrupts() as interrupts, ProgressBar("document") as progress:
            summary = reembed(index, embedder, settings, Run(progress, interrupts))
        documents = len(index.files())
        after = index.settings
    if summary.left:
        print(f"rag: the index is as it was, with {before.embedder}", file=sys.stderr)
        return _stopped(summary.left, "documents", ["--reembed", *options.paths], options)
    if options.json:
        print(json.dumps({"documents": documents, "before": before._asdict(), "after": after._asdict()}))
    else:
        was = "" if before == after else f" (before: {before.embedder}, {before.chunker})"
        print(
            f"{documents} documents of index {settings.index!r} have vectors of {after.embedder}, {after.chunker}{was}"
        )
    return OK


def _stopped(left: int, what: str, arguments: Sequence[str], options: argparse.Namespace) -> int:
    flags = {"index": "index", "store": "store", "uri": "milvus_uri", "embedder": "embedder"}
    named = [(f"--{flag}", getattr(options, name)) for flag, name in flags.items() if getattr(options, name)]
    named += [("--exclude", pattern) for pattern in options.exclude]
    named += [("--allow-host", host) for host in options.allow_host]
    hidden = ["--include-hidden"] if options.include_hidden else []
    command = shlex.join(["rag", "index", *arguments, *(part for pair in named for part in pair), *hidden])
    print(f"rag: interrupted, {left} {what} left; finished {what} are kept. Resume with `{command}`", file=sys.stderr)
    return INTERRUPTED


def _nothing_to_read(paths: Sequence[Path], skipped: Sequence[Skipped]) -> int:
    from rag.documents.formats import NAMED
    from rag.mirror.places import original_address

    for item in skipped[:10]:
        print(f"  skipped  {original_address(str(item.path))}: {item.reason}", file=sys.stderr)
    names = ", ".join(original_address(str(path)) for path in paths)
    print(f"rag: no readable file in {names}: types that are read are {NAMED} and source code", file=sys.stderr)
    return NOTHING_DONE
