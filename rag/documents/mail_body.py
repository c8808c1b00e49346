"""The texts of a message -> blocks: which of its parts are its body, and which of several forms of it is read.

In: a message of the standard library. Out: its parts, and the blocks of those that are its text. Of alternatives the
first is taken, which is the plain one, unless another says more; parts that stand one after another are all read.
It reads no attachments (mail.py does).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.message import EmailMessage

from rag.documents import html
from rag.documents.blocks import Block
from rag.documents.encoding import decode_labelled, decode_page, decode_text
from rag.documents.formats import DATA, OFFICE, TEXT_TYPES
from rag.documents.mail_text import mail_blocks
from rag.documents.receipt import Receipt
from rag.errors import DocumentError

PGP = re.compile(r"-----BEGIN PGP MESSAGE-----.*?(?:-----END PGP MESSAGE-----|\Z)", re.DOTALL)
PGP_SIGNATURE = re.compile(r"-----BEGIN PGP SIGNATURE-----.*?(?:-----END PGP SIGNATURE-----|\Z)", re.DOTALL)
PGP_SIGNED = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\s*(?:Hash: [^\n]*\n)?")
LEAST_SAID = 0.8  # of the letters and figures of another form of the text; a shorter one leaves something out
LEAST_REPEATED = 4  # words; fewer may stand in another text by chance
ADDRESS = re.compile(r"https?://\S+")  # stands in one form of a text and not in the other
WORDS = re.compile(r"\w+")
SAID_ELSEWHERE = frozenset({"text/x-amp-html"})  # the same as the HTML beside it, for programs that run it
CALENDAR = frozenset({"text/calendar", "application/ics"})
WRITTEN = frozenset({"text/plain", "text/html"})
SUFFIXES = {
    media_type: suffix for suffix, media_type in reversed({**TEXT_TYPES, **OFFICE, **DATA}.items())
}  # the first
ENCRYPTED = "is an encrypted message: its text cannot be read; save it decrypted"


def mail_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts of the message that hold no others of it: texts, files, attached messages."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.iter_parts():
            if isinstance(part, EmailMessage):
                yield from mail_parts(part)
    else:
        yield message


def body_blocks(part: EmailMessage, bodies: list[EmailMessage], receipt: Receipt) -> list[Block]:
    """The blocks of the texts in a part: of alternatives the first, unless another says more; else of all of them."""
    if any(part is body for body in bodies):
        return _text_blocks(part, receipt)
    if not part.is_multipart() or part.get_content_maintype() != "multipart":
        return []
    inner = [each for each in part.iter_parts() if isinstance(each, EmailMessage)]
    if part.get_content_type() != "multipart/alternative":
        return [block for blocks in _once([body_blocks(each, bodies, receipt) for each in inner]) for block in blocks]
    best: list[Block] = []
    chosen = receipt.fresh()
    for each in inner:
        own = receipt.fresh()
        blocks = body_blocks(each, bodies, own)
        if _size(best) < LEAST_SAID * _size(blocks):
            best, chosen = blocks, own
    receipt.take(chosen)
    return best


def refuse_encrypted(bodies: Iterable[EmailMessage]) -> None:
    """Raises `DocumentError` if the plain texts hold nothing but a cipher of PGP."""
    written = "\n\n".join(decoded_part(part) for part in bodies if part.get_content_type() != "text/html")
    if PGP.search(written) and not _readable(written).strip():
        raise DocumentError(ENCRYPTED)


def decoded_part(part: EmailMessage) -> str:
    """The text of a part, by the encoding that is named with it or in it."""
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "surrogateescape")
    label = part.get_content_charset()
    try:
        if label:
            return decode_labelled(raw, str(label))
        return decode_page(raw) if part.get_content_type() == "text/html" else decode_text(raw)
    except DocumentError:  # a part that is no text must not cost the message
        return raw.decode("utf-8", errors="replace")


def is_body(part: EmailMessage, named: bool) -> bool:
    """Tells if a part is a text of the message itself; `named`: also one with a name."""
    kind = part.get_content_type()
    if part.is_attachment() or kind in CALENDAR or kind in SAID_ELSEWHERE:
        return False
    if part.get_filename():
        return named and kind in WRITTEN
    if part.get_content_maintype() == "multipart":  # ... whose parts cannot be found
        return True
    return part.get_content_maintype() == "text" and (kind in WRITTEN or kind not in SUFFIXES)


def _once(several: list[list[Block]]) -> Iterator[list[Block]]:
    """Yields the texts that follow one another, without those that another one repeats in full."""
    said = [f" {' '.join(_words(blocks))} " for blocks in several]
    for place, blocks in enumerate(several):
        whole = said[place].count(" ") > LEAST_REPEATED
        longer = whole and any(said[place] in other for other in said if len(other) > len(said[place]))
        if not longer and said[place] not in said[:place]:
            yield blocks


def _text_blocks(part: EmailMessage, receipt: Receipt) -> list[Block]:
    if part.get_content_type() == "text/html":
        return html.fragment(decoded_part(part), receipt)
    flowed = str(part.get_param("format", "")).lower() == "flowed"
    return mail_blocks(_readable(decoded_part(part)), flowed, str(part.get_param("delsp", "")).lower() == "yes")


def _readable(text: str) -> str:
    """The text without what only PGP can use."""
    return PGP_SIGNED.sub("", PGP_SIGNATURE.sub("", PGP.sub("", text)))


def _size(blocks: list[Block]) -> int:
    """The number of letters and figures, without those of addresses."""
    return sum(map(len, _words(blocks)))


def _words(blocks: list[Block]) -> list[str]:
    return [word for block in blocks for word in WORDS.findall(ADDRESS.sub("", block.text))]
