"""Bytes of a text in Latin letters -> the code page of Windows whose letters are those of one language.

In: bytes that are no UTF-8. Out: the page for Central Europe, Turkey or the Baltic if a language of it has the letters
that are not ASCII, and no Western language has; None for Windows-1252 and for other scripts, which encoding.py tells.
"""

from __future__ import annotations

from collections import Counter

WESTERN = "cp1252"
ALPHABETS = {
    WESTERN: (
        "äöüß", "àâçéèêëîïôœùûüÿ", "áéíñóúü", "àáâãçéêíóôõú", "àèéìíîòóùú", "àáçèéêëíïóöüú", "æøåäöéóàèêòô",
        "åäöéàü", "äöåšžé", "áðéíóúýþæö", "áðíóúýæø", "àçèéíïòóúü", "äöõüšž", "çë", "âêîôûáéíóú",
    ),
    "cp1250": (
        "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "čćđšž", "ăâîşţ",
    ),
    "cp1254": ("çğıöşüâîûİ",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"),
}  # fmt: skip
NO_LETTERS = frozenset("ƒªº\ufffd")
MOST_ACCENTED = 0.4  # of the letters, in languages of Latin letters
LEAST_KNOWN = 0.98  # of the letters that are not ASCII; names from elsewhere are the rest
LEAST_STRANGE = 3  # letters that no Western language has beside the others, until another page is believed


def latin_page_of(data: bytes) -> str | None:
    """The code page that the bytes are in, None for Windows-1252 and for any other encoding."""
    strange = {page: _strange(data, page) for page in ALPHABETS}
    page = min(strange, key=lambda name: strange[name][0])  # the first of those that fit equally well
    unknown, accented, letters = strange[page]
    if page == WESTERN or unknown > (1 - LEAST_KNOWN) * accented or accented > MOST_ACCENTED * letters:
        return None
    return page if strange[WESTERN][0] >= LEAST_STRANGE else None


def _strange(data: bytes, page: str) -> tuple[int, int, int]:
    """Counts of letters: those that the best fitting language of the page lacks, those outside ASCII, and all."""
    letters = [letter for letter in data.decode(page, errors="replace") if letter.isalpha()]
    accented = [letter for letter in letters if not letter.isascii() and letter not in NO_LETTERS]
    counts = Counter(accented)
    unknown = (
        sum(count for letter, count in counts.items() if not {letter, letter.lower()} & set(alphabet))
        for alphabet in ALPHABETS[page]
    )
    return min(unknown), len(accented), len(letters)
