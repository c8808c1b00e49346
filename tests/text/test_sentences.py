"""Sentences of a line: what ends one and what only looks like it, at exact places."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import sentences as module
from rag.text.borders import without_false_stops
from rag.text.sentences import split_sentences


def sentences_of(text: str) -> list[str]:
    return [text[sentence.start : sentence.end] for _, sentence in split_sentences(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Das Bad ist vom 3. Mai bis zum 28. September geöffnet.",  # days
        "Ab dem 2. Stock und bis 17. Juni gilt das nicht.",
        "Die Sitzung vom 6. 11. 2023 fand nicht statt.",
        "Im 18. Jahrhundert war die Brücke, 4. Bogen von links, aus Holz.",
        "Der 3. Zug kam am 5. Tag.",
        "Sitzung 7. März 2021 in der Mühle",
        "Bezahlt wird am 1.–3. Werktag.",
        "12. Election of the treasurer",  # numbers of items
        "IV. Boats and moorings",
        "3.2. Moorings are let by the month.",
        "§ 7. Notice is given in writing.",
        "6. Fee. 2,350",
        "6. Fee. € 2,350 a month, in advance.",
        "1. Scope 2. Terms 3. Fees",
        "To be decided: 1. Boats and 2. Fees",
        "See Sec. 9 and Eq. 3",  # abbreviations
        "Cf. Chap. 12, App. B and Figs. 2 and 3.",
        "The quartet Op. 59 No. 1 was played.",
        "Max. 3 boats on each mooring.",
        "The boat left on Feb. 4 and came back on Sun. 8 March.",
        "It stands in Mühlenstr. 14 behind the weir.",
        "The sermon of the Rev. Ada Hart was printed.",
        "Lt. Col. Brandt met Gov. Lind on Mt. Rosa.",
        "Музей стоит на ул. Мира, см. рис. 3.",
        "Die Fa. Holm zahlt, vgl. Abb. 2, nichts.",
        "Obst, z. B. Birnen, d. h. Kernobst, u. a. Quitten.",
        "Das gilt nicht, d. h. Sie zahlen.",
        "The novel is long. 9/10.",
        "The weir is open; Boats pass on the left; Others wait.",  # semicolons
        "The ferry (See the map of the river. It hangs at the pier.) leaves at six.",
    ],
)
def test_what_only_looks_like_an_end(sentence: str) -> None:
    assert sentences_of(sentence) == [sentence]
    assert sentences_of(f"It rained. {sentence}") == ["It rained.", sentence]


@pytest.mark.parametrize(
    "several",
    [
        ("The mill was sold in 1871.", "It burned in 1903."),
        ("He was 12.", "Then he left."),
        ("Das Bad schließt am 28.", "Es öffnet im Mai."),
        ("See Eq. 7.", "It holds everywhere.", "So does Sec. 2."),
        ("It is drawn in App. B.", "A boat lies below it."),
        ("The lock is closed.", "8. Other business.", "9. Next meeting."),
        ("It costs $14,000.", "Boats are extra."),
        ("They left the MX.", "Samples were kept."),
        ("He wrote to the Rev.", "She did not answer."),
        ("Why?", '"It leaks."', "Who says so?"),
        ("(It was sold.)", "Then it burned."),
    ],
)
def test_what_is_an_end(several: tuple[str, ...]) -> None:
    assert sentences_of(" ".join(several)) == list(several)


@pytest.mark.parametrize(
    "several",
    [
        ("水車は古い。", "1871年に建てられた。", "３．５キロ先だ！", "2人が来た。"),
        ("这座桥很旧。", "2023年修好了。", "真的？", "30米长。"),
        ("पुल पुराना है।", "1871 में बना।"),
    ],
)
def test_full_stops_of_other_scripts_before_figures(several: tuple[str, ...]) -> None:
    assert sentences_of("".join(several)) == list(several)


LINES = st.text(st.sampled_from('ab A1.,;!?()"。．水車 5é😀'), max_size=150)
PIECES = [
    "vom 1.",
    "Mai",
    "10.",
    "See Sec.",
    "4",
    "boats;",
    "(so)",
    "It ended.",
    "水車。",
    "5",
    "Rev.",
    "Ada",
    "1,500.5",
]


@given(LINES | st.lists(st.sampled_from(PIECES)).map(" ".join), st.sampled_from([7, 20, 40, 20_000]))
def test_sentences_cover_a_line_in_order_and_cut_no_word_or_number(line: str, longest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LONG_LINE", longest)
        found = [sentence for _, sentence in split_sentences(line)]
    places = [place for start, end in found for place in range(start, end)]
    assert places == sorted(set(places))
    assert not "".join(char for place, char in enumerate(line) if place not in set(places)).strip()
    for start, end in found:
        assert line[start:end] == line[start:end].strip() != ""
        assert start == 0 or not (line[start - 1].isalnum() and line[start].isalnum())


@given(LINES | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_hidden_full_stops_move_nothing(line: str) -> None:
    hidden = without_false_stops(line)
    assert len(hidden) == len(line)
    assert all(old == new or (old, new) == (".", "·") for old, new in zip(line, hidden, strict=True))


def test_long_lines_are_cut_between_sentences_wherever_a_stretch_ends() -> None:
    several = [f"The boat number {number:,} left at {number % 24}.30 with {number}.5 tons." for number in range(2000)]
    assert sentences_of(" ".join(several)) == several


@pytest.mark.parametrize("line", ["x" * 300_000, "水車" * 50_000, "12345" * 20_000, "1. " * 20_000, "; A" * 20_000])
@pytest.mark.no_cover
def test_lines_without_an_end_take_little_time(line: str) -> None:
    started = time.process_time()
    assert "".join(sentences_of(line)).replace(" ", "") == line.replace(" ", "")
    assert time.process_time() - started < 10


def test_one_word_is_one_sentence_however_long() -> None:
    word = "x" * 30_000
    assert sentences_of(f"So it is. {word} ends.") == ["So it is.", f"{word}", "ends."]
