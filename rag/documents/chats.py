"""Exports of chats as JSON (Telegram, Slack, WhatsApp, Discord, Messenger and the like) -> a line for each message.

In: a list of records. Out: blocks such as "Ann Miller, 2024-03-05 09:30: It turns.". A chat is told by its records,
most of which say who wrote, when, and what. Left out: numbers and keys of programs, reactions, layout. Times that count
seconds are shown in UTC, others as they are written.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rag.documents.blocks import Block, clean, one_line
from rag.documents.chat_forms import is_said_by_role
from rag.documents.link_text import address_beside
from rag.documents.receipt import STRUCK, Receipt

_Message = Mapping[str, Any]

WHO = (
    "from", "from_name", "sender_name", "senderName", "sender", "author", "creator", "user_name", "username", "user",
    "actor", "source", "sourceNumber", "role",
)  # fmt: skip
WHEN = (
    "date", "datetime", "timestamp", "timestamp_ms", "ts", "time", "created_at", "createdAt", "created_date",
    "create_time", "sent_at", "date_unixtime", "createdDateTime", "origin_server_ts",
)  # fmt: skip
WHAT = ("text", "content", "message", "body", "data", "caption")
NAME = (
    "real_name", "display_name", "displayName", "nickname", "global_name", "name", "username", "user_name",
    "first_name", "id", "role",
)  # fmt: skip
FILES = (
    "files",
    "attachments",
    "embeds",
    "photos",
    "videos",
    "gifs",
    "audio_files",
    "poll",
    "share",
    "location_information",
)
LISTED_NAMES = (
    "title",
    "description",
    "name",
    "fileName",
    "filename",
    "question",
    "text",
    "fallback",
    "link",
    "uri",
    "answers",
)
# Fields that only programs use: keys, kinds, sizes, other times, layout
DULL = re.compile(
    r"(?:.*[_a-z])?(?:id|ids|Id|ts|type|Type|uuid|hash|team|unixtime|seconds|size|width|height|count|mime|edited|Edited|"
    r"timestamp|Timestamp|thumb\w*|reply|reference|root|channel|subtype|color|avatar\w*|link|permalink|safe|meta|sticker)"
)
MOST_OTHERS = 4  # other fields of a message; records with more are data, and their fields no chat
NOTHING = re.compile(r"\s*|\(File not included[^)]*\)|-1|null")
LEAST_MESSAGES = 0.5  # share of the records
SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?")
MILLISECONDS = re.compile(r"\d{12,13}")
ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:[.,]\d+)?)?\s*(Z|\+00:?00)?")
TEXTS = ("text", "body", "content", "parts", "caption")  # fields of a part of a text
LINKED = frozenset({"link", "text_link"})
LINES = frozenset({"rich_text_section", "rich_text_preformatted", "rich_text_quote"})  # their parts are one text
STRUCK_OUT = re.compile(r"~~(?=\S)[^~\n]{1,500}(?<=\S)~~")
SLACK_STRUCK = re.compile(r"(?<![\w~])~(?=[^\s~])[^~\n]{1,500}(?<=\S)~(?![\w~])")
SLACK = re.compile(r"<([^<>|\s][^<>|]*)(?:\|([^<>]*))?>")


def is_chat(records: Sequence[object]) -> bool:
    """Tells if the items of a list are messages: most say who, when and what, and none has many other fields."""
    told = 0
    for record in records:
        if not isinstance(record, dict) or len(_others(record)) > MOST_OTHERS:
            return False
        told += bool(_who(record, {}) and (_when(record) or is_said_by_role(record)) and _says(record))
    return told > 0 and told >= LEAST_MESSAGES * len(records)


def message_blocks(messages: Sequence[_Message], receipt: Receipt | None = None) -> list[Block]:
    """A block for each message that says something."""
    names, receipt = _names(messages), receipt or Receipt()
    return [Block(line) for message in messages if (line := _line(message, names, receipt))]


def _says(record: _Message) -> bool:
    return any(key in record for key in WHAT)


def _names(messages: Sequence[_Message]) -> dict[str, str]:
    """The names of users by their keys, as some messages tell them for all."""
    names = {}
    for message in messages:
        profile = message.get("user_profile")
        if isinstance(profile, dict) and isinstance(message.get("user"), str) and (name := _name_in(profile)):
            names[message["user"]] = name
    return names


def _who(message: _Message, names: Mapping[str, str]) -> str:
    profile = message.get("user_profile")
    if isinstance(profile, dict) and (name := _name_in(profile)):
        return name
    for key in WHO:
        value = message.get(key)
        if isinstance(value, dict) and (name := _name_in(value)):
            return name
        if isinstance(value, str) and value.strip():
            return one_line(names.get(value, value))
    if isinstance(message.get("from_me"), bool):
        return "I" if message["from_me"] else "the other"
    return ""


def _name_in(person: Mapping[str, Any]) -> str:
    inner = person.get("user")
    if isinstance(inner, dict) and (name := _name_in(inner)):
        return name
    return next((one_line(person[key]) for key in NAME if isinstance(person.get(key), str) and person[key].strip()), "")


def _when(message: _Message) -> str:
    for key in WHEN:
        value = message.get(key)
        if isinstance(value, str) and value.strip():
            return _time(value.strip())
    return ""


def _time(value: str) -> str:
    """E.g. "1709631000" -> "2024-03-05 09:30 UTC"."""
    try:
        if SECONDS.fullmatch(value):
            return f"{datetime.fromtimestamp(float(value), UTC):%Y-%m-%d %H:%M} UTC"
        if MILLISECONDS.fullmatch(value):
            return f"{datetime.fromtimestamp(float(value) / 1000, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return value
    found = ISO.match(value)
    if found is None:
        return one_line(value)
    rest = value[found.end() :].strip()
    return f"{found[1]} {found[2]}" + (" UTC" if found[3] else f" {rest}" if rest else "")


def _line(message: _Message, names: Mapping[str, str], receipt: Receipt) -> str:
    """The message as who, when and what; empty if it says nothing."""
    texts = [text.strip() for key in WHAT if (text := written_text(message.get(key), receipt)).strip()]
    texts = texts or [text for text in [_in_layout(message.get("blocks"), receipt)] if text]
    said = (
        _unstruck(_readable(texts[0], names), SLACK_STRUCK if "ts" in message else STRUCK_OUT, receipt) if texts else ""
    )
    also = [*texts[1:], *_others(message), *_listed(message)]
    rest = "".join(f" [{text}]" for text in dict.fromkeys(also) if text not in said)
    if not said and not rest:
        return ""
    head = ", ".join(part for part in (_who(message, names), _when(message)) if part)
    return clean(f"{head}: {said}{rest}" if said else f"{head}:{rest}")


def _others(message: _Message) -> list[str]:
    """The fields that are neither who, when and what nor for programs, each with its name."""
    known = {*WHO, *WHEN, *WHAT, *FILES}
    return [
        f"{key.replace('_', ' ')}: {one_line(value)}"
        for key, value in message.items()
        if key not in known and isinstance(value, str) and not DULL.fullmatch(key) and not NOTHING.fullmatch(value)
    ]


def _listed(message: _Message) -> Iterator[str]:
    for key in FILES:
        value = message.get(key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                found = [", ".join(_plain_values(item[name])) for name in LISTED_NAMES if item.get(name)]
                if found:
                    yield f"{key.removesuffix('s')}: {', '.join(dict.fromkeys(found))}"


def _plain_values(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield one_line(value)
    elif isinstance(value, dict):
        yield from (one_line(item) for item in value.values() if isinstance(item, str))
    elif isinstance(value, list):
        for item in value:
            yield from _plain_values(item)


def written_text(value: object, receipt: Receipt | None = None) -> str:
    """A text that is whole, or that its look has cut into parts: ["at ", {"type": "bold", "text": "ten"}, "."].

    Struck parts are left out; the address of a link stands behind words that say nothing without it.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(written_text(part, receipt) for part in value)
    if isinstance(value, dict):
        text = next(
            (
                written_text(value[key], receipt)
                for key in ("text", "body", "content", "parts", "caption")
                if key in value
            ),
            "",
        )
        if value.get("contentType") == "html":
            return _without_markup(text, receipt)
        if _is_struck(value):
            if receipt is not None:
                receipt.count_text(STRUCK, text)
            return ""
        address = value.get("href") or value.get("url")
        if isinstance(address, str) and value.get("type") in LINKED:
            return text + address_beside(text, address) if text else address
        return text
    return ""


