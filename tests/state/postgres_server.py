"""A PostgreSQL server for the tests: made in a folder of its own, on a loopback port, and gone afterwards.

`skipped` marks tests that need one, where none is installed. The fixture `postgres` gives a `Server` for the session,
`address` that of its database, in which nothing of ours is. PostgreSQL does not run as root: then it runs as another
user of the system.
"""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from rag.settings import Settings, load_settings

PASSWORD = "open-sesame"


def _folder() -> Path | None:
    """Of the server's programs: the newest that Debian has installed, or what stands on the path."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


PROGRAMS = _folder()
skipped = pytest.mark.skipif(
    PROGRAMS is None, reason="no PostgreSQL here: `apt-get install postgresql` has these tests run"
)


class Server:
    def __init__(self) -> None:
        assert PROGRAMS is not None
        self._user = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="rag-postgres-"))
        self._folder.chmod(0o755)
        shutil.chown(self._folder, self._user)
        secret = ("--auth=scram-sha-256", f"--pwfile={self.put('password', PASSWORD.encode())}", "--username=rag")
        self._run("initdb", "-D", self._data, "--no-sync", "--encoding=UTF8", "--locale=C", *secret).wait(120)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    @property
    def unix_sock(self) -> str:
        return str(self._folder / f".s.PGSQL.{self.port}")

    def start(self, **more: str) -> None:
        """With settings of the server's."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self._folder), "fsync": "off"} | more
        set_ = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._process = self._run("postgres", "-D", self._data, "-p", str(self.port), *set_)
        deadline = time.monotonic() + 120
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.05)

    def put(self, name: str, content: bytes) -> Path:
        """A file for the server's eyes only."""
        path = self._folder / name
        path.touch(0o600)
        path.write_bytes(content)
        shutil.chown(path, self._user)
        return path

    def stop(self) -> None:
        """At once, with every connection that there is."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(60)
            self._process = None

    def signal_all(self, number: signal.Signals) -> None:
        """To the server and to each process that serves a connection."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for process in (self._process.pid, *map(int, children)):
            os.kill(process, number)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def address(self, query: str = "") -> str:
        return f"postgresql://rag:{PASSWORD}@127.0.0.1:{self.port}/postgres{query}"

    def _answers(self) -> bool:
        assert PROGRAMS is not None
        words = ["-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "rag", "-d", "postgres"]
        return subprocess.run([PROGRAMS / "pg_isready", *words], check=False).returncode == 0

    def _run(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        assert PROGRAMS is not None
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [PROGRAMS / program, *words],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
                user=self._user if os.geteuid() == 0 else None,
                group=pwd.getpwnam(self._user).pw_gid if os.geteuid() == 0 else None,
                extra_groups=[] if os.geteuid() == 0 else None,
            )


def _unprivileged() -> str:
    if os.geteuid() != 0:
        return getpass.getuser()
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def address(postgres: Server) -> str:
    sql(postgres.address(), "DROP SCHEMA IF EXISTS rag CASCADE")
    return postgres.address()


def settings_at(folder: Path, address: str | None) -> Settings:
    return load_settings(indexes_dir=folder, state_uri=address)


def sql(address: str, statements: str) -> list[Any]:
    """The rows of the last of them, by a connection of its own."""
    engine = create_engine(address.replace("postgresql://", "postgresql+pg8000://"))
    try:
        with engine.begin() as connection:
            for statement in statements.split(";"):
                done = connection.exec_driver_sql(statement)
            return list(done) if done.returns_rows else []
    finally:
        engine.dispose()
