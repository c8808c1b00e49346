"""Which citations are right, by gold and by entailment, and what an answer is then worth."""

from __future__ import annotations

from math import isnan

import pytest

from rag.evaluation.citations import Shares, by_entailment, by_gold
from rag.evaluation.judging import Judgement, judgement_table, outcome
from rag.serialise import ConflictValueJSON
from tests.evaluation.records import FIRST, SECOND, THIRD, answer, citation, claim, evidence, record


def test_a_citation_is_right_where_it_overlaps_gold_evidence() -> None:
    told = answer("Ada Hart [1].", [citation(1, (9, 30))])  # the last words of the first sentence and on
    assert by_gold(record(told, worded=())) == Shares(1.0, 1.0)
    beside = answer("1,400 pounds [1].", [citation(1, SECOND)])
    assert by_gold(record(beside, worded=())) == Shares(0.0, 0.0)
    touching = answer("? [1].", [citation(1, (24, 30))])  # begins where the evidence ends
    assert by_gold(record(touching, worded=())) == Shares(0.0, 0.0)
    elsewhere = answer("Ada Hart [1].", [citation(1, FIRST, "ferry.txt")])
    assert by_gold(record(elsewhere, worded=())) == Shares(0.0, 0.0)


def test_a_citation_is_right_where_it_gives_the_answer_in_a_gold_document() -> None:
    again = "The mill was the work of Ada Hart of Leeds."
    same = answer("Ada Hart [1].", [citation(1, (0, 43), text=again)])
    assert by_gold(record(same, evidence=())) == Shares(1.0, 1.0)
    foreign = answer("Ada Hart [1].", [citation(1, (0, 43), "ferry.txt", again)])
    assert by_gold(record(foreign, evidence=())) == Shares(0.0, 0.0)
    assert by_gold(record(foreign, evidence=(), documents=())) == Shares(1.0, 1.0)  # no gold document is named


def test_the_answer_in_other_words_of_a_gold_document_shows_evidence_that_holds_it() -> None:
    told = answer("Ada Hart [1].", [citation(1, (100, 119), text=" " * 100 + "Hart, Ada Hart, did.")])
    both = record(told, evidence=(evidence(FIRST), evidence(SECOND)))
    assert by_gold(both) == Shares(1.0, 0.5)  # the second sentence does not hold the answer


def test_precision_and_recall_over_several() -> None:
    told = answer(
        "Ada Hart [1]. 1,400 pounds [2]. 1902 [3].", [citation(1, FIRST), citation(2, SECOND), citation(3, THIRD)]
    )
    two = record(told, evidence=(evidence(FIRST), evidence(THIRD)), worded=())
    assert by_gold(two) == Shares(2 / 3, 1.0)
    half = record(answer("Ada Hart [1].", [citation(1, FIRST)]), evidence=(evidence(FIRST), evidence(THIRD)), worded=())
    assert by_gold(half) == Shares(1.0, 0.5)


def test_the_citations_of_a_conflict_are_not_judged() -> None:
    told = answer("Ada Hart [1].", [citation(1, FIRST), citation(2, SECOND)], [claim("Ada Hart [1].", 1)])
    assert by_gold(record(told, worded=())) == Shares(0.5, 1.0)
    other: ConflictValueJSON = {"value": "Bo", "claim": "Bo [2].", "citations": [2], "as_of": None}
    own: ConflictValueJSON = {"value": "Ada Hart", "claim": "Ada Hart [1].", "citations": [1], "as_of": None}
    told["conflicts"] = [{"about": "?", "values": [own, other]}]
    assert by_gold(record(told, worded=())) == Shares(1.0, 1.0)
    told["conflicts"], told["alternative"] = [], {"text": "Bo [2].", "citations": [2]}
    assert by_gold(record(told, worded=())) == Shares(1.0, 1.0)


def test_what_no_citation_could_show_is_not_judged() -> None:
    told = answer("Yes [1].", [citation(1, FIRST)])
    assert by_gold(record(told, answers=("yes",), evidence=(), worded=())) == Shares(None, None)


def test_entailment_by_hand() -> None:
    citations = [citation(1, FIRST), citation(2, SECOND)]
    told = answer(
        "x",
        citations,
        [
            claim("Ada Hart built the mill [1][2].", 1, 2),  # supported by the first alone: the second is not needed
            claim("It cost 900 pounds [2].", 2),  # another number: not supported
        ],
    )
    assert by_entailment(record(told)) == Shares(1 / 3, 1 / 2)
    assert by_entailment(record(answer("x", citations, []))) == Shares(None, None)
    assert by_entailment(record(answer("x", [], [claim("Ada Hart built the mill.")]))) == Shares(None, 0.0)


RIGHT = answer("Ada Hart [1].", [citation(1, FIRST)])
WRONG = answer("1,400 pounds [1].", [citation(1, SECOND)])
REFUSED = answer(None)


@pytest.mark.parametrize(
    ("judged", "kind"),
    [
        (record(RIGHT), Judgement.RIGHT),
        (record(WRONG), Judgement.WRONG),
        (record(REFUSED), Judgement.REFUSED),
        (record(RIGHT, answerable=False), Judgement.ANSWERED),
        (record(REFUSED, answerable=False), Judgement.RIGHTLY_REFUSED),
        (record(RIGHT, answerable=None), Judgement.UNKNOWN),
        (record(RIGHT, answers=(), answer_groups=(), evidence=(), worded=()), Judgement.UNKNOWN),
        (
            record(
                answer("Yes [1].", [citation(1, FIRST)]),
                answers=("yes",),
                answer_groups=(("yes",),),
                evidence=(),
                worded=(),
            ),
            Judgement.RIGHT,
        ),
        (
            record(answer("No [1]."), answers=("yes",), answer_groups=(("yes",),), evidence=(), worded=()),
            Judgement.WRONG,
        ),
    ],
)
def test_outcomes(judged: object, kind: Judgement) -> None:
    assert outcome(judged) is kind  # type: ignore[arg-type]


def test_a_refusal_counts_nothing_for_the_answer_and_is_left_out_of_the_citations() -> None:
    columns = judgement_table([record(RIGHT), record(REFUSED), record(REFUSED, answerable=False)])
    assert columns["f1"][:2].tolist() == [1.0, 0.0]
    assert columns["quote_contained"][:2].tolist() == [1.0, 0.0]
    assert columns["citation_precision"][0] == 1.0
    assert isnan(columns["citation_precision"][1])
    assert isnan(columns["f1"][2])
    assert columns["refused_answerable"][:2].tolist() == [0.0, 1.0]
    assert columns["refused_unanswerable"][2] == 1.0
    assert isnan(columns["right"][1])  # what would have been said is not known
    assert columns["right"][2] == 0.0
    assert columns["recall@1"][0] == 0.0
    assert columns["recall@5"][0] == 1.0
    assert columns["mrr"][0] == 0.5


def test_a_list_is_right_when_every_group_is_said() -> None:
    told = answer("a ticket [1]. a whistle [2].")
    groups = (("ticket",), ("whistle", "flute"))
    assert judgement_table([record(told, answers=("ticket", "whistle"), answer_groups=groups)])["contained"][0] == 1.0
    assert (
        judgement_table([record(told, answers=("ticket",), answer_groups=(("ticket",), ("jacket",)))])["contained"][0]
        == 0.0
    )
