"""Folders on a real WebDAV server and in a bucket of a real S3 server -> copies, in line with what is there."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cheroot import wsgi
from obstore.store import S3Store
from wsgidav.wsgidav_app import WsgiDAVApp

from rag.background import UNWATCHED
from rag.errors import InputError
from rag.mirror.fetch import LIMITS, Limits
from rag.mirror.places import original_address
from rag.mirror.record import CopyRecord
from rag.mirror.run import Mirrored, mirrored
from rag.mirror.storage import Files
from rag.settings import Settings

pytestmark = pytest.mark.servers
LOGIN = Settings(webdav_user="ann", webdav_password="mill")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """What a WebDAV server shares."""
    folder = tmp_path / "shared"
    (folder / "notes" / "old").mkdir(parents=True)
    (folder / "notes" / "a b.txt").write_text("A")
    (folder / "notes" / "old" / "ä.md").write_text("B")
    (folder / "notes" / ".hidden.txt").write_text("H")
    (folder / "notes" / "film.mp4").write_text("M")
    return folder


@pytest.fixture
def dav(shared: Path) -> Iterator[str]:
    """The address of a WebDAV server with a password."""
    config = {
        "provider_mapping": {"/": str(shared)},
        "simple_dc": {"user_mapping": {"*": {"ann": {"password": "mill"}}}},
        "verbose": 0,
        "logging": {"enable": False},
    }
    server = wsgi.Server(("127.0.0.1", 0), WsgiDAVApp(config), numthreads=2)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield f"webdav://127.0.0.1:{server.bind_addr[1]}"
    server.stop()
    thread.join()


def texts(done: Mirrored) -> dict[str, str]:
    """The copies by the ends of their addresses."""
    files = [file for folder in done.folders for file in folder.rglob("*") if file.is_file() and file.name[0] != "."]
    return {original_address(str(file)).partition("/notes")[2]: file.read_text() for file in sorted(files)}


def test_a_folder_of_a_webdav_server_is_followed(dav: str, shared: Path, tmp_path: Path) -> None:
    def fetch() -> Mirrored:
        return mirrored([f"{dav}/notes"], tmp_path / "index", LOGIN)

    done = fetch()
    assert texts(done) == {"/a b.txt": "A", "/old/ä.md": "B"}
    assert done.skipped == []
    (shared / "notes" / "a b.txt").write_text("A, changed")
    (shared / "notes" / "new.txt").write_text("N")
    shutil.rmtree(shared / "notes" / "old")
    assert texts(fetch()) == {"/a b.txt": "A, changed", "/new.txt": "N"}
    with pytest.raises(InputError, match="/absent: there is nothing"):
        mirrored([f"{dav}/absent"], tmp_path / "index", LOGIN)
    with pytest.raises(InputError, match="/notes: .*401"):
        mirrored([f"{dav}/notes"], tmp_path / "index", Settings())
    assert texts(fetch()) == {"/a b.txt": "A, changed", "/new.txt": "N"}


def test_a_webdav_server_at_a_private_address_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.0.0.5", 80))])
    with pytest.raises(InputError, match=r"cloud\.example is at 10\.0\.0\.5, which is not a public address"):
        mirrored(["webdav://cloud.example/notes"], tmp_path, LOGIN)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Store]:
    """A bucket `mill` of a server of moto, whose place is in the environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = str(Path(sys.executable).parent / "moto_server")
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    set_to = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    try:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in {**set_to, "AWS_REGION": "us-east-1"}.items():
                environment.setenv(name, value)
            while True:
                try:
                    httpx2.put(f"{address}/mill", timeout=60, trust_env=False).raise_for_status()
                    break
                except httpx2.ConnectError:
                    time.sleep(0.1)
            yield S3Store("mill", client_options={"allow_http": True})
    finally:
        server.terminate()
        server.wait(30)


def test_a_folder_of_a_bucket_is_followed(s3: S3Store, tmp_path: Path) -> None:
    for key, text in {"notes/a.txt": "A", "notes/old/b.md": "B", "other/c.txt": "C"}.items():
        s3.put(key, text.encode())

    def fetch() -> Mirrored:
        return mirrored(["s3://mill/notes"], tmp_path, Settings())

    assert texts(fetch()) == {"/a.txt": "A", "/old/b.md": "B"}
    before = {file: file.stat().st_ino for file in tmp_path.rglob("*.txt")}
    s3.put("notes/new.txt", b"N")
    s3.delete("notes/old/b.md")
    assert texts(fetch()) == {"/a.txt": "A", "/new.txt": "N"}
    assert all(file.stat().st_ino == number for file, number in before.items())
    with pytest.raises(InputError, match="s3://mill/absent: there is nothing"):
        mirrored(["s3://mill/absent"], tmp_path, Settings())


