"""The command `rag check`: answers of any system against the passages that they were drawn from.

In: a file of answers. Out: each claim that is doubted with its reason and the nearest stretch of a passage, and the
share of all claims that are supported, by which a build can fail. Needs neither an index nor a model.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rag.checking.faithfulness import CheckedClaim, Faithfulness, check_faithfulness
from rag.errors import InputError
from rag.evaluation.given import GivenAnswer, read_answers
from rag.serialise import faithfulness_json

OK, TOO_FEW = 0, 1


class Checked(NamedTuple):
    """An answer and what was found of its claims."""

    given: GivenAnswer
    found: Faithfulness


def run(options: argparse.Namespace) -> int:
    """Check the answers; returns the exit code: 1 if fewer claims are supported than `--fail-under` asks for. Raises
    `InputError`."""
    least = options.fail_under
    if least is not None and not 0 < least <= 1:
        raise InputError(f"--fail-under is {least}; it is a share above 0 and at most 1, such as 0.9", "fail_under")
    answers = read_answers(Path(options.answers))
    checked = [Checked(one, check_faithfulness(one.answer, one.passages, one.question)) for one in answers]
    claims = [claim for one in checked for claim in one.found.claims]
    if not claims:
        raise InputError(f"no answer of {options.answers} says anything that could be checked", "answers")
    supported = sum(claim.reason is None for claim in claims)
    share = supported / len(claims)
    passed = least is None or share >= least
    if options.json:
        print(json.dumps(_json(checked, len(claims), supported, passed), ensure_ascii=False, indent=2))
    else:
        print(_text(checked, len(claims), supported, least))
    return OK if passed else TOO_FEW


def _json(checked: Sequence[Checked], claims: int, supported: int, passed: bool) -> dict[str, Any]:
    results = [{"id": one.given.id, "question": one.given.question, **faithfulness_json(one.found)} for one in checked]
    return {
        "answers": len(checked),
        "claims": claims,
        "supported": supported,
        "share": supported / claims,
        "passed": passed,
        "results": results,
    }


def _text(checked: Sequence[Checked], claims: int, supported: int, least: float | None) -> str:
    lines = []
    for one in checked:
        doubted = [claim for claim in one.found.claims if claim.reason is not None]
        if not one.found.claims:
            lines += [f"{one.given.id}: says nothing that could be checked"]
        elif doubted:
            lines += [f"{one.given.id}: {len(doubted)} of {len(one.found.claims)} claims doubted"]
            lines += [line for claim in doubted for line in _doubt(claim)]
    limit = "" if least is None else f"; at least {least} is asked for"
    total = f"{supported} of {claims} claims of {len(checked)} answers are supported: {supported / claims:.3f}{limit}"
    return "\n".join([*lines, total])


def _doubt(claim: CheckedClaim) -> list[str]:
    """Two lines on a claim: the reason with its place in the answer, and the nearest stretch of a passage."""
    lines = [f"  {claim.reason} ({claim.support:.2f}), characters {claim.start} to {claim.end}: {_line(claim.text)}"]
    if (near := claim.evidence) is not None:
        lines += [f"    nearest, passage {near.passage}, characters {near.start} to {near.end}: {_line(near.quote)}"]
    return lines


def _line(text: str) -> str:
    return " ".join(text.split())
