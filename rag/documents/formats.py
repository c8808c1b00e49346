"""The suffixes of files that are read, with the media type that each stands for."""

from __future__ import annotations

import os

TEXT_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".rst": "text/x-rst",
    ".org": "text/x-org",
    ".adoc": "text/asciidoc",
    ".asciidoc": "text/asciidoc",
    ".tex": "text/x-tex",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "application/xhtml+xml",
}
OFFICE = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".docm": "application/vnd.ms-word.document.macroenabled.12",
    ".dotx": "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".pptm": "application/vnd.ms-powerpoint.presentation.macroenabled.12",
    ".ppsx": "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroenabled.12",
    ".xlsb": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    ".xls": "application/vnd.ms-excel",
    ".doc": "application/msword",
    ".ppt": "application/vnd.ms-powerpoint",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".rtf": "application/rtf",
    ".epub": "application/epub+zip",
}
DATA = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/jsonl",
    ".ipynb": "application/x-ipynb+json",
    ".eml": "message/rfc822",
    ".msg": "application/vnd.ms-outlook",
    ".mbox": "application/mbox",
    ".zip": "application/zip",
    ".ics": "text/calendar",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
}
CONTAINERS = frozenset({".zip", ".eml", ".msg", ".mbox", ".pdf"})  # files of these types may hold others that are read
# Source code and configuration: their lines are kept as they are.
SOURCE = frozenset(
    """
    .asm .awk .bash .bat .bib .c .cc .cfg .clj .cmake .cmd .conf .cpp .cs .css .cxx .dart .diff .ejs .el .elm .env .erl
    .ex .exs .f90 .fish .fs .go .gradle .graphql .groovy .h .hcl .hpp .hs .ini .java .jl .js .jsx .kt .kts .less .lisp
    .lua .m .mk .ml .mm .nim .nix .pas .patch .php .pl .pm .properties .proto .ps1 .py .pyi .r .rb .rs .s .sass .scala
    .scm .scss .sh .sol .sql .swift .tcl .tf .toml .ts .tsx .vb .vim .vue .xml .yaml .yml .zig .zsh
    """.split()
)
MEDIA_TYPES = {**TEXT_TYPES, **OFFICE, **DATA, **dict.fromkeys(SOURCE, "text/x-source")}
HIDDEN = (".", "~$")  # how names begin that are passed over; the second is what Word and Excel lay beside an open file
NAMED = " ".join(sorted({**TEXT_TYPES, **OFFICE, **DATA}))  # for messages


def is_readable(name: str) -> bool:
    """Tells if there is a reader for the suffix of the name; upper and lower case are the same."""
    return os.path.splitext(name)[1].lower() in MEDIA_TYPES
