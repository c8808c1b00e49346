"""Characters of the symbol fonts (Symbol, Wingdings, Webdings) -> Unicode.

In: the name of a font and a character code. Out: the character that the font draws there, empty if it is a picture
that no text needs. Symbol is mapped whole, of the others check marks, boxes, arrows, bullets and numbers in circles.
"""

from __future__ import annotations

PRIVATE = 0xF000  # Office keeps the codes of these fonts in the private area that begins here
MISSING = "\ufffd"
# Codes 0x20 to 0x7E and 0xA0 to 0xFE of Adobe's Symbol encoding
SYMBOL = dict(
    zip(
        [*range(0x20, 0x7F), *range(0xA0, 0xFF)],
        " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
        "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\ufffd〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
        strict=True,
    )
)
WINGDINGS = {
    0x28: "☎", 0x29: "✆", 0x2A: "✉", 0x41: "✌", 0x46: "☞", 0x4A: "☺", 0x4C: "☹", 0x6C: "●", 0x6D: "❍", 0x6E: "■",
    0x6F: "☐", 0x70: "☐", 0x71: "☐", 0x72: "☐", 0x74: "⧫", 0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x78: "☒", 0x7D: "”",
    0x7B: "❀", 0x9F: "•", 0xA0: "•", 0xA1: "○", 0xA2: "○", 0xA4: "◉", 0xA5: "◎", 0xA7: "▪", 0xA8: "☐", 0xAB: "★",
    0xD5: "⌫", 0xD6: "⌦", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE7: "⬅", 0xE8: "➔", 0xE9: "⬆",
    0xEA: "⬇", 0xEF: "⇦", 0xF0: "⇨", 0xF1: "⇧", 0xF2: "⇩", 0xF3: "⬄", 0xF4: "⇳", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒",
    0xFE: "☑",
    **{0x80 + number: sign for number, sign in enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿")},
}  # fmt: skip
WINGDINGS_2 = {
    0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x55: "⮿", 0x56: "🛇", 0x57: "⦸", 0x96: "•",
    0x97: "●", 0x98: "⬤", 0xA3: "☐", 0xA2: "■", 0xA0: "▪",
    **{0x69 + number: sign for number, sign in enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿")},
}  # fmt: skip
WINGDINGS_3 = {0x66: "←", 0x67: "→", 0x68: "↑", 0x69: "↓", 0x7D: "▶", 0x84: "▸", 0x80: "▲", 0x81: "▼", 0x82: "△"}
WEBDINGS = {
    0x33: "◀",
    0x34: "▶",
    0x35: "▲",
    0x36: "▼",
    0x3D: "■",
    0x61: "✓",
    0x63: "☐",
    0x67: "■",
    0x6E: "●",
    0x72: "✗",
}
FONTS = {
    "symbol": SYMBOL,
    "wingdings": WINGDINGS,
    "wingdings 2": WINGDINGS_2,
    "wingdings 3": WINGDINGS_3,
    "webdings": WEBDINGS,
}
BOXES = frozenset("☐☑☒✓✗")


def is_symbol_font(font: str | None) -> bool:
    """Tells if the characters of the font are not those that their codes stand for."""
    return font is not None and font.strip().lower() in FONTS


def drawn_character(font: str | None, code: int) -> str:
    """The character that the font draws for the code; the code's own character in any other font."""
    inner = code - PRIVATE if PRIVATE <= code < PRIVATE + 0x100 else code
    table: dict[int, str] | None = FONTS.get((font or "").strip().lower())
    if table is None:
        return chr(code) if code < 0x110000 else ""
    return table.get(inner, "" if inner != 0x20 else " ").replace(MISSING, "")


def in_font(text: str, font: str | None) -> str:
    """The text as a symbol font draws it: "þ" in Wingdings is a ticked box; the same text in any other font."""
    return "".join(_drawn(character, font) for character in text) if is_symbol_font(font) else text


def _drawn(character: str, font: str | None) -> str:
    """The character that the font draws: files write it as itself, as Windows-1252, or in the private area; one beyond
    these is drawn by another font, as itself."""
    code = ord(character)
    if code < 0x100 or PRIVATE <= code < PRIVATE + 0x100:
        return drawn_character(font, code)
    try:
        return drawn_character(font, character.encode("cp1252")[0])
    except UnicodeEncodeError:
        return character