class Listed:
    """A file system that says of its files what a test wants."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, str, datetime | None]] = {}
        self.closed: set[str] = set()
        self.opened: list[str] = []

    def ls(self, path: str, detail: bool) -> list[dict[str, Any]]:
        if path in self.closed:
            raise PermissionError("403 Forbidden")
        below = [name for name in self.files if name.startswith(f"{path}/")]
        folders = {f"{path}/{name[len(path) + 1 :].split('/')[0]}" for name in below if "/" in name[len(path) + 1 :]}
        found: list[dict[str, Any]] = [{"name": name, "type": "directory"} for name in folders]
        for name in below:
            if "/" not in name[len(path) + 1 :]:
                text, etag, modified = self.files[name]
                found.append({"name": name, "type": "file", "size": len(text), "etag": etag, "modified": modified})
        return found

    def open(self, path: str, mode: str) -> Any:
        self.opened.append(path)
        return BytesIO(self.files[path][0])


def bring(system: Listed, folder: Path, limits: Limits = LIMITS) -> tuple[dict[str, str], dict[str, str]]:
    """The copies, and the reasons why others were missed."""
    folder.mkdir(exist_ok=True)
    record = CopyRecord(folder)
    files = Files("webdav://a.example/notes", folder, record, system, limits, UNWATCHED)
    assert files.bring()
    record.save()
    there = {str(file.relative_to(folder / "notes")): file.read_text() for file in folder.rglob("*.txt")}
    return there, {missed.address: missed.reason for missed in files.missed}


OLD = datetime(2020, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize("date", [None, OLD, datetime(2099, 1, 1, tzinfo=UTC)])
def test_a_server_that_lies_about_dates_hides_no_change(tmp_path: Path, date: datetime | None) -> None:
    system = Listed()
    system.files = {"notes/a.txt": (b"one", "", date)}
    bring(system, tmp_path / "copies")
    system.files = {"notes/a.txt": (b"two", "", date)}  # of the same size, and at its date
    assert bring(system, tmp_path / "copies")[0] == {"a.txt": "two"}


def test_what_has_an_etag_is_fetched_once_but_for_a_sample(tmp_path: Path) -> None:
    system = Listed()
    system.files = {f"notes/{number:02}.txt": (b"x", f"e{number}", OLD) for number in range(20)}
    bring(system, tmp_path / "copies")
    system.opened.clear()
    bring(system, tmp_path / "copies")
    assert len(set(system.opened)) == 8


def test_files_in_a_folder_that_cannot_be_listed_are_kept(tmp_path: Path) -> None:
    system = Listed()
    system.files = {"notes/a.txt": (b"A", "1", OLD), "notes/in/b.txt": (b"B", "2", OLD)}
    bring(system, tmp_path / "copies")
    system.closed = {"notes/in"}
    del system.files["notes/a.txt"]
    there, missed = bring(system, tmp_path / "copies")
    assert there == {"in/b.txt": "B"}
    assert missed == {"webdav://a.example/notes/in": "the folder cannot be listed: 403 Forbidden"}


def test_names_that_would_lead_elsewhere_are_passed_over(tmp_path: Path) -> None:
    system = Listed()
    system.files = {"notes/../../evil.txt": (b"E", "", OLD), "notes/a.txt": (b"A", "", OLD)}
    assert bring(system, tmp_path / "copies")[0] == {"a.txt": "A"}
    assert not list(tmp_path.rglob("evil.txt"))


def test_limits_of_a_folder_and_of_a_file(tmp_path: Path) -> None:
    system = Listed()
    system.files = {f"notes/{number}.txt": (b"x" * 10 * number, "", OLD) for number in range(1, 4)}
    there, missed = bring(system, tmp_path / "copies", LIMITS._replace(page_bytes=25))
    assert sorted(there) == ["1.txt", "2.txt"]
    assert missed["webdav://a.example/notes/3.txt"].endswith("which is the limit of a file")
    with pytest.raises(InputError, match="holds more than 2 files; name a part of it"):
        bring(system, tmp_path / "more", LIMITS._replace(files=2))
    assert os.listdir(tmp_path / "more") == []
