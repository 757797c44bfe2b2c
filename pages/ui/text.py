"""Words and numbers as people read them, and names made harmless where they are shown."""

import html
import re
from typing import Final

from engine import AggregateRequest

MISSING: Final = "(none)"
MEASURE_NAMES: Final = {"count": "Events", "count_distinct": "Sessions"}
GROUP_NAMES: Final = {
    "none": "Total",
    "event_type": "Event type",
    "session": "Session",
    "day": "Day",
    "hour": "Hour",
    "product_id": "Product",
}


def plain(key: str, width: int = 80) -> str:
    """A key as one line of text, `(none)` for the missing one."""
    text = re.sub(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+", " ", key)
    return (text if len(text) <= width else text[: width - 1] + "…") or MISSING


def for_plotly(key: str, width: int = 40) -> str:
    """Plotly renders some HTML, links too."""
    return html.escape(plain(key, width))


def for_markdown(text: str) -> str:
    """Streamlit renders Markdown in labels, titles and captions; images would load.

    Addresses become links even when they are escaped: an invisible word joiner takes them apart.
    """
    text = re.sub(r"(?<=:)(?=//)|(?<=@)|(?<=www)(?=\.)", "\u2060", text, flags=re.IGNORECASE)
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])", r"\\\1", plain(text, 800))


def group_name(request: AggregateRequest) -> str:
    return request.metadata_key or GROUP_NAMES[request.group_by]


def value_name(request: AggregateRequest) -> str:
    if request.is_numeric:
        verb = "Sum" if request.aggregation == "sum" else "Average"
        return f"{verb} of {request.value_field}"
    return MEASURE_NAMES[request.aggregation]


def secondary_name(request: AggregateRequest) -> str:
    if request.is_numeric:
        return "Numbers used"
    return "Sessions" if request.aggregation == "count" else "Events"


def title(request: AggregateRequest) -> str:
    if request.group_by == "none":
        return value_name(request)
    return f"{value_name(request)} by {group_name(request).lower()}"


def size(count: float) -> str:
    """Bytes in the largest unit that leaves a whole part."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.0f} B" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"


def age(seconds: float) -> str:
    """How long ago; what lies ahead says so."""
    return f"{span(abs(seconds))} {'ago' if seconds >= 0 else 'ahead'}"


def span(seconds: float) -> str:
    """How long, in the unit that says it best."""
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if hours >= 48:
        return f"{days:,.0f} days"
    if hours >= 1:
        return f"{hours:.0f} h {minutes % 60:.0f} min"
    return f"{minutes:.0f} min" if minutes >= 1 else f"{seconds:.0f} s"


def number(value: float | None, secondary: int = 1, *, numeric: bool = False) -> str:
    """Thousands separated, at most two decimals; a dash for a sum or average of nothing."""
    if value is None or (numeric and secondary == 0):
        return "—"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"