def _without_markup(markup: str, receipt: Receipt | None) -> str:
    """The text of a message that is markup, as Teams keeps it."""
    from rag.documents.html import fragment

    return "\n".join(block.text for block in fragment(markup, receipt))


def _is_struck(part: Mapping[str, Any]) -> bool:
    """Tells if the look of a part of a text, as Telegram or Slack states it, is struck."""
    style = part.get("style")
    return part.get("type") == "strikethrough" or (isinstance(style, dict) and style.get("strike") is True)


def _in_layout(blocks: object, receipt: Receipt) -> str:
    """The text of a message that stands in its layout alone, as programs send it to Slack: a line for each part."""
    if isinstance(blocks, dict):
        inner = blocks.get("elements") or blocks.get("fields") or blocks.get("accessory")
        if blocks.get("type") in LINES:
            return written_text(inner, receipt)
        own = written_text(blocks.get("text"), receipt)
        return "\n".join(filter(None, [own, _in_layout(inner, receipt)])).strip()
    if isinstance(blocks, list):
        return "\n".join(filter(None, (_in_layout(block, receipt) for block in blocks))).strip()
    return ""


def _unstruck(text: str, mark: re.Pattern[str], receipt: Receipt) -> str:
    """The text without what the marks of chats strike out."""
    for found in mark.finditer(text):
        receipt.count_text(STRUCK, found[0].strip("~"))
    return mark.sub("", text)


def _readable(text: str, names: Mapping[str, str]) -> str:
    """The text without Slack's marks: <@U1> and <https://mill.example|the mill>."""

    def shown(found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if target[0] in "@#":
            return target[0] + (label or names.get(target[1:], target[1:]))
        if target[0] == "!":
            return label or "@" + target[1:].partition("^")[0]
        if re.match(r"(?:https?|mailto|tel):", target):
            address = target.removeprefix("mailto:").removeprefix("tel:")
            return f"{label} ({address})" if label and label not in target else address
        return found[0]

    return html.unescape(SLACK.sub(shown, text)) if SLACK.search(text) or "&" in text else text
