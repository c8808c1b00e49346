"""Notices of an answer that rests on documents of which a part was not read."""

from __future__ import annotations

from rag.answering.partly_read import partly_read_notices

NOTES = {
    "a/lease.pdf": ("3 pages are images without text (2-4 of 9); install OCR to have it read", "1 comment"),
    "b.docx": ("2 embedded objects",),
    "c.html": ("41 characters of hidden text; rag index --include-hidden reads it",),
    "d.xlsx": ('hidden sheet "Old"; rag index --include-hidden reads it',),
}


def test_a_line_for_each_of_three_documents_without_what_to_do() -> None:
    assert partly_read_notices(["whole.txt", "a/lease.pdf", "b.docx", "a/lease.pdf", "c.html", "d.xlsx"], NOTES) == (
        "lease.pdf was read in part: 3 pages are images without text (2-4 of 9); 1 comment",
        "b.docx was read in part: 2 embedded objects",
        "c.html was read in part: 41 characters of hidden text",
    )
    assert partly_read_notices(["whole.txt"], NOTES) == ()


def test_what_is_too_much_for_a_line_is_counted() -> None:
    many = {"x.jsonl": [f"a line was left out: it is not valid JSON (line {number}: no comma)" for number in range(8)]}
    (line,) = partly_read_notices(["x.jsonl"], many)
    assert line == (
        "x.jsonl was read in part: a line was left out: it is not valid JSON (line 0: no comma); "
        "a line was left out: it is not valid JSON (line 1: no comma); and 6 more"
    )
    (line,) = partly_read_notices(["x.txt"], {"x.txt": ["n" * 900]})
    assert line == f"x.txt was read in part: {'n' * 160}"
