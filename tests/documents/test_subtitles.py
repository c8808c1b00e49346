"""Subtitles and calendars: what is said with its time, and what takes place when."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.types import Document


def read(folder: Path, data: str, name: str) -> Document:
    (folder / name).write_text(data, encoding="utf-8", newline="")
    return read_document(folder / name, name)


def captions(*said: tuple[float, float, str], sign: str = ",") -> str:
    """Captions with begin and end in seconds."""

    def clock(seconds: float) -> str:
        whole = int(seconds)
        return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{sign}{round(seconds % 1 * 1000):03}"

    blocks = (f"{place}\r\n{clock(a)} --> {clock(b)}\r\n{text}\r\n" for place, (a, b, text) in enumerate(said, start=1))
    return "\r\n".join(blocks)


def test_captions_are_joined_to_sentences_with_the_time_at_which_they_begin(tmp_path: Path) -> None:
    data = captions(
        (723.2, 725, "The <i>kiln</i> is fired"),
        (725.1, 727, "for 31 hours {\\an8}at\r\n1,240 degrees."),
        (727.1, 729, "Then it cools."),
        (740, 742, "Nobody opens it."),
        (3805, 3807, "- Is it safe?\r\n- At -5 °C, yes."),
    )
    document = read(tmp_path, data, "kiln.srt")
    assert document.text.split("\n\n") == [
        "[00:12:03] The kiln is fired for 31 hours at 1,240 degrees. Then it cools.",
        "[00:12:20] Nobody opens it.",
        "[01:03:25] Is it safe?",
        "[01:03:25] At -5 °C, yes.",
    ]
    assert document.title == "kiln"


def test_a_long_talk_has_many_times(tmp_path: Path) -> None:
    sentence = "The glaze of bowl {} was mixed from ash and clay by hand."  # 56 or 57 characters: 6 are more than 300
    document = read(tmp_path, captions(*((n, n + 1, sentence.format(n)) for n in range(13))), "kiln.srt")
    assert [paragraph[:10] for paragraph in document.text.split("\n\n")] == ["[00:00:00]", "[00:00:06]", "[00:00:12]"]


VTT = """\ufeffWEBVTT - Talk about kilns
Kind: captions
Language: en

STYLE
::cue { color: lime }

NOTE made by hand

opening
00:01.500 --> 00:03.000 align:start
<v Ida Brandt>Salt &amp; ash

NOTE
nobody
says this

00:03.000 --> 00:05.000
<v.loud Ida Brandt>give the glaze.</v>

00:05.000 --> 00:06.000
<v Max Hahn>Always? <v Ida Brandt>No.

00:06.000 --> 00:07.000
ELLA: At <00:06.500><c.red>noon</c>
"""


def test_speakers_and_what_is_not_said(tmp_path: Path) -> None:
    document = read(tmp_path, VTT, "talk.vtt")
    assert document.text.split("\n\n") == [
        "[00:00:01] Ida Brandt: Salt & ash give the glaze.",
        "[00:00:05] Max Hahn: Always?",
        "[00:00:05] Ida Brandt: No.",
        "[00:00:06] ELLA: At noon",
    ]
    assert (document.title, document.metadata["language"]) == ("Talk about kilns", "en")


def test_lines_that_roll_on_are_said_once(tmp_path: Path) -> None:
    rolling = [
        (0, 2, "so the kiln"),
        (2, 2.01, "so the kiln"),
        (2.01, 4, "so the kiln\r\nis hot"),
        (4, 6, "is hot\r\ntoday"),
    ]
    assert read(tmp_path, captions(*rolling), "a.srt").text == "[00:00:00] so the kiln is hot today"
    again = [(0, 1, "Yes."), (3, 4, "Yes."), (6, 7, "Yes.")]
    assert read(tmp_path, captions(*again), "b.srt").text == "[00:00:00] Yes. Yes. Yes."


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("1\n00:00:01,000 --> 00:00:02,000\none\n\ntwo\n\n2\n00:00:02,000 --> 00:00:03,000\nthree", "one two three"),
        ("00:00:01,000 --> 00:00:02,000\none\n7\n00:00:02,000 --> 00:00:03,000\n1859", "one 1859"),
        ("0:00:01.0 -> 0:00:02.0 X1:40\none", "one"),
    ],
)
def test_files_that_are_not_as_they_should_be(tmp_path: Path, data: str, text: str) -> None:
    assert read(tmp_path, data, "a.srt").text == f"[00:00:01] {text}"


def test_what_holds_no_captions(tmp_path: Path) -> None:
    with pytest.raises(
        DocumentError, match=r"a\.srt: is not a file of subtitles: no line of it has times such as 00:01"
    ):
        read(tmp_path, "just words", "a.srt")
    with pytest.raises(DocumentError, match=r"a\.vtt: is not a file of subtitles"):
        read(tmp_path, "WEBVTT\n\nNOTE nothing", "a.vtt")


CALENDAR = (
    "BEGIN:VCALENDAR\r\nX-WR-CALNAME:Kiln\\, upper yard\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\nUID:77@x\r\nSUMMARY:Fire the kil\r\n n\r\nDTSTART;TZID=Europe/Berlin:20240404T090000\r\n"
    "DTEND;TZID=Europe/Berlin:20240404T103000\r\nRRULE:FREQ=WEEKLY;UNTIL=20240630\r\n"
    "EXDATE;TZID=Europe/Berlin:20240411T090000,20240418T090000\r\nCATEGORIES:WORK,HEAT\r\n"
    "DESCRIPTION:Bring wood.\\nAnd gloves.\r\nEND:VEVENT\r\n"
    "BEGIN:VTODO\r\nSUMMARY:Buy ash\r\nDUE;VALUE=DATE:20240501\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
)


def test_calendars(tmp_path: Path) -> None:
    document = read(tmp_path, CALENDAR, "kiln.ics")
    assert document.text == (
        "Appointment: Fire the kiln\nWhen: 2024-04-04 09:00 to 10:30 (Europe/Berlin)\n"
        "Repeats: weekly, until 2024-06-30\nNot: 2024-04-11 09:00, 2024-04-18 09:00\nCategory: WORK, HEAT\n"
        "Bring wood.\nAnd gloves.\n\n"
        "Task: Buy ash\nWhen: until 2024-05-01"
    )
    assert (document.title, document.metadata) == ("Kiln, upper yard", {"media_type": "text/calendar"})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("words", "is not a calendar: it does not begin with BEGIN:VCALENDAR; give it the name of its real type"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR", "holds no appointments and no tasks"),
    ],
)
def test_what_is_no_calendar(tmp_path: Path, data: str, reason: str) -> None:
    with pytest.raises(DocumentError) as error:
        read(tmp_path, data, "a.ics")
    assert str(error.value) == f"{tmp_path / 'a.ics'}: {reason}"


def test_the_word_file_in_the_first_line_is_no_title(tmp_path: Path) -> None:
    cue = "00:01.000 --> 00:02.000\nIt turns.\n"
    assert read(tmp_path, f"WEBVTT FILE\n\n{cue}", "mill.vtt").title == "mill"
    assert read(tmp_path, f"WEBVTT - Files of Wells\n\n{cue}", "mill.vtt").title == "Files of Wells"
