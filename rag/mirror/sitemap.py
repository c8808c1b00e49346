"""The file of a sitemap (sitemaps.org) -> the addresses in it (pure).

In: the bytes, packed or not, as they are read piece by piece. Out: its kind, and addresses up to a limit. Nothing is
fetched, no entity is read, and what unpacks to more than the limit is cut there.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple
from xml.etree import ElementTree

_KINDS = ("urlset", "sitemapindex")
_PACKED = b"\x1f\x8b"
_PIECE = 1 << 16


class Sitemap(NamedTuple):
    """The addresses of pages, or of further sitemaps; `cut` if there are more."""

    pages: list[str]
    sitemaps: list[str]
    cut: bool


def read_sitemap(file: BinaryIO, most: int, most_bytes: int) -> Sitemap | None:
    """The sitemap in a file: at most so many addresses, of at most so many bytes; None if it is none."""
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("start", "end"))
    found, kind, read = Sitemap([], [], False), "", 0
    try:
        for piece in _unpacked(file):
            read += len(piece)
            parser.feed(piece)
            events: Iterator[Any] = parser.read_events()
            for event, element in events:
                name = element.tag.rpartition("}")[2]
                kind = kind or name
                if kind not in _KINDS:
                    return None
                _take(found, kind, name if event == "end" else "", element)
            if max(len(found.pages), len(found.sitemaps)) > most or read > most_bytes:
                return Sitemap(found.pages[:most], found.sitemaps[:most], True)
        parser.close()
    except ElementTree.ParseError:
        return found._replace(cut=True) if found.pages or found.sitemaps else None
    return found


def _take(found: Sitemap, kind: str, ended: str, element: Any) -> None:
    """Take the address of an element that has ended, and free one that is done with."""
    if ended == "loc" and element.text:
        (found.pages if kind == "urlset" else found.sitemaps).append(element.text.strip())
    if ended in ("url", "sitemap"):
        element.clear()


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    begin = file.read(2)
    file.seek(0)
    if begin != _PACKED:
        while piece := file.read(_PIECE):
            yield piece
        return
    unpack = zlib.decompressobj(31)
    while piece := unpack.unconsumed_tail or file.read(_PIECE):
        try:
            yield unpack.decompress(piece, _PIECE)
        except zlib.error:
            return
