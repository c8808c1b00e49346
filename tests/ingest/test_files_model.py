"""An index beside a plain re-reading of the files, under edits, links, moves, faults and deletions that Hypothesis
thinks up.

The model is the folder itself: after each run the index must hold exactly the texts of the files that can be read, each
once by its real path, and of those that cannot be read what it had of them, marked stale.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rag.documents.discover import Found
from rag.documents.unpack import Result
from rag.index.local import LocalIndex
from rag.index.uploaded import UPLOADS
from rag.ingest.changes import find_changes
from rag.ingest.prepare import Here, read_here
from rag.ingest.run import carry_out
from rag.settings import load_settings
from rag.stores.open import open_index
from tests.fakes import HashEmbedder
from tests.index.contract import fast_folder

NAMES = ["a.txt", "b.txt", "sub/a.txt", "sub/c.md", "sub/deep/d.txt"]
ROOTS = ["x/docs", "y/docs"]
WORDS = ["mill", "weir", "pump", "lock"]
BINARY = b"\x7fELF\x00\x00\x01"
names, roots, words = st.sampled_from(NAMES), st.sampled_from(ROOTS), st.sampled_from(WORDS)


class FilesMachine(RuleBasedStateMachine):
    """Two folders of one name; `had` is what the index has, by real path: a text, and whether it is stale."""

    @initialize()
    def start(self) -> None:
        self.temporary = fast_folder()
        self.folder = self.temporary.__enter__()
        self.settings = load_settings(indexes_dir=self.folder / "indexes", index="t", passage_tokens=40)
        self.had: dict[str, tuple[str, bool]] = {}
        self.ids: dict[str, str] = {}
        self.closed: set[str] = set()
        for root in ROOTS:
            (self.folder / root).mkdir(parents=True)
            self.write(root, "a.txt", "mill", same_time=False)
        self.index = self.opened()

    def opened(self) -> LocalIndex:
        index = open_index(self.settings, HashEmbedder(), create=True)
        assert isinstance(index, LocalIndex)
        return index

    @rule(root=roots, name=names, word=words, same_time=st.booleans())
    def write(self, root: str, name: str, word: str, same_time: bool) -> None:
        """All texts have one length, so that often neither size nor time tells one from another."""
        file = self.folder / root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if os.path.exists(file.parent) and (os.path.isfile(file) or not os.path.lexists(file)):
            file.write_text(f"The {word} stands.")
            if same_time:
                os.utime(file, ns=(10**18, 10**18))

    @rule(root=roots, name=names, content=st.sampled_from([BINARY, b"", b" \n"]))
    def spoil(self, root: str, name: str, content: bytes) -> None:
        """A file that cannot be read, or in which there is nothing."""
        file = self.folder / root / name
        if os.path.isfile(file):
            file.write_bytes(content)

    @rule(root=roots, name=names)
    def delete(self, root: str, name: str) -> None:
        file = self.folder / root / name
        if os.path.lexists(file):
            file.unlink()

    @rule(root=roots, name=names, to_root=roots, to=names)
    def move(self, root: str, name: str, to_root: str, to: str) -> None:
        file, target = self.folder / root / name, self.folder / to_root / to
        if not file.is_symlink() and os.path.isfile(file):
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, target)

    @rule(root=roots, name=names, to_root=roots, to=names)
    def link(self, root: str, name: str, to_root: str, to: str) -> None:
        file = self.folder / root / name
        if not os.path.lexists(file) and file.parent.is_dir() and name != to:
            file.symlink_to(self.folder / to_root / to)

    @rule(root=roots)
    def loop(self, root: str) -> None:
        if not os.path.lexists(self.folder / root / "loop"):
            (self.folder / root / "loop").symlink_to(self.folder / root)

    @rule(root=roots, folder=st.sampled_from(["sub", "sub/deep"]))
    def remove_folder(self, root: str, folder: str) -> None:
        shutil.rmtree(self.folder / root / folder, ignore_errors=True)

    @rule(root=roots, name=names)
    def close(self, root: str, name: str) -> None:
        """The file cannot be opened for a while."""
        self.closed.add(str(self.folder / root / name))

    @rule()
    def open_all(self) -> None:
        self.closed.clear()

    @rule(given=st.sampled_from([ROOTS, ROOTS[::-1]]), killed=st.none() | st.integers(0, 3), prune=st.booleans())
    def run(self, given: list[str], killed: int | None, prune: bool) -> None:
        """Bring the index in line; a run may be killed after some files, and is then done again."""
        paths = [self.folder / root for root in given]
        with self.closing():
            if killed is not None:
                self._carry_out(paths, True, killed)
            held = self._carry_out(paths, prune, None)
        self._expect(held)

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Refuse access to the closed files meanwhile."""
        access = os.access
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "access", lambda path, mode: str(path) not in self.closed and access(path, mode))
            yield

    def _carry_out(self, paths: list[Path], prune: bool, killed: int | None) -> bool:
        def read(files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
            for number, found in enumerate(files):
                if number == killed:
                    raise KeyboardInterrupt
                yield from read_here([found])

        known, failures = self.index.files(), self.index.failures()
        change = find_changes(paths, known, self.settings.indexes_dir, failures=failures, prune=prune)
        try:
            carry_out(change, self.index, Here(HashEmbedder(), 40, read))
        except KeyboardInterrupt:
            assert self.index._writer is not None
            self.index._writer.abandon()
            self.index = self.opened()
        return bool(change.held)

    def _expect(self, held: bool) -> None:
        """Read the folders plainly, and compare."""
        there = self._read_plainly()
        found = {}
        with self.index.snapshot() as snapshot:
            for info in snapshot.documents():
                source = info.source
                if info.id.startswith(f"{UPLOADS}/"):
                    continue
                assert source not in found, "a file is two documents"
                found[source] = (snapshot.document(info.id).text, info.stale)
                before = self.ids.setdefault(info.id, source)  # its place may have a link to the file by now
                assert before == source or not os.path.lexists(before) or os.path.realpath(before) == source
                self.ids[info.id] = source
        for source, text in there.items():
            if text is not None:
                assert found[source] == (text, False)
        for source, (text, stale) in found.items():
            if there.get(source) is None:
                assert stale, "neither its file is there, nor is it marked"
                assert held or source in there or os.path.realpath(source) in there, "a document without a file"
                assert self.had[source][0] == text
        self.had = found

    def _read_plainly(self) -> dict[str, str | None]:
        """The text of each file by its real path; None of one that cannot be read now."""
        texts: dict[str, str | None] = {}
        for root in ROOTS:
            for folder, folders, files in os.walk(self.folder / root):
                folders[:] = [name for name in folders if not os.path.islink(os.path.join(folder, name))]
                for name in files:
                    file = os.path.join(folder, name)
                    real = os.path.realpath(file)
                    if not os.path.isfile(real):
                        if not os.path.isdir(os.path.dirname(real)):
                            texts |= {path: None for path in (real, file) if path not in texts}
                        continue
                    content = Path(real).read_bytes()
                    if file in self.closed or content == BINARY:
                        texts.setdefault(real, None)
                    elif content.strip():
                        texts[real] = content.decode()
        return texts

    @invariant()
    def nothing_is_to_be_done_after_a_run(self) -> None:
        if hasattr(self, "index"):
            assert len(self.index.files()) == len({state.source for state in self.index.files().values()})

    def teardown(self) -> None:
        if hasattr(self, "index"):
            try:
                assert self.index.verify() == []
            finally:
                self.index.close()
                self.temporary.__exit__(None, None, None)


TestFilesMachine = FilesMachine.TestCase
TestFilesMachine.settings = settings(
    max_examples=20,
    derandomize=True,  # a longer search is for the one who changes something: a larger number, and without this line
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
