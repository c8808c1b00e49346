"""Every step of the Dockerfile carried out without a container engine, and the service started from what came of it.

    python docker/check.py FOLDER [--compile] [--argument NAME=VALUE]

In: an empty folder (about 5 GB; not on an overlay file system) and root on Linux. The base image is this machine's own
root, under an overlay that takes all writes: each stage is a folder of its own that starts out clean, and the machine
is not changed. RUN is run by /bin/sh in it, with the network; pip's wheel cache is shared as the cache mounts say, so
llama.cpp is compiled only where the cache lacks it, or with --compile.

Then the image runs as it should in production: read-only root, an empty /tmp, only /data to write, the image's own user
without any capability, a network of its own that leads nowhere. It must refuse to serve without a key, index a
document, become healthy, answer over HTTP, and end after SIGTERM.

What this cannot show: that the base image has what this machine's root has, and the builder's own behaviour.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steps import Stage, Step, exec_form, stages

ROOT = Path(__file__).parent.parent
_NEW_NS, _NEW_NET = 0x20000, 0x40000000  # CLONE_NEWNS and CLONE_NEWNET of sched.h
_SERVICE = "http://127.0.0.1:8000"
_HIDDEN = ("work", "home", "mnt", "srv")  # of this machine, and nothing that an image has


def main() -> int:
    options = _options()
    _unshare(_NEW_NS)
    _run("mount", "--make-rprivate", "/")
    given = dict(pair.split("=", 1) for pair in options.argument)
    roots: dict[str, Path] = {}
    for stage in (built := stages((ROOT / "docker/Dockerfile").read_text("utf-8"), given)):
        root = roots[stage.name] = _clean_root(options.folder / (stage.name or "image"))
        for step in stage.steps:
            _carry_out(step, root, roots, options.compile)
    image, root = built[-1], roots[built[-1].name]
    size = sum(file.stat().st_size for file in (root / "opt/rag").rglob("*") if file.is_file())
    print(f"/opt/rag holds {size / 1e6:,.0f} MB")
    _unshare(_NEW_NET)
    _run("ip", "link", "set", "lo", "up")
    _seal(root, options.folder)
    _use(image, root)
    print("every step was carried out, and the service works")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="empty folder for the stages")
    parser.add_argument("--compile", action="store_true", help="use no wheel that was built before")
    parser.add_argument("--argument", action="append", default=[], metavar="NAME=VALUE", help="as docker's --build-arg")
    options = parser.parse_args()
    if sys.platform != "linux" or os.geteuid() != 0:
        parser.error("this needs root on Linux: it mounts file systems, in a namespace of its own")
    options.folder = options.folder.resolve()
    if options.folder.is_dir() and any(options.folder.iterdir()):
        parser.error(f"{options.folder} is not empty")
    return options


def _clean_root(folder: Path) -> Path:
    """Root of this machine as it is, with all writes in `folder`, and without what is not the system's."""
    layers = {name: folder / name for name in ("upper", "work", "root")}
    for layer in layers.values():
        layer.mkdir(parents=True)
    root = layers["root"]
    options = f"lowerdir=/,upperdir={layers['upper']},workdir={layers['work']}"
    _run("mount", "-t", "overlay", "overlay", "-o", options, str(root))
    for name in ("proc", "dev"):
        _run("mount", "--rbind", f"/{name}", str(root / name))
    for name in ("tmp", *_HIDDEN):
        if (root / name).is_dir():
            _run("mount", "-t", "tmpfs", "tmpfs", str(root / name))
    _give_python(root)
    return root


def _give_python(root: Path) -> None:
    """Give a `python` as the base image does: `python` on the PATH, where every user may read it."""
    python = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    name = root / "usr/local/bin/python"  # no link: virtual environments would take its folder for Python's
    name.unlink(missing_ok=True)
    name.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    name.chmod(0o755)
    for folder in python.parents:
        inside = root / str(folder).lstrip("/")
        inside.chmod(inside.stat().st_mode | 0o011)


