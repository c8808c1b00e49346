"""What a walk leaves out: by `--exclude` and `.ragignore`, and folders that programs fill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.documents import leaving_out
from rag.documents.discover import Excluded, Skipped, UnreachableFile, discover
from rag.errors import InputError
from tests.documents.test_discover import make


def ids(root: Path, *exclude: str) -> list[str]:
    return [found.document_id.removeprefix(f"{root.name}/") for found in discover([root], exclude).files]


def test_patterns_are_those_of_gitignore_and_the_last_that_fits_decides(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "b.log", "keep.log", "drafts/c.txt", "sub/drafts/d.txt", "sub/a.txt", "sub/deep/e.txt")
    assert ids(tmp_path, "*.log", "!keep.log", "/drafts/", "sub/**/e.txt") == [
        "a.txt", "keep.log", "sub/a.txt", "sub/drafts/d.txt",
    ]  # fmt: skip
    assert discover([tmp_path], ["/a.txt"]).skipped == (Excluded(tmp_path / "a.txt", "is left out by --exclude"),)


def test_a_ragignore_counts_from_its_folder_and_comes_before_those_above(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "note.md", "sub/a.txt", "sub/note.md", "sub/deep/note.md")
    (tmp_path / ".ragignore").write_text("# notes are private\nnote.md\n\n", "utf-8")
    (tmp_path / "sub" / ".ragignore").write_bytes(b"\xef\xbb\xbf/a.txt\r\n!note.md\r\n")
    assert ids(tmp_path) == ["a.txt", "sub/deep/note.md", "sub/note.md"]
    assert ids(tmp_path, "note.md") == ["a.txt"]
    assert ids(tmp_path / "sub") == ["deep/note.md", "note.md"]
    assert [str(item) for item in (found.reason for found in discover([tmp_path]).skipped)] == [
        f"is left out by {tmp_path}/.ragignore",
        f"is left out by {tmp_path}/sub/.ragignore",
    ]


def test_a_ragignore_above_the_given_folder_counts_unless_it_leaves_that_out_itself(tmp_path: Path) -> None:
    """Runs over a folder and over one in it took documents out and put them in again in turns."""
    make(tmp_path, "sub/a.txt", "sub/secret.txt", "sub/deep/old/b.txt", "sub/deep/c.log", "sub/deep/d.txt")
    (tmp_path / ".ragignore").write_text("secret.txt\n/sub/deep/old/\n*.log\n")
    (tmp_path / "sub" / ".ragignore").write_text("!c.log\n")
    assert ids(tmp_path) == ["sub/a.txt", "sub/deep/c.log", "sub/deep/d.txt"]
    assert ids(tmp_path / "sub") == ["a.txt", "deep/c.log", "deep/d.txt"]
    assert ids(tmp_path / "sub" / "deep") == ["c.log", "d.txt"]
    assert ids(tmp_path / "sub" / "deep", "d.txt") == ["c.log"]
    assert ids(tmp_path / "sub" / "deep" / "old") == ["b.txt"]
    (tmp_path / "link").symlink_to(tmp_path / "sub" / "deep")
    assert ids(tmp_path / "link") == ["c.log", "d.txt"]
    (tmp_path / ".ragignore").unlink()
    (tmp_path / ".ragignore").symlink_to("away")
    reason = f"{tmp_path / '.ragignore'} cannot be read: No such file or directory"
    assert discover([tmp_path / "sub"]) == ((), (UnreachableFile(tmp_path / "sub", reason),))


def test_a_file_given_by_name_is_read_whatever_the_patterns(tmp_path: Path) -> None:
    make(tmp_path, "a.txt")
    assert [found.document_id for found in discover([tmp_path / "a.txt"], ["*.txt"]).files] == ["a.txt"]


def test_folders_that_programs_fill_are_left_out_and_named(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a.txt",
        "node_modules/x/readme.md",
        "code/pyproject.toml",
        "code/build/lib.py",
        "home/build/house.txt",
    )
    make(tmp_path, ".git/config", "cache/CACHEDIR.TAG", "cache/x.txt", "venv/lib/m.py", "py/pyvenv.cfg", "py/m.py")
    assert ids(tmp_path) == ["a.txt", "code/pyproject.toml", "home/build/house.txt"]
    assert {item.path.relative_to(tmp_path).as_posix(): item.reason for item in discover([tmp_path]).skipped} == {
        ".git": "holds versions of files, not documents",
        "cache": leaving_out.CACHE,
        "code/build": "holds what a build made ('!build/' in .ragignore brings it in)",
        "node_modules": "holds what programs fetched or made ('!node_modules/' in .ragignore brings it in)",
        "py": leaving_out.CACHE,
        "venv": "holds what programs fetched or made ('!venv/' in .ragignore brings it in)",
    }
    (tmp_path / ".ragignore").write_text("!node_modules/\n!py/\n")
    assert ids(tmp_path) == [
        "a.txt",
        "code/pyproject.toml",
        "home/build/house.txt",
        "node_modules/x/readme.md",
        "py/m.py",
        "py/pyvenv.cfg",
    ]
    assert ids(tmp_path / "venv") == ["lib/m.py"]  # what is given itself is wanted


@pytest.mark.parametrize("pattern", ["!", "[z-a]", "a\\"])
def test_what_is_no_pattern_is_named_with_its_place(tmp_path: Path, pattern: str) -> None:
    make(tmp_path, "a.txt")
    with pytest.raises(InputError) as error:
        discover([tmp_path], ["*.log", pattern])
    assert str(error.value) == f"--exclude: {pattern!r} is no pattern of gitignore; mend it or take it out"
    (tmp_path / ".ragignore").write_text(pattern)
    with pytest.raises(InputError, match="is no pattern of gitignore") as error:
        discover([tmp_path])
    assert str(error.value).startswith(f"{tmp_path}/.ragignore: ")


def _a_folder(file: Path) -> None:
    file.mkdir()


def _a_loop(file: Path) -> None:
    file.symlink_to(file)


@pytest.mark.parametrize("kind", [_a_folder, _a_loop])
def test_a_folder_whose_rules_cannot_be_read_is_not_read(tmp_path: Path, kind: Callable[[Path], None]) -> None:
    make(tmp_path, "a.txt", "sub/secret.txt")
    kind(tmp_path / "sub" / ".ragignore")
    result = discover([tmp_path])
    assert [found.document_id for found in result.files] == [f"{tmp_path.name}/a.txt"]
    (skipped,) = result.skipped
    assert isinstance(skipped, UnreachableFile)
    assert skipped.reason.startswith("its .ragignore cannot be read: ")


def test_rules_without_end_are_refused(tmp_path: Path) -> None:
    make(tmp_path, "a.txt")
    (tmp_path / ".ragignore").write_bytes(b"a\n" * (leaving_out.MOST_BYTES // 2 + 1))
    with pytest.raises(InputError, match=r"\.ragignore: has more than 1,048,576 bytes$"):
        discover([tmp_path])


def test_a_link_whose_drive_is_gone_is_out_of_reach_and_one_whose_file_is_gone_is_not(tmp_path: Path) -> None:
    make(tmp_path / "root", "a.txt")
    (tmp_path / "root" / "away.txt").symlink_to(tmp_path / "drive" / "away.txt")
    (tmp_path / "root" / "dead.txt").symlink_to(tmp_path / "dead.txt")
    found = {item.path.name: type(item) for item in discover([tmp_path / "root"]).skipped}
    assert found == {"away.txt": UnreachableFile, "dead.txt": Skipped}
