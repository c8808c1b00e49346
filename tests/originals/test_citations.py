"""Boxes of citations on the command line; in the service they are tested with `api.work.citation_boxes`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import rag.pipeline
from rag.cli.main import main
from tests.api.test_citation_boxes import Library, cited


def test_json_of_the_command_line_has_boxes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library: Any = Library(tmp_path)
    library.ask = lambda asked: cited("a.pdf", "a.html")

    @contextmanager
    def opened(*_: object) -> Iterator[SimpleNamespace]:
        yield library

    monkeypatch.setattr(rag.pipeline, "open_pipeline", opened)
    main(["ask", "Who found the pump?", "--json"])
    first, second = json.loads(capsys.readouterr().out)["citations"]
    assert [box["page"] for box in first["boxes"] + first["answer_boxes"]] == [1, 1]
    assert (second["boxes"], second["answer_boxes"]) == (None, None)