def _carry_out(step: Step, root: Path, roots: Mapping[str, Path], compile_all: bool) -> None:
    print(f"{step.instruction} {' '.join(step.value.split())[:150]}", flush=True)
    started = time.monotonic()
    (root / step.folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    if step.instruction == "COPY":
        _copy(step, root, roots)
    elif step.instruction == "RUN":
        for cache in step.caches:
            inside, outside = root / cache.lstrip("/"), Path(os.path.expanduser("~")) / Path(cache).relative_to("/root")
            if not compile_all and outside.is_dir() and not os.path.ismount(inside):
                inside.mkdir(parents=True, exist_ok=True)
                _run("mount", "--bind", str(outside), str(inside))
        more = {"HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"} | (
            {"PIP_NO_CACHE_DIR": "1"} if compile_all else {}
        )
        command = f"cd {step.folder} && {step.value}"
        done = subprocess.run(["chroot", root, "/bin/sh", "-ec", command], env={**more, **step.environment})
        if done.returncode:
            raise SystemExit(f"that failed with exit code {done.returncode}")
    print(f"    {time.monotonic() - started:.1f} s", flush=True)


def _copy(step: Step, root: Path, roots: Mapping[str, Path]) -> None:
    words = step.value.split()
    base = ROOT
    if words[0].startswith("--from="):
        base = roots[words.pop(0).partition("=")[2]]
    *sources, target = words
    to = root / os.path.join(step.folder, target).lstrip("/")
    for source in (base / source.lstrip("/") for source in sources):
        if source.is_dir():
            shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / source.name if target.endswith("/") else to)


def _seal(root: Path, folder: Path) -> None:
    """Read-only from here on, but for /tmp, which is empty, and /data, which is a volume with the image's owner."""
    owner = (root / "data").stat()
    volume, documents = folder / "volume", root / "documents"
    volume.mkdir()
    os.chown(volume, owner.st_uid, owner.st_gid)
    documents.mkdir()
    shutil.copy2(ROOT / "seeds/library/paris-meeting-on-ukraine.txt", documents)
    _run("mount", "-o", "remount,ro", str(root))
    _run("mount", "--bind", str(volume), str(root / "data"))


def _command(image: Stage, root: Path, arguments: list[str], settings: Mapping[str, str]) -> subprocess.Popen[str]:
    uid, _, gid = image.user.partition(":")
    rights = [
        "--no-new-privs",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--clear-groups",
        f"--reuid={uid}",
        f"--regid={gid}",
    ]
    words = ["chroot", str(root), "/usr/bin/env", "-C", image.folder, "setpriv", *rights, *arguments]
    environment = {**image.environment, "HOME": "/data", **settings}
    return subprocess.Popen(words, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _use(image: Stage, root: Path) -> None:
    entry = exec_form(image.described["ENTRYPOINT"])
    served = entry + exec_form(image.described["CMD"])
    health = exec_form(image.described["HEALTHCHECK"].partition("CMD ")[2])

    def run(*words: str, code: int = 0) -> str:
        process = _command(image, root, list(words), {})
        text, _ = process.communicate(timeout=300)
        print(f"$ {' '.join(words)[:100]}\n    " + "\n    ".join(text.strip().splitlines()[-4:]), flush=True)
        assert process.returncode == code, process.returncode
        return text

    run(
        "sh",
        "-c",
        "for place in / /opt/rag /usr /etc; do touch $place/new && exit 1; done; touch /data/x /tmp/x && rm /data/x",
    )
    assert "rag keys add NAME" in run(*served, code=2)
    run(*entry, "index", "/documents")
    secret = run(*entry, "keys", "add", "check").split()[0]
    run(*health, code=1)
    started = time.monotonic()
    process = _command(image, root, served, {})
    try:
        _until_ready(process)
        print(f"ready after {time.monotonic() - started:.1f} s", flush=True)
        run(*health)
        assert _ask(None) == (401, None)
        status, answer = _ask(secret)
        print(f"    {status} {answer['answer']!r}, cited {answer['citations'][0]['quote']!r}")
        assert status == 200
        assert answer["answered"]
        assert "Macron" in answer["answer"]
    finally:
        process.send_signal(signal.SIGTERM)
        log, _ = process.communicate(timeout=60)
    print(
        f"ended with exit code {process.returncode} after SIGTERM; its last words: {log.strip().splitlines()[-1][:150]}"
    )
    assert process.returncode == 0, log


def _until_ready(process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{_SERVICE}/readyz", timeout=5):
                return
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"the service ended: {process.communicate()[0]}") from None
            time.sleep(0.2)
    raise SystemExit("the service did not become ready within two minutes")


def _ask(secret: str | None) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    body = json.dumps({"question": "Who invited the leaders to Paris?"}).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{_SERVICE}/v1/ask", body, headers), timeout=120
        ) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, None


def _unshare(what: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(what):
        raise SystemExit(f"no namespace of its own: {os.strerror(ctypes.get_errno())}")


def _run(*words: str) -> None:
    subprocess.run(words, check=True)


if __name__ == "__main__":
    raise SystemExit(main())
