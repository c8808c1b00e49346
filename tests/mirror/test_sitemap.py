"""Sitemaps: what is listed, and what is made to be too much."""

from __future__ import annotations

import gzip
from io import BytesIO

from rag.mirror.sitemap import Sitemap, read_sitemap

HEAD = b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'


def pages(number: int) -> bytes:
    return HEAD + b"".join(b"<url><loc>https://a.example/%d</loc></url>" % one for one in range(number)) + b"</urlset>"


def read(data: bytes, most: int = 10, most_bytes: int = 1_000_000) -> Sitemap | None:
    return read_sitemap(BytesIO(data), most, most_bytes)


def test_pages_and_further_sitemaps_are_told_apart() -> None:
    assert read(pages(2)) == Sitemap(["https://a.example/0", "https://a.example/1"], [], False)
    assert read(gzip.compress(pages(1))) == Sitemap(["https://a.example/0"], [], False)
    index = b"<sitemapindex><sitemap><loc> https://a.example/s.xml </loc></sitemap></sitemapindex>"
    assert read(index) == Sitemap([], ["https://a.example/s.xml"], False)


def test_what_is_no_sitemap_is_none() -> None:
    for data in (b"<html><body>A page</body></html>", b"", b"plain text", b"\x1f\x8b broken", b"<urlset"):
        assert read(data) is None


def test_a_million_pages_are_cut_at_the_limit() -> None:
    found = read(gzip.compress(pages(1_000_000), 1), 100)
    assert found == Sitemap([f"https://a.example/{one}" for one in range(100)], [], True)


def test_one_that_unpacks_without_end_is_cut() -> None:
    found = read(gzip.compress(HEAD + b"<url><loc>https://a.example/</loc></url>" + bytes(50_000_000)))
    assert found is not None
    assert found == Sitemap(["https://a.example/"], [], True)
    grown = HEAD + b"<url><loc>https://a.example/</loc></url>" + b" " * 50_000_000
    assert read(gzip.compress(grown)) == Sitemap(["https://a.example/"], [], True)


def test_entities_do_not_grow() -> None:
    lols = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE a [<!ENTITY l0 "lol">{lols}]><urlset><url><loc>&l9;</loc></url></urlset>'
    found = read(bomb.encode())
    assert found is None or found.pages == []
