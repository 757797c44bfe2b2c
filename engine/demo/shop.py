"""A made-up e-commerce shop: two brands, a believable stream of events, the same every time.

Random numbers are drawn a day at a time, so that a day depends neither on its neighbours nor on
the window asked for; what is made of them is made a month at a time, which is fast.
In arrays of codes, -1 and the number after the last stand for "none".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.demo import words
from engine.stores.base import EVENTS, MEASURE

Array: TypeAlias = npt.NDArray[Any]
Columns: TypeAlias = dict[str, Array]


SEED: Final = 2718
SECOND: Final = 1_000_000
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NEUTRAL: Final = 20_574
"""The day since 1970 that is as busy as asked for; before it was less, after it is more."""
PER_SESSION: Final = 6.03
LONGEST: Final = 40
PAUSE: Final = 1800
"""At most so many events in a session, so many seconds apart: under a day altogether."""
LOOKBACK: Final = 3
"""Days after which a session that started is over, with the refund that may follow it."""
LARGEST: Final = 1_000_000
"""About so many events at most are made at once."""
GOLDEN: Final = 0.6180339887498949
"""Its multiples, without the whole part, are spread evenly: picks that need no random number."""


@dataclass(frozen=True)
class _Shop:
    """What stays the same from day to day; cents, category and maker are by sku.

    `ranking` are skus, the most popular first; `sessions` is how many start on a usual day;
    `code[key][i]` is the row of `entries` that says the i-th text of a metadata key, or -1.
    """

    brand: int
    rows: int
    sessions: float
    customers: int
    ranking: Array
    cents: Array
    category: Array
    maker: Array
    entries: pl.DataFrame
    code: Columns


def months(
    brand: str,
    end: datetime,
    rows: int = 1_000_000,
    days: int = 400,
    since: datetime | None = None,
) -> Iterator[pl.DataFrame]:
    """The events of `brand`, one of words.BRANDS, with end - days <= created_at < end.

    Yields a frame of schema EVENTS for each UTC calendar month that has events, or several where
    a month has many, oldest first, sorted by created_at. `end` is aware of its time zone. Both
    brands together have about `rows` events in `days` days, the first of them 70 %. An event
    depends only on its brand, on `rows`, `days` and the UTC day its session started. since: leaves
    out the events before it.
    """
    shop = _shop(words.BRANDS.index(brand), rows, days)
    end = end.astimezone(UTC)
    start = end - timedelta(days=days)
    if since is not None:
        start = max(start, since.astimezone(UTC))
    month = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    at_once = timedelta(days=min(max(1, LARGEST * days // max(1, rows)), 31))
    while month < end:
        following = (month + timedelta(days=32)).replace(day=1)
        low = max(month, start)
        while low < min(following, end):
            high = min(low + at_once, following, end)
            sessions, events = _events(shop, _micros(low), _micros(high))
            if len(events["at"]):
                yield _frame(shop, sessions, events)
            low = high
        month = following


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _shop(brand: int, rows: int, days: int) -> _Shop:
    rng = np.random.default_rng([SEED, brand])
    visits = rows * (0.7, 0.3)[brand] / PER_SESSION
    size = max(60, round(2000 * (rows / 1e6) ** 0.7))
    _, typical, shares = words.columns(words.CATEGORIES[brand])
    category = _pick(rng.random(size), shares)
    euros = np.rint(_numbers(typical)[category] * rng.lognormal(0, 0.4, size))
    year = [_calendar(brand, date(2025, 1, 1) + timedelta(day))[0] for day in range(365)]
    entries: list[tuple[str, str]] = []
    code = {}
    for key, texts in _texts(brand).items():
        codes = [len(entries) + i if text else -1 for i, text in enumerate(texts)]
        code[key] = np.array([*codes, -1])  # so that the code -1 finds -1
        entries += [(key, text) for text in texts]
    return _Shop(
        brand=brand,
        rows=rows,
        sessions=visits / days / float(np.mean(year)),
        customers=50 + int(visits / 13),
        ranking=rng.permutation(size),
        cents=np.maximum(euros, 5).astype(np.int64) * 100 - rng.choice([0, 1, 5, 10], size),
        category=category,
        maker=rng.integers(0, len(_texts(brand)["brand_name"]), size),
        entries=pl.DataFrame(entries, schema=["key", "value"], orient="row"),
        code=code,
    )


def _texts(brand: int) -> dict[str, list[str]]:
    """What each key of the metadata can say, in the order of the tables; "" is nothing."""
    nouns, qualities = words.NOUNS[2 * brand :], words.QUALITIES[2 * brand :]
    phrases = [
        f"{noun} {quality}".strip()
        for language in (0, 1)
        for quality in f"{qualities[language]},{words.ANY_QUALITY[language]}".split(",")
        for noun in nouns[language].split(",")
    ]
    return {
        "country": words.COUNTRIES,
        "language": words.LANGUAGES,
        "device": words.DEVICES,
        "browser": words.BROWSERS,
        "os": words.SYSTEMS,
        "app_version": [f"{month // 120}.{month % 120}.0" for month in range(2400)],
        "channel": words.CHANNELS,
        "campaign": words.CAMPAIGNS,
        "ab_variant": words.VARIANTS,
        "coupon": words.COUPONS,
        "payment_method": words.PAYMENTS,
        "page": words.PAGES,
        "search_query": phrases,
        "category": words.columns(words.CATEGORIES[brand])[0],
        "brand_name": words.MAKERS[brand].split(","),
    }


def _calendar(brand: int, day: date) -> tuple[float, int]:
    """How busy a day is against the average, without growth, and the code of its campaign."""
    week = words.WEEKS[brand][day.weekday()]
    # The day after the fourth Thursday of November is the Friday from the 23rd to the 29th.
    friday = date(day.year, 11, 29 - (date(day.year, 11, 29).weekday() - 4) % 7)
    if (day - friday).days in words.BLACK_LIFTS:
        return week * words.BLACK_LIFTS[(day - friday).days], words.BLACK_FRIDAY
    for code, (first, last) in enumerate(zip(words.FIRST_DAYS, words.LAST_DAYS, strict=True)):
        if int(first) <= day.month * 100 + day.day <= int(last):
            lift = float(words.CAMPAIGN_LIFTS[code])
            return week * lift, code if lift > 1 else -1
    return week, -1


def _numbers(texts: Sequence[str]) -> Array:
    return np.array(texts, float)


def _pick(u: Array, shares: Sequence[str]) -> Array:
    """Codes, as often as their shares say, for uniform u from 0 to 1."""
    upto = np.cumsum(_numbers(shares))
    return np.searchsorted(upto[:-1] / upto[-1], u, side="right")


def _zipf(u: Array, size: int, head: int) -> Array:
    """Ranks below `size`, rank r about as often as 1 / (head + r), for uniform u from 0 to 1."""
    return np.minimum(head * ((1 + size / head) ** u - 1), size - 1).astype(np.int64)


def _day(shop: _Shop, day: int) -> tuple[Columns, Columns]:
    """The sessions that start on a day since 1970, and random numbers for their events."""
    rng = np.random.default_rng([SEED, shop.brand, day, shop.rows])
    lift, running = _calendar(shop.brand, EPOCH.date() + timedelta(day))
    growth = 1 + 0.4 * np.tanh((day - NEUTRAL) / 730)  # has bounds, for far years' sake
    size = rng.poisson(shop.sessions * lift * growth * rng.lognormal(0, 0.04))
    sessions = _visits(shop, day, running, rng.random((16, size)))
    eager = (
        _numbers(words.DEVICE_LIFTS)[sessions["device"]]
        * _numbers(words.CHANNEL_LIFTS)[sessions["channel"]]
        * _numbers(words.VARIANT_LIFTS)[sessions["ab_variant"]]
        * np.where(sessions["customer"] < 0, 0.8, 1.45)
        * lift**0.3
    )
    going = rng.random(size) / eager
    basket = 1 + _pick(rng.random(size), ("72", "20", "8"))
    sessions["bought"] = np.where(going < 0.028, basket, 0)
    sessions["checkouts"] = np.where(going < 0.048, 1, 0)
    sessions["carted"] = np.where(going < 0.095, basket, 0)
    least = 1 + sessions["bought"] + sessions["checkouts"] + 2 * sessions["carted"]
    sessions["length"] = np.clip(rng.geometric(1 / 6, size), least, LONGEST)
    total = int(sessions["length"].sum())
    draws = dict(zip(("kind", "slot", "pick", "aside"), rng.random((4, total)), strict=True))
    draws |= dict(zip(("pause", "dwell"), rng.standard_normal((2, total)), strict=True))
    return sessions, draws | {"number": np.arange(total)}


def _visits(shop: _Shop, day: int, running: int, draws: Array) -> Columns:
    """Who comes on a day, when and how, from 16 rows of uniform random numbers."""
    u = iter(draws)
    clock = np.interp(
        next(u), np.cumsum([0, *words.HOURS]) / words.HOURS.sum(), np.arange(25) * HOUR
    )
    seen = next(u) >= 0.01
    known = seen & (next(u) < 0.3)
    customer = np.where(known, (shop.customers * next(u) ** 1.7).astype(np.int64), -1)
    # A customer always has the same country: it follows from who they are.
    country = _pick(np.where(known, customer * GOLDEN % 1, next(u)), words.COUNTRY_SHARES)
    device = _pick(next(u), words.DEVICE_SHARES)
    release = day // 30 - (3 * next(u) ** 2).astype(np.int64)  # some update late
    channel = _pick(next(u), words.CHANNEL_SHARES)
    # Campaigns bring visitors through the paid channels; without one, evergreens bring fewer.
    evergreen = words.BLACK_FRIDAY + 1 + _pick(next(u), ("4", "3", "2", "1"))
    response = np.where(channel < words.FIRST_PAID, 1, next(u))
    campaign = np.where(response < 0.15, evergreen, -1)
    return {
        "day": np.full(len(seen), day),
        "number": np.arange(len(seen)),
        "start": day * DAY + clock.astype(np.int64),
        "seen": seen,
        "customer": customer,
        "country": country,
        "language": country,
        "device": device,
        "browser": device,
        "os": device,
        "app_version": np.where(np.array(words.BROWSERS)[device] == "", release, -1),
        "channel": channel,
        "campaign": np.where((response < 0.6) & (running >= 0), running, campaign),
        "ab_variant": _pick(next(u), words.VARIANT_SHARES),
        "coupon": _pick(next(u), words.COUPON_SHARES),
        "payment_method": _pick(next(u), words.PAYMENT_SHARES),
        "catalog": _pick(next(u), ("57", "38", "5")),
        "agent": (next(u) * len(words.AGENTS[shop.brand])).astype(np.int64),
        "taste": next(u),
    }


def _events(shop: _Shop, low: int, high: int) -> tuple[Columns, Columns]:
    """The events with low <= at < high, microseconds since 1970, by time, and their sessions.

    An event's "who" is the index of its session, its "slot" which of the session's products
    it is about.
    """
    days = [_day(shop, day) for day in range(low // DAY - LOOKBACK, (high - 1) // DAY + 1)]
    sessions, draws = (
        {name: np.concatenate([day[part][name] for day in days]) for name in days[0][part]}
        for part in (0, 1)
    )
    length = sessions["length"]
    who = np.repeat(np.arange(len(length)), length)
    after = np.cumsum(length)
    left = after[who] - 1 - np.arange(len(who))
    first = left == length[who] - 1
    pause = np.minimum(np.exp(3.3 + 1.15 * draws["pause"]), PAUSE)
    # Whole microseconds: their sums are exact, whatever day the summing starts with.
    at = np.cumsum(np.where(first, 0, pause * SECOND).astype(np.int64))
    at += (sessions["start"] - at[after - length])[who]
    kind, slot = _steps(sessions, who, left, first, draws)
    refunded = np.flatnonzero((kind == words.BUY) & (draws["pick"] < 0.06))
    delay = (4 + 44 * draws["slot"][refunded]) * HOUR
    row = np.concatenate([np.arange(len(who)), refunded])
    kind = np.concatenate([kind, np.full(len(refunded), words.REFUND)])
    at = np.concatenate([at, at[refunded] + delay.astype(np.int64)])
    kept = np.flatnonzero((at >= low) & (at < high))
    kept = kept[np.argsort(at[kept], kind="stable")]
    row = row[kept]
    events = {"who": who[row], "slot": slot[row], "kind": kind[kept], "at": at[kept]}
    return sessions, events | {
        name: draws[name][row] for name in ("number", "pick", "aside", "dwell")
    }


def _steps(
    sessions: Columns, who: Array, left: Array, first: Array, draws: Columns
) -> tuple[Array, Array]:
    """The kind and slot of each event: browsing and then, in some sessions, a funnel.

    The funnel ends the session: each product is viewed, then each is put into the cart, then
    comes the checkout and then each is bought. `left` counts the events still to come.
    """
    browsing = _pick(draws["kind"], words.BROWSING)
    browsing[first] = _pick(draws["kind"][first], words.LANDING)
    wandering = (6 * draws["slot"] ** 2).astype(np.int64)
    bought, carted = sessions["bought"][who], sessions["carted"][who]
    filled = bought + sessions["checkouts"][who]
    stages = [left < bought, left < filled, left < filled + carted, left < filled + 2 * carted]
    kind = np.select(stages, [words.BUY, words.CHECKOUT, words.CART, words.VIEW], browsing)
    return kind, np.select(stages, [left, 0, left - filled, left - filled - carted], wandering)


def _lines(shop: _Shop, sessions: Columns, who: Array, slot: Array) -> tuple[Array, Array, Array]:
    """The sku in each slot of a session, how many of it, and what they cost in cents.

    They follow from the session's taste, so that what is bought is what was viewed.
    """
    spread = sessions["taste"][who] + slot * GOLDEN
    sku = shop.ranking[_zipf(spread % 1, len(shop.ranking), 20)]
    quantity = 1 + _pick(spread * 1009 % 1, ("86", "11", "3"))
    percent = 100 - _numbers(words.PERCENTS)[sessions["coupon"][who]]
    return sku, quantity, np.rint(shop.cents[sku] * quantity * percent / 100)


def _measures(shop: _Shop, sessions: Columns, events: Columns) -> dict[str, pl.Series]:
    """The measures: euros, milliseconds, a relevance from 0 to 1, stars from 1 to 5."""
    who, kind, aside = events["who"], events["kind"], events["aside"]
    sku, quantity, cents = _lines(shop, sessions, who, events["slot"])
    value = np.where(kind == words.SEARCH, np.floor(180 * events["pick"] ** 2), 2.5)
    paying = np.flatnonzero(kind == words.CHECKOUT)
    value[paying] = 0
    for slot in range(3):
        costs = _lines(shop, sessions, who[paying], np.full(len(paying), slot))[2]
        value[paying] += np.where(slot < sessions["carted"][who[paying]], costs, 0)
    value[paying] /= 100
    numbers = {
        "value": (value, (words.SEARCH, words.CHECKOUT, words.SIGNUP)),
        "amount": (np.where(kind == words.REFUND, -cents, cents) / 100, (words.BUY, words.REFUND)),
        "price": (
            shop.cents[sku] / 100,
            (words.VIEW, words.CART, words.BUY, words.WISH, words.REFUND),
        ),
        "quantity": (quantity, (words.CART, words.BUY, words.REFUND)),
        "duration_ms": (
            words.MEDIAN_MS[kind] * np.exp(0.9 * events["dwell"]) // 1,
            (words.PAGE, words.SEARCH, words.VIEW, words.CHAT),
        ),
        "score": (np.round(aside**0.4, 3), (words.SEARCH, words.CHAT)),
        "rating": (1 + _pick(aside, ("5", "5", "11", "29", "50")), (words.REVIEW,)),
    }
    # Numbers this small come through floats exactly, and much faster.
    return {
        name: pl.Series(np.where(_among(kind, kinds), number, np.nan), nan_to_null=True).cast(
            MEASURE
        )
        for name, (number, kinds) in numbers.items()
    }


def _metadata(shop: _Shop, sessions: Columns, events: Columns, sku: Array) -> pl.Series:
    """The metadata: for each event its entries in the order of words.KEYS."""
    who, kind, pick = events["who"], events["kind"], events["pick"]
    phrases = len(shop.code["search_query"]) // 2
    english = np.array([not language.startswith("pt") for language in words.LANGUAGES])
    local = {
        "page": _zipf(pick, len(words.PAGES), 2),
        "search_query": _zipf(pick, phrases, 8) + phrases * english[sessions["country"][who]],
        "category": shop.category[sku],
        "brand_name": shop.maker[sku],
    }
    codes = np.empty((len(who), len(words.KEYS)), np.int32)
    for column, (key, kinds) in enumerate(words.KEYS.items()):
        code = shop.code[key][local[key] if key in local else sessions[key][who]]
        codes[:, column] = np.where(_among(kind, kinds), code, -1)
    held = codes >= 0
    row = pl.Series(np.repeat(np.arange(len(who)), held.sum(axis=1))).set_sorted()
    # Every event has a country, so every event gets its group.
    groups = shop.entries[codes[held]].with_columns(row=row).group_by("row", maintain_order=True)
    return groups.agg(pl.struct("key", "value").alias("all"))["all"].cast(EVENTS["metadata"])


def _frame(shop: _Shop, sessions: Columns, events: Columns) -> pl.DataFrame:
    """The events as a frame of schema EVENTS."""
    who, kind = events["who"], events["kind"]
    sku = _lines(shop, sessions, who, events["slot"])[0]
    product = np.where(_among(kind, words.PRODUCT), sku, -1)
    agent = np.where(_among(kind, (words.VIEW, words.CART, words.BUY)), sessions["agent"][who], -1)
    ids = _ids(shop, sessions)[who].with_columns(
        number=events["number"], letter=_named(["e"] * words.REFUND + ["r"], kind)
    )
    columns = {
        "event_id": ids.select(pl.concat_str("letter", "day", _padded("number"))).to_series(),
        "catalog_id": _named(words.CATALOGS, sessions["catalog"][who]),
        "event_type": _named(words.TYPES, kind),
        # A refund is made in the back office.
        "session_id": ids.select(pl.when(pl.col("letter") == "e").then("session")).to_series(),
        "product_id": _named([f"SKU-{i:05d}" for i in range(len(shop.ranking))], product),
        "agent_id": _named(words.AGENTS[shop.brand], agent),
        "customer_id": ids["customer"],
        "created_at": pl.Series(events["at"]).cast(EVENTS["created_at"]),
        **_measures(shop, sessions, events),
        "metadata": _metadata(shop, sessions, events, sku),
    }
    return pl.DataFrame(columns, schema=EVENTS)


def _ids(shop: _Shop, sessions: Columns) -> pl.DataFrame:
    """Of each session its day, as ids begin, its id and its customer's."""
    names = ("day", "number", "customer", "seen")
    brand = shop.brand + 1
    days = pl.col("day").cast(pl.Date).dt.strftime(f"%Y%m%d-{brand}-")
    session = pl.concat_str(pl.lit("s"), days, _padded("number"))
    customer = pl.concat_str(pl.lit(f"cust-{brand}-"), _padded("customer"))
    return pl.DataFrame({name: sessions[name] for name in names}).select(
        day=days,
        session=pl.when("seen").then(session),
        customer=pl.when(pl.col("customer") >= 0).then(customer),
    )


def _padded(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.zfill(6)


def _named(names: Sequence[str], codes: Array) -> pl.Series:
    return pl.Series([*names, None], dtype=pl.String).gather(codes)


def _among(kind: Array, kinds: Sequence[int]) -> Array:
    return np.isin(np.arange(len(words.TYPES)), kinds)[kind]
