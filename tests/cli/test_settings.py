"""`rag settings`: values, their origins, and secrets that stay secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.cli.main import main
from rag.settings import Settings


def test_each_setting_is_listed_with_the_place_it_came_from(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "rag.toml").write_text('k = 7\nport = 9000\nmodel_key = "abc-secret"\n')
    monkeypatch.setenv("RAG_PORT", "9001")
    monkeypatch.setenv("rag_queue", "3")
    monkeypatch.setenv("INDEX", "not a setting")
    assert main(["settings", "--json"]) == 0
    text = capsys.readouterr().out
    listed = {one["name"]: (one["value"], one["origin"]) for one in json.loads(text)}
    assert listed.keys() == Settings.model_fields.keys()
    file = str(here / "rag.toml")
    assert listed["k"] == (7, file)
    assert listed["port"] == (9001, "RAG_PORT")
    assert listed["queue"] == (3, "rag_queue")
    assert listed["index"] == ("default", "default")
    assert listed["model_key"] == ("***", file)
    assert listed["milvus_token"] == ("", "default")
    assert "abc-secret" not in text


def test_what_was_set_comes_first_in_the_text(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "rag.toml").write_text("grace_seconds = 5\n")
    assert main(["settings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["grace_seconds", "5.0", f"({here / 'rag.toml'})"]
    assert lines[1].split() == ["indexes_dir", "indexes", "(default)"]
    assert len(lines) == len(Settings.model_fields)
