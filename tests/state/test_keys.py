"""API keys as they are kept, and the command that makes, lists and revokes them."""

from __future__ import annotations

import errno
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.cli.main import main
from rag.errors import InputError, RagError
from rag.index.folders import index_folder
from rag.state.keys import Keys


def test_a_key_is_found_by_its_secret_until_it_is_revoked(tmp_path: Path) -> None:
    keys, reader = Keys(tmp_path / "indexes"), Keys(tmp_path / "indexes")
    assert reader.all() == []
    key, secret = keys.add("bot", ["write", "read", "read"], ["b", "a", "a"])
    assert (key.name, key.scopes, key.indexes, key.expires) == ("bot", ("read", "write"), ("a", "b"), None)
    assert re.fullmatch(r"rag_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", secret)  # 43 characters of 6 bits: 256 and 2 of nothing
    assert reader.find(secret) == key
    assert reader.find(secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None
    other, _ = keys.add("other", ["read"])
    assert reader.find(secret.replace(key.id, other.id)) is None
    keys.revoke("bot")
    assert reader.find(secret) is None
    assert [found.name for found in reader.all()] == ["other"]


def test_the_file_is_for_its_owner_and_holds_no_secret(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    _, secret = keys.add("bot", ["read"])
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert secret not in keys.path.read_text()
    assert secret[13:] not in keys.path.read_text()
    keys.path.chmod(0o644)
    keys.add("other", ["read"])
    assert keys.path.stat().st_mode & 0o777 == 0o600


def test_a_key_ends_with_its_time(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    key, secret = keys.add("bot", ["read"], expires="2h")
    assert keys.find(secret) == key
    ends = datetime.fromisoformat(key.expires or "")
    assert ends - datetime.fromisoformat(key.created) == timedelta(hours=2)
    assert (key.expired(ends - timedelta(seconds=1)), key.expired(ends)) == (False, True)
    rows = json.loads(keys.path.read_text())
    rows["keys"][0]["expires"] = "2020-01-01T00:00:00+00:00"
    keys.path.write_text(json.dumps(rows))
    assert keys.find(secret) is None


def test_a_day_is_over_when_it_ends(tmp_path: Path) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    key, _ = Keys(tmp_path).add("bot", ["read"], expires=day.isoformat())
    assert key.expires == f"{day + timedelta(days=1)}T00:00:00+00:00"


@pytest.mark.parametrize("when", ["", "5", "0d", "-1d", "5x", "tomorrow", "2020-01-01", "2027-13-01", "999999d"])
def test_what_is_no_time_to_end(tmp_path: Path, when: str) -> None:
    if when:
        with pytest.raises(InputError):
            Keys(tmp_path).add("bot", ["read"], expires=when)
    assert not (tmp_path / "keys.json").exists()


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "a\nb", "ü", "x" * 65])
def test_what_is_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        Keys(tmp_path).add(name, ["read"])


def test_a_name_is_given_once_and_what_is_not_there_is_not_revoked(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.add("bot", ["read"])
    with pytest.raises(InputError, match="there is a key 'bot'"):
        keys.add("bot", ["read"])
    with pytest.raises(InputError, match="there is no key 'absent'"):
        keys.revoke("absent")
    assert len(keys.all()) == 1


DAMAGED: list[Any] = [
    "",
    "{",
    "[]",
    '{"keys": [{"id": "x"}]}',
    '{"keys": 5}',
    "null",
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_opens_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(RagError, match=r"keys\.json cannot be read"):
        Keys(tmp_path).find("rag_00000000_" + "a" * 43)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scopes", "all"),
        ("scopes", ["root"]),
        ("indexes", "notes"),
        ("indexes", [5]),
        ("expires", "soon"),
        ("expires", "2030-01-01"),
        ("sha256", None),
        ("x", 1),
    ],
)
def test_a_row_that_is_misread_opens_nothing(tmp_path: Path, field: str, value: Any) -> None:
    keys = Keys(tmp_path)
    _, secret = keys.add("bot", ["read"])
    rows = json.loads(keys.path.read_text())
    rows["keys"][0][field] = value
    keys.path.write_text(json.dumps(rows))
    with pytest.raises(RagError, match=r"keys\.json cannot be read"):
        keys.find(secret)


def test_writers_take_turns(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Keys(tmp_path).add(f"k{number}", ["read"]), range(24)))
    assert {key.name for key in Keys(tmp_path).all()} == {f"k{number}" for number in range(24)}


@settings(max_examples=200, deadline=None)
@given(secret=st.text() | st.from_regex(r"rag_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", fullmatch=True))
def test_nothing_else_is_a_key(tmp_path_factory: pytest.TempPathFactory, secret: str) -> None:
    keys = Keys(tmp_path_factory.getbasetemp() / "one")
    if not keys.all():
        keys.add("bot", ["read", "write", "admin"])
    assert keys.find(secret) is None


