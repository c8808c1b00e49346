"""The command: exit codes, one-line errors, JSON. In process where it can be, so that models load once at most."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import rag
from rag.cli.doctor import _partly_read
from rag.cli.main import main
from rag.errors import ModelError
from rag.settings import load_settings
from rag.stores.open import open_index
from rag.types import DocumentInfo, LinkSpan
from tests.fakes import HashEmbedder
from tests.index.contract import BRIDGES, MILLS, put

QUESTION = "Who built the mill?"


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", ""], "the question is empty"),
        (["ask", "x" * 2001], "the limit is 2,000"),
        (["ask", QUESTION, "--history", "absent.json"], "the history absent.json: No such file or directory; it is a"),
        (["ask", QUESTION], 'there is no index "default"'),
        (["search", QUESTION, "--index", "nope"], "make it with `rag index PATH... --index nope`"),
        (["ask", QUESTION, "--index", "../../etc"], "cannot be the name of an index"),
        (["index", "absent"], "absent"),
        (["documents"], 'there is no index "default"'),
        (["documents", "show"], "needs the id of a document"),
        (["serve", "--port", "99999"], "setting 'port'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(lines(captured.err)) == 1
    assert captured.out == ""


def test_a_folder_without_readable_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "pictures").mkdir()
    (here / "pictures" / "a.png").write_bytes(b"\x89PNG")
    assert main(["index", "pictures"]) == 2
    error = capsys.readouterr().err
    assert "files of type .png are not read" in error
    assert "rag: no readable file in pictures: types that are read are " in error
    assert " .docx " in error
    assert not (here / "indexes").exists()


def test_a_settings_file_that_is_wrong_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "rag.toml").write_text("k = 'many'\n")
    assert main(["documents"]) == 2
    assert "setting 'k'" in capsys.readouterr().err
    (here / "rag.toml").write_text("k = \n")
    assert main(["documents"]) == 2
    assert "rag.toml cannot be read" in capsys.readouterr().err


@pytest.mark.models
def test_index_search_ask_documents_and_back(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = here / "library"
    library.mkdir()
    (library / "mill.txt").write_text("Ada Hart built the mill at Corran in 1859. It burned down.")
    (library / "empty.txt").write_text("")
    (library / "fake.txt").write_bytes(b"\x7fELF\x02\x01\x01\x00\x00\x00")
    (library / "broken.pdf").write_bytes(b"%PDF-1.7 broken")

    assert main(["index", "library"]) == 1
    captured = capsys.readouterr()
    assert "1 added, 0 replaced, 0 removed, 0 unchanged, 2 failed, 1 skipped" in captured.out
    assert all(name in captured.err for name in ("empty.txt", "fake.txt", "broken.pdf"))

    assert main(["search", "mill at Corran", "--json"]) == 0
    (hit,) = json.loads(capsys.readouterr().out)["hits"]
    assert (hit["document_id"], hit["start"], hit["text"]) == (
        "library/mill.txt",
        0,
        "Ada Hart built the mill at Corran in 1859. It burned down.",
    )

    assert main(["ask", QUESTION, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert "Ada Hart" in answer["answer"]
    assert answer["citations"][0]["quote"] == "Ada Hart built the mill at Corran in 1859."

    assert main(["ask", QUESTION, "--model", "none"]) == 0
    assert "Ada Hart built the mill at Corran in 1859 [1]." in capsys.readouterr().out

    assert main(["ask", "Who is the king of Norway?", "--model", "none"]) == 3
    assert "The documents do not answer this question." in capsys.readouterr().out
    assert main(["ask", "What does broken.pdf say?"]) == 3
    assert "broken.pdf could not be read: it is damaged" in capsys.readouterr().out

    (here / "rag.toml").write_text('model = "absent.gguf"\n')
    assert main(["ask", QUESTION]) == 0
    assert "note: answering without a language model" in capsys.readouterr().out
    (here / "rag.toml").unlink()

    assert main(["index", "library", "--dry-run"]) == 0
    assert "1 unchanged, 2 failed before; nothing was written" in capsys.readouterr().out
    assert main(["index", "library"]) == 1
    assert "1 unchanged, 0 failed, 2 failed as before, 1 skipped" in capsys.readouterr().out
    assert main(["index", "library", "--keep-going"]) == 0
    capsys.readouterr()
    (library / "mill.txt").unlink()
    for name in ("empty.txt", "fake.txt", "broken.pdf"):
        (library / name).unlink()
    held = f"1 of 1 documents below {library} are no longer there, and none of them was removed: is its drive there? "
    assert main(["index", "library"]) == 1
    captured = capsys.readouterr()
    assert f"rag: {held}`--prune` removes them\n" in captured.err
    assert "0 removed" in captured.out
    assert main(["documents"]) == 0
    assert capsys.readouterr().out == "library/mill.txt  mill  (1 passage, stale)\n"
    assert main(["index", "library", "--dry-run"]) == 1
    assert f"held     {held}" in capsys.readouterr().out
    assert main(["index", "library", "--prune"]) == 0
    assert "0 added, 0 replaced, 1 removed" in capsys.readouterr().out
    assert main(["ask", "What does broken.pdf say?"]) == 3
    assert "could not be read" not in capsys.readouterr().out
    assert main(["verify"]) == 0
    assert capsys.readouterr().out == "index 'default': no problems\n"


def test_a_damaged_catalogue_is_named_and_kept(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "indexes" / "default").mkdir(parents=True)
    file = here / "indexes" / "default" / "catalogue.sqlite"
    file.write_bytes(b"")
    assert main(["search", QUESTION]) == 2
    error = capsys.readouterr().err
    assert "catalogue.sqlite" in error
    assert len(lines(error)) == 1
    assert file.exists()


def test_doctor_says_what_is_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    findings = {item["what"]: item for item in json.loads(capsys.readouterr().out)}
    assert findings["embedder"]["ok"]
    assert "all-MiniLM-L6-v2" in findings["embedder"]["found"]
    assert findings["indexes"]["remedy"] == "rag index PATH..."
    optional = ("OCR", "LibreOffice", "otel", "milvus", "postgres", "ray")
    assert all(findings[name]["ok"] for name in optional)
    assert all(findings[name]["remedy"] for name in optional if findings[name]["found"].startswith("not installed"))
    assert findings["models from a hub"]["ok"]
    assert list(findings)[-1] == "answers"
    assert findings["answers"]["found"] == ("given from any folder, without a network: the models are on this machine")


def test_doctor_says_why_nothing_can_be_answered_and_what_needs_a_network(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "rag.toml").write_text('embedder = "ann/words"\nmodel = "http://127.0.0.1:9/v1"\n')
    main(["doctor"])
    assert capsys.readouterr().out.splitlines()[-1] == (
        "ok   answers: given from any folder; the embedder ann/words and the language model http://127.0.0.1:9/v1 may "
        "need a network"
    )

    def lost(*_: object) -> None:
        raise ModelError("reader.onnx is not there: install the package anew")

    monkeypatch.setattr("rag.reading.reader.Reader.load", lost)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "BAD  answers: none can be given: reader: reader.onnx is not there",
        "     -> install the package anew",
    ]


def test_doctor_says_what_is_lost_without_an_optional_part(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    main(["doctor", "--json"])
    findings = {item["what"]: item for item in json.loads(capsys.readouterr().out)}
    assert findings["OCR"]["found"] == "not installed: pages that are images are not read"
    assert findings["OCR"]["remedy"].startswith("apt-get install tesseract-ocr; pip install ")
    assert findings["LibreOffice"]["found"] == "not installed: .doc and .ppt are not read"


@pytest.mark.parametrize(
    ("arguments", "usage", "message"),
    [
        (["ask", "--idnex", "a", "b"], "rag ask ", "option --idnex for `rag ask`: did you mean --index?"),
        (["ask", QUESTION, "--mdoel=none"], "rag ask ", "option --mdoel for `rag ask`: did you mean --model?"),
        (["migrate", "--form", "local"], "rag migrate ", "option --form for `rag migrate`: did you mean --from?"),
        (["keys", "add", "--scpoe"], "rag keys add ", "option --scpoe for `rag keys add`: did you mean --scope?"),
        (["search", "x", "-z"], "rag search ", "option -z for `rag search`"),
        (["--verison"], "rag [-h]", "option --verison for `rag`: did you mean --version?"),
        (["serach", "x"], "rag [-h]", "command 'serach': did you mean `rag search`?"),
        (["12345"], "rag [-h]", "command '12345'"),
    ],
)
def test_a_wrong_option_shows_the_usage_of_its_command_and_the_nearest_option(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], usage: str, message: str
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"usage: {usage}")
    assert lines(captured.err)[-1] == f"rag: unknown {message}"
    assert captured.out == ""


def test_values_and_questions_that_begin_with_a_hyphen_are_no_options(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ["ask", "-- is that a dash?"],
        ["search", "--", "--idnex"],
        ["search", "-5"],
        ["ask", "x", "-k3"],
    ):
        assert main(arguments) == 2
        assert capsys.readouterr().err.startswith('rag: there is no index "default"')


def test_rag_alone_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("usage: rag [-h] [--version] COMMAND ...")
    assert "0 success" in captured.out
    assert captured.err == ""


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"rag {rag.__version__}\n"


def test_a_variable_that_is_no_setting_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_MDOEL", "none")
    assert main(["documents"]) == 2
    assert lines(capsys.readouterr().err) == [
        "rag: the variable RAG_MDOEL is no setting: did you mean RAG_MODEL?; rename it or unset it "
        "(docs/settings.md lists all settings)"
    ]


def test_names_with_line_breaks_and_control_characters_take_one_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_index(load_settings(), HashEmbedder(), create=True) as index:
        document = replace(MILLS.document, id="a\n\x1b[2Jb.txt", title="B")
        put(index, MILLS._replace(document=document, passages=[], embeddings=[]))
    assert main(["documents"]) == 0
    assert lines(capsys.readouterr().out) == ["a [2Jb.txt  B  (0 passages)"]


def test_documents_that_were_read_in_part_are_marked_and_counted(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = ("2 comments", "1 embedded object")
    with open_index(load_settings(), HashEmbedder(), create=True) as index:
        links = (LinkSpan(0, 3, "https://mill.example"),)
        put(index, BRIDGES, MILLS._replace(document=replace(MILLS.document, notes=notes, links=links)))
    assert main(["documents"]) == 0
    assert lines(capsys.readouterr().out) == [
        "a/bridges.txt  Title of a/bridges.txt  (2 passages)",
        "mills.txt  Title of mills.txt  (2 passages, read in part)",
    ]
    assert main(["documents", "--json"]) == 0
    assert [info["notes"] for info in json.loads(capsys.readouterr().out)["documents"]] == [[], list(notes)]
    assert main(["documents", "show", "mills.txt"]) == 0
    text = MILLS.document.text
    assert capsys.readouterr().out == f"{text}\n\nNot read of this file:\n  - 2 comments\n  - 1 embedded object\n"
    assert main(["documents", "show", "mills.txt", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["notes"], told["links"]) == (list(notes), [{"start": 0, "end": 3, "url": "https://mill.example"}])
    assert main(["documents", "show", "a/bridges.txt"]) == 0
    assert capsys.readouterr().out == f"{BRIDGES.document.text}\n"
    assert _partly_read(documents_read_in_part(7)) == (
        "; 7 documents were read in part: d0, d1, d2, d3, d4 and 2 more (`rag documents show ID` says what was not)"
    )
    main(["doctor", "--json"])
    findings = {item["what"]: item["found"] for item in json.loads(capsys.readouterr().out)}
    assert findings["index default"] == (
        "2 documents, 4 passages; 1 document was read in part: mills.txt (`rag documents show ID` says what was not)"
    )


def documents_read_in_part(count: int) -> list[DocumentInfo]:
    return [DocumentInfo(f"d{n}", "", "", "", 1, 1, None, notes=("1 comment",)) for n in range(count)]
