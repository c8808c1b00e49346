"""Full stops and other marks that syntok takes for ends of sentences and that are none (pure).

syntok cuts behind ordinals ("vom 1. Oktober") and abbreviations that it does not know ("See Sec. 4", "Rev. Ada Hart"):
`without_false_stops` hides such full stops from it. It cuts behind semicolons and numbers of items, too ("10. Any other
business"): `is_border` tells which of its borders are kept. A quote that ends too early loses its day or number, and
one that is too long costs little, so there is no border where it is doubtful.

Does not handle: borders that syntok does not see.
"""

from __future__ import annotations

import re

_TAIL = 80  # characters before and behind a mark that are looked at
_STOP = re.compile(r"\.(?=\s+\S)")
_HIDDEN = "·"
_END = re.compile(r"[.!?…‼‽⁇⁈⁉。．｡！？؟۔।॥][\"'´‘’“”«»‹›*†‡\u00b9\u00b2\u00b3\u2070-\u2079]*$|[)\]}]$")
_LABEL = r"(?:[-–*•]\s*)?[(\[]?(?:§+\s*)?(?:[A-Z]?\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxlc]{1,7}|[IVXLC]{1,7})[.)\]]"
_IS_LABEL = re.compile(_LABEL)
_ENDS_IN_LABEL = re.compile(rf"[:;]\s+{_LABEL}$")  # "Agenda: 1."
_IS_LABELLED_TITLE = re.compile(rf"{_LABEL}(?:\s+[^\s.!?]+){{1,4}}\.")  # "5. Deposit."
_LONGEST_ITEMS = 1_000  # characters of items that are kept in one sentence
_NEXT_ITEM = re.compile(r"\w\s+\d{1,2}\.$")
_ITEMS = re.compile(r"(?:^|\s)(\d{1,2})\.(?=\s|$)")
_VALUE = re.compile(rf"(?!{_LABEL}\s)[€$£¥+-]?\s?\d")
_LETTER = re.compile(r"[^\W\d_]")

# Words with which a sentence begins, rather than going on behind an ordinal or a title
_STARTERS = frozenset(
    """
    The This That These Those There Then It Its He She They We You I His Her Their Our My Your An And But However If In
    On At By For From To When Where While What Who Why How No Not Now Please After Before As Although Because Since
    Der Die Das Dies Diese Dieser Dieses Dann Danach Da Daher Darum Er Es Sie Wir Ich Ihr Ein Eine Und Aber Doch Auch
    Wenn Wer Was Wo Wie Weil Im Am Bei Für Mit Nach Von Zu Vor Nicht Hier Dort Bitte Jeder Jede Alle
    Le La Les Il Elle Un Une El Los Las Lo
    """.split()
)
_FIRST_WORD = re.compile(r"[(\[\"'“„«]*([^\W\d_]+)")
_NAME = re.compile(r"[(\[\"'“„«]*[^\W\d_a-zß-öø-ÿ]")

# Before a noun or month: a day, a floor, a century. Four figures are a year, which may end a sentence.
_ORDINAL = re.compile(
    r"(?:^|(?:,\s|\(|\d\.\s?[–-]|\b(?:vom|zum|zur|am|im|der|die|das|dem|den|des|ab|bis|seit|beim|eine?[mnrs]?|jede[mnrs]?|und|oder))"
    r"\s*)\d{1,3}\.$",
    re.IGNORECASE,
)
_DAY = re.compile(r"(?<![\d.,])\d{1,2}\.$")
_MONTH = re.compile(
    r"(?:Jan(?:uar|uary|\.)|Jänner|Feb(?:ruar|ruary|\.)|Febr\.|März|Mar(?:ch|s|zo|\.)|Apr(?:il|\.)|Mai|May"
    r"|Jun[ie]|Jul[iy]|Aug(?:ust|\.)|Sep(?:tember|t?\.)|O[ck]t(?:ober|\.)|Nov(?:ember|\.)|De[cz](?:ember|\.))(?!\w)"
)
_DATE_GOES_ON = re.compile(r"\d{1,2}\.\s*\d{2,4}\b")  # "5." "3. 2024"

