import pytest

from pages.ui import session
from pages.ui.numbers import FORMATS, SYMBOLS, compact, signed, written

ENGLISH = [
    (0, "plain", "0"),
    (1234567, "plain", "1,234,567"),
    (1234.5, "plain", "1,234.50"),
    (-1234.5, "plain", "-1,234.50"),
    (0.012345, "plain", "0.01235"),
    (999, "compact", "999"),
    (1234, "compact", "1.23K"),
    (999_960, "compact", "1M"),
    (12_345_678, "compact", "12.3M"),
    (-3.2e9, "compact", "-3.2B"),
    (1234.5, "EUR", "€1,234.50"),
    (-7, "USD", "−$7.00"),
    (7, "BRL", "R$7.00"),
    (0.25, "percent", "25 %"),
    (None, "plain", "—"),
    (None, "compact", "—"),
    (None, "EUR", "—"),
    (None, "percent", "—"),
]
PORTUGUESE = [
    (1234567, "plain", "1.234.567"),
    (1234.5, "plain", "1.234,50"),
    (1234, "compact", "1,23 mil"),
    (12_345_678, "compact", "12,3 mi"),
    (1234.5, "EUR", "1.234,50 €"),
    (1234.5, "BRL", "R$ 1.234,50"),
    (0.255, "percent", "25,5 %"),
]


@pytest.fixture(params=["en", "pt"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(session, "language", lambda: request.param)
    chosen: str = request.param
    return chosen


def test_numbers_are_written_as_the_language_does(language: str) -> None:
    for value, form, text in ENGLISH if language == "en" else PORTUGUESE:
        assert written(value, form) == text


def test_a_percentage_is_of_the_whole(language: str) -> None:
    assert written(5, "percent", 20) == "25 %"
    assert written(5, "percent", 0) == "—"


def test_every_format_says_nothing_for_nothing(language: str) -> None:
    assert {written(None, form) for form in FORMATS} == {"—"}
    assert set(SYMBOLS) < set(FORMATS)


def test_compact_numbers_stay_short(language: str) -> None:
    for power in range(15):
        for digits in (1, 9.994, 9.996):
            assert len(compact(digits * 10**power)) <= 9


def test_changes_have_a_sign(language: str) -> None:
    assert [signed(x) for x in (0.5, -0.5, 0)] == ["+50 %", "−50 %", "±0 %"]
