"""Originals over HTTP: files, pages, boxes and blocks of documents of a real index, and what is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.app import create_app
from rag.models import Models
from rag.settings import Settings
from rag.state.keys import Keys
from tests.api.fakes import wait_until
from tests.documents.test_pdf import BOLD, lines, make_pdf
from tests.fakes import HashEmbedder, WordReader

SENTENCE = "The old pump was found by Ada Byron in the year 1843."
PDF = make_pdf([lines("First page."), lines("Pumps", size=20) + lines(SENTENCE, "It was rusty.", top=640)])
HTML = b"<h1>Wool</h1><h2>Prices</h2><p>See <a href='https://example.org/a'>the list</a>.</p><script>alert(1)</script>"
CSV = b"Fabric,Time\nWool,48 min\nSilk,20 min\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    indexes = tmp_path_factory.mktemp("originals")
    app = create_app(Settings(indexes_dir=indexes), lambda settings: Models(HashEmbedder(), reader=WordReader()))
    with TestClient(app, raise_server_exceptions=False) as found:
        wait_until(lambda: found.get("/v1/jobs/none"), 404, 60)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("in/lease.pdf", PDF)
        for name, data in {"a.pdf": PDF, "w.html": HTML, "t.csv": CSV, "old.zip": packed.getvalue()}.items():
            put(found, name, data)
        yield found


def put(client: TestClient, name: str, data: bytes) -> None:
    job = client.post("/v1/documents", files={"file": (name, data)}, params={"create": True}).json()["id"]
    wait_until(lambda: done(client.get(f"/v1/jobs/{job}")), 200, 60)


def done(response: httpx2.Response) -> httpx2.Response:
    """The response as one of status 202 while the job is under way."""
    assert response.json()["status"] != "failed", response.text
    if response.json()["status"] != "done":
        response.status_code = 202
    return response


def test_a_pdf_is_sent_as_it_is_and_in_ranges(client: TestClient) -> None:
    whole = client.get("/v1/documents/uploads/a.pdf/file")
    assert (whole.status_code, whole.content) == (200, PDF)
    assert whole.headers["content-type"] == "application/pdf"
    assert whole.headers["content-disposition"] == 'inline; filename="a.pdf"'
    part = client.get("/v1/documents/uploads%2Fa.pdf/file", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, PDF[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(PDF)}"
    again = client.get("/v1/documents/uploads/a.pdf/file", headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_markup_is_never_sent_as_what_a_browser_runs(client: TestClient) -> None:
    sent = client.get("/v1/documents/uploads/w.html/file")
    assert (sent.content, sent.headers["content-type"]) == (HTML, "application/octet-stream")
    assert sent.headers["content-disposition"] == 'attachment; filename="w.html"'
    assert sent.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert sent.headers["x-content-type-options"] == "nosniff"


def test_a_file_in_an_archive_is_sent_drawn_and_marked(client: TestClient) -> None:
    address = "/v1/documents/uploads/old.zip!/in/lease.pdf"
    assert client.get(f"{address}/file").content == PDF
    assert client.get(f"{address}/pages").json()["pages"][0] == {"page": 1, "width": 612.0, "height": 792.0}
    assert boxes(client, SENTENCE, "uploads/old.zip!/in/lease.pdf") == boxes(client, SENTENCE)


def test_pages_are_drawn_in_the_width_that_is_asked_for(client: TestClient) -> None:
    drawn = client.get("/v1/documents/uploads/a.pdf/pages/2.png", params={"width": 306})
    assert drawn.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(drawn.content)) as image:
        assert image.size == (306, 396)
    again = client.get(
        "/v1/documents/uploads/a.pdf/pages/2.png",
        params={"width": 306},
        headers={"If-None-Match": drawn.headers["etag"]},
    )
    assert again.status_code == 304


def test_boxes_are_where_the_words_are(client: TestClient) -> None:
    found = boxes(client, SENTENCE)
    assert [box["page"] for box in found] == [2]
    assert found[0]["x0"] * 612 == pytest.approx(72, abs=1)
    assert (1 - found[0]["y1"]) * 792 == pytest.approx(638, abs=1)  # two points below the baseline, for the "y"
    assert boxes(client, "Ada Byron")[0]["x0"] > found[0]["x0"]


def boxes(client: TestClient, words: str, id: str = "uploads/a.pdf") -> list[dict[str, float]]:
    start = client.get(f"/v1/documents/{id}/text").json()["text"].index(words)
    params = {"start": start, "end": start + len(words)}
    found: list[dict[str, float]] = client.get(f"/v1/documents/{id}/boxes", params=params).json()["boxes"]
    return found


def test_blocks_have_levels_cells_and_links_at_their_places(client: TestClient) -> None:
    page = client.get("/v1/documents/uploads/w.html/blocks").json()
    assert [(block["kind"], block["level"]) for block in page["blocks"]] == [
        ("heading", 1), ("heading", 2), ("prose", 0)
    ]  # fmt: skip
    assert page["blocks"][2]["rows"] == [[{"start": 14, "text": "See the list."}]]
    assert page["links"] == [{"start": 18, "end": 26, "url": "https://example.org/a"}]
    assert (page["before"], page["next"]) == (None, None)
    table = client.get("/v1/documents/uploads/t.csv/blocks", params={"start": 14, "end": 20}).json()
    assert table["before"] == 14
    assert table["next"] == 28
    assert table["blocks"][0]["header"] == [{"start": 0, "text": "Fabric"}, {"start": 9, "text": "Time"}]
    assert table["blocks"][0]["rows"] == [[{"start": 14, "text": "Wool"}, {"start": 21, "text": "48 min"}]]


@pytest.mark.parametrize(
    ("address", "status", "kind", "says"),
    [
        ("a.pdf/pages/3.png", 404, "page_not_found", "no page 3: it has 2"),
        ("a.pdf/pages/0.png", 404, "page_not_found", "no page 0: it has 2"),
        ("a.pdf/pages/1.png?width=9", 422, "invalid_request", "width: "),
        ("a.pdf/pages/1.png?width=3001", 422, "invalid_request", "width: "),
        ("w.html/pages", 415, "unsupported_document", "no pages that could be shown"),
        ("w.html/pages/1.png", 415, "unsupported_document", "no pages that could be shown"),
        ("a.pdf/boxes?start=5&end=5", 422, "invalid_request", "start is below end"),
        ("a.pdf/boxes?start=0&end=99999", 422, "invalid_request", "the text has"),
        ("a.pdf/boxes?start=0", 422, "invalid_request", "end: "),
        ("a.pdf/blocks?start=8&end=7", 422, "invalid_request", "start is 8 and end 7"),
        ("none.pdf/file", 404, "document_not_found", "none.pdf"),
        ("none.pdf/pages", 404, "document_not_found", "none.pdf"),
        ("none.pdf/blocks", 404, "document_not_found", "none.pdf"),
        ("a.pdf%2Ffile", 404, "document_not_found", "a.pdf/file"),
        ("old.zip/file", 404, "document_not_found", "old.zip"),
    ],
)
def test_what_cannot_be_shown_is_one_line(client: TestClient, address: str, status: int, kind: str, says: str) -> None:
    response = client.get(f"/v1/documents/uploads/{address}")
    assert response.status_code == status
    error = response.json()["error"]
    assert error["type"] == kind
    assert says in error["message"]
    assert "\n" not in error["message"]


def test_a_web_page_has_no_boxes(client: TestClient) -> None:
    assert boxes(client, "the list", "uploads/w.html") == []


def test_a_file_that_was_changed_or_is_gone_is_refused_and_its_text_stays(client: TestClient) -> None:
    put(client, "b.pdf", PDF)
    path = next(Path(client.app.state.served.settings.indexes_dir).glob("*/uploads/b.pdf"))  # type: ignore[attr-defined]
    path.write_bytes(make_pdf([lines("Another text.", font=BOLD)]))
    for part in ("file", "pages", "pages/1.png", "boxes?start=0&end=5"):
        refused = client.get(f"/v1/documents/uploads/b.pdf/{part}")
        assert (refused.status_code, refused.json()["error"]["type"]) == (409, "original_changed"), part
        assert "was changed since it was indexed" in refused.json()["error"]["message"]
    path.unlink()
    for part in ("file", "pages", "pages/1.png", "boxes?start=0&end=5"):
        refused = client.get(f"/v1/documents/uploads/b.pdf/{part}")
        assert (refused.status_code, refused.json()["error"]["type"]) == (404, "original_gone"), part
        assert str(path.parent) not in refused.text
    assert SENTENCE in client.get("/v1/documents/uploads/b.pdf/text").json()["text"]
    assert client.get("/v1/documents/uploads/b.pdf/blocks").json()["blocks"][0]["rows"][0][0]["text"] == "First page."


def test_a_key_of_another_index_sees_no_original(tmp_path: Path) -> None:
    _, secret = Keys(tmp_path).add("other", ["read"], indexes=["other"])
    app = create_app(
        Settings(indexes_dir=tmp_path, auth="keys"), lambda settings: Models(HashEmbedder(), reader=WordReader())
    )
    with TestClient(app) as found:
        for part in ("file", "pages", "pages/1.png", "boxes?start=0&end=5", "blocks"):
            for headers, status in (({}, 401), ({"Authorization": f"Bearer {secret}"}, 404)):
                params = "&" if "?" in part else "?"
                wait_until(
                    lambda part=part, params=params, headers=headers: found.get(  # type: ignore[misc]
                        f"/v1/documents/uploads/a.pdf/{part}{params}index=default", headers=headers
                    ),
                    status,
                )
