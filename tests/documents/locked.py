"""A PDF that is locked with a password: the standard security handler of PDF 1.4 with 40 bits, over `make_pdf`."""

from __future__ import annotations

import hashlib

from tests.documents.test_pdf import _show, lines, make_pdf

_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_CONTENT = 7  # number of the object with the content of the first page
_PERMISSIONS = -4


def locked_pdf(text: str, password: str) -> bytes:
    """A PDF of one line that is opened with the password (ASCII)."""
    padded = (password.encode() + _PAD)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    permissions = _PERMISSIONS.to_bytes(4, "little", signed=True)
    key = hashlib.md5(padded + owner + permissions + b"\0").digest()[:5]
    of_object = hashlib.md5(key + _CONTENT.to_bytes(3, "little") + b"\0\0").digest()[:10]
    content = _rc4(of_object, "\n".join(map(_show, lines(text))).encode())
    entries = f"/P {_PERMISSIONS} /O <{owner.hex()}> /U <{_rc4(key, _PAD).hex()}>"
    trailer = f"/Encrypt << /Filter /Standard /V 1 /R 2 {entries} >> /ID [<00> <00>]"
    placeholder = "?" * len(content)  # bytes that are no characters of the file's encoding
    return make_pdf([placeholder], trailer=trailer).replace(placeholder.encode(), content)


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    found = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        found.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(found)
