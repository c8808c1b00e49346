"""What filters mean, by examples and against a plain reading of the rules."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError
from rag.index.filters import matching, parse_filters, parse_pairs
from rag.types import DocumentInfo


def test_a_thousand_values_cost_no_more_than_one() -> None:
    """Each was compared with each document: a thousand folders of 100,000 documents took 40 seconds."""
    library = [info(f"notes/{number}/a/b.md", "2024-01-01", author="Ann") for number in range(10_000)]
    many = [f"other/{number}" for number in range(980)]
    for wanted, count in (
        ({"folder": [*many, "notes/7"]}, 1),
        ({"document": [*many, "notes/7/a/b.md"]}, 1),
        ({"author": [*many, "Ann"]}, 10_000),
    ):
        filters = parse_filters(wanted)
        assert filters is not None
        began = time.process_time()
        assert len(matching(filters, library)) == count
        assert time.process_time() - began < 0.15


def info(document_id: str, modified: str | None = None, **metadata: str) -> DocumentInfo:
    return DocumentInfo(document_id, "T", "s", "h", 1, 1, None, metadata, modified)


LIBRARY = [
    info("notes/a.md", "2024-02-29", media_type="text/markdown", author="Ann", created="2021-05-01"),
    info("notes/b.TXT", "2024-03-01", media_type="text/plain"),
    info("reports/2024/c.pdf", "2024-03-31", media_type="application/pdf", author="ann", project="Mill"),
    info("reports/d", None, author="Bea", created="2023"),
    info("reports-old/e.pdf", "2019-01-01", media_type="application/pdf", created="yesterday"),
]
IDS = [document.id for document in LIBRARY]


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ({"document": "reports/d"}, [3]),
        ({"document": ["reports/d", "notes/a.md", "gone"]}, [0, 3]),
        ({"folder": "reports"}, [2, 3]),
        ({"folder": ["reports/2024/", "notes"]}, [0, 1, 2]),
        ({"folder": "report"}, []),
        ({"folder": "/"}, [0, 1, 2, 3, 4]),
        ({"type": "pdf"}, [2, 4]),
        ({"type": ".txt"}, [1]),
        ({"type": ["text", "application/pdf"]}, [0, 1, 2, 4]),
        ({"after": "2024-03-01"}, [1, 2]),
        ({"after": "2023"}, [1, 2, 3]),
        ({"before": "2024-02"}, [0, 3]),  # not the file's own time where a date is stated that cannot be read
        ({"after": "2018"}, [0, 1, 2, 3]),
        ({"after": "2021", "before": "2023"}, [0, 3]),
        ({"author": "ANN"}, [0, 2]),
        ({"author": ["ann", "bea"], "folder": "reports"}, [2, 3]),
        ({"metadata.author": "Bea"}, [3]),
        ({"metadata.author": ["Ann", "Bea"], "author": "ann"}, [0, 2]),
        ({"author": "Ann", "metadata.author": "Bea"}, []),
        ({"project": "mill", "type": "md"}, []),
    ],
)
def test_what_fits(filters: dict[str, object], fits: list[int]) -> None:
    parsed = parse_filters(filters)
    assert parsed is not None
    assert matching(parsed, LIBRARY) == [IDS[number] for number in fits]


def test_nothing_asked_for_is_no_filter() -> None:
    assert parse_filters(None) is parse_filters({}) is None


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"folder": 3}, "filter 'folder' must be a text or a list of texts"),
        ({"folder": []}, "filter 'folder' must be"),
        ({"folder": ["a", ""]}, "none of them empty"),
        ({"after": "31.3.2024"}, "must be one day, such as 2024-03-31"),
        ({"before": ["2024", "2025"]}, "must be one day"),
        ({"after": "2024-13-45"}, "filter 'after' is 2024-13-45; it must be one day, such as 2024-03-31"),
        ({"before": "2023-02-29"}, "filter 'before' is 2023-02-29; it must be one day"),
        ({"before": "2024-13"}, "it must be one day"),
        ({"after": "0000"}, "it must be one day"),
        ({"document": ["x"] * 1001}, "more than 1,000 values"),
    ],
)
def test_what_is_refused(filters: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_filters(filters)
    assert caught.value.param == "filters"


def test_a_key_that_no_document_has_is_named() -> None:
    parsed = parse_filters({"foldr": "notes"})
    assert parsed is not None
    with pytest.raises(InputError, match=r"'foldr' is not known.*document, folder, .*, author, created, media_type"):
        matching(parsed, LIBRARY)
    assert matching(parsed, []) == []


def test_pairs_of_the_command_line() -> None:
    assert parse_pairs(["type=pdf", "type=md", "author=A = B"]) == {"type": ["pdf", "md"], "author": ["A = B"]}
    for wrong in ("type", "=pdf"):
        with pytest.raises(InputError, match="is not KEY=VALUE"):
            parse_pairs([wrong])


@pytest.mark.parametrize(
    ("stated", "fits"),
    [
        ("2024-3-5", True),
        ("20240305", True),
        ("2024/03/05", True),
        ("March 5, 2024", True),
        ("05.03.2024", True),
        ("2024-03-05T23:59:59Z", True),
        ("March 2024", True),  # as a month is compared
        ("5 May 2024", False),
        ("03/04/2024", True),  # in March or April: the year fits
        ("2024-13-45", False),
        ("sometime", False),
    ],
)
def test_dates_that_an_earlier_version_kept_as_they_were_stated(stated: str, fits: bool) -> None:
    parsed = parse_filters({"after": "2024-03-04", "before": "2024-03-06"})
    assert parsed is not None
    assert bool(matching(parsed, [info("a", "2024-03-05", created=stated)])) == fits


DAYS = st.dates().map(lambda day: day.isoformat())


@given(day=DAYS, after=st.none() | DAYS, before=st.none() | DAYS)
def test_days_are_compared_as_days(day: str, after: str | None, before: str | None) -> None:
    asked = {key: value for key, value in (("after", after), ("before", before)) if value}
    parsed = parse_filters(asked)
    fits = (after is None or after <= day) and (before is None or day <= before)
    assert parsed is None or bool(matching(parsed, [info("a", day)])) == fits
