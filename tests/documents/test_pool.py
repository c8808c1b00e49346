"""Reading in processes: a parser that crashes, hangs or eats memory costs one file, and nothing is left behind."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.documents.discover import Found
from rag.documents.options import ReadOptions
from rag.documents.pool import AHEAD, ReaderPool, Time
from rag.documents.pool_messages import NoMessage, bytes_of, message_of
from rag.documents.pool_worker import SPENT
from rag.documents.read import read_document
from rag.documents.unpack import Archive, Begun, Result, Spent, UnchangedFile, id_of
from rag.errors import DocumentError, EmptyDocument, ReaderFault, UnsupportedDocument
from rag.types import BlockSpan, Document, LinkSpan, Prepared

# Stands in for the library that reads old workbooks, and does what the file says.
PARSER = """
import ctypes, os, pickle, signal, subprocess, sys, time
from types import SimpleNamespace

def is_socket(descriptor):
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:")
    except OSError:
        return False

class Harm:
    def __reduce__(self):
        return os.mkdir, (os.environ["CHILD"],)

class CalamineError(Exception):
    pass

class PasswordError(CalamineError):
    pass

SheetTypeEnum = SimpleNamespace(WorkSheet="sheet")
SheetVisibleEnum = SimpleNamespace(Visible="visible")

class CalamineWorkbook:
    sheets_metadata = [SimpleNamespace(name="Sheet1", typ="sheet", visible="visible")]

    @classmethod
    def from_filelike(cls, file):
        book = cls()
        book.text = said(file.read().split()[-1].decode())
        return book

    def get_sheet_by_name(self, name):
        return SimpleNamespace(start=None, merged_cell_ranges=None, to_python=lambda: [[self.text]])

def said(word):
    if word == "segfault":
        ctypes.string_at(0)
    elif word == "loop":
        while True:
            pass
    elif word == "sleep":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open(os.environ["CHILD"], "w") as file:
            file.write(str(child.pid))
        time.sleep(600)
    elif word == "memory":
        kept = []
        while True:
            kept.append(b"x" * (16 << 20))
    elif word == "much":
        kept = b"x" * (800 << 20)
    elif word == "exit":
        os._exit(7)
    elif word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "print":
        print("noise", flush=True)
        os.write(1, b"more noise")
    elif word == "pid":
        return str(os.getpid())
    elif word == "taken-over":
        sent = pickle.dumps(Harm())
        os.write(int(max(os.listdir("/proc/self/fd"), key=is_socket)), len(sent).to_bytes(4, "big") + sent)
        time.sleep(600)
    elif word == "fault":
        raise AttributeError("no such thing")
    elif word == "damage":
        raise CalamineError("no such number")
    elif word == "loaded":
        return " ".join(sorted(sys.modules))
    return word
"""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what such workbooks begin with
LIMIT = 2.5  # seconds; a process starts in a third of one
MEMORY = 1024


@pytest.fixture(autouse=True)
def parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in, found before the library of that name by processes that the test starts."""
    folder = tmp_path / "library"
    folder.mkdir(parents=True)
    (folder / "python_calamine.py").write_text(PARSER)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("CHILD", str(tmp_path / "child"))
    return folder


def files(folder: Path, *words: str) -> list[Found]:
    found = []
    for number, word in enumerate(words):
        path = folder / f"{number}.xls"
        path.write_bytes(OLE + f" {word}".encode())
        found.append(Found(str(path), f"docs/{number}.xls", str(path)))
    return found


