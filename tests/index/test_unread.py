"""Files that could not be read, kept beside an index: what a run adds, settles and forgets."""

from __future__ import annotations

from pathlib import Path

from rag.index.unread import FILE, Unread, note_unread, read_unread


def test_failures_are_kept_until_their_files_are_read_or_gone(tmp_path: Path) -> None:
    assert read_unread(tmp_path) == []
    failed = {
        "home/a.pdf": "/srv/my: home/a.pdf: is damaged: get a copy",
        "home/b.doc": "no path here",
        "work/c.pdf": "/w/c.pdf: is empty",
    }
    note_unread(tmp_path, failed, settled=["home/x.txt"])
    kept = [
        Unread("home/a.pdf", "is damaged: get a copy"),
        Unread("home/b.doc", "no path here"),
        Unread("work/c.pdf", "is empty"),
    ]
    assert read_unread(tmp_path) == kept
    note_unread(tmp_path, {}, settled=["home/b.doc"])
    assert read_unread(tmp_path) == [kept[0], kept[2]]
    note_unread(tmp_path, {"home/d.pdf": "/h/d.pdf: is empty"}, settled=[], roots=["home"])  # a.pdf was not met
    assert read_unread(tmp_path) == [kept[2], Unread("home/d.pdf", "is empty")]


def test_a_run_without_failures_writes_no_file(tmp_path: Path) -> None:
    note_unread(tmp_path, {}, settled=["home/x.txt"], roots=["home"])
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    for content in (b"\xff", b"[1]", b"{"):
        (tmp_path / FILE).write_bytes(content)
        assert read_unread(tmp_path) == []
    note_unread(tmp_path, {"a.pdf": "a.pdf: is empty"}, settled=[])
    assert read_unread(tmp_path) == [Unread("a.pdf", "is empty")]


def test_no_folder_of_the_machine_is_kept(tmp_path: Path) -> None:
    note_unread(tmp_path, {"a.pdf": "/srv/x/a.pdf holds more than /srv/y/z.bin; see https://a.example/b/c or 3/4"}, [])
    assert read_unread(tmp_path) == [Unread("a.pdf", "a.pdf holds more than z.bin; see https://a.example/b/c or 3/4")]


def test_a_reason_is_one_short_line(tmp_path: Path) -> None:
    note_unread(tmp_path, {"a.pdf": f"a.pdf: {'x' * 900}"}, settled=[])
    assert read_unread(tmp_path) == [Unread("a.pdf", "x" * 300)]
