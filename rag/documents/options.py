"""The options of a person for how files are read; knows no reader."""

from __future__ import annotations

from typing import NamedTuple


class ReadOptions(NamedTuple):
    """Options of a person for how files are read."""

    passwords: tuple[str, ...] = ()  # tried one after another on PDF files that are encrypted
    ocr_languages: tuple[str, ...] = ("eng",)  # of pages that are images, as tesseract names them
    include_hidden: bool = False  # text that nobody sees is read


DEFAULTS = ReadOptions()
