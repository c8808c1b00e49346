"""Files and folders that a walk leaves out: folders that programs fill, and what a person names as gitignore does.

In: patterns of `--exclude`, files `.ragignore` of the folders on the way, the names in a folder. Out: the reason to
leave a file or folder out. Patterns are those of gitignore (the library pathspec, loaded when there are any):
`--exclude` comes first, then the `.ragignore` of the folder itself, then those above it, also above the folder that is
given, and of each the last pattern that fits decides. A pattern with `!` brings back what is left out by default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import InputError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

GIVEN = "--exclude"
RULES = ".ragignore"
MOST_BYTES = 1 << 20  # of a `.ragignore`
BRING_BACK = f"'!{{}}/' in {RULES} brings it in"
# Folders that hold what programs fetched or made, whatever lies around them
_DEPENDENCIES = frozenset("node_modules bower_components venv site-packages __pycache__".split())
VERSIONS = frozenset(".git .hg .svn .jj".split())
# Folders that are so only in a project of software, which one of these files tells
_BUILT = frozenset("build dist target out vendor env bin obj".split())
_PROJECT = frozenset(
    """.git node_modules package.json pyproject.toml setup.py setup.cfg Cargo.toml go.mod pom.xml build.gradle
    build.gradle.kts CMakeLists.txt Makefile composer.json Gemfile mix.exs tsconfig.json""".split()
)
_MARKS = ("CACHEDIR.TAG", "pyvenv.cfg")  # https://bford.info/cachedir/, and that of a virtual environment
CACHE = f"holds what programs can make again ('!NAME/' in {RULES} above brings it in)"


class Rules(NamedTuple):
    """The patterns of one place: `base` is the path of its folder below the root, with a slash behind, or empty."""

    base: str
    spec: GitIgnoreSpec
    origin: str  # as a person names it
    below: str = ""  # the path of the root below the folder, if that is above it, with a slash behind


def given(patterns: Sequence[str]) -> tuple[Rules, ...]:
    """The rules of the option `--exclude`. Raises `InputError` for what is no pattern."""
    return (_rules("", patterns, GIVEN),) if patterns else ()


def of_folder(folder: str, base: str) -> Rules:
    """The rules of the folder's `.ragignore`. Raises `OSError`, and `InputError` for what is no pattern."""
    file = Path(folder, RULES)
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"{file}: has more than {MOST_BYTES:,} bytes", "paths")
    return _rules(base, content.decode("utf-8-sig", "surrogateescape").splitlines(), str(file))


def rules_above(root: str) -> tuple[Rules, ...]:
    """The rules of folders above a real path that is given, the nearest first: runs over a folder and over one in it
    leave out the same. Those that leave out the root itself do not count, since a person wants it. Raises as
    `of_folder` does."""
    found = []
    below, folder = "", root
    while (parent := os.path.dirname(folder)) != folder:
        below, folder = f"{os.path.basename(folder)}/{below}", parent
        if os.path.lexists(os.path.join(folder, RULES)):
            rules = of_folder(folder, "")._replace(below=below)
            if not rules.spec.check_file(below).include:
                found.append(rules)
    return tuple(found)


def within(own: Rules, around: tuple[Rules, ...]) -> tuple[Rules, ...]:
    """The rules of a folder before those of the folders around it, but after those of `--exclude`."""
    first = sum(each.origin == GIVEN for each in around)
    return (*around[:first], own, *around[first:])


def left_out(rules: Sequence[Rules], path: str) -> str | None:
    """The origin of the rule that leaves out this path below the root (a slash behind that of a folder); empty if one
    brings it in, None if none says anything. `rules` are those of the places on the way, the first to ask first."""
    for each in rules:
        include = each.spec.check_file(each.below + path[len(each.base) :]).include
        if include is not None:
            return each.origin if include else ""
    return None


def reason_by_default(name: str, beside: AbstractSet[str]) -> str:
    """The reason to leave out a folder of this name, with these names beside it; empty if there is none."""
    if name in VERSIONS:
        return "holds versions of files, not documents"
    if name in _DEPENDENCIES:
        return f"holds what programs fetched or made ({BRING_BACK.format(name)})"
    if name in _BUILT and not _PROJECT.isdisjoint(beside):
        return f"holds what a build made ({BRING_BACK.format(name)})"
    return ""


def is_cache(names: AbstractSet[str]) -> bool:
    """True if the names in a folder say that programs keep what they can make again there."""
    return not names.isdisjoint(_MARKS)


def _rules(base: str, patterns: Sequence[str], origin: str) -> Rules:
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore import GitIgnorePatternError

    errors: tuple[Any, ...] = (GitIgnorePatternError, re.error)
    try:
        return Rules(base, GitIgnoreSpec.from_lines(patterns), origin)
    except errors as exc:
        wrong = next(pattern for pattern in patterns if not _is_pattern(pattern, errors))
        raise InputError(f"{origin}: {wrong!r} is no pattern of gitignore; mend it or take it out", "paths") from exc


def _is_pattern(pattern: str, errors: tuple[Any, ...]) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([pattern])
    except errors:
        return False
    return True
