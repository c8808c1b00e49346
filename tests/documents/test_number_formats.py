"""Formats of numbers; the texts are those that Excel shows, but for whole dates."""

from __future__ import annotations

import pytest

from rag.documents.number_formats import formatted_number

NOON = 44319.5  # 2021-05-03, a Monday


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (87, "00000", "00087"),
        (-87, "000", "-087"),
        (7.0, "General", "7"),
        (0.1 + 0.2, "General", "0.3"),
        (1204.255, "#,##0.00", "1,204.26"),
        (1204567, "#,##0", "1,204,567"),
        (0, "#", ""),
        (0.5, "#.##", ".5"),
        (5, "0.##", "5"),
        (5.25, "0.0##", "5.25"),
        (0.075, "0.0%", "7.5%"),
        (-0.0001, "0.00", "0.00"),
        (1204.5, '#,##0.00 "€"', "1,204.50 €"),
        (1204.5, "[$£-809]#,##0.00", "£1,204.50"),
        (7, '"No. "000', "No. 007"),
        (-1204.5, "#,##0.00;[Red]#,##0.00", "-1,204.50"),
        (-1204.5, "#,##0_);(#,##0)", "(1,205)"),
        (-1204.5, "#,##0;[Red]-#,##0", "-1,205"),
        (0, '0;-0;"none"', "none"),
        (3, '"open";;"shut"', "open"),
        (3, ";;;", ""),
        (9875551234, "(000) 000-0000", "(987) 555-1234"),
        (5551234, "[<=9999999]000-0000;(000) 000-0000", "555-1234"),
        (1204567, "#,##0,", "1,205"),
        (1204567, '0.0,,"M"', "1.2M"),
        (12345.678, "0.00E+00", "1.23E+04"),
        (2.5, "# ?/?", "2 1/2"),
        (0.375, "# ?/8", "3/8"),
        (3, "# ??/??", "3"),
        (5, 'General "kg"', "5 kg"),
        (4321098765432109, "0", "4321098765432109"),
        (1e300, "0.0", "1" + "0" * 300 + ".0"),
        (NOON, "m/d/yyyy", "2021-05-03"),
        (NOON, "dd.mm.yy hh:mm", "2021-05-03 12:00"),
        (NOON, "mmm yyyy", "May 2021"),
        (NOON, "[$-407]d. mmmm yyyy;@", "2021-05-03"),
        (NOON, "dddd", "Monday"),
        (NOON, "yyyy", "2021"),
        (NOON, "h:mm AM/PM", "12:00 PM"),
        (0.3, "h:mm:ss", "7:12:00"),
        (1.75, "[h]:mm", "42:00"),
        (-0.5, "[h]:mm", "-12:00"),
        (75.5 / 86400, "mm:ss.0", "01:15.5"),
        (90 / 86400, "[mm]:ss", "01:30"),
        (1, "yyyy-mm-dd", "1900-01-01"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (-1, "yyyy-mm-dd", "-1"),
        (1e9, "yyyy-mm-dd", "1000000000"),
    ],
)
def test_numbers_as_their_formats_show_them(value: float, code: str, text: str) -> None:
    assert formatted_number(float(value), code) == text


def test_days_counted_from_1904() -> None:
    assert formatted_number(42857.0, "d/m/yy", epoch_1904=True) == "2021-05-03"
