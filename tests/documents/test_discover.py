"""Folders -> files with ids, and what is left out with the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.documents.discover import Discovery, Found, Skipped, discover
from rag.errors import InputError


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def file(path: Path, document_id: str, described: bool = True) -> Found:
    root = document_id.rpartition("/")[0].partition("/")[0]
    above = next((str(folder.resolve()) for folder in path.parents if root and folder.name == root), "")
    return Found(str(path), document_id, str(path.resolve()), described, root=above)


def test_a_folder_is_walked_in_order_below_its_own_name(tmp_path: Path) -> None:
    root = tmp_path / "notes"
    make(root, "b.txt", "a/c/d.PDF", "a/b.md", "B.txt", ".hidden/x.txt", ".x.txt", "a/~$b.docx", "data.xyz", "LICENSE")
    make(root, ".b.txt.metadata.json", "a/.b.txt.metadata.json")  # the second describes nothing
    assert discover([root]) == Discovery(
        files=(
            file(root / "B.txt", "notes/B.txt", False),
            file(root / "a/b.md", "notes/a/b.md", False),
            file(root / "a/c/d.PDF", "notes/a/c/d.PDF", False),
            file(root / "b.txt", "notes/b.txt"),
        ),
        skipped=(
            Skipped(root / "LICENSE", "has no suffix that tells its type"),
            Skipped(root / "data.xyz", "files of type .xyz are not read"),
        ),
    )


def test_files_given_directly_keep_their_name_whatever_their_type(tmp_path: Path) -> None:
    make(tmp_path, "a/b.txt", "c.xyz")
    result = discover([tmp_path / "a/b.txt", tmp_path / "c.xyz"])
    assert result.files == (file(tmp_path / "a/b.txt", "b.txt"), file(tmp_path / "c.xyz", "c.xyz"))


@pytest.mark.parametrize(
    ("given", "name"), [(".", "here"), ("below/..", "here"), ("below", "below"), ("./below/", "below")]
)
def test_a_folder_without_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, name: str
) -> None:
    make(tmp_path / "here", "below/a.txt", "a.txt")
    monkeypatch.chdir(tmp_path / "here")
    assert f"{name}/a.txt" in [found.document_id for found in discover([Path(given)]).files]


def test_links(tmp_path: Path) -> None:
    root = tmp_path / "root"
    make(root, "a.txt", "sub/b.txt")
    make(tmp_path, "outside/c.txt")
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "link.txt").symlink_to(tmp_path / "outside/c.txt")
    (root / "dead.txt").symlink_to(tmp_path / "gone.txt")
    not_followed = "is a link to a folder, which is not followed; give that folder itself"
    result = discover([root])
    assert [each.document_id for each in result.files] == ["root/a.txt", "root/link.txt", "root/sub/b.txt"]
    assert [each.source for each in result.files] == [
        str(path.resolve()) for path in (root / "a.txt", tmp_path / "outside/c.txt", root / "sub/b.txt")
    ]
    assert result.skipped == (
        Skipped(root / "dead.txt", "is a link to nothing"),
        Skipped(root / "loop", not_followed),
        Skipped(root / "out", not_followed),
    )


def test_what_cannot_be_a_document(tmp_path: Path) -> None:
    root = tmp_path / "root"
    make(root, "a.txt")
    os.mkfifo(root / "pipe.txt")
    bad = os.fsencode(root) + b"/\xff.txt"
    Path(os.fsdecode(bad)).write_text("x")
    reasons = {skipped.path.name: skipped.reason for skipped in discover([root]).skipped}
    assert reasons == {
        "pipe.txt": "is not a regular file",
        "\udcff.txt": "its name is not valid UTF-8; rename it",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    make(root, "a.txt", "closed/b.txt")
    (root / "a.txt").chmod(0)
    (root / "closed").chmod(0)
    try:
        assert discover([root]) == Discovery(
            files=(),
            skipped=(
                Skipped(root / "a.txt", "cannot be read: permission denied"),
                Skipped(root / "closed", "the folder cannot be read: Permission denied"),
            ),
        )
    finally:
        (root / "closed").chmod(0o700)


def test_a_folder_that_goes_away_or_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "root", "a.txt")

    def refused(folder: Path) -> list[str]:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "scandir", refused)
    result = discover([tmp_path / "root"])
    assert result == Discovery((), (Skipped(tmp_path / "root", "the folder cannot be read: Permission denied"),))


def test_the_same_file_twice_is_one(tmp_path: Path) -> None:
    make(tmp_path, "a.txt")
    (tmp_path / "link").symlink_to(tmp_path)
    assert discover([tmp_path / "a.txt", tmp_path / "a.txt", tmp_path / "link/a.txt"]).files == (
        file(tmp_path / "a.txt", "a.txt"),
    )


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone: there is no file or folder of that name$"):
        discover([tmp_path / "gone"])
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"there is no file or folder of that name$"):
        discover([tmp_path / "file/below"])


def test_nothing_given_is_nothing_found() -> None:
    assert discover([]) == Discovery((), ())


def test_a_path_whose_name_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    """Each file below it failed by itself, with a message that named no remedy."""
    bad = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    make(bad, "sub/a.txt")
    for path in (bad, bad / "sub", bad / "sub" / "a.txt"):
        with pytest.raises(InputError, match=r"xff.*: a name on its path is not valid UTF-8; rename it"):
            discover([path])
