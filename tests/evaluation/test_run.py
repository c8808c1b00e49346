"""`rag eval` from a file of questions to the folder of a run, interrupted and gone on with; no language model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.cli.evaluate import run_questions, write_figures
from rag.cli.main import main
from rag.errors import IndexNotFound, InputError
from rag.evaluation import run
from rag.evaluation.asking import ask_all
from rag.evaluation.gold import Gold
from rag.evaluation.record import GoldEvidence, GoldPlace, GoldQuestion, Record, record_from_json, record_json
from rag.ingest.run import sync
from rag.models import Models
from rag.pipeline import open_pipeline
from rag.settings import Settings, load_settings
from rag.stores.open import open_index
from rag.types import Message
from tests.fakes import HashEmbedder, WordReader

ROWS: list[dict[str, Any]] = [
    {
        "id": "mill",
        "question": "Who built the mill at Corran?",
        "answers": ["Ada Hart"],
        "gold_doc_ids": ["mill"],
        "evidence": ["Ada Hart built the mill at Corran in 1859."],
        "answerable": True,
        "type": "factual",
    },
    {"id": "king", "question": "Who is the king of Norway?", "answerable": False},
    {"id": "open", "question": "What leaves at 08:15?"},
]
MODELS = Models(HashEmbedder(), reader=WordReader())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load_settings(indexes_dir=tmp_path / "indexes", index="t", model="none")
    add(made, tmp_path, "mill.txt", "Ada Hart built the mill at Corran in 1859. It cost 1,400 pounds.")
    add(made, tmp_path, "ferry.txt", "The ferry leaves at 08:15 and at 17:40.")
    return made


def add(settings: Settings, tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "docs"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    with open_index(settings, MODELS.embedder, create=True) as index:
        sync([folder], index, MODELS.embedder, settings)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write(tmp_path / "questions.jsonl", ROWS)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def lines(folder: Path) -> list[bytes]:
    return (folder / "answers.jsonl").read_bytes().splitlines()


def test_a_run_is_a_line_for_each_question_with_what_the_pipeline_says(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    run_questions(questions, tmp_path / "out", settings, models=MODELS)
    records = run.read_records(tmp_path / "out")
    assert [record.id for record in records] == ["mill", "king", "open"]
    with open_pipeline(settings, MODELS) as pipeline:
        asked = pipeline.ask(ROWS[0]["question"])
    first = records[0]
    assert (first.answer["answer"], first.answer["confidence"]) == (asked.answer, asked.confidence)
    assert [passage["id"] for passage in first.answer["passages"]] == [hit.passage.id for hit in asked.hits]
    assert sorted(first.ranking) == ["docs/ferry.txt", "docs/mill.txt"]
    assert first.documents == ("docs/mill.txt",)
    assert first.evidence == (GoldEvidence(ROWS[0]["evidence"][0], (GoldPlace("docs/mill.txt", 0, 42),)),)
    assert (records[1].answerable, records[2].answerable) == (False, None)
    assert record_from_json(json.loads(json.dumps(record_json(first)))) == first


def test_of_many_passages_the_answer_keeps_those_that_it_lists(settings: Settings) -> None:
    asked = GoldQuestion("q", "Who built the mill at Corran?", (), (), (), (), None, "")
    with open_pipeline(settings, MODELS) as pipeline:
        (record,) = ask_all(pipeline, [asked], {"q": Gold((), (), ())}, kept=1)
    assert len(record.answer["passages"]) == 1
    assert len(record.ranking) == 2


def test_a_question_is_asked_with_the_turns_before_it(settings: Settings) -> None:
    turns = (Message("user", "Who built the mill at Corran?"), Message("assistant", "Ada Hart."))
    asked = GoldQuestion("q", "And what did it cost?", (), (), (), (), None, "", turns)
    with open_pipeline(settings, MODELS) as pipeline:
        (record,) = ask_all(pipeline, [asked], {}, kept=5)
        with_turns = pipeline.search(asked.text, history=turns)
        alone = pipeline.search(asked.text)
    assert [passage["score"] for passage in record.answer["passages"]] == [hit.score for hit in with_turns]
    assert [hit.score for hit in with_turns] != [hit.score for hit in alone]


class _Stop(Exception):
    """Pulls the plug."""


class _Failing(HashEmbedder):
    """Embeds so many questions and then no more."""

    def __init__(self, questions: int) -> None:
        super().__init__()
        self.left = questions

    def embed_query(self, text: str) -> Any:
        if "?" in text:
            if not self.left:
                raise _Stop
            self.left -= 1
        return super().embed_query(text)


def test_an_interrupted_run_goes_on_where_it_was(
    settings: Settings, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    with pytest.raises(_Stop):
        run_questions(questions, out, settings, models=Models(_Failing(2), reader=WordReader()))
    before = lines(out)
    assert len(before) == 2
    with (out / "answers.jsonl").open("ab") as file:
        file.write(b'{"id": "open", "answer": {"answer": "torn')
    run_questions(questions, out, settings, models=MODELS)
    assert lines(out)[:2] == before
    assert [json.loads(line)["id"] for line in lines(out)] == ["mill", "king", "open"]
    assert "resuming after 2 answered questions" in capsys.readouterr().err
    run_questions(questions, out, settings, models=Models(_Failing(0), reader=WordReader()))  # nothing is left to ask
    assert len(lines(out)) == 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"k": 3}, "with settings.k 5, this one has 3"),
        ({"mode": "extract"}, "with settings.mode 'auto', this one has 'extract'"),
    ],
)
def test_a_run_with_other_settings_is_refused(
    settings: Settings, questions: Path, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    run_questions(questions, tmp_path / "out", settings, models=MODELS)
    before = lines(tmp_path / "out")
    other = load_settings(**(settings.model_dump() | changed))
    with pytest.raises(InputError) as caught:
        run_questions(questions, tmp_path / "out", other, models=MODELS)
    assert message in str(caught.value)
    assert "give another folder with --out" in str(caught.value)
    assert lines(tmp_path / "out") == before


def test_other_questions_or_another_state_of_the_index_are_refused(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run_questions(questions, out, settings, limit=2, models=MODELS)
    with pytest.raises(InputError, match="questions.limit 2, this one has None"):
        run_questions(questions, out, settings, models=MODELS)
    with pytest.raises(InputError, match="questions.seed 0, this one has 1"):
        run_questions(questions, out, settings, limit=2, seed=1, models=MODELS)
    add(settings, tmp_path, "new.txt", "A new document.")
    with pytest.raises(InputError, match=r"index.documents 2, this one has 3 \(also index.generation\)"):
        run_questions(questions, out, settings, limit=2, models=MODELS)
    write(questions, ROWS[:2])
    with pytest.raises(InputError, match="questions.sha256"):
        run_questions(questions, out, settings, limit=2, models=MODELS)


def test_an_index_that_changes_while_it_is_asked_ends_the_run(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    class Changing(HashEmbedder):
        def embed_query(self, text: str) -> Any:
            if "Norway" in text:
                add(settings, tmp_path, "new.txt", "A new document.")
            return super().embed_query(text)

    with pytest.raises(InputError, match="index 't' changed while the run went on"):
        run_questions(questions, tmp_path / "out", settings, models=Models(Changing(), reader=WordReader()))
    generations = [json.loads(line)["answer"]["index"]["generation"] for line in lines(tmp_path / "out")]
    assert len(generations) == 2
    assert len(set(generations)) == 1


def test_nothing_is_made_where_the_index_or_the_gold_is_not_there(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    with pytest.raises(IndexNotFound, match="nowhere"):
        run_questions(questions, tmp_path / "out", load_settings(indexes_dir=tmp_path, index="nowhere"), models=MODELS)
    write(questions, [ROWS[0] | {"gold_doc_ids": ["absent"]}])
    with pytest.raises(InputError, match="there is no document 'absent'"):
        run_questions(questions, tmp_path / "out", settings, models=MODELS)
    assert not (tmp_path / "out").exists()


def test_two_runs_at_once_in_one_folder_are_kept_apart(settings: Settings, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_questions(questions, out, settings, models=MODELS)
    with run.writing(out), pytest.raises(InputError, match="another process is writing"):
        run_questions(questions, out, settings, models=MODELS)


def test_damage_is_named(settings: Settings, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_questions(questions, out, settings, models=MODELS)
    (out / "answers.jsonl").write_text('{"id": "mill"}\n')
    with pytest.raises(InputError, match=r"answers\.jsonl line 1 is damaged"):
        run.read_records(out)
    (out / "run.json").write_text("{")
    with pytest.raises(InputError, match=r"run\.json cannot be read"):
        run.read_info(out)
    (out / "run.json").write_text('{"format": 99}')
    with pytest.raises(InputError, match="of another version"):
        run.read_info(out)


@pytest.fixture
def finished(settings: Settings, questions: Path, tmp_path: Path) -> Path:
    run_questions(questions, tmp_path / "out", settings, models=MODELS)
    return tmp_path / "out"


def records_of(folder: Path) -> list[Record]:
    return run.read_records(folder)


def test_the_report_is_made_again_without_index_or_model(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--out", str(finished), "--json"]) == 0
    stored = json.loads(capsys.readouterr().out)
    assert stored == json.loads((finished / "figures.json").read_text())
    values = {one["name"]: one for one in stored["figures"]}
    assert values["recall@5"]["value"] == 1.0
    assert values["recall@5"]["questions"] == 1
    first = (finished / "report.html").read_bytes()
    assert main(["eval", "--out", str(finished)]) == 0
    text = capsys.readouterr().out
    assert "Recall@5" in text
    assert "1 questions have no gold" in text
    assert (finished / "report.html").read_bytes() == first


def test_without_answerable_questions_figures_are_not_defined(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "none.jsonl", [ROWS[1]])
    run_questions(path, tmp_path / "none", settings, models=MODELS)
    assert main(["eval", "--out", str(tmp_path / "none")]) == 0
    text = capsys.readouterr().out
    assert "Token F1                             not defined" in text
    assert "AUROC of confidence, answerable      not defined" in text
    assert "Answerable refused                   not defined" in text
    assert "not defined" in (tmp_path / "none" / "report.html").read_text()


def test_a_run_that_was_stopped_before_its_first_answer_has_a_report(
    settings: Settings, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(_Stop):
        run_questions(questions, tmp_path / "out", settings, models=Models(_Failing(0), reader=WordReader()))
    assert main(["eval", "--out", str(tmp_path / "out")]) == 0
    assert "0 of 3 questions are answered: the run is not finished" in capsys.readouterr().out
    assert "The run is not finished" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eval"], "rag eval needs --out DIR"),
        (["eval", "absent.jsonl", "--out", "x"], "there is no file of questions absent.jsonl"),
        (["eval", "--out", "x"], "x is not the folder of a run: it has no run.json"),
        (["eval", "--out", "x", "--export", "xml", "f"], "--export 'xml' is not known: use one of ragas, ragchecker"),
        (["eval", "--compare", "x", "y"], "x is not the folder of a run"),
        (["eval", "--stored"], "--stored takes the answers that the service kept"),
        (["eval", "--stored", "--export", "ragchecker", "f"], "--stored takes the answers that the service kept"),
        (["eval", "--stored", "--out", "x", "--export", "ragas", "f"], "--stored takes the answers"),
        (["eval", "--stored", "--export", "ragas", "f"], "of index 'default' 0 answers are kept, none with its text"),
        (["eval", "absent.jsonl", "--out", "x", "--limit", "0"], "--limit is 0; it can be 1 or more"),
        (["eval", "--out", "x", "--limit", "3"], "--limit does nothing without a file of questions: leave it out"),
        (["eval", "--compare", "x", "y", "--mode", "quote"], "--mode does nothing with --compare"),
        (["eval", "q.jsonl", "--compare", "x", "y"], "questions does nothing with --compare"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "x").exists()


def test_a_gate_fails_what_is_worse_than_a_stored_run(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "--out", str(finished), "--gate", str(finished)]) == 0
    stored = json.loads((finished / "figures.json").read_text())
    before = next(one for one in stored["figures"] if one["name"] == "f1")
    before |= {"value": 1.5, "low": 1.25, "high": 1.75}
    gate = tmp_path / "gate.json"
    gate.write_text(json.dumps(stored))
    capsys.readouterr()
    assert main(["eval", "--out", str(finished), "--gate", str(gate)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("worse: Token F1 ")
    assert error.endswith(", was 1.500, at least 1.250 is let through\n")
    gate.write_text("{")
    assert main(["eval", "--out", str(finished), "--gate", str(gate)]) == 2
    assert f"the figures {gate} cannot be read" in capsys.readouterr().err


def test_the_page_of_a_comparison_is_written_where_it_is_asked_for(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_ = str(finished)
    assert main(["eval", "--compare", run_, run_, "--out", str(tmp_path / "pages")]) == 0
    assert "Got worse" in (tmp_path / "pages" / "comparison.html").read_text()
    assert "page: " in capsys.readouterr().err


def test_figures_are_the_same_for_the_same_seed(finished: Path) -> None:
    records = records_of(finished)
    assert str(write_figures(finished, records, 0)) == str(write_figures(finished, records, 0))


@pytest.mark.models
def test_the_command_from_questions_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "mill.txt").write_text("Ada Hart built the mill at Corran in 1859. It burned down.")
    write(tmp_path / "q.jsonl", ROWS)
    assert main(["index", "docs"]) == 0
    assert main(["eval", "q.jsonl", "--out", "out", "--model", "none", "--export", "ragas", "out.jsonl"]) == 0
    assert "report: out/report.html" in capsys.readouterr().out
    assert (tmp_path / "out.jsonl").read_text().count("\n") == 3
    assert main(["eval", "--compare", "out", "out"]) == 0
    assert "0 questions got better" in capsys.readouterr().out
