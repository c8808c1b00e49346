"""The measure of `benchmarks/evidence.py`: what counts as found on a page."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent.parent.parent / "benchmarks"))

import evidence
from evidence import Evidence, Found


def found(text: str, page: str) -> Found:
    result = Found()
    evidence.count(result, text, page)
    return result


def test_words_numbers_and_their_order_count() -> None:
    assert evidence.words("Net sales (in\u00adcluding tax): $ 1,234.50, 3.") == [
        "net", "sales", "in" "cluding", "tax", "1,234.50", "3",
    ]  # fmt: skip
    page = "Year | 2022 | 2021\nNet sales | $ 1,234 | $ (1,100)\nCosts | 900 | 800"
    assert found("Net sales\n$\n1,234\n$\n(1,100)", page) == Found(phrases=3, found=3, runs=1, together=1)
    assert found("Costs\n800\n900", page) == Found(phrases=3, found=3, runs=1, together=0)  # the row is torn
    assert found("Costs\n90\n1,23", page) == Found(phrases=3, found=1, runs=1, together=0, lost=["90", "1,23"])


def test_long_lines_are_taken_eight_words_at_a_time() -> None:
    text = "one two three four five six seven eight nine ten"
    assert list(evidence.phrases(text)) == ["one two three four five six seven eight", "nine ten"]
    assert [run.split()[0] for run in evidence.runs(text.split())] == ["one", "two", "three"]
    assert found(text, text.replace("nine", "9")) == Found(phrases=2, found=1, runs=3, together=1, lost=["nine ten"])


def test_a_set_is_measured_on_the_pages_that_it_names(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no pdfs/\*\.pdf: give the folder of the set financebench$"):
        evidence.evidence(tmp_path)
    (tmp_path / "pdfs").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"pdfs/{name}.pdf").touch()
    with pytest.raises(FileNotFoundError, match=r"has no questions\.jsonl"):
        evidence.evidence(tmp_path)
    asked = {"doc_name": "a", "evidence": ["It turns.", "It stands."], "evidence_pages": [2, 9]}
    (tmp_path / "questions.jsonl").write_text(f"{json.dumps(asked)}\n{json.dumps(asked)}\n")
    wanted = evidence.evidence(tmp_path)
    assert wanted == {"a.pdf": [Evidence(2, "It turns."), Evidence(9, "It stands.")], "b.pdf": []}

    def read(path: Path) -> dict[str, Any]:
        if path.name == "b.pdf":
            return {"error": "is damaged", "seconds": 1.0}
        return {"pages": ["It stands.", "It turns."], "seconds": 0.5}

    results = evidence.measure(tmp_path, read, wanted)
    assert results == {
        "a.pdf": Found(2, 2, 1, 2, 1, 0.5, ["it stands"]),
        "b.pdf": Found(seconds=1.0, lost=["is damaged"]),
    }
    assert list(evidence.table(results))[2:] == [
        "| a.pdf | 2 | 1 / 2 (50.0 %) | 1 / 2 (50.0 %) | 0.5 |",
        "| b.pdf | 0 | - | - | 1.0 |",
        "| **all** | 2 | 1 / 2 (50.0 %) | 1 / 2 (50.0 %) | 1.5 |",
        "  a.pdf: 'it stands'",
        "  b.pdf: 'is damaged'",
    ]
