"""The viewer: limits of what is drawn, hostile files, processes that end, and what is remembered."""

from __future__ import annotations

import io
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from rag.deadline import Deadline
from rag.errors import Cancelled, DocumentError, OriginalChanged, OriginalGone, PageNotFound, UnsupportedDocument
from rag.originals import viewer as viewing
from rag.originals.find import Original, original_of
from rag.originals.places import PageText
from rag.originals.viewer import Viewer
from tests.documents.test_pdf import ENCRYPTION, lines, make_pdf

FOREVER = Deadline()


@pytest.fixture(scope="module")
def viewer() -> Iterator[Viewer]:
    found = Viewer(1)
    yield found
    found.close()


def original(folder: Path, data: bytes, name: str = "a.pdf") -> Original:
    (folder / name).write_bytes(data)
    return Original(name, sha256(data).hexdigest(), folder / name, False)


def test_sizes_are_those_of_the_pages_as_shown(viewer: Viewer, tmp_path: Path) -> None:
    assert viewer.sizes(original(tmp_path, make_pdf(["", ""], page="/Rotate 90")), FOREVER) == [(792.0, 612.0)] * 2


@pytest.mark.parametrize(
    ("box", "width", "size"),
    [("0 0 200 100", 400, (400, 200)), ("0 0 14400 14400", 3000, (3000, 3000)), ("0 0 2 14400", 3000, (2, 10_000))],
)
def test_a_picture_has_no_more_dots_than_is_allowed(
    viewer: Viewer, tmp_path: Path, box: str, width: int, size: tuple[int, int]
) -> None:
    drawn = viewer.page(
        original(tmp_path, make_pdf([""], page=f"/CropBox [{box}] /MediaBox [{box}]")), 1, width, FOREVER
    )
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.size == size


def nested(depth: int) -> bytes:
    """A file of some kilobytes whose page shows 10 to the power of `depth` words."""
    first = 8
    forms = []
    for number in range(depth):
        body = "/X Do " * 10 if number + 1 < depth else "BT /F1 9 Tf (word) Tj ET"
        forms.append(
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Length {len(body)} /Resources << /Font 3 0 R "
            f"/XObject << /X {first + number + 1} 0 R >> >> >>\nstream\n{body}\nendstream"
        )
    return make_pdf(["/X Do"], more=forms, page=f"/Resources << /Font 3 0 R /XObject << /X {first} 0 R >> >>")


def test_a_file_that_takes_too_long_is_given_up_once(
    viewer: Viewer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = original(tmp_path, nested(12))
    assert viewer.sizes(hostile, FOREVER) == [(612.0, 792.0)]
    monkeypatch.setattr(viewing, "DRAW_S", 0.5)
    with pytest.raises(
        DocumentError, match=r"'a\.pdf' took more than 0\.5 s to be shown, which is the limit; its text"
    ):
        viewer.page(hostile, 1, 100, FOREVER)
    monkeypatch.setattr(viewing._Process, "work", None)  # nobody is asked again
    with pytest.raises(DocumentError, match="took more than"):
        viewer.page(hostile, 1, 100, FOREVER)


def test_after_a_process_ended_the_next_file_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Viewer(1)
    one, other = original(tmp_path, make_pdf([""])), original(tmp_path, make_pdf(["", ""]), "b.pdf")
    with monkeypatch.context() as context:
        context.setattr(viewing, "START", "import os; os._exit({descriptor} and 3)")
        with pytest.raises(DocumentError, match=r"'a\.pdf' ended the process that was to show it; its text is kept"):
            found.sizes(one, FOREVER)
    assert len(found.sizes(other, FOREVER)) == 2
    found.close()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.4\n", "'a.pdf': is damaged: it cannot be opened as a PDF; get a fresh copy"),
        (make_pdf([""], trailer=f"/Encrypt {ENCRYPTION}"), "'a.pdf': is protected with a password"),
        (make_pdf([""], page="/MediaBox [0 0 0.1 0.1]"), "page 1 is less than a point"),
    ],
)
def test_a_file_that_cannot_be_shown_is_told_in_one_line(
    viewer: Viewer, tmp_path: Path, data: bytes, says: str
) -> None:
    with pytest.raises(DocumentError, match=says.replace(".", r"\.")) as error:
        viewer.page(original(tmp_path, data), 1, 100, FOREVER)
    assert "\n" not in str(error.value)


def test_a_page_that_is_not_there_and_a_type_without_pages(viewer: Viewer, tmp_path: Path) -> None:
    with pytest.raises(PageNotFound, match=r"'a\.pdf' has no page 2: it has 1"):
        viewer.page(original(tmp_path, make_pdf([""])), 2, 100, FOREVER)
    with pytest.raises(UnsupportedDocument, match=r"'a\.html' has no pages that could be shown"):
        viewer.sizes(original(tmp_path, b"<p>It turns.", "a.html"), FOREVER)


def test_a_file_that_was_changed_is_refused_before_anything_of_it_is_shown(viewer: Viewer, tmp_path: Path) -> None:
    before = original(tmp_path, make_pdf([lines("It turns.")]), "c.pdf")
    (tmp_path / "c.pdf").write_bytes(make_pdf([lines("It stands.")]))
    for ask in (
        lambda: viewer.file(before, FOREVER),
        lambda: viewer.sizes(before, FOREVER),
        lambda: viewer.boxes(before, [PageText(1, "It turns.", (0, 9))], FOREVER),
    ):
        with pytest.raises(OriginalChanged, match=r"'c\.pdf' was changed since it was indexed: index it again"):
            ask()


def test_what_is_no_file_here_is_gone(tmp_path: Path) -> None:
    (tmp_path / "folder.pdf").mkdir()
    for source in ("https://example.org/a.pdf", str(tmp_path / "none.pdf"), str(tmp_path / "folder.pdf"), "/a\0b.pdf"):
        with pytest.raises(OriginalGone, match="its text is kept"):
            original_of("a.pdf", "", source)


def test_whoever_leaves_waits_for_no_process(tmp_path: Path) -> None:
    found = Viewer(0)
    gone = Deadline()
    gone.cancel()
    with pytest.raises(Cancelled):
        found.sizes(original(tmp_path, make_pdf([""])), gone)
    found.close()


def test_slides_are_laid_out_once(viewer: Viewer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made.pdf").write_bytes(make_pdf(["", "", ""]))
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "soffice"
    copied = f'while [ "$1" != --outdir ]; do shift; done; cp {tmp_path}/made.pdf "$2/file.pdf"'
    program.write_text(f"#!/bin/sh\necho >> {tmp_path}/calls\n{copied}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    found = Viewer(1)  # its process takes the path of today
    slides = original(tmp_path, b"PK slides", "a.pptx")
    assert len(found.sizes(slides, FOREVER)) == 3
    with Image.open(io.BytesIO(found.page(slides, 3, 306, FOREVER))) as image:
        assert image.size == (306, 396)
    assert (tmp_path / "calls").read_text() == "\n"
    found.close()


def test_without_libreoffice_slides_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = Viewer(1)
    with pytest.raises(
        UnsupportedDocument, match=r"cannot be shown without LibreOffice \(the program soffice\): install"
    ):
        found.sizes(original(tmp_path, b"PK slides", "a.pptx"), FOREVER)
    found.close()
