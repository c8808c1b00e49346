"""Web archives (MHTML), which browsers and Office write as mails -> the page that they hold."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

from rag.documents.encoding import decode_page

OPENING = re.compile(rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?mime-version:", re.IGNORECASE)


def is_archive(data: bytes) -> bool:
    """Tells if the bytes begin with the head of a mail."""
    return OPENING.match(data[:4096].lstrip()) is not None


def archived_page(data: bytes) -> str:
    """The markup of the page, empty if there is none."""
    mail = message_from_bytes(data, policy=policy.default)
    found = mail.get_body(("html",)) if isinstance(mail, EmailMessage) else None
    content = b"" if found is None else found.get_payload(decode=True)
    return decode_page(content) if isinstance(content, bytes) else ""
