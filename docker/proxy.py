"""nginx's configuration for replicas on this machine, in place of the containers of compose.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def moved(folder: Path, port: int, replicas: Sequence[int]) -> Path:
    """`nginx.conf` as it stands beside this file, but for where it listens and writes and where the replicas are: ports
    of the loopback. -> its copy in `folder`. Raises `ValueError` where a line that changes is not there."""
    text = (Path(__file__).parent / "nginx.conf").read_text("utf-8")
    servers = "".join(f"server 127.0.0.1:{one} max_fails=0; " for one in replicas)
    for old, new in (
        ("/tmp/", f"{folder}/"),
        ("worker_processes auto", "worker_processes 1"),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        ("api:8000", "api"),
        ("    server {", f"    upstream api {{ {servers}}}\n    server {{"),
    ):
        if old not in text:
            raise ValueError(f"nginx.conf has no {old!r}")
        text = text.replace(old, new)
    path = folder / "nginx.conf"
    path.write_text(text, "utf-8")
    return path
