"""`rag calibrate`: from questions to the file beside the index, and what the pipeline makes of it; no models."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from rag.answering.calibration import (
    Calibration,
    confidence_fingerprint,
    read_calibration,
    remove_calibration,
    write_calibration,
)
from rag.answering.confidence import threshold
from rag.cli.calibrate import calibrate, calibration
from rag.cli.doctor import examine
from rag.cli.main import main
from rag.errors import InputError, RagError
from rag.evaluation.questions import QuestionFile, read_questions
from rag.evaluation.record import Record
from rag.index.uploaded import CALIBRATION
from rag.ingest.run import sync
from rag.models import Models
from rag.pipeline import open_pipeline
from rag.serialise import AnswerJSON
from rag.settings import Settings, load_settings
from rag.stores.open import open_index
from tests.evaluation.records import FIRST, SECOND, answer, citation, record
from tests.fakes import HashEmbedder, WordReader

QUESTION = "Who built the mill at Corran?"
MODELS = Models(HashEmbedder(), reader=WordReader())
FILE_OF_QUESTIONS = QuestionFile("mine.jsonl", "f" * 64, [])
STORED = Calibration(0.5, 0.1, 0.08, 90, 80, 2, "mine.jsonl", "f" * 64, confidence_fingerprint("hash-1"), "2026-12-01")


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
    """Questions that differ in a word that no document has."""
    row = {"answers": ["Ada Hart"], "gold_doc_ids": ["mill"], "answerable": True}
    asks = [f"{asked.rstrip('?')} {chr(97 + n // 26)}{chr(97 + n % 26)}q?" for n in range(count)]
    path.write_text("".join(json.dumps({"id": one, "question": one, **row}) + "\n" for one in asks), "utf-8")
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
        confidences = [pipeline.ask(one.text).confidence for one in read_questions(tmp_path / "mine.jsonl").questions]
    assert found is not None
    assert (found.threshold, found.questions, found.given, found.wrong) == (min(confidences), 60, 60, 0)
    assert (found.file, found.made_with, found.at_most) == ("mine.jsonl", confidence_fingerprint("hash-1"), 0.1)
    assert found.bound < 0.1
    assert json.loads(capsys.readouterr().out) == {"index": "t", **found._asdict()}
    assert refused(settings) == (False, ())
    assert calibrate(options(None, remove=True), settings, MODELS) == 0
    assert read_calibration(settings.indexes_dir / "t") is None


def test_right_wrong_and_unanswerable_answers_count_and_questions_without_gold_do_not() -> None:
    def some(count: int, name: str, given: AnswerJSON, **other: Any) -> list[Record]:
        return [record(given, f"{name}{n}", question=f"{name}{n}?", **other) for n in range(count)]

    ada = answer("Ada Hart [1].", [citation(1, FIRST)], confidence=0.9)
    good = some(60, "g", ada)
    bad = some(9, "b", answer("1,400 [1].", [citation(1, SECOND)], confidence=0.3))
    none = some(4, "u", answer("Ada [1].", [citation(1, FIRST)], confidence=0.2), answerable=False)
    unjudged = some(1, "x", answer("Ada [1].", [citation(1, FIRST)], confidence=0.95), answerable=None)
    refusals = some(1, "r", answer(None, confidence=0.99))
    again = [record(ada, "again", question="g1?")]
    two = [record(ada, "two", question="Who owns the ferry, and when does it leave?")]
    found = calibration(FILE_OF_QUESTIONS, [*good, *bad, *none, *unjudged, *refusals, *again, *two], 0.1, "made")
    assert (found.threshold, found.given, found.wrong, found.questions, found.made_with) == (0.9, 60, 0, 75, "made")


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
        (5, QUESTION, 0.1, "5 answers are too few: it takes 47 or more, even if all are right"),
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
    write_calibration(settings.indexes_dir / "t", STORED._replace(threshold=1.0, made_with="another"))
    with open_pipeline(settings, MODELS) as pipeline:
        found = pipeline.ask(QUESTION)
    assert found.answered == (found.confidence >= threshold())
    assert ["measured with another reader, embedder or weights" in notice for notice in found.notices] == [True]
    (line,) = [one.found for one in examine(settings) if one.what == "index t"]
    assert line.endswith("made with another reader, embedder or weights, so it is not used: calibrate again")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"threshold": 0.5}',
        json.dumps(STORED._asdict() | {"threshold": "x"}),
        json.dumps(STORED._asdict() | {"threshold": 17}),
    ],
)
def test_a_damaged_file_is_named_with_the_remedy(settings: Settings, tmp_path: Path, content: str) -> None:
    (settings.indexes_dir / "t" / CALIBRATION).write_text(content)
    with pytest.raises(RagError, match=r"calibration\.json cannot be read .*: make it again with `rag calibrate`"):
        refused(settings)
    assert calibrate(options(write(tmp_path / "mine.jsonl", 60)), settings, MODELS) == 0  # the remedy
    assert refused(settings) == (False, ())


def test_what_a_later_version_added_to_the_file_is_not_read(settings: Settings) -> None:
    stored = STORED._asdict() | {"threshold": 1.0, "colour": "blue"}
    (settings.indexes_dir / "t" / CALIBRATION).write_text(json.dumps(stored))
    assert refused(settings) == (True, ())


def test_going_back_takes_no_questions(settings: Settings, tmp_path: Path) -> None:
    write_calibration(settings.indexes_dir / "t", STORED)
    for given in (options(None, remove=True, dry_run=True), options(tmp_path / "mine.jsonl", remove=True)):
        with pytest.raises(InputError, match="give it without questions and --dry-run"):
            calibrate(given, settings, MODELS)
    assert read_calibration(settings.indexes_dir / "t") == STORED
