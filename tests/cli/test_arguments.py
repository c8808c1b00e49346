"""Arguments: questions without quotes, numbers out of range, options where they do nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rag.cli.main import main

NO_INDEX = 'rag: there is no index "default"'


@pytest.mark.parametrize(
    "words",
    [
        ["ask", "Who", "built", "the", "mill?"],
        ["ask", "-k", "3", "Who", "built", "the", "mill?"],
        ["ask", "Who", "built", "the", "mill?", "--mode", "extract"],
        ["search", "mill", "at", "Corran", "-k", "100"],
    ],
)
def test_a_question_without_quotes_is_one_question(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(NO_INDEX)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["ask", "Who", "built", "-k", "3", "the mill?"],
            "'the mill?' stands apart from the question: put the question in quotes, 'Who built the mill?'",
        ),
        (["verify", "default"], "'default' is more than the command takes: leave it out"),
        (["documents", "list", "a.txt"], "`rag documents show a.txt` shows the document"),
        (["index", ".", "--watch", "--dry-run"], "--dry-run writes nothing and --watch goes on writing"),
        (["Who", "built", "the mill?"], "unknown command 'Who': to ask a question, `rag ask 'Who built the mill?'`"),
        (["What is rent?"], "unknown command 'What is rent?': to ask a question, `rag ask 'What is rent?'`"),
        (["ask", "Who?", "--model", "absent.gguf"], "no language model 'absent.gguf': give a GGUF file"),
        (["serve", "--model", "absent.gguf"], "no language model 'absent.gguf': give a GGUF file"),
        (["chat", "--model", "fake.gguf"], "fake.gguf is not a GGUF file"),
    ],
)
def test_words_that_cannot_be_used_are_named_with_the_remedy(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    (here / "fake.gguf").write_bytes(b"no model")
    assert main(words) == 2
    captured = capsys.readouterr()
    assert message in captured.err.splitlines()[-1]
    assert captured.out == ""


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("absent.gguf", "no language model 'absent.gguf': give a GGUF file"),
        ("fake.gguf", "fake.gguf is not a GGUF file"),
        ("real.gguf", "needs llama.cpp, which is not installed"),
        ("owner/name/file.gguf", "needs llama.cpp, which is not installed"),  # nothing is fetched
    ],
)
def test_an_absent_model_is_named_before_an_absent_llama_cpp(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, model: str, message: str
) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    (here / "fake.gguf").write_bytes(b"no model")
    (here / "real.gguf").write_bytes(b"GGUF....")
    assert main(["ask", "Who?", "--model", model]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("given", ["0", "101", "-1", "ten", "1.5"])
@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_number_of_passages_out_of_range_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], command: str, given: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "mill", f"-k={given}"])
    assert ended.value.code == 2
    assert f"argument -k: is '{given}'; it can be 1 to 100" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["serve"], "--json"),
        (["mcp"], "--json"),
        (["doctor"], "--index"),
        (["backup", "a", "b"], "--index"),
        (["backup", "a", "b"], "--uri"),
        (["restore", "b"], "--uri"),
        (["verify"], "--uri"),
        (["migrate"], "--store"),
        (["settings"], "--index"),
        (["models", "list"], "--index"),
        (["completion", "bash"], "--json"),
    ],
)
def test_an_option_that_would_do_nothing_is_unknown(
    here: Path, capsys: pytest.CaptureFixture[str], command: list[str], option: str
) -> None:
    assert main([*command, option, "x"]) == 2
    assert f"rag: unknown option {option} for `rag" in capsys.readouterr().err
