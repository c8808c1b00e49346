"""The examples of the documentation, run as a person would who copies them: commands, requests, Python, settings.

Each page has a home of its own with the files that the pages speak of, an index `demo` of the sample library and a
service on it. What cannot run here stands in `ELSEWHERE`, with what shows it instead.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from rag.cli.main import main, parser
from rag.settings import load_settings
from tests.api.browsing import served
from tests.documents.test_pdf import lines, make_pdf
from tests.test_documentation import BLOCK, PAGES, ROOT, commands

pytestmark = pytest.mark.models
LOCAL = "localhost:8000"
LINE = "The lease of the mill ends on 30 April 2027, and the rent is due on the third working day of each month. "
FILES = {
    "notes/lease.txt": LINE,
    "notes/.lease.txt.metadata.json": '{"project": "Mill"}',
    "notes/prices.csv": "article,price\nrope,12\nlamp,30\n",
    "turns.json": '[{"role": "user", "content": "Who owned the mill?"}, {"role": "assistant", "content": "Ann Hale."}]',
    "questions.jsonl": '{"question": "Who invited the leaders to Paris?", "answers": ["Emmanuel Macron"]}\n',
    "answers.jsonl": '{"answer": "It was built in 1859.", "passages": ["The mill was built in 1859."]}\n',
}
# The words of an example that cannot run here -> what shows it instead
ELSEWHERE = {
    "rag serve": "tests/api/test_life.py",
    "rag mcp": "tests/api/test_mcp.py",
    "--watch": "tests/ingest/test_watch.py",
    "--ray": "tests/ingest/test_ray.py",
    "milvus": "tests/stores/test_milvus.py",
    "https://": "tests/mirror/test_web.py",
    "webdavs://": "tests/mirror/test_storage.py",
    "s3://": "tests/mirror/test_storage.py",
    "--embedder": "tests/embedding/test_passages.py",
    "rag calibrate questions.jsonl": "tests/cli/test_calibrate.py",  # 47 right answers are the least
    "rag eval --stored": "tests/evaluation/test_rated.py",
    "rag models": "tests/cli/test_models.py",
    "MODEL_KEY": "tests/test_deploy.py",
    "C ": "tests/test_deploy.py",
    "docker ": "tests/test_deploy.py",
    "docker/": "tests/test_deploy.py",
    "RAG_DOCUMENTS": "tests/test_deploy.py",
    "RAG_SPANS": "tests/api/test_spans.py",
    "OTEL_": "tests/api/test_spans.py",
    "mlflow ": "tests/api/test_spans.py",
    "RAG_MODEL": "tests/llm/test_remote.py",
    "RAG_STATE_URI": "tests/state/test_replicas.py",
    "rag completion": "tests/cli/test_completion.py",
    "pip install": "benchmarks/installs.py",
    "pipx install": "benchmarks/installs.py",
    "uv tool": "benchmarks/installs.py",
    "/tmp/owui": "benchmarks/openwebui.py",
    "make ": "tests/test_documentation.py",
    "sizing.py": "tests/benchmarks",
}
COMMAND = re.compile(
    r"(?:\$ )?(?:(?:rag|curl|make|pip|pipx|uv|docker|python3?|export|cp|mkdir|chmod|printf|eval|C|mlflow)"
    r" (?! )|[A-Z_]+=)"
)


def statements(text: str) -> Iterator[str]:
    """The commands of a block, each with the lines that it goes on for."""
    whole = ""
    for line in text.splitlines():
        whole += line + "\n"
        try:
            shlex.split(whole, comments=True)
        except ValueError:  # a quotation that is open
            continue
        if not line.endswith("\\"):
            yield whole.strip()
            whole = ""


def elsewhere(statement: str) -> str:
    return next((shown for words, shown in ELSEWHERE.items() if words in statement), "")


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the index `demo` of the sample library."""
    folder = tmp_path_factory.mktemp("examples")
    assert main(["index", str(ROOT / "seeds" / "library"), "--index", "demo", "--indexes-dir", str(folder)]) == 0
    return folder


