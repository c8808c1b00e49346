"""Files in files: an archive reads like a folder, within limits; what is not read is named; errors cost one file."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.documents import contained, zip_archive
from rag.documents.contained import Budget, Member, container_of, distinct, file_of, holders_of, plan, tidy
from rag.documents.discover import discover
from rag.documents.read import read_document
from rag.documents.unpack import Archive, Begun, Result, UnchangedFile, id_of, read_all
from rag.errors import DocumentError
from rag.types import Document


def zipped(files: Mapping[str, bytes | str], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def results(
    folder: Path, data: bytes, name: str = "a.zip", known: frozenset[tuple[str, str]] = frozenset()
) -> list[Result]:
    (folder / name).write_bytes(data)
    return [each for each in read_all(folder / name, name, known=known) if not isinstance(each, Begun)]


def texts(found: list[Result]) -> dict[str, str]:
    return {each.id: each.text for each in found if isinstance(each, Document)}


def notes(found: list[Result]) -> tuple[str, ...]:
    """The notes of the archive itself, which comes last."""
    assert isinstance(found[-1], Archive), found[-1]
    return found[-1].notes


def mail(files: Mapping[str, bytes]) -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"] = "ann@example.org", "The mill"
    made.set_content("It turns.")
    for name, data in files.items():
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return bytes(made)


def test_members_are_documents_and_the_archive_is_none(tmp_path: Path) -> None:
    found = results(tmp_path, zipped({"wheel.txt": "It turns.", "sub/weir.md": "# Weir\n\nIt stands.", "sub/": ""}))
    assert found == [
        replace(
            read(tmp_path / "wheel.txt", b"It turns."),
            id="a.zip!/wheel.txt",
            source=f"{tmp_path}/a.zip!/wheel.txt",
        ),
        replace(
            read(tmp_path / "weir.md", b"# Weir\n\nIt stands."),
            id="a.zip!/sub/weir.md",
            source=f"{tmp_path}/a.zip!/sub/weir.md",
        ),
        Archive("a.zip"),
    ]
    with pytest.raises(DocumentError, match=r"a\.zip: is an archive: the files in it are documents of their own$"):
        read_document(tmp_path / "a.zip", "a.zip")


def read(path: Path, data: bytes) -> Document:
    path.write_bytes(data)
    return read_document(path, path.name)


PARTS = st.text(st.sampled_from("abcdxyzÄäé水ñ 12-_'.!"), min_size=1, max_size=8).filter(
    lambda part: part.strip(". ") == part
)
HIDDEN = st.sampled_from(["", "", "", ".", "~$"])
NAMES = st.tuples(
    st.lists(PARTS, max_size=3).map(tuple),
    st.tuples(HIDDEN, PARTS).map("".join),
    st.sampled_from([".txt", ".md", ".csv", ".PY", ".xyz", ""]),
)
TEXTS = ["The wheel turns.", "# Weir\n\nIt stands.", "Part,Price\nWheel,7", " ", "\x7fELF\0\0"]
TREES = st.dictionaries(NAMES, st.sampled_from(TEXTS), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TREES, st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_an_archive_gives_the_documents_of_its_folder(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[tuple[tuple[str, ...], str, str], str], packing: int
) -> None:
    place = tmp_path_factory.mktemp("tree")
    root = place / "root"
    root.mkdir()
    for (folders, stem, suffix), text in tree.items():
        path = root.joinpath(*folders, f"{stem}{suffix}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError:  # a folder of that name
            continue
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    as_folder: dict[str, Document | str] = {}
    for found in discover([root]).files:
        try:
            as_folder[found.document_id] = read_document(found.path, found.document_id, "x")
        except DocumentError as exc:
            as_folder[found.document_id] = str(exc).removeprefix(f"{found.file}: ")
    as_archive: dict[str, Document | str] = {}
    for each in results(place, zipped(files, packing), "root.zip")[:-1]:
        document_id = id_of(each).replace("root.zip!/", "root/")
        if isinstance(each, Document):
            as_archive[document_id] = replace(each, id=document_id, source="x")
        else:
            as_archive[document_id] = str(each).removeprefix(f"{place}/{id_of(each)}: ")
    assert as_archive == as_folder


def test_hidden_files_and_folders_are_passed_over_as_in_a_folder(tmp_path: Path) -> None:
    data = zipped(
        {"a.txt": "It turns.", ".b.txt": "x", "__MACOSX/._a.txt": "x", "c/.git/d.txt": "x", "c/~$e.docx": "x"}
    )
    found = results(tmp_path, data)
    assert (texts(found), notes(found)) == ({"a.zip!/a.txt": "It turns."}, ())


def test_types_that_are_not_read_and_empty_files_are_named_together(tmp_path: Path) -> None:
    files = {f"{number}.png": b"\x89PNG" for number in range(22)} | {"LICENSE": b"x", "a/__init__.py": b""}
    assert notes(results(tmp_path, zipped(files))) == (
        f"not read: {', '.join(f'{number}.png' for number in range(20))} and 3 more (not of a type that is read)",
        "not read: a/__init__.py (empty)",
    )
    assert notes(results(tmp_path, zipped({"a/": ""}))) == ("holds no files",)


def test_mails_and_archives_in_an_archive_down_to_the_third_file(tmp_path: Path) -> None:
    lowest = zipped({"d.txt": "It turns.", "e.zip": zipped({"f.txt": "Unseen."}), "m.eml": mail({"g.txt": b"Unseen."})})
    found = results(tmp_path, zipped({"b.zip": zipped({"c.zip": lowest}), "m.eml": mail({"list.csv": b"Part\nWheel"})}))
    head = "The mill\n\nFrom: ann@example.org\n\nIt turns.\n\nAttachment: "
    assert texts(found) == {
        "a.zip!/b.zip!/c.zip!/d.txt": "It turns.",
        "a.zip!/b.zip!/c.zip!/m.eml": f"{head}g.txt",
        "a.zip!/m.eml!/list.csv": "Part\nWheel",
        "a.zip!/m.eml": f"{head}list.csv",
    }
    deep = "more than 3 files deep; unpack the one that holds it"
    assert {id_of(each): each.notes for each in found if isinstance(each, Document | Archive) and each.notes} == {
        "a.zip!/b.zip!/c.zip!/e.zip": (f"not read: f.txt ({deep})",),
        "a.zip!/b.zip!/c.zip!/m.eml": (f"not read: g.txt ({deep})",),
    }


OUTSIDE = "the path leads out of the archive"


@pytest.mark.parametrize(
    "name", ["../a.txt", "b/../../a.txt", "/etc/a.txt", "C:\\a.txt", "C:/a.txt", "..\\a.txt", "\\\\a\\b.txt"]
)
def test_paths_that_lead_elsewhere_are_not_read(tmp_path: Path, name: str) -> None:
    found = results(tmp_path, zipped({name: "Unseen.", "b.txt": "It turns."}))
    assert texts(found) == {"a.zip!/b.txt": "It turns."}
    (note,) = notes(found)
    assert note == f"not read: {tidy(name)} ({OUTSIDE})"


LONG = unicodedata.normalize("NFD", "ü" * 82) + ".txt"  # 250 bytes


def test_names_that_archives_may_have_and_folders_may_not(tmp_path: Path) -> None:
    files = {
        "a\\b.txt": "One.",
        "./c.txt": "Two.",
        "new\nline.txt": "Three.",
        LONG: "Four.",
        "x" * 997 + ".txt": "Five.",
    }
    found = results(tmp_path, zipped(files))
    assert texts(found) == {
        "a.zip!/a/b.txt": "One.",
        "a.zip!/c.txt": "Two.",
        "a.zip!/new line.txt": "Three.",
        f"a.zip!/{LONG}": "Four.",
    }
    assert notes(found) == (f"not read: {'x' * 100} (the name has more than 1,000 bytes; rename it)",)


def test_of_files_of_one_name_the_last_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "Old.")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", "New.")
        archive.writestr("b.zip!/c.txt", "In a folder.")
        archive.writestr("b.zip", zipped({"c.txt": "In an archive."}))
    found = results(tmp_path, buffer.getvalue())
    assert texts(found) == {"a.zip!/a.txt": "New.", "a.zip!/b.zip!/c.txt": "In a folder."}
    twice = "there is another file of this name"
    assert notes(found) == (f"not read: a.txt ({twice})",)
    assert found[-2] == Archive("a.zip!/b.zip", (f"not read: c.txt ({twice})",))


@pytest.mark.parametrize(("name", "encoding"), [("Mühle.txt", "utf-8"), ("Mühle.txt", "cp437")])
def test_names_in_the_encodings_that_programs_write(tmp_path: Path, name: str, encoding: str) -> None:
    raw = name.encode(encoding)
    stand_in = "x" * len(raw)
    data = zipped({stand_in: "It turns."}, zipfile.ZIP_STORED).replace(stand_in.encode(), raw)
    assert texts(results(tmp_path, data)) == {f"a.zip!/{name}": "It turns."}


def marked(data: bytes, flags: int = 0, method: int = 0) -> bytes:
    """An archive of one member that was stored, with other flags and packing in both of its heads."""
    for head, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(head) + place
        data = data[:start] + struct.pack("<HH", flags, method) + data[start + 4 :]
    return data


def test_what_cannot_be_unpacked_is_named(tmp_path: Path) -> None:
    stored = zipped({"a.txt": "It turns."}, zipfile.ZIP_STORED)
    assert notes(results(tmp_path, marked(stored, flags=1))) == (
        "not read: a.txt (encrypted; unpack it with its password)",
    )
    assert notes(results(tmp_path, marked(stored, method=99))) == (
        "not read: a.txt (packed in a way that is not read; unpack it)",
    )
    link = zipfile.ZipInfo("a.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert notes(results(tmp_path, buffer.getvalue())) == ("not read: a.txt (a link, which is not followed)",)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({"bomb.txt": b"x" * (4 << 20), "b.txt": "It turns.", "few.txt": b"x" * (1 << 20)})
    found = results(tmp_path, bomb)
    assert texts(found).keys() == {"a.zip!/b.txt", "a.zip!/few.txt"}
    assert notes(found) == (
        "not read: bomb.txt (would unpack to more than 250 times its size; unpack it if you trust where it comes from)",
    )
    lying = bytearray(zipped({"bomb.txt": b"x" * (4 << 20)}))
    for head, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = lying.index(head) + place
        lying[start : start + 4] = struct.pack("<I", 1000)
    (error, archive) = results(tmp_path, bytes(lying))
    assert str(error).startswith(f"{tmp_path}/a.zip!/bomb.txt: could not be read, it may be damaged (Bad CRC-32")
    assert archive == Archive("a.zip")


def test_a_bomb_of_many_small_files_is_not_unpacked_whole(tmp_path: Path) -> None:
    """1,000 files of 64 kB each, four in each of 250 archives in one of 50 kB."""
    archive = zipped({f"{number}.txt": b"x" * (1 << 16) for number in range(4)})
    bomb = zipped({f"{number}.zip": archive for number in range(250)})
    assert len(bomb) < (1 << 16)
    found = results(tmp_path, bomb)
    assert 16 << 20 >= sum(len(text) for text in texts(found).values()) > 15 << 20
    reason = "beyond 250 times the size of the file that holds it; unpack that if you trust where it comes from"
    assert any(reason in note for each in found if isinstance(each, Archive) for note in each.notes)


def test_no_more_is_unpacked_than_the_size_that_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    whole = zipfile.ZipExtFile.read

    def counted(file: zipfile.ZipExtFile, size: int | None = -1) -> bytes:
        asked.append(size)
        return whole(file, size)

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    (member,) = zip_archive.parse(zipped({"a.txt": "It turns."})).members
    assert (member.load(), asked) == (b"It turns.", [9])


def test_limits_of_files_and_bytes_hold_for_all_that_one_file_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contained, "MOST_FILES", 3)
    inner = zipped({"c.txt": "Three.", "d.txt": "Four."})
    found = results(tmp_path, zipped({"a.txt": "One.", "b.zip": inner, "e.txt": "Five.", "f.txt": "Six."}))
    assert texts(found) == {"a.zip!/a.txt": "One.", "a.zip!/e.txt": "Five."}
    beyond = "beyond the 10,000 files that are read of one; unpack it and give the folder"
    assert [each.notes for each in found if isinstance(each, Archive)] == [
        (f"not read: c.txt, d.txt ({beyond})",),
        (f"not read: f.txt ({beyond})",),
    ]
    monkeypatch.setattr(contained, "MOST_FILES", 10)
    monkeypatch.setattr(contained, "MOST_BYTES", 16 + len(inner))
    found = results(tmp_path, zipped({"a.txt": "It turns.", "b.zip": inner}))
    assert texts(found) == {"a.zip!/a.txt": "It turns.", "a.zip!/b.zip!/c.txt": "Three."}
    much = "beyond the 2,048 MB that one may unpack to; unpack it and give the folder"
    assert [each.notes for each in found if isinstance(each, Archive)] == [(f"not read: d.txt ({much})",), ()]
    monkeypatch.setattr(contained, "MOST_OF_ONE", 8)
    found = results(tmp_path, zipped({"a.txt": "It turns.", "b.txt": "Still."}))
    assert (texts(found), notes(found)) == (
        {"a.zip!/b.txt": "Still."},
        ("not read: a.txt (more than 512 MB; split it)",),
    )


def test_a_member_that_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    data = zipped(
        {"a.pdf": "nothing", "b.zip": b"PK nothing", "c.txt": "It turns.", "d.txt": "It stands."}, zipfile.ZIP_STORED
    )
    found = results(tmp_path, data.replace(b"It stands.", b"It standS."))
    assert texts(found) == {"a.zip!/c.txt": "It turns."}
    errors = {id_of(each): str(each) for each in found if isinstance(each, DocumentError)}
    assert errors == {
        "a.zip!/a.pdf": f"{tmp_path}/a.zip!/a.pdf: is damaged: it cannot be opened as a PDF; get a fresh copy",
        "a.zip!/b.zip": f"{tmp_path}/a.zip!/b.zip: is damaged: it is not a complete archive; get a fresh copy",
        "a.zip!/d.txt": f"{tmp_path}/a.zip!/d.txt: could not be read, it may be damaged (Bad CRC-32 for file 'd.txt'); "
        "save it anew",
    }
    assert [str(error) for error in results(tmp_path, data[:-30])] == [
        f"{tmp_path}/a.zip: is damaged: it is not a complete archive; get a fresh copy"
    ]
    assert [
        str(error) for error in results(tmp_path, b"Subject: x\nContent-Type: application/pkcs7-mime\n\nx", "a.eml")
    ] == [f"{tmp_path}/a.eml: is an encrypted message: its text cannot be read; save it decrypted"]


def test_what_the_index_has_is_not_read_again(tmp_path: Path) -> None:
    inner = mail({"list.csv": b"Part\nWheel", "other.csv": b"Part\nWeir"})
    files = {"a.txt": b"It turns.", "b.pdf": b"%PDF nothing", "c.eml": inner}
    known = {f"a.zip!/{name}": data for name, data in files.items()} | {"a.zip!/c.eml!/list.csv": b"Part\nWheel"}
    digests = frozenset((name, hashlib.sha256(data).hexdigest()) for name, data in known.items())
    found = results(tmp_path, zipped(files), known=digests)
    kept = [UnchangedFile("a.zip!/a.txt"), UnchangedFile("a.zip!/b.pdf"), UnchangedFile("a.zip!/c.eml!/list.csv")]
    assert found[:3] == kept
    assert texts(found) == {"a.zip!/c.eml!/other.csv": "Part\nWeir"}  # a mail is opened for what is not yet known
    assert found[4:] == [UnchangedFile("a.zip!/c.eml"), Archive("a.zip")]
    changed = results(tmp_path, zipped(files | {"a.txt": b"It stands."}), known=digests)
    assert texts(changed) == {"a.zip!/a.txt": "It stands.", "a.zip!/c.eml!/other.csv": "Part\nWeir"}


def test_results_that_there_are_already_do_not_come_again(tmp_path: Path) -> None:
    data = zipped({"a.txt": "One.", "b.zip": zipped({"c.txt": "Two.", "d.txt": "Three."}), "e.txt": "Four."})
    (tmp_path / "a.zip").write_bytes(data)
    past = {"a.zip!/a.txt", "a.zip!/b.zip!/c.txt"}
    steps = list(read_all(tmp_path / "a.zip", "a.zip", past=past))
    assert [step.document_id for step in steps if isinstance(step, Begun)] == [
        "a.zip", "a.zip!/b.zip", "a.zip!/b.zip!/d.txt", "a.zip!/e.txt",
    ]  # fmt: skip
    assert [id_of(step) for step in steps if not isinstance(step, Begun)] == [
        "a.zip!/b.zip!/d.txt", "a.zip!/b.zip", "a.zip!/e.txt", "a.zip",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("document_id", "container", "file"),
    [
        ("lib/a.txt", None, "/x/lib/a.txt"),
        ("lib/a.zip!/b.txt", "lib/a.zip", "/x/lib/a.zip"),
        ("lib/a.ZIP!/b.eml!/c.pdf", "lib/a.ZIP", "/x/lib/a.ZIP"),
        ("lib/oh!/a.txt", None, "/x/lib/oh!/a.txt"),
        ("oh!/a.zip!/b!/c.txt", "oh!/a.zip", "/x/oh!/a.zip"),
    ],
)
def test_the_file_of_a_folder_that_holds_a_document(document_id: str, container: str | None, file: str) -> None:
    assert container_of(document_id) == container
    assert file_of(document_id, f"/x/{document_id}") == file


def test_ids_and_names() -> None:
    assert list(holders_of("a.zip!/b.eml!/c.pdf")) == ["a.zip", "a.zip!/b.eml"]
    assert list(holders_of("a.txt")) == []
    assert list(distinct(["a.pdf", "a.pdf", "b", "b", "a (2).pdf", "a.pdf"])) == [
        "a.pdf", "a (2).pdf", "b", "b (2)", "a (2) (2).pdf", "a (3).pdf",
    ]  # fmt: skip
    assert tidy(".\\a\\\\b\x00\x1f.txt/\udc80") == "a/b .txt/?"


def test_a_plan_names_no_more_than_it_must() -> None:
    members = [Member(f"{'n' * 200}{number}.png", bytes) for number in range(30)]
    (note,) = plan("a.zip", members, Budget()).notes
    assert note == f"not read: {', '.join(['n' * 100] * 2)} and 28 more (not of a type that is read)"
    short = [Member(f"{number}.png", bytes) for number in range(30)]
    (note,) = plan("a.zip", short, Budget()).notes
    assert note.endswith(" 18.png, 19.png and 10 more (not of a type that is read)")
