"""The texts and questions that speed is measured with: squad2 of the evaluation folder, or made by a seeded generator.

In: the folder of evaluation sets, or none. Out: documents of one paragraph each, and questions with the paragraph that
answers them. The generator draws words of the sample library, as often as they stand there, into sentences and
paragraphs as long as squad2's, and asks for a paragraph with words of one of its sentences. The same seed gives the
same everywhere.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import NamedTuple

from evalset import rows
from serving import ROOT

PARAGRAPHS = 1216  # as many as squad2 has
PARAGRAPH_CHARACTERS = 720  # squad2's median
_SENTENCE_WORDS = (8, 30)
_SEED = 6
_WORD = re.compile(r"\w+")


class Asked(NamedTuple):
    """A question, and the ids of the documents that answer it."""

    text: str
    gold: tuple[str, ...]


class Workload(NamedTuple):
    """Texts and questions that all rows share; `questions` are answerable ones, in random order."""

    name: str
    documents: list[tuple[str, str]]  # id, text
    questions: list[Asked]

    def limited(self, limit: int | None) -> Workload:
        """The first `limit` documents, and the questions that they answer."""
        if not limit or limit >= len(self.documents):
            return self
        documents = self.documents[:limit]
        kept = {name for name, _ in documents}
        return Workload(f"{self.name}[:{limit}]", documents, [q for q in self.questions if kept.issuperset(q.gold)])

    def write(self, folder: Path) -> Path:
        """Each document as a text file below `folder`."""
        folder.mkdir(parents=True)
        for name, text in self.documents:
            (folder / f"{name}.txt").write_text(text, "utf-8")
        return folder


def squad2(evaluation: Path) -> Workload:
    """Ends the program with status 2 where the set is absent."""
    corpus, questions = rows(evaluation / "squad2", "corpus"), rows(evaluation / "squad2", "questions")
    asked = [Asked(row["question"], tuple(row["gold_doc_ids"])) for row in questions if row["answerable"]]
    random.Random(_SEED).shuffle(asked)
    return Workload("squad2", [(row["id"], row["text"]) for row in corpus], asked)


def generated(paragraphs: int = PARAGRAPHS) -> Workload:
    """Make as many paragraphs, and a question for each."""
    chance, words = random.Random(_SEED), _words()
    documents, asked = [], []
    for number in range(paragraphs):
        sentences: list[list[str]] = []
        while sum(len(" ".join(sentence)) for sentence in sentences) < PARAGRAPH_CHARACTERS:
            sentences.append(chance.choices(words, k=chance.randint(*_SENTENCE_WORDS)))
        name = f"gen-{number + 1:05d}"
        documents.append((name, " ".join(f"{' '.join(sentence).capitalize()}." for sentence in sentences)))
        asked.append(Asked(f"What is said of {' '.join(chance.choice(sentences)[1:7])}?", (name,)))
    chance.shuffle(asked)
    return Workload("generated", documents, asked)


def _words() -> list[str]:
    """Words of the sample library's plain texts, each as often as it stands there; the order is that of file names."""
    paths = sorted((ROOT / "seeds" / "library").glob("*.txt"))
    return [word for path in paths for word in _WORD.findall(path.read_text("utf-8"))]
