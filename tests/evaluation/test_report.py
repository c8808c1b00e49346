"""From records to what people and other programs read: figures, comparison, report, exports."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from math import isnan
from typing import Any

import numpy as np
import pytest

from rag.errors import InputError
from rag.evaluation.charts import histogram
from rag.evaluation.compare import compare_runs, comparison_json
from rag.evaluation.export import exported
from rag.evaluation.judging import Judgement, judgement_table
from rag.evaluation.listing import comparison_text, figures_text
from rag.evaluation.measures import MEASURES, Figure, figures
from rag.evaluation.record import Record
from rag.evaluation.report import SHOWN, comparison_html, report_html
from tests.evaluation.records import FIRST, SECOND, TEXT, answer, citation, record

INFO: dict[str, Any] = {
    "format": 1,
    "started": "2026-01-02T03:04:05Z",
    "version": "0.1.0",
    "weights": "abc",
    "settings": {"model": "none", "mode": "auto"},
    "index": {"name": "t", "generation": 1, "documents": 2},
    "questions": {"file": "q.jsonl", "sha256": "0", "of": 4, "limit": None},
}


def right(name: str, confidence: float = 0.9, **other: Any) -> Record:
    return record(answer("Ada Hart [1].", [citation(1, FIRST)], confidence=confidence), name, **other)


def wrong(name: str, confidence: float = 0.6, **other: Any) -> Record:
    return record(answer("1,400 pounds [1].", [citation(1, SECOND)], confidence=confidence), name, **other)


def refused(name: str, confidence: float = 0.1, **other: Any) -> Record:
    return record(answer(None, confidence=confidence), name, **other)


RECORDS = [right("a"), wrong("b"), refused("c"), refused("d", 0.2, answerable=False)]


def by_name(found: list[Figure]) -> dict[str, Figure]:
    return {one.measure.name: one for one in found}


def test_figures_by_hand() -> None:
    found = by_name(figures(judgement_table(RECORDS), seed=0))
    assert {name: (one.interval.value, one.questions) for name, one in found.items()} == {
        "recall@1": (0.0, 3),
        "recall@5": (1.0, 3),
        "recall@10": (1.0, 3),
        "mrr": (0.5, 3),
        "ndcg": (pytest.approx(0.63093, abs=1e-5), 3),
        "as_read": (pytest.approx(1 / 3), 3),
        "as_quoted": (pytest.approx(1 / 3), 3),
        "exact_match": (pytest.approx(1 / 3), 3),
        "f1": (pytest.approx(1 / 3), 3),
        "contained": (pytest.approx(1 / 3), 3),
        "quote_contained": (pytest.approx(1 / 3), 3),
        "citation_precision": (0.5, 2),
        "citation_recall": (0.5, 2),
        "entailed_recall": (pytest.approx(float("nan"), nan_ok=True), 0),
        "entailed_precision": (pytest.approx(float("nan"), nan_ok=True), 0),
        "faithfulness": (0.9, 2),
        "auroc_answerable": (pytest.approx(2 / 3), 4),  # 0.9 and 0.6 are above 0.2, 0.1 is not
        "refused_unanswerable": (1.0, 1),
        "refused_answerable": (pytest.approx(1 / 3), 3),
        "risk_area": (0.25, 2),  # the surest is right: 0; of both one is wrong: 1/2
        # right 1 at 0.9, 0 at 0.6 and 0 at 0.2, each alone in its bin
        "calibration_error": (pytest.approx((0.1 + 0.6 + 0.2) / 3), 3),
        "brier": (pytest.approx((0.01 + 0.36 + 0.04) / 3), 3),
        "seconds_median": (0.5, 4),
        "seconds_95": (0.5, 4),
        "seconds_99": (0.5, 4),
        "prompt_tokens": (10.0, 4),
        "completion_tokens": (2.0, 4),
    }
    assert all(one.interval.low <= one.interval.value <= one.interval.high for one in found.values() if one.questions)


def test_what_is_short_is_measured_by_the_span_and_what_is_said_by_all_of_it() -> None:
    whole = answer(
        f"{TEXT[slice(*FIRST)]} [1].",
        [citation(1, FIRST)],
        span={"text": "Ada Hart", "label": 1, "start": 0, "end": 8},
    )
    plain = whole.copy()
    plain["answer_span"] = None
    for given, exact in ((whole, 1.0), (plain, 0.0)):
        found = by_name(figures(judgement_table([record(given)]), seed=0))
        assert (found["exact_match"].interval.value, found["contained"].interval.value) == (exact, 1.0)
    earlier = {name: value for name, value in whole.items() if name != "answer_span"}  # of a run before there were any
    column = judgement_table([record(earlier)])["f1"]  # type: ignore[arg-type]
    assert column.tolist() == [pytest.approx(2 * 2 / (2 + 4))]


def test_no_records_define_nothing() -> None:
    found = figures(judgement_table([]), seed=0)
    assert len(found) == len(MEASURES)
    assert all(isnan(one.interval.value) and one.questions == 0 for one in found)
    assert figures_text(found).count("not defined") == len(MEASURES)


def test_a_comparison_is_of_the_questions_that_both_have() -> None:
    first = [*RECORDS, right("only first")]
    second = [wrong("a"), right("b"), right("c"), right("d", answerable=False)]
    compared = compare_runs(first, second, seed=0)
    assert (compared.questions, compared.left_out) == (4, (1, 0))
    differences = {item.measure.name: item for item in compared.differences}
    assert differences["f1"].first == pytest.approx(1 / 3)
    assert differences["f1"].second == pytest.approx(2 / 3)
    assert differences["f1"].interval.value == pytest.approx(1 / 3)
    assert differences["f1"].interval.low <= 1 / 3 <= differences["f1"].interval.high
    assert differences["f1"].verdict == ""
    assert [(change.first.id, change.before, change.after) for change in compared.changes] == [
        ("a", Judgement.RIGHT, Judgement.WRONG),
        ("b", Judgement.WRONG, Judgement.RIGHT),
        ("c", Judgement.REFUSED, Judgement.RIGHT),
        ("d", Judgement.RIGHTLY_REFUSED, Judgement.ANSWERED),
    ]
    text = comparison_text(compared, "A", "B")
    assert "4 questions of both; difference is B minus A" in text
    assert "left out: 1 only in A, 0 only in B" in text
    assert "2 questions got better" in text
    assert json.loads(json.dumps(comparison_json(compared)))["changes"][0]["before"] == "right"


def test_a_run_compared_with_itself_differs_in_nothing() -> None:
    compared = compare_runs(RECORDS, RECORDS, seed=0)
    assert compared.changes == []
    assert all(item.interval == (0, 0, 0) for item in compared.differences if not isnan(item.first))


def test_pairing_makes_a_constant_difference_certain() -> None:
    first = [right(str(n), seconds=float(n)) for n in range(30)]
    second = [right(str(n), seconds=float(n) + 1) for n in range(30)]
    item = {one.measure.name: one for one in compare_runs(first, second, seed=0).differences}["seconds_median"]
    assert item.interval == pytest.approx((1, 1, 1))
    line = next(
        line for line in comparison_text(compare_runs(first, second, 0), "A", "B").split("\n") if "median" in line
    )
    assert line.endswith("worse")


def test_runs_that_cannot_be_compared_are_named() -> None:
    with pytest.raises(InputError, match="no question in common"):
        compare_runs([right("a")], [right("b")], seed=0)
    with pytest.raises(InputError, match="question 'a' is another one in the second run"):
        compare_runs([right("a")], [right("a", question="Who else?")], seed=0)


class Page(HTMLParser):
    """Collects what a page asks for, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]

    def handle_data(self, data: str) -> None:
        self.text += data


