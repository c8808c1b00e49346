"""The command `rag documents`: the documents of an index listed, one shown, one removed.

In: parsed arguments. Out: text or JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from rag.documents.contained import printable
from rag.errors import InputError
from rag.ingest.uploads import remove_document
from rag.serialise import document_json, links_json
from rag.settings import Settings
from rag.stores.open import open_index
from rag.types import Document, DocumentInfo


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Carry out the action of the options; returns the exit code 0. Raises the errors of `open_index`."""
    if options.action != "list" and not options.id:
        raise InputError(f"rag documents {options.action} needs the id of a document; `rag documents` lists them")
    if options.action == "list" and options.id:
        raise InputError(f"rag documents list takes no id: `rag documents show {options.id}` shows the document")
    with open_index(settings, None, write=options.action == "remove", chunker=False) as index:
        if options.action == "remove":
            remove_document(options.id, index)
            print(json.dumps({"removed": options.id}) if options.json else f"removed {options.id}")
        elif options.action == "show":
            _print_document(index.document(options.id), options.json)
        else:
            _print_documents(index.documents(), options.json)
    return 0


def _print_document(document: Document, as_json: bool) -> None:
    if as_json:
        whole = {"id": document.id, "title": document.title, "text": document.text, "notes": document.notes}
        print(json.dumps({**whole, "links": links_json(document.links)}, ensure_ascii=False))
        return
    print(document.text)
    if document.notes:
        print("\nNot read of this file:", *(f"  - {note}" for note in document.notes), sep="\n")


def _print_documents(documents: Sequence[DocumentInfo], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"documents": [document_json(info) for info in documents]}, ensure_ascii=False))
        return
    for info in documents:
        held = "1 passage" if info.passages == 1 else f"{info.passages} passages"
        pages = f", {info.pages} page{'s' * (info.pages > 1)}" if info.pages else ""
        marker = (", read in part" if info.notes else "") + (", stale" if info.stale else "")
        print(f"{printable(info.id)}  {info.title}  ({held}{pages}{marker})")
