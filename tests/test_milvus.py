"""`MilvusIndex` on a file of Milvus Lite: the contract of every index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from index_contract import DIMENSION, IndexContract, fast_folder

from rag.scale import milvus_server
from rag.scale.milvus import MilvusIndex
from rag.types import Index


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    with fast_folder() as folder:
        yield str(folder / "milvus.db")
        milvus_server.release(str(folder / "milvus.db"))


class TestContract(IndexContract):
    made = 0

    @pytest.fixture(autouse=True)
    def _place(self, uri: str) -> None:
        self.uri = uri

    def open_empty(self) -> Index:
        TestContract.made += 1
        return open_index(self.uri, f"books-{TestContract.made}", create=True)


def open_index(uri: str, name: str = "books", *, write: bool = False, create: bool = False) -> MilvusIndex:
    return MilvusIndex.open(
        uri, "", Path("indexes"), name, write=write, create=create, embedder_fingerprint="e1", dimension=DIMENSION,
        chunker="c1",
    )  # fmt: skip
