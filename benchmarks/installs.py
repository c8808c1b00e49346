"""The ways to install: what each brings, how long it takes, and if the program then answers without a network.

    python benchmarks/installs.py                 # all; or: pip pipx uv sdist
    python benchmarks/installs.py --no-cache      # fetch everything anew

Copies the files that git knows to a folder of its own, installs them in each way into a home that is empty, and from an
empty folder, without a network, indexes a document and asks a question about it. Prints a table. Ends with 1 if a way
does not answer, brings CUDA or torch, or takes more than `LIMIT` bytes. Needs PyPI, and Linux for the part without a
network.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LIMIT = 800_000_000
UNWANTED = ("nvidia", "torch", "triton")  # beginnings of what must not be installed
WITHOUT_NETWORK = ("unshare", "--map-root-user", "--net")
NOTE = "The mill was built in 1859. It cost 1,400 pounds. The miller was Ann Hale, who ran it for thirty years."


class Place(NamedTuple):
    """Folders of a way to install: the sources, tools (build, pipx, uv), an empty home, and the environment of the
    processes."""

    sources: Path
    tools: Path
    home: Path
    environment: Mapping[str, str]
    cached: bool

    def run(self, *command: str | Path) -> None:
        subprocess.run(command, env=self.environment, cwd=self.sources, check=True, stdout=subprocess.DEVNULL)

    def pip(self) -> Path:
        """The pip of a new environment in the home."""
        self.run(sys.executable, "-m", "venv", self.home / "rag")
        return self.home / "rag" / "bin" / "pip"

    def no_cache(self, option: str) -> list[str]:
        return [] if self.cached else [option]


def pip(place: Place) -> Path:
    """pip install ."""
    place.run(place.pip(), "install", "--quiet", *place.no_cache("--no-cache-dir"), ".")
    return place.home / "rag"


def pipx(place: Place) -> Path:
    """pipx install ."""
    place.run(place.tools / "pipx", "install", "--quiet", *place.no_cache("--pip-args=--no-cache-dir"), ".")
    return place.home / "pipx" / "venvs" / "rag-cited"


def uv(place: Place) -> Path:
    """uv tool install ."""
    place.run(place.tools / "uv", "tool", "install", "--quiet", *place.no_cache("--no-cache"), ".")
    return place.home / "uv" / "rag-cited"


def sdist(place: Place) -> Path:
    """python -m build; pip install dist/*.whl"""
    place.run(place.tools / "python", "-m", "build", "--outdir", place.home / "dist", ".")  # the wheel from the sdist
    (wheel,) = (place.home / "dist").glob("*.whl")
    place.run(place.pip(), "install", "--quiet", *place.no_cache("--no-cache-dir"), wheel)
    return place.home / "rag"


WAYS: dict[str, Callable[[Place], Path]] = {"pip": pip, "pipx": pipx, "uv": uv, "sdist": sdist}


class Row(NamedTuple):
    """Result of a way; `wrong` is empty if all is as it should be."""

    command: str
    seconds: float
    bytes: int
    answer_s: float
    doctor: str
    wrong: str


def measured(way: Callable[[Place], Path], place: Place) -> Row:
    began = time.perf_counter()
    environment = way(place)
    seconds = time.perf_counter() - began
    rag = str(environment / "bin" / "rag")
    size = sum(file.lstat().st_size for file in environment.rglob("*"))
    folder = place.home / "empty"
    folder.mkdir()
    (place.home / "note.txt").write_text(NOTE)

    def said(*words: str) -> str:
        command = [*WITHOUT_NETWORK, rag, *words]
        done = subprocess.run(command, env=place.environment, cwd=folder, capture_output=True, text=True, timeout=300)
        return done.stdout if done.returncode == 0 else f"{done.stdout}{done.stderr}"

    doctor = said("doctor").splitlines()[-1]
    said("index", str(place.home / "note.txt"))
    began = time.perf_counter()
    shown = said("ask", "How much did the mill cost?", "--json")
    answer_s = time.perf_counter() - began
    return Row(way.__doc__ or "", seconds, size, answer_s, doctor, wrong(shown, size, environment))


def wrong(shown: str, size: int, environment: Path) -> str:
    """Faults of an environment and the answer that was printed by it."""
    try:
        cited = [citation["quote"] for citation in json.loads(shown)["citations"]]
    except ValueError:
        return f"no answer: {shown.strip()}"
    if cited != ["It cost 1,400 pounds."]:
        return f"cited {cited}"
    packages = [path.name for path in environment.glob("lib/python*/site-packages/*")]
    if unwanted := [name for name in packages if name.lower().startswith(UNWANTED)]:
        return f"brings {', '.join(unwanted)}"
    return f"{size:,} bytes are more than {LIMIT:,}" if size > LIMIT else ""


def tracked(target: Path) -> None:
    """Copy the files that git knows, as they are now."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"of {', '.join(WAYS)}; without one, all")
    parser.add_argument("--no-cache", action="store_true", help="use no wheels that were fetched or built before")
    options = parser.parse_args()
    if unknown := set(options.ways) - set(WAYS):
        parser.error(f"no way {', '.join(unknown)}")
    failed = False
    print("| command | time to install | size | `rag ask`, first | last line of `rag doctor` |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        tools, base = Path(folder) / "tools", Path(folder)
        subprocess.run([sys.executable, "-m", "venv", tools], check=True)
        subprocess.run([tools / "bin" / "pip", "install", "--quiet", "build", "pipx", "uv"], check=True)
        for name in options.ways or WAYS:
            sources, home = base / name / "sources", base / name / "home"
            sources.mkdir(parents=True)
            home.mkdir()
            tracked(sources)
            kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAG_", "PYTHON", "XDG_"))}
            places = {"PIPX_HOME": home / "pipx", "PIPX_BIN_DIR": home / "bin", "UV_TOOL_DIR": home / "uv"}
            caches = {"PIP_CACHE_DIR": cache("pip"), "UV_CACHE_DIR": cache("uv"), "UV_TOOL_BIN_DIR": home / "bin"}
            own = {key: str(value) for key, value in {"HOME": home, **places, **caches}.items()}
            place = Place(sources, tools / "bin", home, kept | own, not options.no_cache)
            row = measured(WAYS[name], place)
            print(
                f"| `{row.command}` | {row.seconds:.0f} s | {row.bytes / 1e6:,.0f} MB | {row.answer_s:.1f} s "
                f"| {row.wrong or row.doctor} |",
                flush=True,
            )
            failed |= bool(row.wrong)
            shutil.rmtree(base / name)
    return 1 if failed else 0


def cache(program: str) -> Path:
    """The cache folder of pip or uv, which an empty home would hide."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / program


if __name__ == "__main__":
    sys.exit(main())
