"""Addresses <-> the places of their copies below a folder (pure).

In: an address of the web, WebDAV or S3. Out: the path of its copy below the folder `.mirror` of an index, and back, so
that the address is shown wherever a document's source is.

    https://example.org/docs/?page=2    https/example.org/docs/?page=2%.html

What follows `%.` was added, so that the name tells the type of the file.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from rag.documents.contained import MEMBER_MARK
from rag.errors import InputError

MIRROR_FOLDER = ".mirror"
WEB = ("http", "https")
STORAGE = ("webdav", "webdavs", "s3")
_SCHEMES = "|".join((*WEB, *STORAGE))
_COPY = re.compile(rf"^.*/{re.escape(MIRROR_FOLDER)}/({_SCHEMES})/", re.DOTALL)
_ADDED = re.compile(r"%\.[a-z0-9]+$")
_LONGEST = 200  # bytes of a part of a path; file systems take 255, and names of our own beside it are longer
_KEPT = "/%:@!$&'()*+,;=~-._"  # of a path, as it is


def is_address(text: str) -> bool:
    """True for what `rag index` fetches, and no path."""
    return re.match(rf"({_SCHEMES}):", text, re.IGNORECASE) is not None


def checked_address(text: str) -> str:
    """The address in its usual form: scheme and host in lower case, no fragment, no port that goes without saying.
    Raises `InputError`."""
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as exc:
        raise InputError(f"{text[:200]!r} is no address: {exc}", "paths") from exc
    if parts.scheme not in (*WEB, *STORAGE) or not host:
        raise InputError(f"{text[:200]!r} is no address such as https://example.org/page", "paths")
    if parts.username is not None or parts.password is not None:
        raise InputError(
            "an address may hold no password, since it is shown beside answers: set RAG_WEBDAV_USER and "
            "RAG_WEBDAV_PASSWORD, or for S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            "paths",
        )
    if port == {"http": 80, "webdav": 80, "https": 443, "webdavs": 443}.get(parts.scheme):
        port = None
    at = f"[{host}]" if ":" in host else host
    at += f":{port}" if port else ""
    if parts.scheme in STORAGE:  # names as they are: `#` and `?` are letters of them
        return f"{parts.scheme}://{at}/{text.strip().partition('://')[2].partition('/')[2]}"
    path = quote(parts.path or "/", safe=_KEPT)
    return f"{parts.scheme}://{at}{path}" + (f"?{quote(parts.query, safe=_KEPT + '?')}" if parts.query else "")


def host_place(address: str) -> str:
    """The place of all copies from the host, or bucket, of an address."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}/{rest.partition('/')[0]}"


def mirrored_place(address: str, suffix: str = "") -> str | None:
    """The place of the copy of an address, with a suffix added; None if a part of it is too long for a file, or cannot
    be a name."""
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    query = ""
    if scheme in WEB:
        path, mark, query = path.partition("?")
        query = mark + query.replace("/", "%2F")
    *folders, name = path.split("/")
    last = _part(name + query) + (f"%{suffix}" if suffix else "")
    parts = [host, *(_part(folder) or "%" for folder in folders), last or "%"]
    return "/".join([scheme, *parts]) if all(map(_is_name, parts)) else None


def _part(text: str) -> str:
    text = text.replace("!", "%21")
    if text.startswith("."):
        return f"%2E{text[1:]}"
    return f"%7E{text[1:]}" if text.startswith("~$") else text


def _is_name(part: str) -> bool:
    try:
        return 0 < len(part.encode()) <= _LONGEST and part.isprintable()
    except UnicodeEncodeError:
        return False


def address_of(place: str) -> str:
    """The address of a copy."""
    scheme, host, *parts = _ADDED.sub("", place).split("/")
    return f"{scheme}://{host}/" + "/".join("" if part == "%" else part for part in parts)


def original_address(source: str) -> str:
    """The address of which a file is the copy, with the path of a file in it; another source is as it is."""
    if (found := _COPY.match(source)) is None:
        return source
    file, mark, inside = source.partition(MEMBER_MARK)
    return address_of(f"{found[1]}/{file[found.end() :]}") + mark + inside


def with_address(line: str) -> str:
    """A line for a person that begins with a path and a colon; for that of a copy, with its address."""
    path, colon, rest = line.partition(": ")
    return original_address(path) + colon + rest
