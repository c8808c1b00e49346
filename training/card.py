"""Print the part of the model card that follows from the data and the run.

    python card.py DATA RUN > part.md

In: the folder of data and the folder of a run (`run.json`). Out: what was read, and a table of the sets with their
rows, how often rows of each were met, and licences. No text of a set is printed.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

FAMILIES = ("qa", "nli", "as2", "made")


def sets(data: Path) -> Iterator[tuple[str, str, int, list[str]]]:
    """Family, name, number of English rows and licences of each set."""
    for family in FAMILIES:
        for path in sorted((data / family).glob("*.jsonl.gz")):
            licences: Counter[str] = Counter()
            with gzip.open(path, "rt", encoding="utf-8") as file:
                for line in file:
                    row = json.loads(line)
                    if row.get("lang", "en") == "en":
                        licences[row["license"]] += 1
            yield family, path.name.removesuffix(".jsonl.gz"), licences.total(), sorted(licences)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    options = parser.parse_args()
    run = json.loads((options.run / "run.json").read_text("utf-8"))
    print(
        f"{run['step']} steps, {run['examples']:,} pairs, {run['tokens']:,} tokens of {run['planned']:,} planned; seed "
        f"{run['seed']}, learning rate {run['rate']}, {run['batch']} tokens a step, at most {run['longest']} tokens a "
        f"pair; embeddings and the lowest {run['frozen']} layers unchanged.\n"
    )
    print("| family | set | rows | read | licence |\n|---|---|---|---|---|")
    for family, name, rows, licences in sets(options.data):
        if read := run["rows"].get(name):
            print(f"| {family} | {name} | {rows:,} | {read:,} | {'; '.join(licences)} |")


if __name__ == "__main__":
    main()
