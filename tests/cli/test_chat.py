"""`rag chat`: commands, history, filter, the kept conversation, and how answers and sessions end."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Sequence
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest

from rag.cli.chat import Chat, _line, completions, meant_documents
from rag.cli.chat_file import KeptChat
from rag.cli.main import main
from rag.deadline import Deadline
from rag.errors import InputError
from rag.models import Models
from rag.pipeline import Pipeline, open_pipeline
from rag.settings import Settings, load_settings
from rag.types import Filters, Passage, PassageReading
from tests.fakes import HashEmbedder, WordReader
from tests.test_pipeline import index_folder

LIBRARY = {
    "quarry.txt": "The Dunmore quarry was opened in 1902. It was flooded in 1931.",
    "kiln.txt": "The Dunmore kiln was opened in 1888. It was sold in 1940.",
}
IDS = ["papers/lease_flat.md", "papers/lease_garage.md", "old/Lease.md", "bill.md"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(indexes_dir=tmp_path / "indexes", index="t", model="none", cache_dir=tmp_path / "cache")


def opened(settings: Settings, folder: Path, reader: WordReader | None = None) -> Pipeline:
    models = Models(HashEmbedder(), reader=reader or WordReader())
    (folder / "docs").mkdir(exist_ok=True)
    for name, text in LIBRARY.items():
        (folder / "docs" / name).write_text(text, "utf-8")
    index_folder(folder / "docs", settings, models)
    return open_pipeline(settings, models, refuse_below=0.0)


def session(pipeline: Pipeline, settings: Settings, filters: Filters | None = None, as_json: bool = False) -> Chat:
    return Chat(pipeline, KeptChat.of(settings), filters, None, as_json)


def said(chat: Chat, capsys: pytest.CaptureFixture[str], *lines: str) -> str:
    for line in lines:
        chat.take(line)
    return capsys.readouterr().out


def test_a_question_refers_to_the_one_before_and_its_sources_can_be_shown_again(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(settings, tmp_path) as pipeline:
        chat = session(pipeline, settings)
        assert "no sources" in said(chat, capsys, "/sources")
        assert "opened in 1902" in said(chat, capsys, "When was the Dunmore quarry opened?\n")
        second = said(chat, capsys, "And when was it flooded?\n")
        assert "read as: And when was it flooded? (" in second
        assert "[1] quarry" in second
        sources = said(chat, capsys, "/sources\n")
        assert sources.strip() in second
        assert sources.startswith("[1] quarry, docs/quarry.txt, file of ")
        assert "read as" not in sources


def test_only_one_document_is_asked_until_that_is_lifted(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(settings, tmp_path) as pipeline:
        chat = session(pipeline, settings)
        assert said(chat, capsys, "/only KILN") == "only docs/kiln.txt is asked; /only lifts this\n"
        assert chat.prompt == "kiln.txt> "
        assert "opened in 1888" in said(chat, capsys, "When was the Dunmore quarry opened?")
        assert said(chat, capsys, "/only") == "all documents are asked\n"
        assert chat.prompt == "> "
        assert "opened in 1902" in said(chat, capsys, "When was the Dunmore quarry opened?")
        assert said(chat, capsys, "/only docs") == (
            "'docs' may mean docs/kiln.txt, docs/quarry.txt: give more of the id\n"
        )
        assert said(chat, capsys, "/only quary.txt") == (
            "no document has 'quary.txt' in its id: did you mean docs/quarry.txt?\n"
        )


def test_the_filter_of_the_command_line_comes_back(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(settings, tmp_path) as pipeline:
        chat = session(pipeline, settings, Filters(documents=("docs/kiln.txt",)))
        answer = said(chat, capsys, "/only quarry", "/only", "When was the Dunmore quarry opened?")
        assert "all documents that fit --filter are asked" in answer
        assert "opened in 1888" in answer


def test_commands_and_mistakes_leave_the_session_open(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(settings, tmp_path) as pipeline:
        chat = session(pipeline, settings)
        assert said(chat, capsys, "", "   ") == ""
        assert [line.split()[0] for line in said(chat, capsys, "/help").splitlines()] == [
            "/sources",
            "/only",
            "/help",
            "/quit",
        ]
        assert said(chat, capsys, "/source") == (
            "unknown command /source: did you mean /sources? (/help lists the commands)\n"
        )
        chat.take("???")
        assert capsys.readouterr().err == "rag: the question is empty: ask something in words\n"
        assert chat.goes_on
        assert said(chat, capsys, "Help ") == said(chat, capsys, "/help")
        chat.take("/quit")
        assert not chat.goes_on
        plain = session(pipeline, settings)
        plain.take("exit")
        assert not plain.goes_on
        other = session(pipeline, settings)
        other.take(None)
        assert not other.goes_on


def test_json_is_an_answer_a_line_and_messages_stand_beside_it(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(settings, tmp_path) as pipeline:
        chat = session(pipeline, settings, as_json=True)
        for line in ("When was the Dunmore quarry opened?", "/only kiln", "/sources", "?"):
            chat.take(line)
        captured = capsys.readouterr()
        answer, sources, error = map(json.loads, captured.out.splitlines())
        assert answer["citations"] == sources["citations"] != []
        assert error == {"error": {"type": "InputError", "message": "the question is empty: ask something in words"}}
        assert captured.err.startswith("only docs/kiln.txt is asked")


def test_a_conversation_is_kept_for_its_owner_and_resumed(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(settings, tmp_path) as pipeline:
        said(session(pipeline, settings), capsys, "When was the Dunmore quarry opened?")
        (file,) = (tmp_path / "cache" / "chats").iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        kept = KeptChat.of(settings)
        kept.load()
        assert kept.questions == ["When was the Dunmore quarry opened?"]
        assert [turn.role for turn in kept.history] == ["user", "assistant"]
        resumed = Chat(pipeline, kept, None, None, False)
        assert "opened in 1902" in said(resumed, capsys, "/sources")
        assert "read as: And when was it flooded? (" in said(resumed, capsys, "And when was it flooded?")
        other = KeptChat.of(settings.model_copy(update={"index": "u"}))
        with pytest.raises(InputError, match="start one with `rag chat --index u`"):
            other.load()


@pytest.mark.parametrize("content", ["", "[]", '{"turns": [["a"]], "citations": []}', '{"turns": [[1, 2]]}', "\x00"])
def test_a_damaged_conversation_is_named(settings: Settings, content: str) -> None:
    kept = KeptChat.of(settings)
    kept._file.parent.mkdir(parents=True)
    kept._file.write_text(content)
    with pytest.raises(InputError, match=r"holds no conversation .* start a new one with `rag chat --index t`"):
        kept.load()


class InterruptedReader(WordReader):
    """As at Ctrl-C while it reads, the first time."""

    def __init__(self) -> None:
        self.interrupts = 1

    def read(
        self, question: str, passages: Sequence[Passage], deadline: Deadline | None = None
    ) -> list[PassageReading]:
        if self.interrupts:
            self.interrupts -= 1
            os.kill(os.getpid(), signal.SIGINT)
        return super().read(question, passages, deadline)


def test_ctrl_c_ends_the_answer_and_not_the_session(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(settings, tmp_path, InterruptedReader()) as pipeline:
        chat = session(pipeline, settings)
        handler = signal.getsignal(signal.SIGINT)
        assert said(chat, capsys, "When was the Dunmore quarry opened?") == "stopped\n"
        assert signal.getsignal(signal.SIGINT) is handler
        assert chat.goes_on
        again = said(chat, capsys, "When was the Dunmore quarry opened?")
        assert "opened in 1902" in again
        assert "read as" not in again  # the one that was stopped is no turn


@pytest.mark.parametrize(
    ("part", "ids"),
    [
        ("bill.md", ["bill.md"]),
        ("lease.md", ["old/Lease.md"]),  # the name of a file, before names that hold it
        ("LEASE_", ["papers/lease_flat.md", "papers/lease_garage.md"]),
        ("lease", ["papers/lease_flat.md", "papers/lease_garage.md", "old/Lease.md"]),
        ("rent", []),
    ],
)
def test_a_part_of_an_id_means_documents(part: str, ids: list[str]) -> None:
    assert meant_documents(part, IDS) == ids


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("/", ["/sources", "/only ", "/help", "/quit"]),
        ("/s", ["/sources"]),
        ("/only gar", ["/only papers/lease_garage.md"]),
        ("/only rent", []),
        ("/sources x", []),
        ("When", []),
        ("", []),
    ],
)
def test_what_a_begun_line_may_become(line: str, lines: list[str]) -> None:
    assert completions(line, IDS) == lines


def test_lines_of_a_pipe_come_one_after_another_whatever_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"one\ntw\xff\n"), "utf-8"))
    assert [_line(""), _line(""), _line("")] == ["one\n", "tw\ufffd\n", None]


@pytest.mark.models
def test_questions_from_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_MODEL", "none")
    (tmp_path / "quarry.txt").write_text(LIBRARY["quarry.txt"])
    assert main(["chat"]) == 2
    assert 'there is no index "default"' in capsys.readouterr().err
    assert main(["index", "quarry.txt"]) == 0
    monkeypatch.setattr(sys, "stdin", StringIO("When was the Dunmore quarry opened?\n\nAnd when was it flooded?"))
    capsys.readouterr()
    assert main(["chat", "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["answered"], second["answered"]) == (True, True)
    assert second["citations"][0]["quote"] == "It was flooded in 1931."
    assert second["resolved_question"].startswith("And when was it flooded? (")
