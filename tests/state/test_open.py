"""Keys, stored answers and jobs: one contract for files and for PostgreSQL."""
# ruff: noqa: F401, F811  (fixtures are taken from postgres by name)

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Column, Integer, Table

from rag.cli.main import main
from rag.errors import InputError, RagError, StateUnavailable
from rag.settings import Settings, load_settings
from rag.state import database
from rag.state.database import METADATA, Database
from rag.state.job_table import JobTable
from rag.state.keys import KeyRing
from rag.state.open import closing_state, open_keys, open_state
from rag.traces.store import TraceStore
from tests.api.test_traces import NOW, record
from tests.state.postgres_server import PASSWORD, Server, address, postgres, settings_at, skipped, sql

PROBED = Table("probed", METADATA, Column("number", Integer, primary_key=True))
Open = Callable[[], "Database | None"]


@pytest.fixture(params=["files", pytest.param("postgres", marks=[skipped, pytest.mark.servers])])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    found = request.getfixturevalue("address") if request.param == "postgres" else None
    return settings_at(tmp_path / "indexes", found)


@pytest.fixture
def opened(settings: Settings) -> Iterator[Open]:
    """Anew at each call, as another process has it."""
    states: list[Database] = []

    def again() -> Database | None:
        state = open_state(settings)
        if state is not None:
            states.append(state)
        return state

    yield again
    for state in states:
        state.close()


@pytest.fixture
def store(settings: Settings, opened: Open) -> Callable[[int, float], TraceStore]:
    return lambda most, days: TraceStore(opened() or settings.indexes_dir, most, days)


@pytest.fixture
def ring(settings: Settings, opened: Open) -> Callable[[], KeyRing]:
    return lambda: open_keys(settings, opened())


Store = Callable[[int, float], TraceStore]
Ring = Callable[[], KeyRing]


def test_an_answer_kept_by_one_is_shown_by_the_other_as_it_was(store: Store) -> None:
    one, other = store(9, 30), store(9, 30)
    assert (other.get("ans_1"), other.all("default")) == (None, [])
    odd = record("odd", text=True)
    odd["request_id"] = "a\0b \U0001f6e0 \u2028 ü"
    one.put([record("ans_1", text=True), odd])
    assert (other.get("ans_1"), other.get("odd")) == (record("ans_1", text=True), odd)
    assert [trace["id"] for trace in other.all("default")] == ["ans_1", "odd"]
    assert other.all("elsewhere") == []


@pytest.mark.parametrize("id", ["", "ans_2", "a\0b", "\ud800", "ü", "'; DROP TABLE rag.answers; --", "x" * 10_000])
def test_what_is_no_id_is_not_found(store: Store, id: str) -> None:
    kept = store(9, 30)
    kept.put([record()])
    assert kept.get(id) is None
    assert kept.get("ans_1") == record()


def test_one_that_comes_again_takes_the_place_of_the_first(store: Store) -> None:
    kept = store(9, 30)
    kept.put([record("ans_1"), record("ans_2")])
    kept.put([record("ans_1", text=True), record("ans_3"), record("ans_3", text=True)])
    assert [(trace["id"], trace["answer"] is not None) for trace in kept.all("default")] == [
        ("ans_2", False),
        ("ans_1", True),
        ("ans_3", True),
    ]


def test_the_newest_are_kept(store: Store) -> None:
    kept = store(3, 30)
    kept.put([record(f"ans_{number}") for number in range(2)])
    kept.put([record(f"ans_{number}") for number in range(2, 6)])
    assert [trace["id"] for trace in kept.all("default")] == ["ans_3", "ans_4", "ans_5"]
    store(0, 30).put([])
    assert store(9, 30).all("default") == []


def test_what_is_too_old_is_neither_found_nor_kept(store: Store) -> None:
    days = timedelta(days=1)
    store(9, 30).put([record("old", NOW - 2 * days), record("young", NOW - days / 2)])
    brief = store(9, 1)
    assert (brief.get("old"), len(brief.all("default"))) == (None, 1)
    brief.put([])
    assert [trace["id"] for trace in store(9, 30).all("default")] == ["young"]


