"""`benchmarks/results/growth.json` -> a picture: time and memory against the number of passages, with what the machine
could do at best.

    pip install '.[bench]' && python benchmarks/growth_plot.py [docs/growth.svg]

The limits: committing cannot be faster than embedding, which cannot be faster than its operations take in a product of
matrices; an exact search reads every vector once, as fast as memory is read; memory cannot be less than the vectors,
where they are held.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from speed import RESULTS

VECTOR_BYTES = 4 * 384


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", nargs="?", type=Path, default=Path("docs/growth.svg"))
    options = parser.parse_args()
    plt.rcParams["svg.hashsalt"] = "growth"  # the same figures give the same file
    draw(json.loads((RESULTS / "growth.json").read_text("utf-8"))).savefig(options.picture, metadata={"Date": None})


def draw(found: dict[str, Any]) -> Any:
    machine, embedding, sizes = found["machine"], found["embedding"], found["sizes"]
    passages = [size["passages"] for size in sizes]
    figure, axes = plt.subplots(2, 2, figsize=(10, 7.5), layout="constrained")

    def lines(at: Any, title: str, unit: str, **named: Any) -> None:
        for name, values in named.items():
            limit = name.startswith("limit")
            label = name.removeprefix("limit_").replace("_", " ")
            at.plot(passages, values, "k--" if limit else "o-", linewidth=1 if limit else 2, label=label)
        at.set(title=title, xlabel="passages", ylabel=unit, xscale="log", yscale="log")
        at.grid(alpha=0.3)
        at.legend()

    embedded = 1000 / embedding["passages_a_second"]
    least = 1000 * embedding["gflop_a_passage"] / machine["gflops"]
    exact = [1e3 * VECTOR_BYTES * n / 1e9 / machine["gigabytes_a_second"] for n in passages]
    lines(
        axes[0, 0],
        "index: a passage",
        "ms",
        embed=[embedded] * len(passages),
        commit=[size["commit_ms"] for size in sizes],
        limit_embed_at_the_speed_of_matrix_products=[least] * len(passages),
    )
    lines(
        axes[0, 1],
        "search, question embedded",
        "ms",
        median=[size["search_ms"] for size in sizes],
        nine_of_ten_within=[size["search_ms_90"] for size in sizes],
        limit_exact_search_at_the_speed_of_memory=exact,
    )
    lines(
        axes[1, 0],
        "open and first search; remove a document and publish",
        "ms",
        open=[size["open_ms"] for size in sizes],
        remove=[size["remove_ms"] for size in sizes],
    )
    lines(
        axes[1, 1],
        "memory of a searching process, disk",
        "MB",
        memory=[size["memory_mb"] for size in sizes],
        disk=[size["disk_bytes"] * size["passages"] / 1e6 for size in sizes],
        limit_vectors_held_in_memory=[VECTOR_BYTES * n / 1e6 for n in passages],
    )
    return figure


if __name__ == "__main__":
    main()
