"""Settings: where they come from, what is wrong with them, and the page that lists them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RAG_")]:
        monkeypatch.delenv(name)
    return tmp_path


def test_a_flag_wins_over_a_variable_and_that_over_the_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "rag.toml").write_text("k = 7\nqueue = 8\nport = 9\n")
    monkeypatch.setenv("RAG_QUEUE", "80")
    monkeypatch.setenv("RAG_PORT", "90")
    loaded = load_settings(port=900, k=None)
    assert (loaded.k, loaded.queue, loaded.port) == (7, 80, 900)


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("RAG_IDNEX", "the variable RAG_IDNEX is no setting: did you mean RAG_INDEX?; rename it or unset it"),
        ("RAG_INDEX_DIR", "the variable RAG_INDEX_DIR is no setting: did you mean RAG_INDEXES_DIR?;"),
        ("rag_modell", "the variable rag_modell is no setting: did you mean RAG_MODEL?;"),
        (
            "RAG_ZZZZ",
            "the variable RAG_ZZZZ is no setting; rename it or unset it (docs/settings.md lists all settings)",
        ),
    ],
)
def test_a_variable_that_is_no_setting_is_named_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, variable: str, message: str
) -> None:
    monkeypatch.setenv(variable, "secret")
    with pytest.raises(InputError) as raised:
        load_settings()
    assert str(raised.value).startswith(message)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("variable", ["RAGS_INDEX", "RAGINDEX", "MY_RAG_INDX"])
def test_variables_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "x")
    assert load_settings().index == "default"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('idnex = "a"', "'idnex' in rag.toml is no setting: did you mean index? (docs/settings.md lists all settings)"),
        ('model_kye = "secret"', "'model_kye' in rag.toml is no setting: did you mean model_key? (docs/"),
        ('zzzz = "secret"', "'zzzz' in rag.toml is no setting (docs/settings.md lists all settings)"),
        ("k = 0", "setting 'k': Input should be greater than or equal to 1 (it was 0)"),
    ],
)
def test_a_key_of_the_file_that_is_no_setting_is_named_with_the_nearest(here: Path, line: str, message: str) -> None:
    (here / "rag.toml").write_text(line + "\n")
    with pytest.raises(InputError) as raised:
        load_settings()
    assert str(raised.value).startswith(message)
    assert "secret" not in str(raised.value)


def test_an_argument_that_is_no_setting_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError) as raised:
        load_settings(indx="a")
    assert str(raised.value).startswith("'indx' in the arguments is no setting: did you mean index?")
    assert raised.value.param == "indx"


def test_the_page_of_settings_is_what_the_script_prints() -> None:
    command = [sys.executable, str(ROOT / "docs" / "settings.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    printed = subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert page == printed, "run: python docs/settings.py > docs/settings.md"
    assert re.findall(r"^\| `(\w+)` \| `RAG_(\w+)` \|", page, re.MULTILINE) == [
        (name, name.upper()) for name in Settings.model_fields
    ]
    assert all(field.description for field in Settings.model_fields.values())
    assert str(Path.home()) not in page


def test_deployment_and_documentation_set_no_variable_that_is_no_setting() -> None:
    """Variables of docker/.env that compose alone reads are no settings, and do not reach the program."""
    of_compose = {"RAG_DOCUMENTS", "RAG_PUBLISH", "RAG_PUBLISH_PORT", "RAG_PROXY_PORT", "RAG_CPUS"}
    of_open_webui = {"RAG_EMBEDDING_MODEL"}
    known = {f"RAG_{name.upper()}" for name in Settings.model_fields}
    for path in [*ROOT.glob("docker/*"), *ROOT.glob("docs/*.md"), *ROOT.glob("*.md"), *ROOT.glob("rag/**/*.py")]:
        if path.is_file():
            used = set(re.findall(r"\bRAG_[A-Z_]*[A-Z]\b", path.read_text("utf-8", "replace")))
            assert used <= known | of_compose | of_open_webui, path
    for service in ("docker/compose.yaml", "docker/Dockerfile"):
        given = re.findall(r"^\s*(?:ENV )?(RAG_[A-Z_]+)(?:: |=)", (ROOT / service).read_text("utf-8"), re.MULTILINE)
        assert given
        assert set(given) <= known