def report(records: list[Record]) -> str:
    columns = judgement_table(records)
    return report_html(INFO, records, columns, figures(columns, seed=0))


def test_the_report_asks_no_host_and_shows_what_went_wrong() -> None:
    html = report(RECORDS)
    page = Page(html)
    assert page.addresses == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "url(" not in html
    assert page.tags.count("svg") == 3
    assert page.tags.count("details") == 4
    assert html.index("Answered wrong") < html.index("Refused though") < html.index(">Right ") < html.index("Figures")
    assert html.count('<section class="kind kind-0 mistakes">') == 1
    assert "answered wrong (1)" in page.text
    assert "4 of 4 questions" in page.text
    assert TEXT[SECOND[0] : SECOND[1]] in page.text
    assert html.count("<mark>It cost </mark>") == 1


def test_the_filters_name_each_outcome_and_each_type() -> None:
    misread = record(answer("Bob [1].", [citation(1, FIRST)]), "m", type="odd")
    html = report([*RECORDS, misread])
    assert "text and quote judged differently (1)" in Page(html).text
    assert html.count(' differs"') == 1
    assert html.count('<details class="card type-0"') == 4  # factual
    assert html.count('<details class="card type-1 differs"') == 1
    assert "main:has(#type-1:checked) details:not(.type-1) { display: none; }" in html
    assert 'id="type-all"' not in report(RECORDS)  # of one type


