"""The arithmetic of sizes and costs by hand, and that docs/scaling.md shows what the script prints."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
import capacity  # noqa: E402  (a script's folder, not a package)
from capacity import Assumed, Measured, plan  # noqa: E402

ONE = Measured(
    text=1000,
    terms=500,
    distinct=100,
    sentences=2,
    catalogue=3000,
    sentence_vectors=3000,
    lexical=400,
    ingest=10,
    question=0.1,
    reading=0.4,
    bm25_ms=7.6,
    dense_ms=2.4,
    quantised_memory=149,
    quantised_disk=1652,
)


def test_bytes_of_a_passage() -> None:
    assert capacity.local(ONE) == (149, 3000 + 3000 + 400 + 1652, 0)
    blobs = (1000 + 3000) * 4 / 3
    texts = 1000 + 500 + 150
    # HNSW holds the vectors; a posting takes 8 bytes
    whole = (384 * 4 + 36 * 4 + 100 * 8, texts + blobs, 1536 + 800 + texts + blobs + 1680 + 800)
    assert capacity.milvus(ONE, 1_000_000) == pytest.approx(whole)
    coded = (48 + 16 + 800, 384 + texts + blobs, 1536 + 800 + texts + blobs + 64 + 384 + 800)
    assert capacity.milvus(ONE, 100_000_000) == pytest.approx(coded)


def test_a_plan_by_hand() -> None:
    made = plan(ONE, Assumed(), 100_000_000, 10)
    # 1e8 passages at 10 a second and core: 1e7 core-seconds, in 604,800 seconds 16.5 cores
    assert made.ingest_machines == 2
    assert made.ingest_hours == pytest.approx(1e7 / 3600 / 16)
    assert made.search_by == {
        "memory": 4,  # 2e8 * 864 B = 172.8 GB of 44.8 GB
        "disk": 2,  # 2e8 * 7367 B = 1.473 TB of 1.4 TB
        "search": 1,  # 10 questions * 1 core-second of 11.2 cores
        "two for safety": 2,
    }
    assert (made.search_machines, made.decided_by) == (4, "memory")
    assert (made.api_machines, made.model_servers) == (2, 2)
    assert made.month["search"] == pytest.approx(4 * 730 * 0.8)
    assert made.month["model"] == pytest.approx(2 * 730 * 2.5)
    assert made.month["objects"] == pytest.approx(1e8 * capacity.milvus(ONE, 10**8).objects / 1e9 * 0.025)


def test_a_model_server_by_hand() -> None:
    assert (
        capacity.model_questions(Assumed(read_tokens=1000, written_tokens=100, read_rate=10_000, write_rate=1000)) == 5
    )


@settings(deadline=None)  # a busy machine takes seconds for nothing
@given(st.integers(1, 10**11), st.floats(0.01, 1000))
def test_more_passages_or_questions_never_take_less(passages: int, questions: float) -> None:
    less, more, asked = (
        plan(ONE, Assumed(), *each)
        for each in ((passages, questions), (passages * 2, questions), (passages, questions * 2))
    )
    assert more.ingest_hours == pytest.approx(2 * less.ingest_hours)
    assert asked.search_machines >= less.search_machines
    assert asked.model_servers >= less.model_servers
    assert more.ingest_machines >= less.ingest_machines
    if (passages <= capacity.SMALL) == (passages * 2 <= capacity.SMALL):
        assert more.search_machines >= less.search_machines


def test_the_document_shows_what_the_script_prints() -> None:
    document = (ROOT / "docs/scaling.md").read_text("utf-8")
    command = next(line for line in document.splitlines() if line.startswith("python benchmarks/sizing.py --measured"))
    words = shlex.split(command)[1:]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    tables = done.stdout.strip().split("\n\n")
    assert len(tables) == 4
    for table in tables:
        assert table in document
