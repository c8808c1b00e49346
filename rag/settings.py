"""One settings object: `rag.toml`, then `RAG_*` variables, then command-line flags; the later wins.

Unknown keys of the file and unknown `RAG_*` variables are errors that name the nearest setting. Each field describes
itself; `docs/settings.md` is made from the fields by `docs/settings.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from rag.errors import InputError
from rag.types import Mode

EMBEDDED_EMBEDDER = "all-MiniLM-L6-v2"
EMBEDDED_MODEL = "smollm2-135m"
NO_MODEL = "none"
_SECRET = ("model_key", "milvus_token", "webdav_password")  # settings whose values are never printed
_PASSWORD = re.compile(r"://[^\s/]*@")  # of an address
_PREFIX = "RAG_"  # of the variables
Citations = Literal["auto", "annotations", "openwebui", "footnotes"]


class Settings(BaseSettings):
    """The settings of the program; make them with `load_settings`. A default that depends on the machine has
    `in_words`."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, toml_file="rag.toml", extra="forbid", frozen=True)

    indexes_dir: Path = Field(Path("indexes"), description="folder that holds the indexes")
    state_uri: SecretStr | None = Field(
        None,
        description="database that holds API keys, stored answers and the states of uploads for all replicas, as "
        "postgresql://USER:PASSWORD@HOST/DATABASE (needs the extra `postgres`); if absent, files in indexes_dir hold "
        "them",
    )
    index: str = Field("default", description="name of the index")
    store: Literal["local", "milvus"] = Field(
        "local", description="place of the indexes: local (folders in indexes_dir) or milvus"
    )
    milvus_uri: str = Field(
        "", description="address of Milvus, as http://HOST:19530, or a file of Milvus Lite that ends in .db"
    )
    milvus_token: SecretStr = Field(SecretStr(""), description="API key of Milvus, or USER:PASSWORD")
    webdav_user: str = Field("", description="user of WebDAV servers whose folders are indexed")
    webdav_password: SecretStr = Field(SecretStr(""), description="its password; best set as RAG_WEBDAV_PASSWORD")
    cache_dir: Path = Field(
        Path(platformdirs.user_cache_dir("rag", appauthor=False)),
        description="folder for converted and downloaded models",
        json_schema_extra={"in_words": "the user's cache folder, such as ~/.cache/rag"},
    )
    embedder: str = Field(
        EMBEDDED_EMBEDDER,
        description="sentence-transformers model: the embedded one, a folder or a hub id (`owner/name@COMMIT` pins it, "
        "`#sha256=HASH` behind either demands that hash of its files, which `rag models pull` shows)",
    )
    model: str = Field(
        EMBEDDED_MODEL,
        description="language model, which writes answers in mode write: the embedded one, a GGUF file, "
        "`owner/name/file.gguf` of a hub (`owner/name@COMMIT/file.gguf` pins it; `#sha256=HASH` behind a GGUF file "
        "demands that hash), `none`, or an OpenAI-compatible server as `http://host:8000/v1` or "
        "`http://host:8000/v1#name`, several with commas",
    )
    model_key: SecretStr = Field(SecretStr(""), description="API key of the model server; best set as RAG_MODEL_KEY")
    mode: Mode = Field(
        "auto",
        description="answer mode: quote, write or extract; auto: write with a language model of 1e9 weights or more or "
        "on a server, else quote",
    )
    k: int = Field(5, ge=1, le=100, description="number of passages that an answer lists")
    passage_tokens: int = Field(200, ge=16, le=8192, description="target passage length, in tokens of the embedder")
    context_tokens: int = Field(4096, ge=512, description="context length of the language model, in tokens")
    threads: int = Field(
        default_factory=lambda: _cores(),
        ge=1,
        description="processor threads of the models",
        json_schema_extra={"in_words": "the cores of the machine, at most 8"},
    )
    workers: int = Field(
        default_factory=lambda: _cores(),
        ge=1,
        le=64,
        description="processes that read documents",
        json_schema_extra={"in_words": "the cores of the machine, at most 8"},
    )
    queue: int = Field(32, ge=1, description="number of questions that may wait for the language model")
    answer_seconds: float = Field(
        120, gt=0, description="time limit of an answer over HTTP, in seconds, waiting included"
    )
    upload_mb: float = Field(100, gt=0, description="size limit of an uploaded document, in megabytes")
    keep_originals: bool = Field(
        False,
        description="keep a copy of each file that is read from a folder, so that a cited place can be shown after the "
        "file was changed or deleted, until the file is indexed again; files of uploads are kept in any case",
    )
    citations: Citations = Field(
        "auto", description="form of citations in chat completions: auto, annotations, openwebui or footnotes"
    )
    public_url: str = Field(
        "",
        description="address at which browsers reach the service, for links to it; if empty, that of the request",
    )
    grace_seconds: float = Field(
        30, ge=0, description="time that running questions get when the service stops, in seconds"
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="format of the log of `rag serve`: text (lines for people) or json"
    )
    spans: bool = Field(
        False, description="send OpenTelemetry spans to the address in the OTEL_* variables (needs the extra `otel`)"
    )
    traces: int = Field(1000, ge=0, description="number of newest answers whose traces are kept; 0 keeps none")
    trace_days: float = Field(30, gt=0, le=36_500, description="days for which a trace is kept")
    trace_text: bool = Field(
        False,
        description="keep the text of questions, answers and passages in traces and spans, not only places and figures",
    )
    host: str = Field("127.0.0.1", description="address on which `rag serve` listens")
    port: int = Field(8000, ge=0, le=65535, description="port on which `rag serve` listens; 0 takes a free one")
    auth: Literal["auto", "keys", "off"] = Field(
        "auto",
        description="demand of API keys: keys (always), off (never), or auto (unless `rag serve` listens on a loopback "
        "address)",
    )
    key_rate: int = Field(600, ge=1, description="requests that each API key may make in a minute")
    key_concurrency: int = Field(32, ge=1, description="requests of each API key that may be under way at once")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources in order of precedence: flags, environment, file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**flags: Any) -> Settings:
    """The settings of file, environment and `flags`; flags that are None do not count.

    Raises `InputError` for a value that cannot be used and for an unknown name, with the nearest setting.
    """
    known = Settings.model_fields.keys()
    for variable in sorted(os.environ):
        name = variable.upper().removeprefix(_PREFIX).lower()
        if variable.upper().startswith(_PREFIX) and name not in known:
            raise InputError(
                f"the variable {variable} is no setting{_nearest(name, known, _variable)}; rename it or unset it "
                "(docs/settings.md lists all settings)"
            )
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as exc:
        raise _invalid(exc, flags) from exc
    except ValueError as exc:  # rag.toml is not TOML
        raise InputError(f"rag.toml cannot be read: {exc}") from exc


