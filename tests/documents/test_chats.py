"""Exports of chats as JSON: who, when and what, in a line each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.documents.read import read_document
from rag.types import Document


def read(folder: Path, value: object) -> Document:
    path = folder / "chat.json"
    path.write_text(json.dumps(value))
    return read_document(path, "chat.json")


TELEGRAM = {
    "name": "Millers",
    "type": "private_group",
    "id": 7,
    "messages": [
        {"id": 1, "type": "service", "date": "2024-03-05T09:00:00", "actor": "Ann Miller", "action": "create_group",
         "title": "Millers", "text": ""},
        {"id": 2, "type": "message", "date": "2024-03-05T09:30:00", "date_unixtime": "1709631000", "from": "Ann Miller",
         "from_id": "user7", "text": ["The wheel turns ", {"type": "bold", "text": "at ten"}, ", ask ",
                                      {"type": "mention", "text": "@bob"}, "."],
         "text_entities": [{"type": "plain", "text": "The wheel turns "}]},
        {"id": 3, "type": "message", "date": "2024-03-05T09:40:00", "from": "Bob", "from_id": "user8", "text": "",
         "file": "(File not included. Change data exporting settings to download.)", "file_name": "plan.pdf",
         "mime_type": "application/pdf", "forwarded_from": "Cid"},
        {"id": 4, "type": "message", "date": "2024-03-05T09:50:00", "from": "Bob", "text": "Weir?",
         "poll": {"question": "Open the weir?", "answers": [{"text": "yes"}]}},
    ],
}  # fmt: skip


def test_telegram(tmp_path: Path) -> None:
    document = read(tmp_path, TELEGRAM)
    assert document.title == "Millers"
    assert [section.path for section in document.sections] == ["Millers"]
    assert document.text.split("\n\n") == [
        "name: Millers\ntype: private_group\nid: 7",
        "Millers",
        "Ann Miller, 2024-03-05 09:00: [action: create_group] [title: Millers]",
        "Ann Miller, 2024-03-05 09:30: The wheel turns at ten, ask @bob.",
        "Bob, 2024-03-05 09:40: [file name: plan.pdf] [forwarded from: Cid]",
        "Bob, 2024-03-05 09:50: Weir? [poll: Open the weir?, yes]",
    ]


def test_several_chats_in_one_export(tmp_path: Path) -> None:
    other = TELEGRAM | {"name": "Weir", "messages": TELEGRAM["messages"][1:2]}  # type: ignore[index]
    document = read(tmp_path, {"about": "An export.", "chats": {"list": [TELEGRAM, other]}})
    assert [section.path for section in document.sections] == ["chats.list", "Millers", "Weir"]
    assert document.text.startswith("about: An export.\n\nchats.list\n\nname: Millers\n")
    assert document.text.endswith("id: 7\n\nWeir\n\nAnn Miller, 2024-03-05 09:30: The wheel turns at ten, ask @bob.")


def test_slack(tmp_path: Path) -> None:
    messages = [
        {"type": "message", "user": "U1", "ts": "1709631000.000200", "client_msg_id": "a-b", "team": "T1",
         "text": "<!here> Wheel &amp; weir: see <https://mill.example/p|the plan>, ask <@U2> in <#C1|mill> &lt;5",
         "blocks": [{"type": "rich_text", "elements": []}], "user_profile": {"real_name": "Ann Miller", "name": "ann"},
         "reactions": [{"name": "tada", "count": 1}]},
        {"type": "message", "user": "U2", "ts": "1709631060.000100", "text": "Done on <!date^17096^{date}|Tuesday>.",
         "user_profile": {"real_name": "Bob"}, "files": [{"id": "F1", "name": "wheel.png", "title": "The wheel"}]},
    ]  # fmt: skip
    assert read(tmp_path, messages).text == (
        "Ann Miller, 2024-03-05 09:30 UTC: @here Wheel & weir: see the plan (https://mill.example/p), ask @Bob in "
        "#mill <5\n\nBob, 2024-03-05 09:31 UTC: Done on Tuesday. [file: The wheel, wheel.png]"
    )


def test_whatsapp(tmp_path: Path) -> None:
    messages = {
        "31": {"from_me": False, "timestamp": 1709631000, "time": "09:30", "media": False, "key_id": "K1",
               "sender": "Ann", "data": "The wheel turns.", "meta": False, "reply": None},
        "32": {"from_me": True, "timestamp": 1709631060.5, "time": "09:31", "media": False, "key_id": "K2",
               "sender": None, "data": "Good.", "meta": False, "reply": "K1"},
    }  # fmt: skip
    document = read(tmp_path, {"441@s.whatsapp.net": {"name": "Ann", "type": "android", "messages": messages}})
    assert document.title == "Ann"
    assert document.text == (
        "441@s.whatsapp.net.name: Ann\n441@s.whatsapp.net.type: android\n\nAnn\n\n"
        "Ann, 2024-03-05 09:30 UTC: The wheel turns.\n\nI, 2024-03-05 09:31 UTC: Good."
    )


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        ({"sender_name": "Ann", "timestamp_ms": 1709631000000, "content": "It turns.", "photos": [{"uri": "a.jpg"}]},
         "Ann, 2024-03-05 09:30 UTC: It turns. [photo: a.jpg]"),
        ({"id": "1", "type": "Default", "timestamp": "2024-03-05T09:30:00.12+01:00", "isPinned": False,
          "content": "It turns.", "author": {"id": "9", "name": "ann7", "nickname": "Ann"}, "attachments": []},
         "Ann, 2024-03-05 09:30 +01:00: It turns."),
        ({"from": "4471", "timestamp": "1709631000", "type": "text", "text": {"body": "It turns."}},
         "4471, 2024-03-05 09:30 UTC: It turns."),
        ({"user": "ann", "time": "5 March", "message": "It turns.", "weather": "rain"},
         "ann, 5 March: It turns. [weather: rain]"),
    ],
)  # fmt: skip
def test_messages_of_other_programs(tmp_path: Path, messages: object, line: str) -> None:
    assert read(tmp_path, [messages]).text == line
    assert read(tmp_path, {"pump": {"title": "Pump", "price": 7, "notes": [messages]}}).text == (
        f"pump.title: Pump\npump.price: 7\n\nPump\n\n{line}"
    )


def test_records_with_fields_of_their_own_are_no_chat(tmp_path: Path) -> None:
    record = {"author": "Ann", "date": "1859", "text": "Wheel", "wood": "oak", "place": "Wells", "maker": "Bob"}
    more = {"owner": "Cid", "price": "7", "state": "worn"}
    assert read(tmp_path, [record | more]).text == (
        "author | date | text | wood | place | maker | owner | price | state\n"
        "Ann | 1859 | Wheel | oak | Wells | Bob | Cid | 7 | worn"
    )
    assert read(tmp_path, [{"name": "Wheel", "date": "1859", "text": "oak"}]).text == (
        "name | date | text\nWheel | 1859 | oak"
    )


BRACKETS = """\
[05/03/2024, 09:30:12] Messages are encrypted.
[05/03/2024, 09:30:12] Ann Miller: The wheel turns at ten,
bring two cans: oil and grease.
\u200e[05/03/2024, 09:31:00] Bob: \u200e<attached: wheel.jpg>
[05/03/2024, 09:32:00] Ann Miller: Thanks
"""


def test_whatsapp_as_text(tmp_path: Path) -> None:
    path = tmp_path / "_chat.txt"
    path.write_text(BRACKETS)
    assert read_document(path, "x").text.split("\n\n") == [
        "05/03/2024 09:30:12: Messages are encrypted.",
        "Ann Miller, 05/03/2024 09:30:12: The wheel turns at ten,\nbring two cans: oil and grease.",
        "Bob, 05/03/2024 09:31:00: <attached: wheel.jpg>",
        "Ann Miller, 05/03/2024 09:32:00: Thanks",
    ]
    path.write_text("3/5/24, 9:30 AM - Ann: On?\n3/5/24, 9:31 AM - Bob: Yes.\n3/5/24, 9:32 AM - Ann: Good.")
    assert read_document(path, "x").text == (
        "Ann, 3/5/24 9:30 AM: On?\n\nBob, 3/5/24 9:31 AM: Yes.\n\nAnn, 3/5/24 9:32 AM: Good."
    )


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05 09:30 - error: bad\n2024-03-05 09:31 - error: worse\n2024-03-05 09:32 - warn: none",
        "[05/03/2024, 09:30] Ann: Only one.\nIt is quoted here.\nAnd goes on.",
    ],
)
def test_lines_with_times_that_are_no_chat(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mill.txt"
    path.write_text(text)
    assert read_document(path, "x").text == text


def test_struck_and_linked_parts_of_messages(tmp_path: Path) -> None:
    telegram = [
        {"type": "message", "date": "2024-03-05T09:30:00", "from": "Ann", "text": [
            {"type": "strikethrough", "text": "ten"}, " twelve, see ",
            {"type": "text_link", "text": "here", "href": "https://mill.example"}]},
        {"type": "message", "date": "2024-03-05T09:31:00", "from": "Bob", "text": "Fine."}]  # fmt: skip
    document = read(tmp_path, telegram)
    assert document.text == (
        "Ann, 2024-03-05 09:30: twelve, see here (https://mill.example)\n\nBob, 2024-03-05 09:31: Fine."
    )
    assert document.notes == ("3 characters of struck text",)


def test_messages_of_slack_whose_words_stand_in_their_layout(tmp_path: Path) -> None:
    words = [{"type": "text", "text": "Low at 8 "}, {"type": "link", "url": "https://mill.example", "text": "here"}]
    messages = [
        {"type": "message", "user": "Ann", "ts": "1709631000.0", "text": "Open ~ten~ twelve, about ~5 m."},
        {"type": "message", "username": "Gauge", "ts": "1709631060.0", "text": "",
         "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "High at 14:10"}}]},
        {"type": "message", "user": "Bob", "ts": "1709631120.0", "text": "",
         "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": words}]}]},
    ]  # fmt: skip
    assert read(tmp_path, messages).text == (
        "Ann, 2024-03-05 09:30 UTC: Open twelve, about ~5 m.\n\nGauge, 2024-03-05 09:31 UTC: High at 14:10\n\n"
        "Bob, 2024-03-05 09:32 UTC: Low at 8 here (https://mill.example)"
    )


def test_discord_and_signal(tmp_path: Path) -> None:
    discord = [
        {"timestamp": "2024-03-05T09:30:00+00:00", "content": "~~No~~ Yes.", "author": {"name": "ann"},
         "embeds": [{"title": "Rules", "description": "No boats at night."}]}]  # fmt: skip
    assert read(tmp_path, discord).text == "ann, 2024-03-05 09:30 UTC: Yes. [embed: Rules, No boats at night.]"
    signal = [
        {"conversationId": "1", "type": "incoming", "sent_at": 1709631000000, "source": "+4912", "body": "It turns."},
        {"conversationId": "1", "type": "incoming", "sent_at": 1709631060000, "source": "+4913", "body": "Good."},
    ]
    assert read(tmp_path, signal).text == "+4912, 2024-03-05 09:30 UTC: It turns.\n\n+4913, 2024-03-05 09:31 UTC: Good."


def test_a_conversation_with_a_language_model(tmp_path: Path) -> None:
    node: dict[str, Any] = {"parent": None, "children": []}
    said = [("user", 1709631000, "Why does it stop?"), ("assistant", 1709631060, "The weir is shut.")]
    mapping = {"root": {**node, "message": None}} | {
        name: {**node, "message": {"author": {"role": name}, "create_time": at, "content": {"parts": [text]}}}
        for name, at, text in reversed(said)
    }
    document = read(tmp_path, [{"title": "The wheel", "mapping": mapping}])
    assert document.title == "The wheel"
    assert document.text.endswith(
        "user, 2024-03-05 09:30 UTC: Why does it stop?\n\nassistant, 2024-03-05 09:31 UTC: The weir is shut."
    )
    messages = [
        {"role": "user", "content": "Ten?"},
        {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]},
    ]
    assert read(tmp_path, {"messages": messages}).text == "messages\n\nuser: Ten?\n\nassistant: Yes."


def test_messages_of_teams_matrix_and_messenger(tmp_path: Path) -> None:
    teams: dict[str, Any] = {"from": {"user": {"displayName": "Ann"}}, "createdDateTime": "2024-03-05T09:30:00Z"}
    teams["body"] = {"contentType": "html", "content": "<p>At <b>ten</b> &amp; noon</p>"}
    assert read(tmp_path, [teams]).text == "Ann, 2024-03-05 09:30 UTC: At ten & noon"
    matrix = {
        "sender": "@ann:mill",
        "origin_server_ts": 1709631000000,
        "content": {"msgtype": "m.text", "body": "Ten."},
    }
    assert read(tmp_path, [matrix]).text == "@ann:mill, 2024-03-05 09:30 UTC: Ten."
    bytewise = "Mühle – zehn".encode().decode("latin-1")
    messenger = {"sender_name": "J\u00c3\u00b6rg", "timestamp_ms": 1709631000000, "content": bytewise}
    text = read(tmp_path, {"messages": [messenger]}).text
    assert text == "messages\n\nJörg, 2024-03-05 09:30 UTC: Mühle – zehn"


def test_rows_in_lists_are_a_table(tmp_path: Path) -> None:
    assert (
        read(tmp_path, [["Part", "Price"], ["Wheel", 7], ["Stone", 12]]).text == "Part | Price\nWheel | 7\nStone | 12"
    )
    assert read(tmp_path, [[5.5, 60.1], [5.6, 60.2]]).text == "[0]: 5.5, 60.1\n[1]: 5.6, 60.2"
