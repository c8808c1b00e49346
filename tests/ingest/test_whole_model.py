"""An index beside a plain re-reading of everything: files of folders, uploads of two services, deletions, backups,
restores and restarts, with a process that dies at any step of these.

The model of uploads is the last one of each name that was done; of folders it is that of `FilesMachine`. A longer
search: `python benchmarks/reliability.py --part model`.
"""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from rag.errors import DocumentNotFound
from rag.index.backup import back_up, restore
from rag.index.folders import local_indexes
from rag.ingest.changes import find_changes
from rag.ingest.incoming import Owner, Upload, keep, waiting
from rag.ingest.prepare import read_here
from rag.ingest.uploads import UploadOutcome, put, remove_document
from tests.fakes import HashEmbedder
from tests.ingest.crashes import abandon, dying_at
from tests.ingest.test_files_model import BINARY, ROOTS, FilesMachine

NAMES = ["a.txt", "sub/b.txt"]
CONTENTS = [b"The mill stands.", b"The weir stands.", b"The pump stands.", BINARY, b" \n"]
FIRST_JOB = 15 * 10**17  # nanoseconds since 1970
names, contents = st.sampled_from(NAMES), st.sampled_from(CONTENTS)
services, steps = st.integers(0, 1), st.none() | st.integers(1, 40)


@dataclass
class Known:
    """What an index has to have."""

    had: dict[str, tuple[str, bool]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, str] = field(default_factory=dict)
    newest: dict[str, str] = field(
        default_factory=dict
    )  # the job that put in a name last, even if it was removed since

    def copy(self) -> Known:
        return Known(dict(self.had), dict(self.ids), dict(self.uploads), dict(self.newest))