def test_several_may_write_while_the_tables_are_being_made(store: Store, ring: Ring) -> None:
    start = threading.Barrier(6, timeout=60)

    def write(writer: int) -> None:
        kept, keys = store(1000, 30), ring()
        start.wait()
        keys.add(f"k{writer}", ["read"])
        for number in range(5):
            kept.put([record(f"{writer}-{number}"), record("common")])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    assert len(store(1000, 30).all("default")) == 31
    assert {key.name for key in ring().all()} == {f"k{number}" for number in range(6)}


def test_the_number_holds_while_several_write(store: Store) -> None:
    def write(writer: int) -> None:
        kept = store(10, 30)
        for number in range(10):
            kept.put([record(f"{writer}-{number}"), record(f"{writer}+{number}")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert len(store(1000, 30).all("default")) == 10


def test_a_key_revoked_by_one_is_refused_by_the_other(ring: Ring) -> None:
    one, other = ring(), ring()
    assert other.all() == []
    key, secret = one.add("bot", ["write", "read"], ["b", "a"], expires="2h")
    assert other.find(secret) == key
    assert other.find(secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None
    second, _ = other.add("second", ["admin"])
    assert other.find(secret.replace(key.id, second.id)) is None
    assert one.all() == [key, second]
    assert other.revoke("bot") == key
    assert (one.find(secret), one.all()) == (None, [second])


def test_a_name_is_given_once(ring: Ring) -> None:
    def add(_: int) -> str:
        try:
            return ring().add("bot", ["read"])[0].id
        except InputError as exc:
            return str(exc)

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(add, range(6)))
    (key,) = ring().all()
    assert sorted(said, key=len)[0] == key.id
    assert sum(text.startswith("there is a key 'bot'") for text in said) == 5


@pytest.mark.parametrize("which", ["", "absent", "\0", "\ud800", "' OR 1=1 --"])
def test_what_is_not_there_is_not_revoked(ring: Ring, which: str) -> None:
    ring().add("bot", ["read"])
    with pytest.raises(InputError, match="there is no key"):
        ring().revoke(which)
    assert len(ring().all()) == 1


def test_a_name_that_is_the_id_of_another_ends_the_first_of_the_two(ring: Ring) -> None:
    first, _ = ring().add("bot", ["read"])
    second, _ = ring().add(first.id, ["read"])
    assert ring().revoke(first.id) == first
    assert ring().revoke(first.id) == second


@skipped
def test_a_row_that_is_misread_opens_nothing(address: str, tmp_path: Path) -> None:
    with closing_state(settings_at(tmp_path, address)) as state:
        keys = open_keys(settings_at(tmp_path, address), state)
        _, secret = keys.add("bot", ["read"])
        sql(address, "UPDATE rag.keys SET record = replace(record, '[\"read\"]', '[\"root\"]')")
        with pytest.raises(RagError, match=r"has a row in rag\.keys that is no key") as caught:
            keys.find(secret)
    assert PASSWORD not in str(caught.value)


@skipped
def test_no_secret_is_in_the_database(address: str, tmp_path: Path) -> None:
    with closing_state(settings_at(tmp_path, address)) as state:
        _, secret = open_keys(settings_at(tmp_path, address), state).add("bot", ["read"])
    ((stored,),) = sql(address, "SELECT record FROM rag.keys")
    assert secret[13:] not in stored


@skipped
def test_jobs_are_told_and_the_newest_remembered(address: str, tmp_path: Path) -> None:
    with closing_state(settings_at(tmp_path, address)) as one, closing_state(settings_at(tmp_path, address)) as other:
        assert one
        assert other
        for number in range(5):
            JobTable(one, 3).put(f"job_{number}", "queued")
        JobTable(one, 3).put("job_3", "done")
        found = [JobTable(other, 3).get(f"job_{number}") for number in range(5)]
    assert found == [None, None, "queued", "done", "queued"]


@skipped
def test_a_database_that_is_made_anew_gets_its_tables_again(address: str, tmp_path: Path) -> None:
    with closing_state(settings_at(tmp_path, address)) as state:
        assert state
        TraceStore(state, 9, 30).put([record()])
        sql(address, "DROP SCHEMA rag CASCADE")
        with pytest.raises(StateUnavailable, match="does not exist"):
            TraceStore(state, 9, 30).get("ans_1")
        assert TraceStore(state, 9, 30).get("ans_1") is None
        TraceStore(state, 9, 30).put([record()])
        assert TraceStore(state, 9, 30).get("ans_1") == record()


@skipped
def test_a_role_that_may_make_nothing_can_use_what_is_there(address: str, tmp_path: Path) -> None:
    with closing_state(settings_at(tmp_path, address)) as state:
        open_keys(settings_at(tmp_path, address), state).add("bot", ["read"])
    sql(address, "CREATE ROLE lesser LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA rag TO lesser")
    sql(address, "GRANT SELECT ON rag.keys TO lesser")
    lesser = settings_at(tmp_path, address.replace(f"rag:{PASSWORD}@", "lesser:p@"))
    with closing_state(lesser) as state:
        assert [key.name for key in open_keys(lesser, state).all()] == ["bot"]
        with pytest.raises(StateUnavailable, match="permission denied"):
            open_keys(lesser, state).add("other", ["read"])


@skipped
def test_the_command_in_another_process(address: str, tmp_path: Path) -> None:
    environment = os.environ | {"RAG_STATE_URI": address}
    words = [sys.executable, "-m", "rag.cli.main", "keys"]

    def rag(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*words, *more], cwd=tmp_path, env=environment, capture_output=True, text=True)

    secret = json.loads(rag("add", "bot", "--json").stdout)["key"]
    settings = settings_at(tmp_path, address)
    with closing_state(settings) as state:
        keys = open_keys(settings, state)
        assert keys.find(secret)
        assert rag("revoke", "bot").stdout.startswith("revoked bot (")
        assert keys.find(secret) is None
    assert list(tmp_path.iterdir()) == []


WRONG = [
    ("nonsense", "is no address of a database: write postgresql://USER:PASSWORD@HOST/DATABASE"),
    ("postgresql://rag:s3cret@host:port/x", "is no address of a database"),
    ("postgresql://host/x", "names no user"),
    ("mysql://rag:s3cret@host/x", "'mysql' is no database that keys and answers can be in"),
    ("postgresql+psycopg://rag:s3cret@host/x", "'postgresql+psycopg' is no database"),
    ("postgresql://rag:s3cret@host/x?sslmode=maybe", "may end with"),
    ("postgresql://rag:s3cret@host/x?connect_timeout=5", "may end with"),
    ("postgresql://rag:s3cret@host/x?sslmode=verify-full&sslrootcert=none.pem", "sslrootcert=none.pem cannot be read"),
    ("postgresql://rag:s3cret@127.0.0.1:9/x", "cannot be used (Connection refused)"),
]


@pytest.mark.parametrize(("address", "message"), WRONG)
def test_what_is_no_address(
    address: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pg8000")
    monkeypatch.setenv("RAG_STATE_URI", address)
    assert main(["keys", "list", "--indexes-dir", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert message in err
    assert "s3cret" not in err


def test_a_server_that_is_away_is_tried_again_only_after_a_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pg8000")
    settings = settings_at(tmp_path, f"postgresql://rag:{PASSWORD}@127.0.0.1:9/x")
    now = [100.0]
    monkeypatch.setattr(database, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with closing_state(settings) as state:
        assert state
        keys = open_keys(settings, state)
        tried: list[float] = []
        connect = state._engine.connect
        monkeypatch.setattr(state._engine, "connect", lambda: tried.append(now[0]) or connect())  # type: ignore[func-returns-value]
        for after in (0.0, 0.5, 0.9, 1.1, 1.9):
            now[0] = 100.0 + after
            with pytest.raises(StateUnavailable, match="Connection refused"):
                keys.all()
        assert tried == [100.0, 101.1]


@skipped
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (f":{PASSWORD}@", ":s3cret@", 'password authentication failed for user "rag"'),
        ("/postgres", "/none", 'database "none'),
        ("?", "?sslmode=require", "Server refuses SSL"),
    ],
)
def test_what_the_server_refuses(address: str, tmp_path: Path, old: str, new: str, message: str) -> None:
    settings = settings_at(tmp_path, f"{address}?".replace(old, new).removesuffix("?"))
    with closing_state(settings) as state, pytest.raises(StateUnavailable) as caught:
        open_keys(settings, state).all()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("says", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"NNNNNNNNNN", b"S", b"\0" * 64, b""])
def test_a_program_that_is_no_postgresql(tmp_path: Path, says: bytes) -> None:
    pytest.importorskip("pg8000")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.settimeout(60)
                connection.recv(8)
                connection.sendall(says)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1000):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        settings = settings_at(tmp_path, f"postgresql://rag:{PASSWORD}@127.0.0.1:{listener.getsockname()[1]}/x")
        with closing_state(settings) as state, pytest.raises(StateUnavailable, match="cannot be used") as caught:
            open_keys(settings, state).all()
        thread.join()
    assert PASSWORD not in str(caught.value)
    assert "\n" not in str(caught.value)


@skipped
def test_a_socket_of_the_file_system(postgres: Server, tmp_path: Path) -> None:
    settings = settings_at(tmp_path, postgres.address(f"?unix_sock={postgres.unix_sock}"))
    with closing_state(settings) as state:
        open_keys(settings, state).add("bot", ["read"])
    gone = settings_at(tmp_path, postgres.address("?unix_sock=/none"))
    with closing_state(gone) as state, pytest.raises(StateUnavailable, match=r"cannot be used \(No such file"):
        open_keys(gone, state).all()


def certificate(names: list[x509.GeneralName]) -> tuple[bytes, bytes]:
    """Of an authority that nobody knows, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    kind = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (
        made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, *kind),
    )


@skipped
@pytest.mark.servers
def test_encryption_is_as_asked_for(tmp_path: Path) -> None:
    server = Server()
    try:
        public, private = certificate([x509.IPAddress(ip_address("127.0.0.1"))])
        files = {"ssl_cert_file": server.put("one.pem", public), "ssl_key_file": server.put("key.pem", private)}
        server.start(ssl="on", **{name: str(path) for name, path in files.items()})
        own, other = tmp_path / "own.pem", tmp_path / "other.pem"
        own.write_bytes(public)
        other.write_bytes(certificate([])[0])
        for mode, encrypted in (("disable", False), ("prefer", True), ("require", True), ("verify-full", True)):
            roots = f"&sslrootcert={own}" if mode == "verify-full" else ""
            assert is_encrypted(server.address(f"?sslmode={mode}{roots}"), tmp_path) is encrypted
        with pytest.raises(StateUnavailable, match="certificate verify failed"):
            is_encrypted(server.address(f"?sslmode=verify-full&sslrootcert={other}"), tmp_path)
        elsewhere = server.address(f"?sslmode=verify-full&sslrootcert={own}").replace("127.0.0.1", "localhost")
        with pytest.raises(StateUnavailable, match="Hostname mismatch"):
            is_encrypted(elsewhere, tmp_path)
    finally:
        server.remove()


def is_encrypted(address: str, folder: Path) -> bool:
    with closing_state(settings_at(folder, address)) as state:
        assert state is not None
        with state.begin(PROBED) as connection:
            assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "10s"
            query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            return bool(connection.exec_driver_sql(query).scalar())


def test_no_setting_shows_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_at(tmp_path, "postgresql://rag:s3cret@host/x")
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rag.toml").write_text('state_url = "postgresql://rag:s3cret@host/x"\n')
    with pytest.raises(InputError, match="'state_url' in rag.toml is no setting: did you mean state_uri") as raised:
        load_settings()
    assert "s3cret" not in str(raised.value)