def test_the_page_of_a_comparison_shows_what_changed() -> None:
    nasty = "<script>alert(1)</script>"
    second = [wrong("a"), right("b"), right("c"), right("d", answerable=False)]
    html = comparison_html(compare_runs(RECORDS, second, seed=0), "runs/A", nasty)
    page = Page(html)
    assert page.addresses == []
    assert "script" not in page.tags
    assert f"From runs/A to {nasty}" in page.text
    assert page.tags.count("details") == 4
    assert html.index("Got worse") < html.index("Got better") < html.index("Figures")
    assert "worse (2)" in page.text
    assert f"{nasty}: wrong" in page.text
    assert "+0.333" in page.text


def test_nothing_in_the_data_becomes_a_tag() -> None:
    nasty = "</title><script>alert(1)</script>"
    told = answer(f"{nasty} [1].", [citation(1, (0, 33), text=nasty)])
    html = report([record(told, question=nasty, answers=(nasty,), evidence=(), worded=("none of it",), type=nasty)])
    assert "<script>" not in html
    assert nasty in Page(html).text


def test_many_failures_are_cut_short_and_counted() -> None:
    html = report([wrong(str(n), confidence=n / 100) for n in range(SHOWN + 7)])
    assert f"({SHOWN + 7})" in html
    assert html.count("<details") == SHOWN
    assert f"The {SHOWN} with the most confidence are shown" in html


def test_a_histogram_counts_every_question() -> None:
    seconds = np.array([0.1] * 50 + [0.2] * 49 + [90.0])
    svg = histogram(seconds)
    counts = [int(title.split(": ")[1].split("<")[0]) for title in svg.split("<title>")[1:]]
    assert sum(counts) == 100
    assert counts[-1] == 1
    assert "s and more: 1" in svg


@pytest.mark.parametrize("seconds", [[0.0], [0.0, 0.0], [1e-9], [3.0], [1000.0, 2000.0]])
def test_a_histogram_of_few(seconds: list[float]) -> None:
    assert "nan" not in histogram(np.array(seconds))


def test_ragas_samples() -> None:
    lines = [json.loads(line) for line in exported(RECORDS, "ragas").splitlines()]
    assert lines[0] == {
        "user_input": "Who built the mill?",
        "retrieved_contexts": [TEXT],
        "retrieved_context_ids": ["mill.txt"],
        "reference_contexts": [TEXT[FIRST[0] : FIRST[1]]],
        "reference_context_ids": ["mill.txt"],
        "response": "Ada Hart.",
        "reference": "Ada Hart",
    }
    assert lines[3]["response"] == lines[3]["reference"] == "The documents do not answer this question."


def test_ragchecker_results() -> None:
    unknown = right("e", answers=(), answer_groups=(), answerable=None)
    listed = right("f", answers=("a", "b"), answer_groups=(("a", "x"), ("b",)))
    results = json.loads(exported([*RECORDS, unknown, listed], "ragchecker"))["results"]
    assert [one["query_id"] for one in results] == ["a", "b", "c", "d", "f"]
    assert results[0] == {
        "query_id": "a",
        "query": "Who built the mill?",
        "gt_answer": "Ada Hart",
        "response": "Ada Hart.",
        "retrieved_context": [{"doc_id": "mill.txt", "text": TEXT}],
    }
    assert results[4]["gt_answer"] == "a; b"