def said(result: Result | Prepared) -> str:
    """The text of a document, or the message without the path."""
    return result.text if isinstance(result, Document) else str(result).split(".xls: ")[1]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_kind_of_fault_is_one_error_and_the_others_are_read_in_order(tmp_path: Path, workers: int) -> None:
    words = ["one", "segfault", "two", "memory", "three", "exit", "kill", "print", "four"]
    given = files(tmp_path, *words)
    with ReaderPool(workers, megabytes=MEMORY) as pool:
        results = list(pool.read(given))
    assert [found for found, _ in results] == given
    hostile = "save it anew, or leave it out if you do not trust where it comes from"
    assert [said(result) for _, result in results] == [
        "one",
        f"crashed its reader (SIGSEGV); {hostile}",
        "two",
        "needs more memory to read than there is; split it",
        "three",
        f"crashed its reader (exit code 7); {hostile}",
        "was given up: its reader was killed, most likely for want of memory; split it",
        "print",
        "four",
    ]
    faults = [result for _, result in results if not isinstance(result, Document)]
    assert all(type(fault) is DocumentError and str(fault).startswith(str(tmp_path)) for fault in faults)


def test_a_reader_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    with ReaderPool(2, seconds=LIMIT) as pool:
        results = [said(result) for _, result in pool.read(files(tmp_path, "loop", "sleep", "one"))]
    late = "took more than 2.5 s to read, which is the limit; split it"
    assert results == [late, late, "one"]
    assert not is_running(int((tmp_path / "child").read_text()))


def is_running(process: int) -> bool:
    """Whether it runs; one that has ended and that nobody asked for its exit code does not."""
    for _ in range(20):
        try:
            if Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return False
        except FileNotFoundError:
            return False
        time.sleep(0.05)
    return True


