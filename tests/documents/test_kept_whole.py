"""What a form of a file says beside its usual parts, and values that its marks must not change."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from rag.documents.read import read_document


def text_of(folder: Path, name: str, data: str | bytes) -> str:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_document(path, name).text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A hull of 4*5*6 planks, *new* ones.", "A hull of 4*5*6 planks, new ones."),
        (
            "Oak[^1] and ash[^2].\n\n[^1]: Cut in May.\n[^2]: Bought.",
            "Oak[^1] and ash[^2].\n\n[^1]: Cut in May.\n[^2]: Bought.",
        ),
        ("Keel\n: Lowest part.", "Keel\n: Lowest part."),
    ],
)
def test_marks_of_markdown(tmp_path: Path, text: str, shown: str) -> None:
    assert text_of(tmp_path, "a.md", text) == shown


def test_lines_in_two_encodings(tmp_path: Path) -> None:
    data = "Häfen für Jöllen\n".encode() + "Straße, 7 Plätze für 9 €\n".encode("cp1252") + b"end\n"
    assert text_of(tmp_path, "a.txt", data) == "Häfen für Jöllen\nStraße, 7 Plätze für 9 €\nend"


def test_letters_that_printers_strike_twice(tmp_path: Path) -> None:
    assert text_of(tmp_path, "a.txt", "H\bHU\bUL\bLL\bL 7\n_\bo_\ba_\bk 12") == "HULL 7\noak 12"


def test_a_fraction_beside_a_figure(tmp_path: Path) -> None:
    page = "<p><math><mn>2</mn><mfrac><mn>3</mn><mn>4</mn></mfrac><mfrac><mn>1</mn><mn>8</mn></mfrac></math></p>"
    assert text_of(tmp_path, "a.html", page) == "2 3/4 1/8"


def test_results_of_a_notebook(tmp_path: Path) -> None:
    frame = "<table><tr><th></th><th>sail</th></tr><tr><th>0</th><td>jib</td></tr></table>"
    results = [
        {"text/markdown": ["**Depth**: 6 m"], "text/plain": "<IPython.core.display.Markdown object>"},
        {"text/html": frame, "text/plain": "  sail\n0  jib"},
        {"application/json": {"draught": 2}, "text/plain": "<IPython.core.display.JSON object>"},
        {"text/plain": "12 < 15"},
    ]
    outputs = [{"output_type": "display_data", "data": data} for data in results]
    cell = {"cell_type": "code", "source": "show()", "outputs": outputs}
    shown = 'show()\n\nDepth: 6 m\n\n| sail\n0 | jib\n\n{"draught": 2}\n\n12 < 15'
    assert text_of(tmp_path, "a.ipynb", json.dumps({"cells": [cell], "metadata": {}})) == shown


def test_further_lines_of_an_appointment(tmp_path: Path) -> None:
    lines = [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", "SUMMARY:Launch", "CONTACT:Ann\\, 0512", "RESOURCES:Crane", "PRIORITY:1",
        "ATTACH:https://yard.example/plan.pdf", "X-ALT-DESC;FMTTYPE=text/html:<p>At <b>nine</b>.</p>", "END:VEVENT",
        "BEGIN:VTODO", "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=utf-8:Gr=C3=BCn", "PERCENT-COMPLETE:40", "END:VTODO",
        "END:VCALENDAR",
    ]  # fmt: skip
    assert text_of(tmp_path, "a.ics", "\r\n".join(lines)) == (
        "Appointment: Launch\nPriority: 1\nContact: Ann, 0512\nResources: Crane\n"
        "Attached: https://yard.example/plan.pdf\nAt nine.\n\nTask: Grün\nPercent complete: 40"
    )


def test_attached_messages_that_are_coded_and_reports_of_delivery(tmp_path: Path) -> None:
    inner = base64.b64encode(b"From: Bob <b@yard.example>\r\nSubject: Mast\r\n\r\nIt is 9 m.\r\n").decode()
    mail = (
        "From: Ann <a@yard.example>\nSubject: Fwd\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        "--x\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
        f"{inner}\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; yard.example\n\n"
        "Final-Recipient: rfc822; c@yard.example\nStatus: 5.1.1\n\n--x--\n"
    )
    text = text_of(tmp_path, "a.eml", mail)
    assert "Mast\n\nFrom: Bob <b@yard.example>\n\nIt is 9 m." in text
    assert "Final-Recipient: rfc822; c@yard.example\nStatus: 5.1.1" in text


def test_the_words_of_a_minipage_are_whole(tmp_path: Path) -> None:
    assert (
        text_of(tmp_path, "a.tex", "\\begin{document}\\begin{minipage}{4cm}Mast\\end{minipage}\\end{document}")
        == "Mast"
    )
