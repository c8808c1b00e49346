"""`rag calibrate`: from questions to the file beside the index, and what the pipeline makes of it; no models."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from rag.answering.calibration import FILE, Calibration, read_calibration, remove_calibration, write_calibration
from rag.answering.confidence import threshold
from rag.cli.calibrate import calibrate, calibration
from rag.cli.doctor import examine
from rag.cli.main import main
from rag.errors import InputError, RagError
from rag.evaluation.questions import QuestionFile
from rag.ingest.run import sync
from rag.models import Models
from rag.pipeline import open_pipeline
from rag.reading.reader import sha256
from rag.settings import Settings, load_settings
from rag.stores.open import open_index
from tests.evaluation.records import FIRST, SECOND, answer, citation, record
from tests.fakes import HashEmbedder, WordReader

QUESTION = "Who built the mill at Corran?"
MODELS = Models(HashEmbedder(), reader=WordReader())
FILE_OF_QUESTIONS = QuestionFile("mine.jsonl", "f" * 64, [])
STORED = Calibration(0.5, 0.1, 0.08, 90, 80, 2, "mine.jsonl", "f" * 64, sha256(), "2026-12-01")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load_settings(indexes_dir=tmp_path / "indexes", index="t", model="none")
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "mill.txt").write_text("Ada Hart built the mill at Corran in 1859. It cost 1,400 pounds.", "utf-8")
    with open_index(made, MODELS.embedder, create=True) as index:
        sync([folder], index, MODELS.embedder, made)
    return made


def options(questions: Path | None, at_most: float = 0.1, **other: Any) -> argparse.Namespace:
    fields = {"questions": questions and str(questions), "at_most": at_most, "dry_run": False, "remove": False}
    return argparse.Namespace(**(fields | {"json": True} | other))


def write(path: Path, count: int, asked: str = QUESTION) -> Path:
    row = {"question": asked, "answers": ["Ada Hart"], "gold_doc_ids": ["mill"], "answerable": True}
    path.write_text("".join(json.dumps({"id": str(n), **row}) + "\n" for n in range(count)), "utf-8")
    return path


def refused(settings: Settings) -> tuple[bool, tuple[str, ...]]:
    with open_pipeline(settings, MODELS) as pipeline:
        found = pipeline.ask(QUESTION)
    return not found.answered, found.notices


def test_the_threshold_is_that_of_the_answers_and_is_stored_beside_the_index(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate(options(write(tmp_path / "mine.jsonl", 60)), settings, MODELS) == 0
    found = read_calibration(settings.indexes_dir / "t")
    with open_pipeline(settings, MODELS) as pipeline:
        confidence = pipeline.ask(QUESTION).confidence
    assert found is not None
    assert (found.threshold, found.questions, found.given, found.wrong) == (confidence, 60, 60, 0)
    assert (found.file, found.reader, found.at_most) == ("mine.jsonl", sha256(), 0.1)
    assert found.bound < 0.1
    assert json.loads(capsys.readouterr().out) == {"index": "t", **found._asdict()}
    assert refused(settings) == (False, ())
    assert calibrate(options(None, remove=True), settings, MODELS) == 0
    assert read_calibration(settings.indexes_dir / "t") is None


def test_right_wrong_and_unanswerable_answers_count_and_questions_without_gold_do_not() -> None:
    good = [record(answer("Ada [1].", [citation(1, FIRST)], confidence=0.9), f"g{n}") for n in range(60)]
    bad = [record(answer("1,400 [1].", [citation(1, SECOND)], confidence=0.3), f"b{n}") for n in range(9)]
    none = [
        record(answer("Ada [1].", [citation(1, FIRST)], confidence=0.2), f"u{n}", answerable=False) for n in range(4)
    ]
    unjudged = [record(answer("Ada [1].", [citation(1, FIRST)], confidence=0.95), "x", answerable=None)]
    refusals = [record(answer(None, confidence=0.99), "r")]
    found = calibration(FILE_OF_QUESTIONS, [*good, *bad, *none, *unjudged, *refusals], 0.1)
    assert (found.threshold, found.given, found.wrong, found.questions) == (0.9, 60, 0, 75)


def test_dry_run_stores_nothing(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = write(tmp_path / "mine.jsonl", 60)
    assert calibrate(options(questions, dry_run=True, json=False), settings, MODELS) == 0
    assert read_calibration(settings.indexes_dir / "t") is None
    said = capsys.readouterr().out
    assert "of 60 questions 60 get an answer, 0 of them a wrong one (0.0%; with 95% certainty at most" in said
    assert "stored" not in said


@pytest.mark.parametrize(
    ("count", "asked", "at_most", "message"),
    [
        (5, QUESTION, 0.1, "5 answers are too few: it takes 47, even if all of them are right"),
        (60, "It cost how many pounds?", 0.1, "60 of 60 are wrong"),
        (5, QUESTION, 1.5, "--at-most is 1.5; it is a share between 0 and 1"),
    ],
)
def test_what_cannot_be_kept_is_an_error_and_changes_nothing(
    settings: Settings, tmp_path: Path, count: int, asked: str, at_most: float, message: str
) -> None:
    write_calibration(settings.indexes_dir / "t", STORED)
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        calibrate(options(write(tmp_path / "mine.jsonl", count, asked), at_most), settings, MODELS)
    assert read_calibration(settings.indexes_dir / "t") == STORED


def test_without_a_file_of_questions_the_command_says_what_it_needs(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", "--index", "t", "--indexes-dir", str(settings.indexes_dir)]) == 2
    assert "rag calibrate needs a file of questions with gold" in capsys.readouterr().err


def test_the_pipeline_refuses_below_the_threshold_of_the_index(settings: Settings) -> None:
    folder = settings.indexes_dir / "t"
    write_calibration(folder, STORED._replace(threshold=1.0))
    assert refused(settings) == (True, ())
    write_calibration(folder, STORED._replace(threshold=0.0))
    assert refused(settings) == (False, ())
    remove_calibration(folder)
    remove_calibration(folder)


def test_a_threshold_of_another_reader_is_not_used_and_that_is_said(settings: Settings) -> None:
    write_calibration(settings.indexes_dir / "t", STORED._replace(threshold=1.0, reader="another"))
    with open_pipeline(settings, MODELS) as pipeline:
        found = pipeline.ask(QUESTION)
    assert found.answered == (found.confidence >= threshold())
    assert ["measured with another reader" in notice for notice in found.notices] == [True]
    (line,) = [one.found for one in examine(settings) if one.what == "index t"]
    assert line.endswith("that was another reader, so it is not used: calibrate again")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"threshold": 0.5}', json.dumps(STORED._asdict() | {"threshold": "x"})]
)
def test_a_damaged_file_is_named_with_the_remedy(settings: Settings, content: str) -> None:
    (settings.indexes_dir / "t" / FILE).write_text(content)
    with pytest.raises(RagError, match=r"calibration\.json cannot be read .*: make it again with `rag calibrate`"):
        refused(settings)
