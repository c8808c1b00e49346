"""Short answers as values: what cannot both be right, and what only looks so."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.answering.values import differ, states, value_of
from rag.text.wording import word_list


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("940 euros", "985 euros"),
        ("936 euros", "940 euros"),  # of sums, neither is a rounding
        ("€1,250", "1,350 euros"),
        ("12 March", "19 March"),
        ("14 June 2025", "June 21, 2025"),
        ("05.03.2024", "6 March 2024"),
        ("1874", "in 1881"),
        ("07:30", "8.15 am"),
        ("on Wednesdays", "Monday"),
        ("twenty percent", "25 %"),
        ("15", "20 drops"),
        ("two hours", "90 minutes"),
        ("0555 210 340", "0555 210 341"),
        ("Jonas Pell", "Agnes Lohmann"),
        ("40 euros a month", "45 euros per month"),
    ],
)
def test_values_that_cannot_both_be_right(one: str, other: str) -> None:
    assert differ(value_of(one), value_of(other))
    assert differ(value_of(other), value_of(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("38 %", "thirty-eight percent"),
        ("1859", "in the year 1859"),
        ("8 October 1867", "October 1867"),
        ("14:05", "2.05 pm"),
        ("7 in the evening", "19:00"),
        ("an hour and a half", "90 minutes"),
        ("2 h 30 min", "150 minutes"),
        ("a hundred and twenty", "120 beds"),
        ("1.2 kg", "1200 g"),
        ("1,018 members", "about 1,000"),
        ("23.7 km", "24 km"),
        ("26,934", "26,900 visitors"),
        ("20 to 30 minutes", "25 minutes"),
        ("62 euros to 66 euros", "62 euros"),
        ("Marquardt", "Dr. Helene Marquardt of Graz"),
        ("P. Odell", "Peter Odell"),
        ("Elisabeth Thorn", "Elizabeth Thorn"),
        ("+44 555 210 3401", "0555 210 3401"),
        ("two months' rent", "50 euros"),  # not of one kind
        ("40 euros a month", "480 euros a year"),
        ("the old harbour", "a red door"),  # no values
    ],
)
def test_values_that_can_both_be_right(one: str, other: str) -> None:
    assert not differ(value_of(one), value_of(other))
    assert not differ(value_of(other), value_of(one))


def test_what_stands_before_a_figure_may_say_that_it_is_rounded() -> None:
    assert differ(value_of("1,000 euros"), value_of("1,043 euros"))
    assert not differ(value_of("1,000 euros", before="It cost about "), value_of("1,043 euros"))


def test_words_of_the_question_name_nothing() -> None:
    one, other = value_of("Halden Bank"), value_of("Bank")
    asked = frozenset(word_list("Which bank is it?"))
    assert differ(one, value_of("Merrow Union"), asked)
    assert not differ(one, other, asked)


def test_a_text_that_states_a_value_beside_others() -> None:
    assert states("The fee rises from 62 euros to 66 euros.", value_of("62 euros"))
    assert not states("The fee is 66 euros for 62 lessons.", value_of("62 euros"))
    assert states("Mr Boldt has retired, Ms Sallis follows.", value_of("Arno Boldt"))
    assert not states("At eight on 4 May.", value_of("5 May"))


WORDS = """
    1 2,000 3.5 € % euros March 12 2024 10:30 pm 99:99 a hundred and May noon Monday A. Hart +49 0555 814 220
    ½ ٣ half an
""".split()
TEXTS = st.text() | st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join)


@given(TEXTS, TEXTS)
@example("1000", "€1002")
def test_no_value_differs_from_itself_and_order_does_not_matter(one: str, other: str) -> None:
    a, b = value_of(one), value_of(other)
    assert not differ(a, a)
    assert differ(a, b) == differ(b, a)
