"""Words and numbers as people read them, and names made harmless where they are shown."""

import html
import re
from typing import Final

from engine import AggregateRequest
from pages.ui.numbers import written
from pages.ui.words import say

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
    return (text if len(text) <= width else text[: width - 1] + "…") or say(MISSING)


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
    """What the rows are, as the head of their column; a metadata key is its own name."""
    return request.metadata_key or say(GROUP_NAMES[request.group_by])


def value_name(request: AggregateRequest) -> str:
    if request.is_numeric:
        name = "Sum of {field}" if request.aggregation == "sum" else "Average of {field}"
        return say(name, field=request.value_field)
    return say(MEASURE_NAMES[request.aggregation])


def secondary_name(request: AggregateRequest) -> str:
    if request.is_numeric:
        return say("Numbers used")
    return say("Sessions" if request.aggregation == "count" else "Events")


def title(request: AggregateRequest) -> str:
    value = value_name(request)
    if request.group_by == "none":
        return value
    group = request.metadata_key or group_name(request).lower()
    return say("{value} by {group}", value=value, group=group)


def size(count: float) -> str:
    """Bytes in the largest unit that leaves a whole part."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.0f} B" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"


def age(seconds: float) -> str:
    """How long ago; what lies ahead says so."""
    return say("{span} ago" if seconds >= 0 else "{span} ahead", span=span(abs(seconds)))


def span(seconds: float) -> str:
    """How long, in the unit that says it best."""
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if hours >= 48:
        return say("{days} days", days=written(days))
    if hours >= 1:
        return f"{hours:.0f} h {minutes % 60:.0f} min"
    return f"{minutes:.0f} min" if minutes >= 1 else f"{seconds:.0f} s"
