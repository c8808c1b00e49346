"""Addresses and the places of their copies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError
from rag.index.sources import with_path, without_path
from rag.mirror.places import address_of, checked_address, is_address, mirrored_place, original_address, with_address


@pytest.mark.parametrize(
    ("address", "suffix", "place"),
    [
        ("https://example.org/", ".html", "https/example.org/%.html"),
        ("https://example.org/docs/a.html", "", "https/example.org/docs/a.html"),
        ("https://example.org/docs/?page=2", ".html", "https/example.org/docs/?page=2%.html"),
        ("http://[::1]:8000//a//b", ".txt", "http/[::1]:8000/%/a/%/b%.txt"),
        ("s3://bucket/notes/Müller #1.txt", "", "s3/bucket/notes/Müller #1.txt"),
    ],
)
def test_a_place_tells_its_address(address: str, suffix: str, place: str) -> None:
    assert mirrored_place(address, suffix) == place
    assert address_of(place) == address
    assert original_address(f"/data/indexes/notes/.mirror/{place}") == address


def test_no_part_of_a_place_leads_elsewhere_or_is_hidden() -> None:
    assert (
        mirrored_place("https://example.org/../.git/~$a/b.zip!/c") == "https/example.org/%2E./%2Egit/%7E$a/b.zip%21/c"
    )
    assert mirrored_place(f"https://example.org/{'a' * 201}") is None
    assert mirrored_place("s3://bucket/a\0b.txt") is None


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="/?#%!.~"), max_size=8), max_size=4))
def test_places_of_all_addresses_are_their_own(parts: list[str]) -> None:
    address = checked_address("https://example.org/" + "/".join(parts))
    for suffix in ("", ".html"):
        place = mirrored_place(address, suffix)
        if place is not None:
            assert address_of(place) == address
            assert not any(part in ("", ".", "..") for part in place.split("/"))


def test_addresses_have_one_form() -> None:
    assert checked_address(" HTTPS://Example.ORG:443/a b?c=d e#f") == "https://example.org/a%20b?c=d%20e"
    assert checked_address("webdavs://cloud.example:8443/my notes#1/") == "webdavs://cloud.example:8443/my notes#1/"
    for wrong in ("https://", "https:///a", "http://a:b", "s3:"):
        with pytest.raises(InputError, match="no address"):
            checked_address(wrong)
    with pytest.raises(InputError, match="may hold no password"):
        checked_address("webdav://ann:secret@cloud.example/")
    assert [is_address(text) for text in ("s3://a", "HTTP://a", "notes", "/s3/a", "c:/notes")] == [True] * 2 + [
        False
    ] * 3


def test_sources_of_copies_are_addresses_everywhere() -> None:
    copy = "/data/indexes/notes/.mirror/https/example.org/old.zip!/letters/may.txt"
    for shown in (with_path, without_path):
        assert shown(copy, "example.org/old.zip!/letters/may.txt") == "https://example.org/old.zip!/letters/may.txt"
    assert without_path("/data/.mirror/notes/a.txt", "notes/a.txt") == "notes/a.txt"
    assert (
        with_address("/data/i/.mirror/https/example.org/a.pdf: is damaged") == "https://example.org/a.pdf: is damaged"
    )
