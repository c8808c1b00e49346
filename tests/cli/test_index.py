"""The summary of `rag index`: a fault of the program comes with its traceback if that is wanted."""

from __future__ import annotations

import argparse

import pytest

from rag.cli import index as command
from rag.ingest.run import Failure, Summary
from rag.settings import Settings

SUMMARY = Summary(
    added=["docs/good.txt"],
    failed=[
        Failure("docs/a.pdf", "a.pdf: is damaged"),
        Failure("docs/b.pdf", "b.pdf: rag failed", "Traceback: lines\n"),
    ],
)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Standard error of the summary of a run with two failures."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args([*arguments, "docs"])
    assert command._print_summary(SUMMARY, 1, options, Settings()) == command.SOME_FAILED
    return capsys.readouterr().err


def test_tracebacks_are_shown_if_they_are_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    failed = "  failed   a.pdf: is damaged\n  failed   b.pdf: rag failed\n"
    traceback = "\ndocs/b.pdf:\nTraceback: lines\n\n"
    assert printed(capsys) == failed
    assert printed(capsys, "-v") == printed(capsys, "--verbose") == failed + traceback
    assert printed(capsys, "--json") == ""
    assert printed(capsys, "--json", "-v") == traceback