# Abbreviations that go on with whatever is no beginning of a sentence: titles, first names, words that join
_ONWARD = frozenset(
    """
    rev revd dr drs prof mr mrs ms messrs mx hon capt lt col maj gen sgt cpl pvt adm cmdr cdr gov sen rep pres amb supt
    insp det atty rt wg sqn ldr cllr ald bp abp pte st ste mt ft pt fr br bro wm chas geo thos jas jos robt dipl ing mag
    hr hrn frl fam fa dott sig sra srta mme mlle mgr msgr dhr mevr ven asst assoc dept univ viz cf vs incl excl resp
    esp orig attn govt natl intl tech mfg ed eds trans illus av avda ul ул им проф акад просп пер обл
    geb gest verh gem insb insbes vgl einschl zzgl abzgl inkl exkl sog hrsg bearb kath evang ggf evtl bzw abt bijv env
    """.split()
)
# Those that go on with a number, a Roman one or a letter
_BEFORE_NUMBER = frozenset(
    """
    sec sect secs sects ch chap chaps eq eqs eqn eqns op opp max min approx appr ca circa fig figs tab tabs no nos
    nr nrn num núm nums n p pp pg pgs pág págs pag blz vol vols v bd bde art arts abs abschn ziff kap cap anm anl
    abb app apps appx par para paras cl cls sched reg regs r ref refs ex exs ed éd eds ser iss pts bk bks cols ln
    lns lfd rn rdnr rz z s f ff lit pkt aufl ausg jg ver vers rev tel tél fax ext mob apt bldg fl rm str pos est b d
    temp wt ht qty amt avg aprox máx mín mind höchst env usd eur gbp chf rs fr bwv kv woo rv sq cu oz lb lbs yd ft
    hr hrs стр рис табл гл ст см ок
    jan feb febr mar apr jun jul aug sep sept oct okt nov dec dez mon tue tues wed thu thur thurs fri sat sun
    """.split()
)
_NUMBER = re.compile(
    r"[(\[]?(?:[#€$£¥§+-]*\s?\d|(?:[IVXLC]{2,}|[B-HJ-Z])(?![\w'’])|[AI](?=[.,;:)\]]|\s(?:and|or|to|of|is|und)\b|$))"
)
_LAST_WORD = re.compile(r"(?:^|[^\w.])(?:\w+-)*([^\W\d_]+)\.$")
_STREET = re.compile(r"\w(?:str|straße)\.$", re.IGNORECASE)
_EXAMPLE = re.compile(r"(?<!\w)(?:z\. ?B|d\. ?h|i\. ?d\. ?R|u\. ?U|z\. ?T|m\. ?E|e\. ?g|i\. ?e)\.$", re.IGNORECASE)
_SPACED = re.compile(r"(?<!\w)(?:u\. ?[aäÄ]|o\. ?[gäÄ]|s\. ?[ou]|[va]\. ?a|i\. ?[VSA])\.$")


def without_false_stops(line: str) -> str:
    """The line, of the same length, with another sign for each full stop that ends no sentence."""
    return _STOP.sub(lambda stop: _HIDDEN if _goes_on(line, stop.end()) else ".", line)


def is_border(before: str, piece: str, last: bool) -> bool:
    """True if a sentence ends between what syntok parts: `before` is the sentence so far, `piece` follows it, and if it
    is the last, nothing follows that. Neither has outer spaces."""
    tail = before[-_TAIL:]
    if not _END.search(tail) or _IS_LABEL.fullmatch(before) or _ENDS_IN_LABEL.search(tail) or _counts(before):
        return False
    if not _LETTER.search(piece):  # "5", but not "5." before the text of an item
        return not last and bool(_IS_LABEL.fullmatch(piece))
    return not (_VALUE.match(piece) and _IS_LABELLED_TITLE.fullmatch(before))


def _counts(before: str) -> bool:
    """True of items that follow one another, up to the number of the next: "1. Scope 2. Terms 3."."""
    if len(before) > _LONGEST_ITEMS or not _NEXT_ITEM.search(before[-_TAIL:]):
        return False
    numbers = list(map(int, _ITEMS.findall(before)))
    return len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _goes_on(line: str, place: int) -> bool:
    """True if the full stop before `place` belongs to an ordinal or an abbreviation."""
    tail, piece = line[max(0, place - _TAIL) : place], line[place : place + _TAIL].lstrip()
    word = _LAST_WORD.search(tail)
    short = word[1].casefold() if word else ""
    if _EXAMPLE.search(tail) or (_DAY.search(tail) and (_MONTH.match(piece) or _DATE_GOES_ON.match(piece))):
        return True
    if (short in _BEFORE_NUMBER or _STREET.search(tail)) and _NUMBER.match(piece):
        return True
    first = _FIRST_WORD.match(piece)
    if first and first[1] in _STARTERS:
        return False
    title = short in _ONWARD and not (word and len(short) > 1 and word[1].isupper())  # "DNA." and the like
    if title or _SPACED.search(tail):
        return True
    return bool(_ORDINAL.search(tail) and _NAME.match(piece))
