"""The versions of the readers: a number for each type of file, which grows when its files are read otherwise.

`rag index` keeps the number with each document and reads its file anew if the number is another one now, so that what
an earlier version read wrongly is not kept for ever. Vectors of passages that stay the same are taken from the index.
Mail, web archives and files of old formats are read by the readers of what they hold: their number grows with those.
"""

from __future__ import annotations

import os

_FIRST = 2  # of all readers: since 2 they keep what each block is
_THIRD = ".xls .csv .tsv .json .jsonl .ndjson .tex"
# Since 4 they keep the addresses of links; workbooks, the texts of boxes
_FOURTH = """.xlsx .xlsm .xlsb .ods .pdf .docx .docm .dotx .pptx .pptm .ppsx .doc .ppt .odt .odp .rtf
    .html .htm .xhtml .md .markdown .rst .eml .msg .mbox .epub .ipynb"""
# Values of forms, forms of numbers, what is set high or struck in further formats, names that
# span columns; in PDFs, rows of tables
_CHANGED = {
    5: """.pdf .html .htm .xhtml .md .markdown .rst .eml .msg .mbox .epub .ipynb .docx .docm .dotx .rtf .doc .xls .xlsb
        .pptx .pptm .ppsx .ppt .odt .odp""",
    4: ".json .jsonl .ndjson .tex",
    3: ".org .adoc .asciidoc",
}
# What style sheets set high or strike, tables told by roles, several tables of one file, names in several rows
_LATER = {
    6: ".html .htm .xhtml .md .markdown .rst .eml .msg .mbox .epub .ipynb .pdf .xls .xlsb .docx .docm .dotx .odt .doc",
    5: ".xlsx .xlsm .ods .json .jsonl .ndjson .tex .csv .tsv",
    4: ".org .adoc .asciidoc",
    3: ".txt .text .ics .xml",
}
_VERSIONS: dict[str, int] = dict.fromkeys(_THIRD.split(), 3) | dict.fromkeys(_FOURTH.split(), 4)  # by suffix
_VERSIONS |= {
    suffix: number for number, suffixes in [*_CHANGED.items(), *_LATER.items()] for suffix in suffixes.split()
}


def reader_version(name: str) -> int:
    """The version of the reader of files of this name."""
    return _VERSIONS.get(os.path.splitext(name)[1].lower(), _FIRST)