def rag(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[int, str, str]:
    code = main(["keys", *words, "--indexes-dir", str(folder)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = rag(capsys, tmp_path, "add", "bot", "--index", "notes", "--index", "demo", "--expires", "90d")
    secret, line, once = out.splitlines()
    key = Keys(tmp_path).find(secret)
    assert key is not None
    assert (code, line) == (0, f"{key.id}  bot  read; only demo, notes; until {key.expires}")
    assert once == "This is the only time that it is shown. Send it as: Authorization: Bearer rag_..."
    code, out, _ = rag(capsys, tmp_path, "add", "ci", "--scope", "write", "--scope", "admin", "--json")
    made = json.loads(out)
    found = Keys(tmp_path).find(made.pop("key"))
    assert found is not None
    assert (made["name"], made["scopes"], made["indexes"], found.scopes) == (
        "ci",
        ["write", "admin"],
        None,
        ("write", "admin"),
    )
    code, out, _ = rag(capsys, tmp_path, "list")
    assert out.splitlines() == [line, f"{found.id}  ci  write, admin; all indexes; no expiry"]
    assert rag(capsys, tmp_path, "revoke", "ci") == (0, f"revoked ci ({found.id})\n", "")
    assert json.loads(rag(capsys, tmp_path, "revoke", key.id, "--json")[1]) == {"revoked": key.id}
    assert rag(capsys, tmp_path, "list", "--json")[1] == '{"keys": []}\n'


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert rag(capsys, tmp_path, "add", "bot", "--index", "../x")[0] == 2
    assert rag(capsys, tmp_path, "revoke", "absent")[::2] == (
        2,
        "rag: there is no key 'absent': `rag keys list` shows those that there are\n",
    )
    assert not (tmp_path / "keys.json").exists()


@pytest.mark.parametrize("words", [["add", "bot"], ["list"], ["revoke", "bot"]], ids=" ".join)
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_is_no_folder_of_keys(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], below: str
) -> None:
    (tmp_path / "notes.txt").write_text("not a folder")
    folder = tmp_path / "notes.txt" / below
    code, out, err = rag(capsys, folder, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"rag: API keys are kept in a folder of indexes, and {folder} is not a folder (")
    assert err.endswith("): name another folder with --indexes-dir\n")


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (
            errno.ENOSPC,
            r"^no space left on the disk of .*keys\.json: free some and run the command again; no key was ch",
        ),
        (errno.EDQUOT, r"^no space left on the disk of .*keys\.json: free some"),
        (
            errno.EACCES,
            r"^API keys in .*keys\.json cannot be read or written \(Permission denied\): permit both, or name",
        ),
        (errno.EROFS, r"^API keys in .*keys\.json cannot be read or written \(Read-only file system\): permit both"),
        (
            errno.EIO,
            r"^API keys in .*keys\.json cannot be read or written \(Input/output error\): mend that, or name an",
        ),
    ],
)
def test_what_the_system_refuses_is_said_of_the_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, line: str
) -> None:
    keys = Keys(tmp_path)
    keys.add("bot", ["read"])

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("rag.state.keys.os.replace", refuse)
    with pytest.raises(RagError, match=line):
        keys.add("other", ["read"])
    with pytest.raises(RagError, match=line):
        keys.revoke("bot")
    assert [key.name for key in Keys(tmp_path).all()] == ["bot"]


def test_keys_lie_where_no_index_can_and_those_of_an_earlier_version_are_moved_there(tmp_path: Path) -> None:
    _, secret = Keys(tmp_path).add("bot", ["read"])
    file = tmp_path / ".service" / "keys.json"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    file.rename(tmp_path / "keys.json")
    for name in ("keys.new", "keys.lock", "KEYS.JSON", "answers.sqlite", "answers.sqlite-journal"):
        with pytest.raises(InputError, match="cannot be the name of an index: the service has files of that name"):
            index_folder(tmp_path, name)
    (tmp_path / "keys.new").mkdir()  # of an index that was made before such names were refused
    (tmp_path / "keys.lock").mkdir()
    keys = Keys(tmp_path)
    assert (file.exists(), (tmp_path / "keys.json").exists()) == (True, False)
    found = keys.find(secret)
    assert found
    assert found.name == "bot"
    assert keys.revoke("bot").id == found.id
    assert Keys(tmp_path).find(secret) is None


def test_keys_that_may_not_be_moved_are_used_where_they_are(tmp_path: Path) -> None:
    _, secret = Keys(tmp_path).add("bot", ["read"])
    (tmp_path / ".service" / "keys.json").rename(tmp_path / "keys.json")
    (tmp_path / ".service" / "keys.lock").unlink(missing_ok=True)
    (tmp_path / ".service").rmdir()
    (tmp_path / ".service").write_text("in the way")
    found = Keys(tmp_path).find(secret)
    assert found
    assert found.name == "bot"
