"""A question about a file that could not be read -> why, instead of an answer from other documents (pure).

A question names such a file by its file's name as it is written, or by the words of it ("Summarise the budget of
2023"). By words it may as well mean something that other documents say, so then it is only told beside an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.refusal import UNREAD
from rag.index.unread import Unread
from rag.retrieval.naming import named_documents
from rag.types import DocumentInfo

_VERB = re.compile(r"^(is|has|holds|needs)\b")
_MOST = 3  # files that are told of


def unread_by_name(text: str, unread: Sequence[Unread]) -> list[Unread]:
    """The files whose name, with its suffix, the question holds."""
    folded = text.casefold()
    return [item for item in unread if _holds(folded, _name(item).casefold())]


def names_document(text: str, documents: Sequence[DocumentInfo]) -> bool:
    """True if the question holds the name of the file of a document."""
    folded = text.casefold()
    return any(_holds(folded, info.id.rpartition("/")[2].casefold()) for info in documents)


def unread_by_words(text: str, unread: Sequence[Unread]) -> list[Unread]:
    """The one or two files of whose names the question holds the words."""
    infos = [DocumentInfo(item.document_id, "", "", "", 0, 0, None) for item in unread]
    ids = {info.id for info in named_documents(text, infos).documents}
    return [item for item in unread if item.document_id in ids]


def unread_lines(unread: Sequence[Unread]) -> list[str]:
    """A line for each of the first files: "report.pdf could not be read: it is damaged."."""
    return [f"{_name(item)} {UNREAD} {_sentence(item.reason)}" for item in unread[:_MOST]]


def _name(item: Unread) -> str:
    return item.document_id.rpartition("/")[2]


def _sentence(reason: str) -> str:
    said = _VERB.sub(r"it \1", reason.removeprefix("cannot be read: "))
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _holds(text: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text)) if name in text else False
