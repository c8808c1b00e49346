"""What a reading process cuts is what this one would, and text that is made to cost memory costs one document."""

from __future__ import annotations

from pathlib import Path

from rag.documents.discover import Found
from rag.documents.pool import ReaderPool, Time
from rag.documents.read import read_document
from rag.embedding.embedded import EmbeddedEmbedder
from rag.errors import DocumentError
from rag.ingest.cutting import program_of
from rag.ingest.prepare import cut
from rag.types import Document, Prepared
from tests.fakes import HashEmbedder

TEXT = """# The mill

The mill was built in 1859. It cost 1,400 pounds.

| year | pounds |
| --- | --- |
| 1859 | 1,400 |
| 1860 | 20 |

- One wheel drives the pump.
- Another one drives the saw, which is older than the mill.
"""


def given(folder: Path, name: str, text: str) -> Found:
    path = folder / name
    path.write_text(text, "utf-8")
    return Found(str(path), name, str(path))


def test_a_reading_process_cuts_as_this_one_does(tmp_path: Path, embedder: EmbeddedEmbedder) -> None:
    found = [given(tmp_path, "a.md", TEXT * 9), given(tmp_path, "b.txt", ""), given(tmp_path, "c.txt", "One. Two.")]
    with ReaderPool(1, program=program_of(embedder, 60)) as pool:
        first, empty, last = (result for _, result in pool.read(found))
    assert isinstance(first, Prepared)
    assert isinstance(empty, DocumentError)
    assert isinstance(last, Prepared)
    document = read_document(Path(found[0].file), "a.md", found[0].source)
    assert first == Prepared(document, cut(document, embedder, 60))
    assert len(first.passages) > 5
    assert [passage.text for passage in last.passages] == ["One. Two."]


def test_cutting_keeps_to_the_limits_of_reading(tmp_path: Path, embedder: EmbeddedEmbedder) -> None:
    hostile, plain = given(tmp_path, "a.txt", "1 " * 2_000_000), given(tmp_path, "b.txt", "The pump is here.")
    with ReaderPool(
        1, time_for=lambda found: Time(1.0 if found == hostile else 60.0), program=program_of(embedder, 200)
    ) as pool:
        first, second = (result for _, result in pool.read([hostile, plain]))
    assert str(first) == f"{tmp_path}/a.txt: took more than 1 s to read, which is the limit; split it"
    assert isinstance(second, Prepared)


def test_an_embedder_without_a_file_of_its_tokenizer_has_documents_cut_where_they_are_taken(tmp_path: Path) -> None:
    assert program_of(HashEmbedder(), 60) is None
    with ReaderPool(1, program=None) as pool:
        ((_, result),) = pool.read([given(tmp_path, "a.txt", "One. Two.")])
    assert isinstance(result, Document)
