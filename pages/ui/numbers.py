"""Numbers as the viewer's language writes them: plain, compact, as money or as a share."""

from typing import Final

from pages.ui import session

MARKS: Final = {"en": (",", "."), "pt": (".", ",")}
"""What stands between thousands, and before decimals."""
UNITS: Final = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")),
    "pt": ((1e12, " tri"), (1e9, " bi"), (1e6, " mi"), (1e3, " mil")),
}
SYMBOLS: Final = {"EUR": "€", "USD": "US$", "GBP": "£", "BRL": "R$"}
FORMATS: Final = ("plain", "compact", "percent", *SYMBOLS)
NOTHING: Final = "—"


def written(value: float | None, form: str = "plain", whole: float | None = None) -> str:
    """A value in one of FORMATS; a dash for none.

    whole: what a percentage is of; without one, 1 is 100 %.
    """
    if value is None or (form == "percent" and whole == 0):
        return NOTHING
    if form == "compact":
        return compact(value)
    if form == "percent":
        return f"{_decimals(100 * value / (1 if whole is None else whole), 1)} %"
    if form in SYMBOLS:
        return _money(value, SYMBOLS[form])
    if value == int(value):
        return _marked(f"{int(value):,}")
    return _marked(f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}")


def compact(value: float) -> str:
    """Three digits and a unit: 1.23M, 1,23 mi."""
    for size, unit in UNITS[session.language()]:
        if abs(value) >= size * 0.9995:
            digits = f"{value / size:.3g}" if abs(value) < size * 999.5 else f"{value / size:,.0f}"
            return _marked(digits) + unit
    if value == int(value):
        return f"{int(value)}"
    return _marked(f"{value:.3g}")


def signed(value: float) -> str:
    """A change as a percentage with its sign."""
    return f"{'+' if value > 0 else '−' if value < 0 else '±'}{_decimals(abs(value) * 100, 1)} %"


def separators() -> str:
    """Decimal and thousands mark, as Plotly wants them."""
    thousands, decimal = MARKS[session.language()]
    return decimal + thousands


def _money(value: float, symbol: str) -> str:
    sign = "−" if value < 0 else ""
    amount = _marked(f"{abs(value):,.2f}")
    if session.language() == "pt":
        return f"{sign}{amount} {symbol}" if symbol == "€" else f"{sign}{symbol} {amount}"
    return f"{sign}{'$' if symbol == 'US$' else symbol}{amount}"


def _decimals(value: float, most: int) -> str:
    text = f"{value:,.{most}f}"
    return _marked(text.rstrip("0").rstrip("."))


def _marked(text: str) -> str:
    """English marks exchanged for those of the language."""
    thousands, decimal = MARKS[session.language()]
    return text.translate(str.maketrans(",.", thousands + decimal))
