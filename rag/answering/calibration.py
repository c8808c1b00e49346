"""The threshold of refusal that the owner of an index had measured: a file beside the index, read at every question.

In: the folder of an index. Out: the `Calibration` in its `calibration.json`, or None if there is none. Does not decide
the threshold (`rag.evaluation.threshold`), and does not compute a confidence (`confidence.py`).
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from rag.atomic import write_whole
from rag.errors import RagError

FILE = "calibration.json"


class Calibration(NamedTuple):
    """A threshold of confidence, and what it was measured with."""

    threshold: float  # answers of a lower confidence are refused
    at_most: float  # share of the given answers that may be wrong, as asked for
    bound: float  # what that share is at most, with the certainty of `rag.evaluation.threshold`
    questions: int
    given: int  # answers at or above the threshold
    wrong: int  # of them
    file: str  # of the questions
    file_sha256: str
    reader: str  # hash of the reader whose confidence was measured
    date: str  # ISO 8601


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration of the index in `folder`; None if it has none. Raises `RagError` if the file is damaged."""
    path = folder / FILE
    try:
        stored: Any = json.loads(path.read_text("utf-8"))
        found = Calibration(**stored)
        threshold = float(found.threshold)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as exc:
        raise RagError(
            f"{path} cannot be read ({exc}): make it again with `rag calibrate`, or delete it to use the packaged "
            "threshold"
        ) from exc
    return found._replace(threshold=threshold)


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Put the calibration in place of the one that is there. Raises `RagError` if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / FILE, (json.dumps(calibration._asdict(), indent=1) + "\n").encode())
    except OSError as exc:
        raise RagError(f"{folder / FILE} cannot be written: {exc.strerror}") from exc


def remove_calibration(folder: Path) -> None:
    """Go back to the packaged threshold."""
    with suppress(FileNotFoundError):
        (folder / FILE).unlink()