def test_results_are_those_of_reading_here(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Mill\n\nIt turns.")
    (tmp_path / "b.txt").write_text("")
    (tmp_path / "c.xyz").write_text("x")
    given = [
        Found(str(tmp_path / name), f"docs/{name}", str(tmp_path / name))
        for name in ("a.md", "b.txt", "c.xyz", "gone.txt")
    ]
    with ReaderPool(2) as pool:
        first, *faults = (result for _, result in pool.read(given))
    assert first == read_document(given[0].path, "docs/a.md", str(given[0].path.resolve()))
    for fault, found in zip(faults, given[1:], strict=True):
        with pytest.raises(DocumentError) as here:
            read_document(found.path, found.document_id)
        assert (type(fault), str(fault)) == (here.type, str(here.value))
    assert [type(fault) for fault in faults] == [DocumentError, UnsupportedDocument, DocumentError]


def test_a_fault_of_the_program_is_told_from_damage_and_keeps_its_traceback(tmp_path: Path) -> None:
    with ReaderPool(1) as pool:
        fault, damage, document = (result for _, result in pool.read(files(tmp_path, "fault", "damage", "one")))
    assert isinstance(fault, ReaderFault)
    assert re.fullmatch(
        r"rag failed to read it \(AttributeError in rag/documents/excel_binary\.py:\d+: no such thing\); this "
        r"is a fault of the "
        r"program, not of the file: please report it, `rag index -v` shows the traceback",
        said(fault),
    )
    assert fault.traceback.startswith("Traceback (most recent call last):\n")
    assert fault.traceback.endswith("\nAttributeError: no such thing\n")
    assert 'raise AttributeError("no such thing")' in fault.traceback
    assert type(damage) is DocumentError
    assert said(damage) == "is damaged: it is not a complete workbook (no such number); save it anew"
    assert said(document) == "one"


def test_processes_are_used_again_and_hold_only_readers(tmp_path: Path) -> None:
    with ReaderPool(1) as pool:
        first, second, third = (said(result) for _, result in pool.read(files(tmp_path, "pid", "pid", "loaded")))
        assert first == second != str(os.getpid())
        again = [said(result) for _, result in pool.read(files(tmp_path, "pid"))]
    assert again == [first]
    assert {"torch", "faiss", "tantivy", "llama_cpp", "pydantic", "rag.settings"} & set(third.split()) == set()


def test_files_are_taken_only_as_they_are_needed(tmp_path: Path) -> None:
    taken = 0

    def endless() -> Iterator[Found]:
        nonlocal taken
        (found,) = files(tmp_path, "one")
        while True:
            taken += 1
            yield found

    with ReaderPool(2) as pool:
        reading = pool.read(endless())
        assert isinstance(reading, Generator)
        for _ in range(5):
            next(reading)
        reading.close()
        assert taken <= 5 + 2 * AHEAD
        assert [said(result) for _, result in pool.read(files(tmp_path, "two"))] == ["two"]


def test_nothing_of_the_current_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json", "numpy", "hashlib"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "a.txt").write_text("The pump is blue.")
    monkeypatch.chdir(tmp_path)
    with ReaderPool(1) as pool:
        ((_, result),) = pool.read([Found(str(tmp_path / "a.txt"), "a.txt", str(tmp_path / "a.txt"))])
    assert isinstance(result, Document)
    assert result.text == "The pump is blue."
    assert not (tmp_path / "ran").exists()


def test_leaving_early_ends_what_is_under_way(tmp_path: Path) -> None:
    start = time.monotonic()
    with ReaderPool(2, seconds=600) as pool:
        for _, result in pool.read(files(tmp_path, "one", "sleep", "loop")):
            assert said(result) == "one"
            while not (tmp_path / "child").exists():
                time.sleep(0.01)
            break
    assert time.monotonic() - start < 20
    assert not is_running(int((tmp_path / "child").read_text()))


def test_a_process_whose_pool_was_killed_ends_by_itself(tmp_path: Path) -> None:
    (found,) = files(tmp_path, "sleep")
    program = (
        "import sys; from pathlib import Path; from rag.documents.pool import ReaderPool\n"
        "from rag.documents.discover import Found\n"
        f"list(ReaderPool(1, seconds=0.5).read([Found({found.file!r}, 'x', {found.file!r})]))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    owner = subprocess.Popen([sys.executable, "-c", program], env=environment)
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
        time.sleep(0.01)
    reader = parent_of(int((tmp_path / "child").read_text()))
    owner.kill()
    owner.wait()
    end = time.monotonic() + 4
    while is_running(reader):
        assert time.monotonic() < end


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_options_reach_the_reader(tmp_path: Path) -> None:
    (found,) = files(tmp_path, "one")
    with ReaderPool(1, ReadOptions(passwords=("secret",))) as pool:
        assert [said(result) for _, result in pool.read([found])] == ["one"]


def archive(folder: Path, name: str, *words: str) -> Found:
    """An archive of workbooks."""
    with zipfile.ZipFile(folder / name, "w") as made:
        for number, word in enumerate(words):
            made.writestr(f"{number}.xls", OLE + f" {word}".encode())
    return Found(str(folder / name), f"docs/{name}", str(folder / name))


def test_a_file_in_an_archive_that_crashes_or_hangs_its_reader_costs_no_other(tmp_path: Path) -> None:
    first = archive(tmp_path, "a.zip", "one", "segfault", "two", "sleep", "three")
    (second,) = files(tmp_path, "four")
    with ReaderPool(1, seconds=LIMIT) as pool:
        results = list(pool.read([first, second]))
    assert [found for found, _ in results] == [first] * 6 + [second]
    assert [id_of(result) for _, result in results] == [
        *(f"docs/a.zip!/{number}.xls" for number in range(5)), "docs/a.zip", "docs/0.xls",
    ]  # fmt: skip
    assert [said(result) for _, result in results if not isinstance(result, Archive)] == [
        "one",
        "crashed its reader (SIGSEGV); save it anew, or leave it out if you do not trust where it comes from",
        "two",
        "took more than 2.5 s to read, which is the limit; split it",
        "three",
        "four",
    ]
    assert str(results[1][1]).startswith(f"{tmp_path}/a.zip!/1.xls: ")
    assert not is_running(int((tmp_path / "child").read_text()))


def test_an_archive_that_costs_too_many_processes_is_given_up(tmp_path: Path) -> None:
    given = [archive(tmp_path, "a.zip", "segfault", "exit", "one", "kill", "two"), *files(tmp_path, "three")]
    with ReaderPool(1) as pool:
        results = [result for _, result in pool.read(given)]
    assert [id_of(result) for result in results] == [
        "docs/a.zip!/0.xls", "docs/a.zip!/1.xls", "docs/a.zip!/2.xls", "docs/a.zip!/3.xls", "docs/a.zip", "docs/0.xls",
    ]  # fmt: skip
    assert str(results[4]) == (
        f"{tmp_path}/a.zip: was given up after 3 of the files in it had crashed or hung their reader; unpack it"
    )
    assert said(results[5]) == "three"


def test_what_is_known_of_an_archive_is_not_read(tmp_path: Path) -> None:
    found = archive(tmp_path, "a.zip", "one", "segfault")
    digest = hashlib.sha256(OLE + b" segfault").hexdigest()
    with ReaderPool(1) as pool:
        known = found._replace(known=frozenset({("docs/a.zip!/1.xls", digest)}))
        document, *rest = (result for _, result in pool.read([known]))
    assert said(document) == "one"
    assert rest == [UnchangedFile("docs/a.zip!/1.xls"), Archive("docs/a.zip")]


def test_results_of_an_archive_wait_in_its_process_until_they_are_taken(tmp_path: Path) -> None:
    """The limit of time does not count meanwhile."""
    words = [f"{number}{'x' * 4000}" for number in range(300)]  # far more than a connection takes before they are read
    many = archive(tmp_path, "b.zip", *words)
    with ReaderPool(2, seconds=LIMIT) as pool:
        reading = pool.read([*files(tmp_path, "loop"), many])
        assert said(next(reading)[1]).startswith("took more than 2.5 s to read")
        (task,) = (worker.task for worker in pool._workers if worker.task)
        assert len(task.results) == AHEAD
        assert said(next(reading)[1]) == words[0]
        time.sleep(1.2 * LIMIT)
        rest = [said(result) for _, result in reading if isinstance(result, Document)]
    assert rest == words[1:]


@pytest.mark.parametrize("word", ["memory", "much"])
def test_a_process_that_came_near_its_limit_of_memory_reads_no_further_file(tmp_path: Path, word: str) -> None:
    with ReaderPool(1, megabytes=MEMORY) as pool:
        first, second, _, third, fourth = (
            said(result) for _, result in pool.read(files(tmp_path, "pid", "pid", word, "pid", "pid"))
        )
    assert first == second != third == fourth


def test_the_memory_of_the_process_that_starts_a_reader_does_not_count(tmp_path: Path) -> None:
    large = bytearray(int(MEMORY * SPENT) << 20)
    large[::4096] = b"x" * len(large[::4096])  # so that the pages are there
    with ReaderPool(1, megabytes=MEMORY) as pool:
        first, second = (said(result) for _, result in pool.read(files(tmp_path, "pid", "pid")))
    assert first == second


def test_after_a_file_in_an_archive_that_takes_all_memory_another_process_goes_on(tmp_path: Path) -> None:
    with ReaderPool(1, megabytes=MEMORY) as pool:
        results = [result for _, result in pool.read([archive(tmp_path, "a.zip", "pid", "memory", "pid", "pid")])]
    first, fault, second, third = (said(result) for result in results if not isinstance(result, Archive))
    assert fault == "needs more memory to read than there is; split it"
    assert first != second == third
    many = archive(tmp_path, "b.zip", *["memory"] * 4)
    with ReaderPool(1, megabytes=MEMORY) as pool:
        *_, last = (result for _, result in pool.read([many]))
    assert str(last).endswith(
        "b.zip: was given up after 3 of the files in it had crashed or hung their reader; unpack it"
    )


def test_a_reader_that_was_taken_over_can_send_results_and_nothing_else(tmp_path: Path) -> None:
    with ReaderPool(1, seconds=LIMIT) as pool:
        first, second = (said(result) for _, result in pool.read(files(tmp_path, "taken-over", "one")))
    hostile = "save it anew, or leave it out if you do not trust where it comes from"
    assert (first, second) == (f"made its reader send what is no document; {hostile}", "one")
    assert not (tmp_path / "child").exists()  # what its bytes would have made


@pytest.mark.parametrize(
    "sent",
    [
        pickle.dumps(UnchangedFile("a")),
        b"",
        b"\xff",
        b"[]",
        b'"text"',
        b'["os.system", "true"]',
        b'["Path", {}]',
        b'["Kept"]',
        b'["Kept", {"document_id": 1}]',
        b'["Kept", {"document_id": "a", "more": "b"}, 1]',
        b'["Archive", {"document_id": "a", "notes": "b"}]',
        b'["InputError", "a", "b", ""]',
        b'["DocumentError", "a", ["b"], ""]',
        b'["Document", {"id": "a", "title": "b", "text": 1, "source": "c", "sha256": "d"}]',
        b'["Document", {"id": "a"}]',
        bytes_of(UnchangedFile("a"))[:-1],
        b"[" * 100_000,
    ],
)
def test_what_is_no_message_of_a_reader(sent: bytes) -> None:
    with pytest.raises(NoMessage, match="no message of a reader"):
        message_of(sent)


def test_messages_of_a_reader_arrive_as_they_were_sent(tmp_path: Path) -> None:
    text = "# Mill\n\nIt [turns](https://a.example).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    (tmp_path / "a.md").write_text(text)
    document = replace(read_document(tmp_path / "a.md", "docs/a.md"), pages=(0, 3), metadata={"a": "b"}, notes=("c",))
    assert document.blocks
    assert document.links
    odd = replace(document, title="\udcff \U0001f600", hidden=True, ocr="eng")
    for value in (document, odd, Begun("a"), Spent(), UnchangedFile("a"), Archive("a", ("note",))):
        told = message_of(bytes_of(value))
        assert (told, type(told)) == (value, type(value))
    blocks, links = message_of(bytes_of(document)).blocks, message_of(bytes_of(document)).links  # type: ignore[union-attr]
    assert {type(one) for one in (*blocks, *links)} == {BlockSpan, LinkSpan}


@pytest.mark.parametrize("error", [DocumentError("x"), UnsupportedDocument("x"), EmptyDocument("x")])
def test_errors_of_a_reader_arrive_as_they_were_sent(error: DocumentError) -> None:
    error.document_id = "a"
    told = message_of(bytes_of(error))
    assert isinstance(told, DocumentError)
    assert (type(told), str(told), told.document_id) == (type(error), "x", "a")


def test_a_fault_of_the_program_arrives_with_its_traceback() -> None:
    told = message_of(bytes_of(ReaderFault("x", "lines")))
    assert isinstance(told, ReaderFault)
    assert (str(told), told.traceback, told.document_id) == ("x", "lines", "")


def test_some_files_have_less_time_than_others_and_those_in_a_file_share_one(tmp_path: Path) -> None:
    def time_for(found: Found) -> Time:
        return Time(60, 1.5) if found.file.endswith(".zip") else Time(1.5)

    given = [*files(tmp_path, "sleep", "one"), archive(tmp_path, "a.zip", "two", "sleep", "three")]
    with ReaderPool(1, time_for=time_for) as pool:
        results = [result for _, result in pool.read([*given, given[1]])]
    assert [said(result) for result in results[:3]] == [
        "took more than 1.5 s to read, which is the limit; split it",
        "one",
        "two",
    ]
    assert str(results[3]) == (
        f"{tmp_path}/a.zip: took more than 1.5 s to read with all that is in it, which is the limit; unpack it"
    )
    assert said(results[4]) == "one"
    assert not is_running(int((tmp_path / "child").read_text()))


def test_a_result_that_is_too_large_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("word " * 300_000)
    (tmp_path / "b.txt").write_text("The pump.")
    given = [Found(str(tmp_path / name), name, str(tmp_path / name)) for name in ("a.txt", "b.txt")]
    with ReaderPool(1, largest=1 << 20) as pool:
        first, second = (result for _, result in pool.read(given))
    assert str(first) == (
        f"{tmp_path}/a.txt: holds more text than 1 MB, with the places of its sentences, which is the limit; split it"
    )
    assert isinstance(second, Document)
