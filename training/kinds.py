"""Questions labelled by the kind of answer they ask for -> the weights of `rag/retrieval/kinds.py`.

    python kinds.py [--data written/kinds.tsv.gz] [--test FILE.tsv ...] [--out ../rag/retrieval/kinds.npz]

In: lines `KIND<TAB>QUESTION`, labelled by reading. Every fifth question, by its hash, serves for measuring only. Each
of the others is shown twice, with its vector and without, so that the words alone decide if another embedder is used.
Out: the weights, and for the questions that were kept back and those of `--test` the share that is right, precision and
recall. Seeded by nothing: the fit (logistic regression, scikit-learn) has one optimum.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report

from rag.models import load_models
from rag.retrieval.kinds import BUCKETS, DIMENSION, KINDS, SCALE, word_features
from rag.settings import load_settings

HERE = Path(__file__).parent
STRENGTH = 3.0  # inverse of the regularisation
WORDS_ALONE = 1.0  # weight of a question without its vector

Rows = list[tuple[str, str]]


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE / "written" / "kinds.tsv.gz")
    parser.add_argument("--test", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=HERE.parent / "rag" / "retrieval" / "kinds.npz")
    options = parser.parse_args()
    rows = labelled(options.data)
    kept = [row for row in rows if is_kept_back(row[1])]
    fitted = fit([row for row in rows if not is_kept_back(row[1])])
    coefficients = np.zeros((BUCKETS + DIMENSION, len(KINDS)))
    intercept = np.full(len(KINDS), -20.0)
    for place, kind in enumerate(fitted.classes_):
        coefficients[:, KINDS.index(kind)] = fitted.coef_[place]
        intercept[KINDS.index(kind)] = fitted.intercept_[place]
    np.savez_compressed(
        options.out,
        words=coefficients[:BUCKETS].astype(np.float16),
        meaning=coefficients[BUCKETS:].astype(np.float16),
        intercept=intercept.astype(np.float32),
    )
    for name, tested in [("kept back", kept), *((path.name, labelled(path)) for path in options.test)]:
        for vectors in (True, False):
            guessed = fitted.predict(features([text for _, text in tested], vectors))
            right = np.mean([kind == guess for (kind, _), guess in zip(tested, guessed, strict=True)])
            print(f"\n{name}, {'with' if vectors else 'without'} vectors: {right:.3f} of {len(tested)} right")
            print(classification_report([kind for kind, _ in tested], guessed, zero_division=0))


def labelled(path: Path) -> Rows:
    """Kind and question of each line."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [(kind, text) for kind, text in (line.split("\t", 1) for line in data.decode().splitlines())]


def is_kept_back(question: str) -> bool:
    """True for a question of the fifth that only measures."""
    return hashlib.sha256(question.encode()).digest()[0] % 5 == 0


def fit(rows: Rows) -> LogisticRegression:
    """The regression on rows with and without vectors."""
    texts, kinds = [text for _, text in rows], [kind for kind, _ in rows]
    both = csr_matrix(np.vstack([features(texts, True).toarray(), features(texts, False).toarray()]))
    weights = np.repeat([1.0, WORDS_ALONE], len(rows))
    return LogisticRegression(C=STRENGTH, max_iter=1000).fit(both, kinds * 2, sample_weight=weights)


def features(texts: list[str], vectors: bool) -> csr_matrix:
    """A row for each text: its runs of words by bucket, then its vector, zeros if it has none."""
    found = np.zeros((len(texts), BUCKETS + DIMENSION), np.float32)
    embedder = load_models(load_settings(), answers=False).embedder if vectors else None
    for row, text in zip(found, texts, strict=True):
        for bucket, value in word_features(text).items():
            row[bucket] = value
        if embedder is not None:
            row[BUCKETS:] = SCALE * embedder.embed_query(text)
    return csr_matrix(found)


if __name__ == "__main__":
    main()
