"""The summary of `rag index`: a fault of the program comes with its traceback if that is wanted."""

from __future__ import annotations

import argparse
import json

import pytest

from rag.cli import index as command
from rag.cli import index_report as report
from rag.ingest.run import Failure, Note, Summary
from rag.settings import Settings

SUMMARY = Summary(
    added=["docs/good.txt"],
    failed=[
        Failure("docs/a.pdf", "a.pdf: is damaged"),
        Failure("docs/b.pdf", "b.pdf: rag failed", "Traceback: lines\n"),
    ],
)


NOTED = Summary(added=["docs/c.pdf"], notes=[Note("docs/c.pdf", "c.pdf: page 2 was not read")])


def options_of(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args([*arguments, "docs"])


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Standard error of the summary of a run with two failures."""
    options = options_of(*arguments)
    assert report.print_summary(SUMMARY, 1, options, Settings()) == report.SOME_FAILED
    return capsys.readouterr().err


def test_tracebacks_are_shown_if_they_are_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    failed = "  failed   a.pdf: is damaged\n  failed   b.pdf: rag failed\n"
    traceback = "\ndocs/b.pdf:\nTraceback: lines\n\n"
    assert printed(capsys) == failed
    assert printed(capsys, "-v") == printed(capsys, "--verbose") == failed + traceback
    assert printed(capsys, "--json") == ""
    assert printed(capsys, "--json", "-v") == traceback


def test_what_was_not_read_of_a_file_is_named_and_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.print_summary(NOTED, 1, options_of(), Settings()) == report.OK
    assert capsys.readouterr().err == "  note     c.pdf: page 2 was not read\n"
    assert report.print_summary(NOTED, 1, options_of("--json"), Settings()) == report.OK
    printed = json.loads(capsys.readouterr().out)
    assert printed["notes"] == [{"document_id": "docs/c.pdf", "message": "c.pdf: page 2 was not read"}]
