"""One settings object: what `rag.toml` says, then `RAG_*` variables, then command-line flags (the later wins)."""

from __future__ import annotations

import os
import re
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
_SECRET = ("model_key", "milvus_token")  # settings whose values are never printed
_PASSWORD = re.compile(r"://[^\s/]*@")  # of an address, also of one under a name that is no setting
Citations = Literal["auto", "annotations", "openwebui", "footnotes"]


class Settings(BaseSettings):
    """All settings, with what they mean; make one with `load_settings`."""

    model_config = SettingsConfigDict(env_prefix="RAG_", toml_file="rag.toml", extra="forbid", frozen=True)

    indexes_dir: Path = Field(Path("indexes"), description="folder that holds the indexes")
    state_uri: SecretStr | None = Field(
        None,
        description="the database that holds API keys, stored answers and what became of uploads, for all replicas: "
        "postgresql://USER:PASSWORD@HOST/DATABASE (needs the extra 'postgres'); left out, files in indexes_dir",
    )
    index: str = Field("default", description="name of the index")
    store: Literal["local", "milvus"] = Field("local", description="where indexes are: in their folder, or in Milvus")
    milvus_uri: str = Field("", description="Milvus: http://HOST:19530, or a file of Milvus Lite that ends in .db")
    milvus_token: SecretStr = Field(SecretStr(""), description="Milvus: its API key, or USER:PASSWORD")
    cache_dir: Path = Field(
        Path(platformdirs.user_cache_dir("rag", appauthor=False)), description="converted and downloaded models"
    )
    embedder: str = Field(
        EMBEDDED_EMBEDDER, description="a sentence-transformers model: the embedded one, a folder or a hub id"
    )
    model: str = Field(
        EMBEDDED_MODEL,
        description="a language model: the embedded one, a GGUF file, 'owner/name/file.gguf' of a hub, 'none', or an "
        "OpenAI-compatible server as 'http://host:8000/v1' or 'http://host:8000/v1#name', several with commas",
    )
    model_key: SecretStr = Field(SecretStr(""), description="API key of that server; best set as RAG_MODEL_KEY")
    mode: Mode = Field("auto", description="how answers are said: auto, quote, write or extract")
    k: int = Field(5, ge=1, le=100, description="passages that an answer lists")
    passage_tokens: int = Field(200, ge=16, le=8192, description="tokens that a passage aims at, in the embedder's own")
    context_tokens: int = Field(4096, ge=512, description="tokens of the language model's context")
    threads: int = Field(default_factory=lambda: _cores(), ge=1, description="processor threads of the models")
    workers: int = Field(default_factory=lambda: _cores(), ge=1, le=64, description="processes that read documents")
    queue: int = Field(32, ge=1, description="questions that may wait for the language model")
    answer_seconds: float = Field(120, gt=0, description="seconds that an answer over HTTP may take, waiting included")
    upload_mb: float = Field(100, gt=0, description="megabytes that an uploaded document may have")
    citations: Citations = Field(
        "auto", description="how chat completions cite: auto, annotations, openwebui or footnotes"
    )
    public_url: str = Field(
        "", description="address at which browsers reach the service, for links to it; left out, that of the request"
    )
    grace_seconds: float = Field(30, ge=0, description="seconds that running questions get when the service stops")
    log_format: Literal["text", "json"] = Field("text", description="how `rag serve` logs: lines for people, or JSON")
    spans: bool = Field(
        False, description="send OpenTelemetry spans, to where the OTEL_* variables say (needs the extra 'otel')"
    )
    traces: int = Field(1000, ge=0, description="answers whose traces are kept, the newest of them; 0 keeps none")
    trace_days: float = Field(30, gt=0, le=36_500, description="days that a trace is kept")
    trace_text: bool = Field(
        False, description="keep the text of questions, answers and passages in traces, not only places and figures"
    )
    host: str = Field("127.0.0.1", description="address on which `rag serve` listens")
    port: int = Field(8000, ge=0, le=65535, description="its port")
    auth: Literal["auto", "keys", "off"] = Field(
        "auto", description="whether requests need an API key; auto: not on a loopback address, elsewhere they do"
    )
    key_rate: int = Field(600, ge=1, description="requests a minute that each API key may make")
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
        """Flags first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**flags: Any) -> Settings:
    """Settings from file, environment and `flags` (those that are None do not count). Raises `InputError`."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as exc:
        problem = exc.errors()[0]
        name = ".".join(str(part) for part in problem["loc"])
        value = _PASSWORD.sub("://***@", repr(problem["input"]))
        was = "" if name in _SECRET else f" (it was {value})"
        raise InputError(f"setting {name!r}: {problem['msg']}{was}", name) from exc
    except ValueError as exc:  # rag.toml is not TOML
        raise InputError(f"rag.toml cannot be read: {exc}") from exc


def _cores() -> int:
    """Cores that this process may use; llama.cpp and torch gain nothing from hyper-threads beyond eight."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)