class WholeMachine(FilesMachine):
    """`queues` are the uploads that a service has before it; None for one that does not run."""

    @initialize()
    def start_services(self) -> None:
        self.number = FIRST_JOB
        self.sent: dict[str, tuple[str, bytes]] = {}
        self.owners: list[Owner | None] = [Owner(), Owner()]
        self.queues: list[list[Upload]] = [[], []]
        self.uploads: dict[str, str] = {}
        self.newest: dict[str, str] = {}
        self.kept: Known | None = None

    # Uploads.

    @precondition(lambda self: any(self.owners))
    @rule(service=services, name=names, content=contents, step=steps)
    def accept(self, service: int, name: str, content: bytes, step: int | None) -> None:
        """A service takes an upload in, and answers; if it dies before, the upload may wait or not."""
        service = service if self.owners[service] else 1 - service
        owner = self.owners[service]
        assert owner is not None
        self.number += 1
        upload = Upload(f"job_{self.number:016x}{service:016x}", name, self.folder / "indexes" / "t" / "uploads")
        self.sent[upload.job] = (name, content)
        with dying_at(step) as left:
            owner.take(upload.folder, upload.job)
            keep(io.BytesIO(content), upload, {})
        if left[0] > 0:
            self.queues[service].append(upload)
        else:
            self.kill(service)

    @rule(service=services, step=steps)
    def work(self, service: int, step: int | None) -> None:
        """A service does what is before it, in order."""
        while self.owners[service] and self.queues[service]:
            upload = self.queues[service].pop(0)
            with dying_at(step) as left:
                outcome = put(upload, self.index, HashEmbedder(), self.settings, read_here)
            if left[0] > 0:
                self._noted(upload, outcome)
                continue
            self.kill(service)
            self.reopen(crashed=True)
            if told := self.index.outcome(upload.job):
                self._noted(upload, UploadOutcome.of_text(told))
            step = None

    @rule(service=services)
    def kill(self, service: int) -> None:
        """A service dies, and the system releases its locks."""
        if owner := self.owners[service]:
            for lock in owner._locks.values():
                lock.release(force=True)
        self.owners[service], self.queues[service] = None, []

    @rule(service=services, step=steps)
    def start_service(self, service: int, step: int | None) -> None:
        """A service starts, and takes up what those that are gone have left."""
        if self.owners[service]:
            return
        owner = self.owners[service] = Owner()
        with dying_at(step) as left:
            self.queues[service] = waiting(self.folder / "indexes" / "t", owner)
        if left[0] <= 0:
            self.kill(service)

    def _noted(self, upload: Upload, outcome: UploadOutcome) -> None:
        name, content = self.sent[upload.job]
        late = self.newest.get(name, "") > upload.job
        assert outcome.done == (content.startswith(b"The") and not late), (outcome, late)
        if outcome.done:
            self.uploads[name], self.newest[name] = content.decode(), upload.job

    @rule(name=names, step=steps)
    def remove(self, name: str, step: int | None) -> None:
        """A person removes an upload; if the process dies, once more if it is still there."""
        for at in (step, None):
            with dying_at(at) as left:
                try:
                    remove_document(f"uploads/{name}", self.index)
                    found = True
                except DocumentNotFound:
                    found = False
            if left[0] > 0:
                assert found == (name in self.uploads) or at is None
                break
            self.reopen(crashed=True)
        self.uploads.pop(name, None)

    # The whole index.

    @rule()
    def reopen(self, crashed: bool = False) -> None:
        if crashed:
            abandon(self.index)
        else:
            self.index.close()
        self.index = self.opened()

    @rule(killed=st.integers(1, 60), prune=st.booleans())
    def run_that_dies(self, killed: int, prune: bool) -> None:
        """A run dies at a step, and is done once more."""
        paths = [self.folder / root for root in ROOTS]
        with self.closing():
            with dying_at(killed) as left:
                held = self._carry_out(paths, prune, None)
            if left[0] <= 0:
                self.reopen(crashed=True)
                held = self._carry_out(paths, prune, None)
        self._expect(held)

    @rule(step=steps)
    def back_up(self, step: int | None) -> None:
        file = self.folder / "t.backup"
        before = file.read_bytes() if file.exists() else None
        with dying_at(step):
            back_up(self.folder / "indexes", "t", file)
        if file.exists() and file.read_bytes() != before:
            self.kept = Known(self.had, self.ids, self.uploads, self.newest).copy()

    @precondition(lambda self: self.kept is not None)
    @rule(step=steps)
    def restore(self, step: int | None) -> None:
        """It is there, or what was there before, if the process dies; the number of the file tells which."""
        self.index.close()
        catalogue = self.folder / "indexes" / "t" / "catalogue.sqlite"
        before = catalogue.stat().st_ino
        with dying_at(step) as left:
            restore(self.folder / "indexes", self.folder / "t.backup")
        assert local_indexes(self.folder / "indexes") == ["t"]
        if left[0] > 0 or catalogue.stat().st_ino != before:
            assert self.kept is not None
            kept = self.kept.copy()
            self.had, self.ids, self.uploads, self.newest = kept.had, kept.ids, kept.uploads, kept.newest
        self.index = self.opened()

    # What must hold after each step.

    @invariant()
    def the_index_has_what_it_should(self) -> None:
        if not (hasattr(self, "kept") and hasattr(self, "index")):
            return
        with self.index.snapshot() as snapshot:
            infos = [(info, snapshot.document(info.id).text) for info in snapshot.documents()]
        mine = {info.id.removeprefix("uploads/"): text for info, text in infos if info.id.startswith("uploads/")}
        assert mine == self.uploads
        others = {info.source: (text, info.stale) for info, text in infos if not info.id.startswith("uploads/")}
        assert others == self.had

    @invariant()
    def files_that_were_uploaded_are_as_their_documents(self) -> None:
        """Of names of which a job was begun and not ended, one or the other is there."""
        if not (hasattr(self, "kept") and hasattr(self, "index")):
            return
        place = self.folder / "indexes" / "t" / "uploads"
        begun = {
            self.sent[job.name][0]
            for job in (place / ".incoming").glob("job_*")
            if {path.name for path in job.iterdir()} & {".before", ".before.part", ".marks", ".undone"}
        }
        for name in NAMES:
            if name not in begun:
                there = None
                with suppress(FileNotFoundError):
                    there = (place / name).read_text()
                assert there == self.uploads.get(name), name
        if place.exists() and not begun:
            change = find_changes([place], self.index.files(), self.settings.indexes_dir)
            assert (change.changed, change.vanished, change.held) == ([], [], [])

    def teardown(self) -> None:
        if hasattr(self, "owners") and hasattr(self, "index"):
            for service in (0, 1):
                if not self.owners[service]:
                    self.start_service(service, None)
                self.work(service, None)
            self.the_index_has_what_it_should()
            self.files_that_were_uploaded_are_as_their_documents()
            incoming = self.folder / "indexes" / "t" / "uploads" / ".incoming"
            left = [path.name for path in incoming.glob("*") if path.is_dir()]
            assert all(name in (f".{job}" for job in self.sent) for name in left), left  # taken in by half
        super().teardown()


TestWholeMachine = WholeMachine.TestCase
TestWholeMachine.settings = settings(
    max_examples=10,
    derandomize=True,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
