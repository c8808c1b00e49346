"""The shown text of a link and its address -> the address in brackets, if the text does not show it.

In: the text, and the address as the file keeps it. Out: what to write behind the text. Nothing is fetched.
"""

from __future__ import annotations

import re

NO_ADDRESS = ("#", "javascript:", "data:", "about:")
MAIL = re.compile(r"^(?:mailto|tel):([^?]*).*", re.IGNORECASE | re.DOTALL)
PREFIX = re.compile(r"(?:https?://|ftps?://|file:/+)?(?:www\.)?", re.IGNORECASE)


def beside(text: str, address: str | None) -> str:
    """What to write behind the text: " (https://mill.example/form)" behind "here", nothing behind the address itself.

    Places within the document and scripts are no addresses.
    """
    address = MAIL.sub(r"\1", (address or "").strip())
    if not text.strip() or not address or address.startswith(NO_ADDRESS) or _bare(address) in _bare(text):
        return ""
    return f" ({address})"


def _bare(text: str) -> str:
    """The part of an address that people show."""
    return PREFIX.sub("", text.strip().casefold(), count=1).rstrip("/")
