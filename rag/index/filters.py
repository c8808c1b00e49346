"""Filters that restrict a search to some documents: parsing what a client gives, and matching documents (pure).

In: a mapping such as `{"folder": "reports", "type": ["pdf", "docx"], "after": "2024-01-01", "author": "Ann"}`. Out:
`Filters`, and the ids of the documents that they fit. Keys are ANDed, the values of one key are ORed:

    document   the document's id
    folder     the beginning of the id, up to a slash
    type       the suffix of the id's last part (pdf), or the media type or its first part (application/pdf, text)
    after      the document's date is this day or later: the date that it states, or the day of its file if it states
               none; a document whose date cannot be read fits no such filter
    before     the date is this day or earlier; `2024` and `2024-03` stand for the whole year or month
    KEY        any other key is one of the documents' metadata, as is `metadata.KEY`; case does not matter in values

Does not handle: ranges of numbers, negation, patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rag.errors import InputError
from rag.text.dates import stated_date
from rag.types import CREATED, DocumentInfo, Filters

_PLAIN = ("document", "folder", "type", "after", "before")
MAX_VALUES = 1000  # of all keys together
_DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_METADATA = "metadata."
_LONGEST_LIST = 2_000  # characters of names in a message


def parse_filters(given: Mapping[str, object] | None) -> Filters | None:
    """Parse the filters that a client gives; None if there are none. Raises `InputError`."""
    if not given:
        return None
    values = {key: _values(key, value) for key, value in given.items()}
    if sum(map(len, values.values())) > MAX_VALUES:
        raise InputError(f"filters have more than {MAX_VALUES:,} values", "filters")
    own = [(key.removeprefix(_METADATA), found) for key, found in values.items() if key not in _PLAIN]
    return Filters(
        documents=values.get("document", ()),
        folders=tuple(folder.strip("/") for folder in values.get("folder", ())),
        types=tuple(kind.lower().lstrip(".") for kind in values.get("type", ())),
        after=_day("after", values.get("after")),
        before=_day("before", values.get("before")),
        metadata=tuple(sorted((key, tuple(value.casefold() for value in found)) for key, found in own)),
    )


def parse_pairs(pairs: Iterable[str]) -> dict[str, list[str]]:
    """Parse `KEY=VALUE` arguments of the command line, of which any key may be repeated. Raises `InputError`."""
    given: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise InputError(f"filter {pair!r} is not KEY=VALUE, such as folder=reports or type=pdf", "filters")
        given.setdefault(key, []).append(value)
    return given


def filters_text(filters: Filters) -> str:
    """The filters as the command line takes them.

    >>> filters_text(Filters(folders=("reports",), types=("pdf", "docx")))
    'folder=reports type=pdf type=docx'
    """
    plain = {
        "document": filters.documents,
        "folder": filters.folders,
        "type": filters.types,
        "after": filter(None, [filters.after]),
        "before": filter(None, [filters.before]),
    }
    return " ".join(f"{key}={value}" for key, values in (*plain.items(), *filters.metadata) for value in values)


def matching(filters: Filters, documents: Sequence[DocumentInfo]) -> list[str]:
    """The ids of the documents that fit. Raises `InputError` for a key that none of the documents has: it is more often
    a slip than a question about nothing."""
    known = {key for info in documents for key in info.metadata}
    for key, _ in filters.metadata:
        if documents and key not in known:
            names = ", ".join([*_PLAIN, *sorted(known)])[:_LONGEST_LIST]
            raise InputError(
                f"filter {key!r} is not known: no document has such metadata; these are: {names}", "filters"
            )
    ids, folders = frozenset(filters.documents), frozenset(filters.folders)
    metadata = [(key, frozenset(wanted)) for key, wanted in filters.metadata]
    return [
        info.id
        for info in documents
        if (not ids or info.id in ids)
        and (not folders or _is_below(info.id, folders))
        and (not filters.types or not (set(types(info)) - {""}).isdisjoint(filters.types))
        and _in_time(filters, info)
        and all(info.metadata.get(key, "").casefold() in wanted for key, wanted in metadata)
    ]


def _is_below(document_id: str, folders: frozenset[str]) -> bool:
    """True if one of the folders is that of the document, or around it. Asks for each folder of the document: there may
    be a thousand others."""
    if "" in folders:
        return True
    end = document_id.find("/")
    while end >= 0:
        if document_id[:end] in folders:
            return True
        end = document_id.find("/", end + 1)
    return False


def types(info: DocumentInfo) -> tuple[str, str, str]:
    """The types by which a document can be found: its suffix, its media type, the first part of that; each empty if
    unknown."""
    name = info.id.rpartition("/")[2]
    media_type = info.metadata.get("media_type", "").lower()
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    return suffix, media_type, media_type.partition("/")[0]


def stated_day(info: DocumentInfo) -> str | None:
    """The date that a document states, a year, month or day, or else the day of its file; None if neither is known, or
    what is stated cannot be read."""
    stated = info.metadata.get(CREATED)
    return stated_date(stated) if stated else info.modified


def _in_time(filters: Filters, info: DocumentInfo) -> bool:
    """Compare days as text; a year or month is compared by as many characters as it has."""
    if filters.after is None and filters.before is None:
        return True
    day = stated_day(info)
    if day is None:
        return False
    return (filters.after is None or day >= filters.after[: len(day)]) and (
        filters.before is None or day[: len(filters.before)] <= filters.before
    )


def _values(key: str, value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if not values or not all(isinstance(item, str) and item for item in values):
        raise InputError(f"filter {key!r} must be a text or a list of texts, none of them empty", "filters")
    return tuple(values)


def _day(key: str, values: tuple[str, ...] | None) -> str | None:
    if values is None:
        return None
    if len(values) != 1 or not _DAY.fullmatch(values[0]) or stated_date(values[0]) is None:
        raise InputError(f"filter {key!r} is {', '.join(values)}; it must be one day, such as 2024-03-31", "filters")
    return values[0]