def set_in() -> dict[str, str]:
    """The settings that a variable or `rag.toml` sets, with the name of the variable or the path of the file.

    Raises what `load_settings` raises for a file that cannot be read; call that first.
    """
    file = {name: str(Path("rag.toml").resolve()) for name in TomlConfigSettingsSource(Settings)()}
    given = {one.upper().removeprefix(_PREFIX).lower(): one for one in os.environ if one.upper().startswith(_PREFIX)}
    return file | given


def _invalid(exc: ValidationError, flags: dict[str, Any]) -> InputError:
    """The first problem as one line; never shows the value of a secret, or of an unknown name, which may be one."""
    problem = exc.errors()[0]
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        place = "the arguments" if name in flags else "rag.toml"
        nearest = _nearest(name, Settings.model_fields, str)
        return InputError(f"{name!r} in {place} is no setting{nearest} (docs/settings.md lists all settings)", name)
    value = _PASSWORD.sub("://***@", repr(problem["input"]))
    was = "" if name in _SECRET else f" (it was {value})"
    return InputError(f"setting {name!r}: {problem['msg']}{was}", name)


def _nearest(name: str, known: Iterable[str], shown: Callable[[str], str]) -> str:
    """ ": did you mean ...?" with the nearest known name; empty if none is near."""
    near = get_close_matches(name.lower(), known, n=1)
    return f": did you mean {shown(near[0])}?" if near else ""


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"


def _cores() -> int:
    """The cores that this process may use, at most eight: more hyper-threads gain nothing in llama.cpp and torch."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)