@pytest.fixture
def home(tmp_path: Path, indexes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a person is in, which is their home; the index is a copy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAG_CACHE_DIR", str(load_settings().cache_dir))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    shutil.copytree(indexes, tmp_path / "indexes")
    (tmp_path / "seeds").symlink_to(ROOT / "seeds")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    for name in ("reports", "backups"):
        (tmp_path / name).mkdir()
    pages = make_pdf([lines(*[LINE] * 4) for _ in range(3)])
    for name in ("reports/2025.pdf", "lease.pdf"):
        (tmp_path / name).write_bytes(pages)
    return tmp_path


@pytest.fixture
def service(home: Path) -> Iterator[str]:
    """Host and port of a service on the index of `home`."""
    assert main(["index", "notes", "--index", "demo"]) == 0
    with served(create_app(load_settings(index="demo", model="none"))) as address:
        host = address.removeprefix("http://")
        while subprocess.run(["curl", "-sf", f"{host}/readyz"], capture_output=True).returncode:
            time.sleep(0.1)
        yield host


@pytest.mark.parametrize("page", [page for page in PAGES if any(commands(page))], ids=lambda page: page.name)
def test_commands_do_what_they_are_for(page: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is refused; only questions may have no answer, and only a limit may be missed."""
    main(["index", "notes", "--index", "notes"])
    main(["index", "notes", "reports"])
    ran = 0
    for words in commands(page):
        is_form = any(word.partition(".")[0].isupper() for word in words)  # such as `rag backup INDEX FILE`
        if is_form or elsewhere(shlex.join(["rag", *words])):
            continue
        code = main([str(home) + word[1:] if word.startswith("~/") else word for word in words])
        shown = capsys.readouterr()
        may = {"ask": (0, 3), "check": (0, 1), "eval": (0, 1) if "--gate" in words else (0,)}.get(words[0], (0,))
        assert code in may, f"rag {shlex.join(words)}: {shown.err}"
        assert shown.out + shown.err or words[0] == "chat"  # which reads nothing here
        ran += 1
    assert ran or page.name in {"scale-out.md", "models.md"}


def test_the_answers_of_the_readme_are_those_that_are_given(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))[0][1]
    asked = [part.partition("\n") for part in re.split(r"^\$ rag ", shown, flags=re.MULTILINE)[1:]]
    assert len(asked) == 2
    for command, _, text in asked:
        main(shlex.split(command))
        assert " ".join(text.split("\n\n")[0].split()) in " ".join(capsys.readouterr().out.split())


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize("name", ["README.md", "deployment.md", "clients.md", "http.md"])
def test_requests_are_answered(name: str, home: Path, service: str) -> None:
    """In the order of the page, but for what deletes, which comes last."""
    (page,) = [page for page in PAGES if page.name == name]
    blocks = [text for language, text in BLOCK.findall(page.read_text("utf-8")) if not language]
    requests = [one for text in blocks for one in statements(text) if one.startswith("curl ")]
    assert requests
    job = ""
    for request in sorted(requests, key=lambda one: "-X DELETE" in one):
        asked = request.replace(LOCAL, service).replace("job_...", job)
        command = asked.replace("curl ", "curl -sS --fail-with-body ", 1)
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{request}: {done.stdout}{done.stderr}"
        if found := re.search(r"job_\w{32}", done.stdout):
            job = found[0]
            settled(service, job)


def settled(service: str, job: str) -> None:
    """Wait until the upload is a document."""
    for _ in range(600):
        done = subprocess.run(["curl", "-s", f"{service}/v1/jobs/{job}"], capture_output=True, text=True)
        if (state := json.loads(done.stdout))["status"] in ("done", "failed"):
            assert state["status"] == "done", state
            return
        time.sleep(0.1)
    pytest.fail(f"{job} did not end")


PYTHON = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, (language, text) in enumerate(BLOCK.findall(page.read_text("utf-8")))
    if language == "python"
]


@pytest.mark.parametrize("text", PYTHON)
def test_python_prints_what_its_comments_say(text: str, service: str, capsys: pytest.CaptureFixture[str]) -> None:
    for package in re.findall(r"^from (openai|anthropic) ", text, re.MULTILINE):
        pytest.importorskip(package)
    capsys.readouterr()
    exec(compile(text.replace(LOCAL, service), "example", "exec", dont_inherit=True), {"__name__": "__main__"})
    printed = capsys.readouterr().out
    assert printed
    for expected in re.findall(r"^ *print\(.*\)  # (.+)$", text, re.MULTILINE):
        assert expected in printed


def test_settings_and_json_are_valid(home: Path) -> None:
    found = 0
    for page in PAGES:
        for language, text in BLOCK.findall(page.read_text("utf-8")):
            if language == "toml":
                (home / "rag.toml").write_text(text, "utf-8")
                load_settings()
            elif language == "json":
                for line in text.splitlines() if text.count("\n{") else [text]:
                    json.loads(line)
            found += language in ("toml", "json")
    assert found > 4


def test_the_answer_that_is_shown_has_the_fields_of_an_answer(service: str) -> None:
    page = (ROOT / "docs" / "http.md").read_text("utf-8")
    shown = next(json.loads(text) for language, text in BLOCK.findall(page) if language == "json")
    asked = json.dumps({"question": shown["question"]})
    command = ["curl", "-s", f"{service}/v1/ask", "-H", "Content-Type: application/json", "-d", asked]
    answer: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert set(shown) == set(answer)
    assert (shown["answer"], shown["answer_span"]) == (answer["answer"], answer["answer_span"])
    assert (shown["confidence"], shown["sure"]) == (pytest.approx(answer["confidence"], abs=0.1), answer["sure"])
    for part in ("claims", "citations"):
        assert [set(one) for one in shown[part]] == [set(one) for one in answer[part]]
        assert [one["start"] for one in shown[part]] == [one["start"] for one in answer[part]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_block_is_run_here_or_is_named(page: Path) -> None:
    known = set(parser()[1])
    for language, text in BLOCK.findall(page.read_text("utf-8")):
        assert language in ("", "python", "toml", "json", "mermaid")
        for statement in statements(text) if not language else ():
            if not COMMAND.match(statement):  # a drawing, an output
                continue
            first, second = (statement.removeprefix("$ ").split() + [""])[:2]
            run = first == "curl" or (first == "rag" and second in known)
            assert run or elsewhere(statement), f"{page.name}: {statement}"


def test_what_is_shown_elsewhere_is_there() -> None:
    assert [name for name in ELSEWHERE.values() if not (ROOT / name).exists()] == []
