"""A Dockerfile -> its stages and their steps, with variables filled in as the builder would.

In: the text. Out: `Stage`s of `Step`s. Commands of RUN are left to the shell, which gets the variables as its
environment. Knows what our Dockerfile uses: FROM, ARG, ENV, WORKDIR, USER, COPY, RUN, and what only describes the
image.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Mapping
from string import Template
from typing import NamedTuple

from dockerfile_parse import DockerfileParser

_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"  # of the base image
_MOUNT = re.compile(r"--mount=(\S+)\s+")
_BUILD = {"RUN", "COPY", "WORKDIR", "USER"}
_DESCRIBE = {"HEALTHCHECK", "ENTRYPOINT", "CMD", "VOLUME", "EXPOSE", "STOPSIGNAL"}


class Step(NamedTuple):
    """One instruction that changes a stage's file system, with the environment and the place in which it does so."""

    instruction: str
    value: str
    environment: Mapping[str, str]
    folder: str
    user: str
    caches: tuple[str, ...] = ()  # folders that are kept between builds


class Stage(NamedTuple):
    """A stage from `base`; `environment` is that of its end without ARGs; `described` what the image says of itself."""

    name: str
    base: str
    steps: tuple[Step, ...]
    environment: Mapping[str, str]
    folder: str
    user: str
    described: Mapping[str, str]


def stages(text: str, arguments: Mapping[str, str] | None = None, path: str = _PATH) -> list[Stage]:
    """Stages in the order of the file; `arguments` are those of --build-arg. Raises `ValueError` at unknown ones."""
    given = dict(arguments or {})
    outer: dict[str, str] = {}
    found: list[_Open] = []
    for line in DockerfileParser(fileobj=io.BytesIO(text.encode())).structure:
        word, value = line["instruction"].upper(), line["value"]
        if word == "COMMENT":
            continue
        if word == "FROM":
            base, _, name = Template(value).substitute(outer).partition(" AS ")
            found.append(_Open(name.strip(), base.strip(), path))
        elif word == "ARG":
            name, has_default, default = value.partition("=")
            chosen = given.get(name, outer.get(name, shlex.split(default)[0] if default.strip('"') else ""))
            if name in given or has_default:
                (found[-1].arguments if found else outer)[name] = chosen
        else:
            found[-1].take(word, value)
    return [stage.closed() for stage in found]


class _Open:
    """A stage that is being read."""

    def __init__(self, name: str, base: str, path: str) -> None:
        self.name, self.base = name, base
        self.arguments: dict[str, str] = {}
        self.environment = {"PATH": path}
        self.folder, self.user = "/", "0:0"
        self.steps: list[Step] = []
        self.described: dict[str, str] = {}

    def take(self, word: str, value: str) -> None:
        if word not in _BUILD | _DESCRIBE | {"ENV"}:
            raise ValueError(f"the instruction {word} is not known here")
        if word in _DESCRIBE:
            self.described[word] = value
            return
        known = self.arguments | self.environment
        if word == "ENV":
            filled = (Template(pair).substitute(known) for pair in shlex.split(value))
            self.environment |= dict(pair.split("=", 1) for pair in filled)
            return
        caches = tuple(_target(mount) for mount in _MOUNT.findall(value)) if word == "RUN" else ()
        command = _MOUNT.sub("", value) if word == "RUN" else Template(value).substitute(known)
        if word == "WORKDIR":
            self.folder = command
        if word == "USER":
            self.user = command
        else:
            self.steps.append(Step(word, command, known, self.folder, self.user, caches))

    def closed(self) -> Stage:
        return Stage(self.name, self.base, tuple(self.steps), self.environment, self.folder, self.user, self.described)


def _target(mount: str) -> str:
    parts = dict(part.partition("=")[::2] for part in mount.split(","))
    if parts.get("type") != "cache":
        raise ValueError(f"only cache mounts are known here, not {mount}")
    return parts["target"]


def exec_form(value: str) -> list[str]:
    """`["rag", "serve"]` as a list. Raises `ValueError` for the shell form, which would not pass signals on."""
    words = json.loads(value)
    if not isinstance(words, list):
        raise ValueError(f"{value} is not a JSON list of words")
    return words
