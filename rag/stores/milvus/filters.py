"""`Filters` -> an expression for Milvus, and the fields of a passage that it compares. Pure.

In: filters, documents. Out: an expression that lets through exactly the passages of the documents that
`rag.index.filters.matching` names, computed where the passages are. Days are numbers: `2024-03` is a range from
20240300 to 20240399, so a document that states a month alone is compared by that, as there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from rag.index.filters import stated_day, types
from rag.stores.milvus.server import MilvusRow, text_of
from rag.types import DocumentInfo, Filters

_NO_DAY = (99_999_999, -1)  # of documents without one: after and before every day, so that no filter lets them in
NOTHING = "version < 0"


def facets(info: DocumentInfo) -> MilvusRow:
    """The fields of a passage that filters compare, from its document; `document` itself is a field already."""
    suffix, media, kind = types(info)
    first, last = _stretch(day) if (day := stated_day(info)) else _NO_DAY
    pairs = [_pair(key, value.casefold()) for key, value in sorted(info.metadata.items())]
    named = {"suffix": suffix, "media": media, "kind": kind}
    return named | {"first_day": first, "last_day": last, "metadata": pairs}


def expression(filters: Filters) -> str:
    """The expression of the filters; empty if everything fits."""
    parts = []
    if filters.documents:
        parts.append(f"document in {_list(filters.documents)}")
    if filters.folders and "" not in filters.folders:  # "/" + 1 is "0": all that begins with "a/" lies in between
        below = [
            f"(document >= {text_of(name + '/')} and document < {text_of(name + '0')})" for name in filters.folders
        ]
        parts.append(f"({' or '.join(below)})")
    if filters.types:
        wanted = _list(kind for kind in filters.types if kind)
        parts.append(NOTHING if wanted == "[]" else f"(suffix in {wanted} or media in {wanted} or kind in {wanted})")
    if filters.after:
        parts.append(f"last_day >= {_stretch(filters.after)[0]}")
    if filters.before:
        parts.append(f"first_day <= {_stretch(filters.before)[1]}")
    for key, values in filters.metadata:
        parts.append(f"array_contains_any(metadata, {_list(_pair(key, value) for value in values)})")
    return " and ".join(parts)


def _stretch(day: str) -> tuple[int, int]:
    digits = day.replace("-", "")
    return int(digits.ljust(8, "0")), int(digits.ljust(8, "9"))


def _pair(key: str, value: str) -> str:
    return json.dumps([key, value], ensure_ascii=False)


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(text_of, values))}]"
