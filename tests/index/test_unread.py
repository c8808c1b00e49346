"""Files that could not be read, as an index remembers them -> what people elsewhere are told of them."""

from __future__ import annotations

import pytest

from rag.index.unread import Unread, unread
from rag.types import Failed, Stamp


def told(document_id: str, message: str) -> str:
    failed = Failed(f"/srv/{document_id}", document_id, message, "", Stamp(None, None), "")
    (item,) = unread([failed])
    assert item.document_id == document_id
    return item.reason


@pytest.mark.parametrize(
    ("document_id", "message", "reason"),
    [
        ("home/a.pdf", "/srv/my: home/a.pdf: is damaged: get a copy", "is damaged: get a copy"),
        ("home/b.doc", "no path here", "no path here"),
        ("work/c.pdf", "/w/c.pdf: is empty", "is empty"),
        ("work/d.zip!/in/e.pdf", "/w/d.zip!/in/e.pdf: is encrypted", "is encrypted"),
    ],
)
def test_the_reason_stands_without_the_path_in_front(document_id: str, message: str, reason: str) -> None:
    assert told(document_id, message) == reason


def test_no_folder_of_the_machine_is_told() -> None:
    line = "/srv/x/a.pdf holds more than /srv/y/z.bin; see https://a.example/b/c or 3/4"
    assert told("a.pdf", line) == "a.pdf holds more than z.bin; see https://a.example/b/c or 3/4"


def test_a_reason_is_one_short_line() -> None:
    assert told("a.pdf", f"a.pdf: {'x' * 900}") == "x" * 300


def test_the_order_is_that_of_the_failures() -> None:
    names = ["b.pdf", "a.pdf"]
    failures = [Failed(name, name, f"{name}: is empty", "", Stamp(None, None), "") for name in names]
    assert unread(failures) == [Unread("b.pdf", "is empty"), Unread("a.pdf", "is empty")]
