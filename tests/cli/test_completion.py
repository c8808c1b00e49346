"""`rag completion`: the code of each shell, and what the program answers to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag.cli.main import main
from rag.settings import load_settings
from rag.stores.open import open_index
from tests.fakes import HashEmbedder
from tests.index.contract import MILLS, put

ROOT = Path(__file__).parent.parent.parent


def completed(line: str, folder: Path) -> list[str]:
    """What a shell is told at a Tab at the end of the line."""
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": "bash", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    answer = folder / "answer"
    environment = os.environ | asked | {"_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "rag.cli.main"], env=environment, cwd=folder, check=True, timeout=60)
    return [word.strip() for word in answer.read_text().split("\x0b") if word.strip()]


@pytest.mark.parametrize(("shell", "mark"), [("bash", "complete "), ("zsh", "compdef"), ("fish", "complete --command")])
def test_the_code_of_a_shell_is_printed(capsys: pytest.CaptureFixture[str], shell: str, mark: str) -> None:
    assert main(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert mark in printed
    assert "rag" in printed


def test_commands_options_choices_and_indexes_are_completed(here: Path) -> None:
    for name in ("notes", "minutes"):
        with open_index(load_settings(index=name), HashEmbedder(), create=True) as index:
            put(index, MILLS)
    assert completed("rag mig", here) == ["migrate"]
    assert completed("rag models u", here) == ["use"]
    assert "--history" in completed("rag ask --", here)
    assert completed("rag ask --mode ex", here) == ["extract"]
    assert completed("rag ask --index ", here) == ["minutes", "notes"]
    assert completed(f"rag ask --indexes-dir {here / 'none'} --index ", here) == []
