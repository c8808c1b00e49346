"""The documentation: its commands exist as they are written, its Python compiles, its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.cli.arguments import wrong_word
from rag.cli.main import main, parser
from rag.settings import load_settings
from rag.stores.open import open_index

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
MODULE = re.compile(r"(?:(?:rag|api|tests)/[\w/]+|\w+)\.(?:py|npz|onnx|js)")
FORM = re.compile(r"\[|\||\.\.\.$|PATH\.\.\.")  # what a command takes, not a command


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each `rag` command in a block, behind `rag`, without comments and what the shell does with it."""
    for _, text in BLOCK.findall(page.read_text("utf-8")):
        for line in text.splitlines():
            words = re.split(r" {2,}", line.removeprefix("$ ").strip())[0]  # what follows says what it does
            if words.startswith("rag ") and not FORM.search(words):
                yield list(_until_shell(shlex.split(words, comments=True)[1:]))


def _until_shell(words: list[str]) -> Iterator[str]:
    for word in words:
        if word in ("<", ">", "&", "&&", "2>"):
            return
        yield word


EXAMPLES = [(page, words) for page in PAGES for words in commands(page)]


def test_there_are_examples_on_the_pages_that_should_have_some() -> None:
    pages = {page.name for page, _ in EXAMPLES}
    assert {"README.md", "usage.md", "evaluation.md", "http.md"} <= pages
    assert len(EXAMPLES) > 40


@pytest.mark.parametrize(("page", "words"), EXAMPLES, ids=lambda value: str(getattr(value, "name", value)))
def test_a_command_is_understood(page: Path, words: list[str]) -> None:
    whole, by_name = parser()
    assert wrong_word(words, whole, by_name) == ""
    options, left = whole.parse_known_args(words)
    assert left == []
    assert callable(options.run)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_compiles(page: Path) -> None:
    for number, (language, text) in enumerate(BLOCK.findall(page.read_text("utf-8"))):
        if language == "python":
            compile(text, f"{page.name}, block {number}", "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    prose = CODE.sub("", BLOCK.sub("", page.read_text("utf-8")))
    assert [link for link in LINK.findall(prose) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", ["architecture.md", "glossary.md"])
def test_modules_that_a_page_names_are_there(page: str) -> None:
    """With their folders, or by their names alone beside others of their room."""
    there = {path.name for room in ("rag", "api", "tests") for path in (ROOT / room).rglob("*.*")}
    named = [found.strip("`") for found in CODE.findall((ROOT / "docs" / page).read_text("utf-8"))]
    modules = [name for name in named if MODULE.fullmatch(name)]
    assert len(modules) > 10
    assert [name for name in modules if not ((ROOT / name).exists() if "/" in name else name in there)] == []


def test_the_page_of_commands_is_what_the_script_prints() -> None:
    command = [sys.executable, str(ROOT / "docs" / "commands.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    printed = subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert page == printed, "run: python docs/commands.py > docs/commands.md"
    assert [name.removeprefix("## rag ") for name in page.splitlines() if name.startswith("## rag ")] == list(
        parser()[1]
    )


@pytest.mark.models
def test_the_tutorial_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seeds").symlink_to(ROOT / "seeds")
    tutorial = ROOT / "docs" / "tutorial.md"
    codes, shown = [], []
    for words in commands(tutorial):
        if "demo" in words:
            codes.append(main(words))
            shown.append(capsys.readouterr().out)
    assert codes == [0, 0, 0, 3, 0, 0]
    assert "Emmanuel Macron" in shown[2]
    assert "The documents do not answer this question." in shown[3]
    answer = json.loads(shown[5])
    cited = answer["citations"][0]
    with open_index(load_settings(index="demo"), None, chunker=False) as index:
        text = index.document(cited["document_id"]).text
    assert text[cited["start"] : cited["end"]] == cited["quote"]
    (python,) = [text for language, text in BLOCK.findall(tutorial.read_text("utf-8")) if language == "python"]
    exec(compile(python, "tutorial.md", "exec"), {})
    assert "paris-meeting-on-ukraine.txt" in capsys.readouterr().out
