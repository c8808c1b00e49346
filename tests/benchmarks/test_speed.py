"""The arithmetic of `benchmarks/speed.py`: turns, figures, verdicts, and what has moved."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent.parent / "benchmarks"))

import baseline
import speed
import workload
from measure import Figure, Result, Row, Time, combined, measure, table


def result(figure: Figure, ours: list[float], theirs: list[float], required: float | None = None) -> Result:
    return Result("work", "peer", figure, required, ours, theirs)


def test_who_goes_first_changes_with_each_round() -> None:
    calls: list[str] = []

    def times(name: str, seconds: list[float]) -> Time:
        left = iter(seconds)

        def time() -> float:
            calls.append(name)
            return next(left)

        return time

    row = Row("work", "peer", "faster", 2.0, times("a", [1.0, 2.0, 3.0]), times("b", [6.0, 3.0, 6.0]), 3)
    found = measure(row)
    assert calls == ["a", "b", "b", "a", "a", "b"]
    assert (found.value, found.spread, found.reached) == (3.0, (1.5, 6.0), True)  # 6 / 2; 3 / 2 and 6 / 1


def test_the_versions_that_were_measured_are_known() -> None:
    assert set(speed.versions()) > {"rag-cited", "torch", "txtai"}


def test_figures_and_verdicts() -> None:
    assert [combined(figure, 2.0, 5.0) for figure in ("faster", "share", "excess", "seconds")] == [2.5, 0.4, -3.0, 2.0]
    assert result("faster", [2.0], [3.0], 2.0).reached is False
    assert result("share", [2.0], [3.0], 0.7).reached is True
    assert result("share", [2.0], [3.0]).reached is None
    assert result("seconds", [0.4], [], 0.5).reached is True
    assert result("faster", [1.0], [3.0], 2.0)._replace(fine=False).reached is False
    assert Result("work", "peer", "faster", 2.0, missing="no such program").reached is None


def test_the_table_says_what_was_not_reached_and_what_was_not_measured() -> None:
    lines = table(
        [result("faster", [2.0], [3.0], 2.0), Result("more", "", "faster", None, missing="gone")]
    ).splitlines()
    assert lines[2] == "| work | peer | 2 s | 3 s | 1.5x | 1.5x to 1.5x | >= 2x | **no** |"
    assert lines[3] == "| more |  | | | not measured: gone | | | |"


def test_what_moved_beyond_both_spreads_is_said(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.store(file, "one", [result("faster", [1.0, 1.0], [2.0, 2.2])])  # 2.1, from 2.0 to 2.2
    baseline.store(file, "two", [result("share", [2.0], [1.0])])
    stored = baseline.load(file, "one")
    assert baseline.load(file, "three") == {}
    for theirs, verdict in (([2.0, 2.0], "as before"), ([1.8, 2.0], "as before"), ([1.5, 1.6], "SLOWER")):
        (line,), slower = baseline.compare(stored, [result("faster", [1.0, 1.0], theirs)])
        assert (verdict in line, slower) == (True, verdict == "SLOWER")
    (line,), slower = baseline.compare(baseline.load(file, "two"), [result("share", [1.0], [1.0])])
    assert ("faster" in line, slower) == (True, False)  # of shares the smaller is the faster


def test_generated_texts_are_the_same_everywhere() -> None:
    first, second = workload.generated(12), workload.generated(12)
    assert first == second
    texts = dict(first.documents)
    assert len(texts) == 12 == len(first.questions)
    assert min(map(len, texts.values())) >= workload.PARAGRAPH_CHARACTERS
    for question in first.questions:
        words = question.text.removeprefix("What is said of ").removesuffix("?")
        assert words.lower() in texts[question.gold[0]].lower()
    limited = first.limited(5)
    assert [name for name, _ in limited.documents] == list(texts)[:5]
    assert {q.gold[0] for q in limited.questions} == set(list(texts)[:5])
