"""Loading and using a model writes nothing outside of this program's folders and opens no socket."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Telemetry is off by itself where one of these is set
BUILDS = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "GITLAB_CI", "JENKINS_URL", "BUILD_ID", "ORT_RUNNING_UNIT_TESTS")
USE = """
import os
from rag.embedding.embedded import EmbeddedEmbedder
EmbeddedEmbedder.load(1).embed_query("the mill")
for descriptor in os.listdir("/proc/self/fd"):
    place = f"/proc/self/fd/{descriptor}"
    if os.path.lexists(place) and "socket" in os.readlink(place):
        print(place)
"""


def test_onnx_runtime_reports_nothing(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in (*BUILDS, "ORT_DISABLE_TELEMETRY")}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", USE], env=environment | home, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
