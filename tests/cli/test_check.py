"""`rag check`: claims, spans, reasons and exit codes; no model and no index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.cli.main import main

MILL = "The mill was built in 1859. It cost 1,400 pounds."
ROWS = [
    {"id": "q1", "question": "What did it cost?", "answer": "It cost 1,400 pounds [1].", "passages": [MILL]},
    {"response": "The mill was built in 1859. It cost 900 pounds.", "retrieved_contexts": ["Rain.", MILL]},
    {"answer": "The mill was built in 1859.", "passages": [{"text": MILL, "score": 0.7}]},
    {"answer": "", "passages": [MILL]},
]


@pytest.fixture
def answers(here: Path) -> Path:
    path = here / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_each_doubted_claim_is_shown_with_its_place_and_the_nearest_stretch(
    answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "answers.jsonl"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2: 1 of 2 claims doubted"
    assert lines[1].startswith("  number_mismatch (0.")
    assert lines[1].endswith("), characters 28 to 47: It cost 900 pounds.")
    assert lines[2].startswith("    nearest, passage 1, characters 28 to ")
    assert lines[3:] == [
        "4: says nothing that could be checked",
        "3 of 4 claims of 4 answers are supported: 0.750",
    ]


@pytest.mark.parametrize(("least", "code"), [("0.75", 0), ("0.76", 1), ("1", 1)])
def test_a_build_fails_below_the_share(
    answers: Path, capsys: pytest.CaptureFixture[str], least: str, code: int
) -> None:
    assert main(["check", "answers.jsonl", "--fail-under", least, "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert (told["answers"], told["claims"], told["supported"], told["share"]) == (4, 4, 3, 0.75)
    assert told["passed"] is (code == 0)
    doubted = told["results"][1]["claims"][1]
    assert (doubted["reason"], ROWS[1]["response"][doubted["start"] : doubted["end"]]) == (  # type: ignore[index]
        "number_mismatch",
        "It cost 900 pounds.",
    )
    near = doubted["evidence"]
    assert (near["passage"], MILL[near["start"] : near["end"]]) == (1, near["quote"])
    assert [one["id"] for one in told["results"]] == ["q1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "answers.jsonl holds no answers"),
        ("[1]", "line 1 is not a JSON object"),
        ('{"passages": []}', "line 1 has no `answer`"),
        ('{"answer": "x"}', "line 1 has no `passages`, a list"),
        ('{"answer": "x", "passages": [3]}', "a passage is neither a string nor an object with `text`"),
        ('{"answer": "x", "passages": [], "question": 3}', "`question` is not a string"),
        ('{"answer": "", "passages": []}', "says anything that could be checked"),
    ],
)
def test_what_cannot_be_checked_is_named(
    here: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (here / "answers.jsonl").write_text(text)
    assert main(["check", "answers.jsonl"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("least", ["0", "1.1", "-1", "nan"])
def test_a_limit_that_is_no_share_is_refused(answers: Path, capsys: pytest.CaptureFixture[str], least: str) -> None:
    assert main(["check", "answers.jsonl", "--fail-under", least]) == 2
    assert "it is a share above 0 and at most 1" in capsys.readouterr().err
