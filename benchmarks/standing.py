"""How ours and the peers stand in each class, as lines and as a table."""

import math
import os
import statistics
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from engine.request import AggregateRequest

LONG: Final = 365


class Class(NamedTuple):
    """A kind of request."""

    group_by: str
    aggregation: str
    days: int
    types: int

    @classmethod
    def of(cls, request: AggregateRequest) -> Self:
        measure = f"({request.value_field})" if request.value_field else ""
        return cls(
            request.group_by,
            request.aggregation + measure,
            request.time_window_days,
            len(request.event_types or ()),
        )


@dataclass
class Standing:
    """Milliseconds of ours and of each peer, and why a peer has none.

    first: of our first call. once: the peers that were called only once.
    """

    of: Class
    first: float
    ours: float
    peers: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    differs: list[str] = field(default_factory=list)
    once: set[str] = field(default_factory=set)

    def add(self, name: str, milliseconds: float, agrees: bool, *, once: bool) -> None:
        if agrees:
            self.peers[name] = milliseconds
            if once:
                self.once.add(name)
        else:
            self.differs.append(name)
            self.failed[name] = "differs"

    @property
    def best(self) -> str | None:
        return min(self.peers, key=lambda name: self.peers[name], default=None)

    @property
    def least(self) -> float:
        """Milliseconds of the best peer."""
        return min(self.peers.values(), default=math.inf)

    @property
    def ratio(self) -> float | None:
        """How many times faster ours is than the best peer."""
        return None if self.best is None else self.peers[self.best] / self.ours

    def cell(self, name: str) -> str:
        if name in self.failed:
            return self.failed[name][:60].replace("|", "/").replace("\n", " ")
        shown = _shown(self.peers[name])
        return f"({shown})" if name in self.once else shown

    def line(self) -> str:
        cells = "".join(f" {name} {self.cell(name):>8}" for name in (*self.peers, *self.failed))
        ratio = "-" if self.ratio is None else f"{self.ratio:.2f} x"
        types = self.of.types or "all"
        kind = f"{self.of.group_by:22} {self.of.aggregation:16} {self.of.days:4} {types:>4}"
        return f"{kind} ours {_shown(self.ours):>7}{cells} -> {ratio}"


def _shown(milliseconds: float) -> str:
    return f"{milliseconds:,.1f}" if milliseconds < 100 else f"{milliseconds:,.0f}"


def lines(found: list[Standing]) -> list[str]:
    """All classes, and then those that the bars are about."""
    long = [one for one in found if one.of.days == LONG and not one.of.types]
    typed = [one for one in found if one.of.days == LONG and one.of.types]
    text = []
    if long:
        times = [one.ours for one in long]
        text.append(
            f"365 days, Vitrine: median {_shown(statistics.median(times))} ms,"
            f" longest {_shown(max(times))} ms"
        )
    return text + [
        f"{name}, best peer per class: {_summary(part)}"
        for name, part in (
            ("all windows and types", found),
            ("365 days, some types", typed),
            ("365 days", long),
        )
        if any(one.ratio is not None for one in part)
    ]


def _summary(found: list[Standing]) -> str:
    ratios = [one.ratio for one in found if one.ratio is not None]
    return f"worst {min(ratios):.2f} x, median {statistics.median(ratios):.2f} x"


def table(
    found: list[Standing], names: list[str], built: list[str], ours: str, classes: int
) -> str:
    """The section of RESULTS.md. classes: how many there are to be measured."""
    part = f"The first {len(found)} of {classes} classes. " if len(found) < classes else ""
    text = [
        f"{part}Whole brand, {os.cpu_count()} cores, milliseconds, our cache off; median of 5 after"
        " a warm-up, of 2 where a call takes over 2 s. Peers count distinct sessions directly and"
        " in two steps (pairs, then keys), and the faster one counts. In brackets: a first call"
        " that took over three times as long as another peer, and was not repeated. Their tables"
        " are flat: the metadata's keys are columns. Every answer shown is equal to ours, secondary"
        " included. x is the best peer's time divided by ours. First is our first call of a class:"
        " it reads rollups from the disk and folds them for its window, which is then kept until"
        " midnight moves the window.",
        "",
        *(f"- {line}" for line in built),
        f"- Vitrine's process held {ours}.",
        "",
        "| group_by | aggregation | days | types | first | Vitrine |"
        f" {' | '.join(names)} | best | x |",
        "|" + "---|" * (len(names) + 8),
    ]
    for one in found:
        cells = " | ".join(one.cell(name) for name in names)
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        text.append(
            f"| {one.of.group_by} | {one.of.aggregation} | {one.of.days} | {one.of.types or 'all'}"
            f" | {_shown(one.first)} | {_shown(one.ours)} | {cells} | {one.best or ''} | {ratio} |"
        )
    return "\n".join([*text, "", *(f"{line}." for line in lines(found))])
