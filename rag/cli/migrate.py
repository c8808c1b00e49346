"""The command `rag migrate`: an index copied from one store to the other, and both compared.

In: parsed arguments. Out: text or JSON about what was copied and how the two compare. Ctrl-C keeps finished
documents; the same command resumes.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from typing import TYPE_CHECKING

from rag.cli.progress import Interrupts, ProgressBar
from rag.errors import InputError

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.stores.compare import Check
    from rag.stores.migrate import Migrated

OK, DIFFERENT, INTERRUPTED = 0, 1, 130
_NAMED = 10  # most documents that are named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rag migrate`."""
    stores = ["local", "milvus"]
    parser.add_argument("--from", dest="source", choices=stores, required=True, help="the store to copy from")
    parser.add_argument("--to", dest="target", choices=stores, required=True, help="the store to copy to")
    parser.add_argument(
        "--searches",
        type=int,
        default=200,
        metavar="N",
        help="number of passages by which both are compared (default: 200; 0: none)",
    )


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Copy and compare; returns the exit code: 0 both are the same, 1 they differ, 130 interrupted by Ctrl-C."""
    from rag.background import Run
    from rag.index.folders import ANY, Expected
    from rag.stores.compare import compare_indexes
    from rag.stores.migrate import migrate
    from rag.stores.open import open_as

    if options.source == options.target:
        raise InputError(f"--from and --to are both {options.source}: migrate copies from one store to another", "to")
    if options.searches < 0:
        raise InputError(f"--searches is {options.searches}; it can be 0 or more", "searches")
    stores = [settings.model_copy(update={"store": name}) for name in (options.source, options.target)]
    with open_as(stores[0], ANY) as source:
        made_with = Expected(*source.settings)
        with open_as(stores[1], made_with, create=True) as target:
            with Interrupts() as interrupts, ProgressBar("document") as progress:
                done = migrate(source, target, Run(progress, interrupts))
            if done.left:
                return _stopped(done, options)
            check = compare_indexes(source, target, options.searches)
    _print(done, check, options)
    return OK if check.equal else DIFFERENT


def _stopped(done: Migrated, options: argparse.Namespace) -> int:
    flags = {"index": "index", "indexes-dir": "indexes_dir", "uri": "milvus_uri"}
    named = [f"--{flag}={value}" for flag, name in flags.items() if (value := getattr(options, name))]
    command = shlex.join(["rag", "migrate", "--from", options.source, "--to", options.target, *named])
    print(
        f"rag: interrupted, {done.left} documents left; finished documents are kept. Resume with `{command}`",
        file=sys.stderr,
    )
    return INTERRUPTED


def _print(done: Migrated, check: Check, options: argparse.Namespace) -> None:
    if options.json:
        counts = {"copied": done.copied, "there": done.there, "removed": done.removed}
        told = ("documents", "passages", "listed_alike", "compared", "different", "searches", "dense", "hits")
        figures = {name: getattr(check, name) for name in told}
        print(json.dumps(counts | figures | {"lexical": check.lexical, "equal": check.equal}, ensure_ascii=False))
        return
    print(f"{done.copied} documents copied, {done.there} were there, {done.removed} removed")
    for what in ("documents", "passages"):
        print(f"{what}: {getattr(check, what)[0]} in {options.source}, {getattr(check, what)[1]} in {options.target}")
    if not check.listed_alike:
        print("the lists of documents differ: was one of them written to meanwhile? run this again")
    if check.searches:
        _print_searches(check)


def _print_searches(check: Check) -> None:
    same = check.compared - len(check.different)
    print(f"text, spans and vectors: {same} of {check.compared} documents are the same to the bit")
    for name in check.different[:_NAMED]:
        print(f"  different  {name}")
    print(f"first ten by vector: {check.dense} of {check.searches} searches the same")
    print(f"first ten hits of a question: {check.hits} of {check.searches} the same")
    print(
        f"first ten by BM25: {check.lexical / check.searches:.1%} are in both (lengths are rounded in the local store)"
    )
