"""Subtitles and transcripts (.srt, .vtt) -> paragraphs of what is said, each with the time at which it begins.

In: the bytes of a file. Out: blocks such as "[00:12:03] Ann Miller: The wheel turns at ten." A paragraph ends where
another person speaks, after a pause, and at the end of a sentence when it is long. Lines that a caption repeats while
it rolls on are said once. Left out: look and place on the screen, comments.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from rag.documents.blocks import Block, Content, one_line, visible
from rag.documents.encoding import decode_text
from rag.documents.wrapping import join
from rag.errors import DocumentError

_CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d\d)[.,](\d{1,3})"
TIMING = re.compile(rf"\s*{_CLOCK}\s*-+>\s*{_CLOCK}(?:\s.*)?$")
NUMBER = re.compile(r"\s*\d+\s*$")
NOT_SAID = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")  # blocks of WebVTT
HEAD = re.compile(r"(Kind|Language|X-TIMESTAMP-MAP)\s*[:=]\s*(.*)")
VOICE = re.compile(r"<v(?:\.[\w.-]+)?\s+([^<>]*)>")
LOOK = re.compile(r"</?(?:[bciuv]|ruby|lang|font|s)\b[^<>]{0,300}>|<\d[\d:.]*>|\{\\[^{}]{0,300}\}")
READING = re.compile(r"<rt>[^<>]{0,300}</rt>")
VOICED = "\ue000"  # before the name of a person that a mark tells
SPEAKER = re.compile(
    rf"(?:>>\s*)?({VOICED}[^:]*|[^\W\d_a-z][^\s:]*(?: [^\s:]+){{0,3}}):(?=\s|$)|>>|[-–—](?:\s+|(?=[^\W\d_]))"
)
SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
PAUSE = 4.0  # seconds after which a sentence that has ended is the last of its paragraph
LONG = 300  # characters from which a paragraph ends with its sentence: the time is that of what stands near
LONGEST = 1200  # ... and from which it ends with a caption, if there are no ends of sentences
AT_ONCE = 0.1  # seconds between captions that roll on
ROLLING = 0.5  # share of the captions that begin with the last line of the one before
NO_SUBTITLES = "is not a file of subtitles: no line of it has times such as 00:01:02.000 --> 00:01:04.000"


class _Caption(NamedTuple):
    """Text that is on the screen for a while."""

    begin: float  # seconds
    end: float
    lines: tuple[str, ...]


class _Said(NamedTuple):
    """A line that is said, and by whom."""

    begin: float
    end: float
    text: str
    speaker: str  # empty if nobody is named
    turns: bool  # somebody begins to speak


def parse(data: bytes) -> Content:
    """The paragraphs, with the title and language that a head states; raises `DocumentError` if there are no times."""
    lines = visible(decode_text(data)).split("\n")
    captions = list(_captions(lines))
    if not captions:
        raise DocumentError(f"{NO_SUBTITLES}; give it the name of its real type")
    stated = _head(lines)
    said = [line for caption in _once(captions) for line in _said(caption)]
    return Content(
        [[Block(text) for text in _paragraphs(said)]],
        title=stated.get("title", ""),
        metadata={"language": stated["Language"]} if "Language" in stated else {},
    )


def _head(lines: Sequence[str]) -> dict[str, str]:
    """The fields above the first caption of WebVTT."""
    first = lines[0].strip()
    if not first.startswith("WEBVTT"):
        return {}
    stated = {"title": first.removeprefix("WEBVTT").removeprefix(" FILE").strip(" -\t")}
    for line in lines[1:]:
        found = HEAD.match(line)
        if found is None:
            break
        stated[found[1]] = found[2].strip()
    return stated


def _captions(lines: Sequence[str]) -> Iterator[_Caption]:
    """Yields the captions: what stands between the times of one and those of the next, but for numbers and names."""
    times = [(place, found) for place, line in enumerate(lines) if (found := TIMING.match(line))]
    for (place, found), (following, _) in pairwise([*times, (len(lines) + 1, None)]):
        if found is None:
            continue
        end = following
        if following <= len(lines) and _is_name(lines[following - 1], lines[following - 2]):
            end -= 1
        begin, until = _seconds(found, 1), _seconds(found, 5)
        yield _Caption(begin, until, tuple(_shown(lines[place + 1 : end])))


def _is_name(line: str, before: str) -> bool:
    """Tells if the line above the times of a caption is its number or name, and no text of the caption before it."""
    return bool(line.strip()) and (not before.strip() or bool(NUMBER.match(line)))


def _seconds(found: re.Match[str], group: int) -> float:
    hours, minutes, seconds, rest = (found[group + place] or "0" for place in range(4))
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(rest.ljust(3, "0")) / 1000


def _shown(lines: Sequence[str]) -> Iterator[str]:
    """Yields the lines of a caption that are said; a person whom a mark names stands before what it marks."""
    after_blank = skipped = False
    for line in lines:
        blank = not line.strip()
        skipped = not blank and (skipped or (after_blank and NOT_SAID.match(line) is not None))
        after_blank = blank
        if blank or skipped:
            continue
        text = VOICE.sub(lambda found: f"{VOICED}{found[1].strip()}: ", READING.sub("", line))
        text = one_line(html.unescape(LOOK.sub("", text)))
        yield from filter(None, re.split(f"\\s*(?={VOICED})", text))


def _once(captions: Sequence[_Caption]) -> Iterator[_Caption]:
    """Yields the captions; if they roll on, each without the lines that the one before it shows too."""
    filled = [caption for caption in captions if caption.lines]
    repeated = sum(_repeats(before, caption) > 0 for before, caption in pairwise(filled))
    if len(filled) < 3 or repeated < ROLLING * (len(filled) - 1):
        yield from filled
        return
    yield filled[0]
    for before, caption in pairwise(filled):
        yield caption._replace(lines=caption.lines[_repeats(before, caption) :])


def _repeats(before: _Caption, caption: _Caption) -> int:
    """The number of lines at the top of a caption that are the last of the one before it, which it follows at once."""
    if caption.begin - before.end > AT_ONCE:
        return 0
    most = min(len(before.lines), len(caption.lines))
    return next((count for count in range(most, 0, -1) if before.lines[-count:] == caption.lines[:count]), 0)


def _said(caption: _Caption) -> Iterator[_Said]:
    for line in caption.lines:
        turn = SPEAKER.match(line)
        speaker = turn[1] or "" if turn is not None else ""
        text = line[turn.end() :].strip() if turn is not None else line
        if text or speaker:
            yield _Said(caption.begin, caption.end, text, speaker, turn is not None)


def _paragraphs(said: Sequence[_Said]) -> Iterator[str]:
    paragraph: list[_Said] = []
    for line in said:
        if paragraph and _ends(paragraph, line):
            yield _shown_with_time(paragraph)
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield _shown_with_time(paragraph)


def _ends(paragraph: Sequence[_Said], following: _Said) -> bool:
    """Tells if the paragraph ends before the line that follows."""
    length = sum(len(line.text) for line in paragraph)
    ended = SENTENCE_END.search(paragraph[-1].text) is not None
    if following.turns:
        speaker = next((line.speaker for line in paragraph if line.turns), "")
        if speaker != following.speaker or not speaker or (ended and not speaker.startswith(VOICED)):
            return True
    return length > LONGEST or (ended and (length > LONG or following.begin - paragraph[-1].end >= PAUSE))


def _shown_with_time(paragraph: Sequence[_Said]) -> str:
    minutes, seconds = divmod(int(paragraph[0].begin), 60)
    hours, minutes = divmod(minutes, 60)
    speaker = paragraph[0].speaker.lstrip(VOICED)
    words = join([line.text for line in paragraph])
    return f"[{hours:02}:{minutes:02}:{seconds:02}] {speaker}{': ' if speaker else ''}{words}"
