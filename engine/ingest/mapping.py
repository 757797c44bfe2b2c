"""Which column of a file is which field of an event: a guess from names and values, and its use."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final

import polars as pl

from engine.contract import MEASURES
from engine.errors import Fault
from engine.ingest.metadata import text_of
from engine.ingest.normalise import FIELDS, NOT_METADATA, Normal, normalise
from engine.ingest.times import Dates, are_year_last, order_of, read_times, year_first
from engine.scope import UUID

OWN: Final = ("row", "fault")
"""Columns of a raw frame that are not the file's."""
EVENT_TYPE: Final = r"[a-z][a-z0-9_]{1,62}"

SYNONYMS: Final = {
    "event_id": "eventuuid eventuid uuid messageid insertid eventoid idevento",
    "event_type": "event type action name eventname activity activitytype interaction evento tipo"
    " tipoevento nomeevento acao",
    "created_at": "timestamp time when date datetime ts eventtime eventtimestamp eventdate"
    " occurredat occurred createdon created receivedat invoicedate orderdate transactiondate"
    " timestampms dataevento datahora criadoem horario data",
    "session_id": "session sid sessionuuid usersession visitid visit visitorid visitor anonymousid"
    " cookieid gasessionid fullvisitorid sessao idsessao visitante",
    "product_id": "product sku stockcode item itemid itemsku productsku productcode articleid"
    " article asin gtin ean variantid produto idproduto codigoproduto codproduto",
    "agent_id": "agent agentname bot botid assistantid agente idagente",
    "customer_id": "customer user userid uid client clientid memberid buyerid accountid shopperid"
    " cliente idcliente usuario idusuario",
    "catalog_id": "catalog cataloguuid catalogueid catalogo idcatalogo",
    "brand_id": "brand brandname branduuid marca idmarca",
    "value": "val eventvalue metricvalue",
    "amount": "revenue total totalamount totalprice orderamount ordertotal ordervalue grandtotal"
    " subtotal sales receita valortotal montante valor",
    "price": "unitprice itemprice productprice saleprice listprice preco precounitario"
    " valorunitario",
    "quantity": "qty units count itemcount quant quantidade qtd qtde",
    "duration_ms": "duration latency latencyms elapsedms responsetimems durationmillis duracao"
    " duracaoms",
    "score": "relevance relevancescore confidence similarity pontuacao",
    "rating": "stars starrating reviewrating avaliacao nota",
    "metadata": "properties props params attributes meta context eventproperties payload extra"
    " metadados propriedades atributos",
}
"""Names by which columns of other programs are called, as `simple` writes them, best first."""


@dataclass(frozen=True)
class Mapping:
    """fields: event field -> column of the file. What is in no field stays metadata.

    event_type: the type of every event, when no column says it. dates: how to read times whose
    dates end with their year; without it these are no times.
    """

    fields: dict[str, str] = field(default_factory=dict)
    event_type: str | None = None
    dates: Dates | None = None

    def faults(self) -> list[Fault]:
        """What keeps a file from being read like this."""
        found = [
            Fault(name[:80], "is not a field of an event; the fields are " + ", ".join(FIELDS))
            for name in self.fields
            if name not in FIELDS
        ]
        if "event_type" in self.fields:
            return found
        if not self.event_type:
            message = "Choose the column that says what happened, or give all rows one type."
            found.append(Fault("event_type", message))
        elif not re.fullmatch(EVENT_TYPE, self.event_type):
            message = (
                f"{self.event_type[:80]!a} is not an event type: a-z, then 1 to 62 of a-z, 0-9"
                " and _, as in agent_purchase."
            )
            found.append(Fault("event_type", message))
        return found

    def metadata(self, columns: Iterable[str]) -> list[str]:
        """The columns that become keys of the metadata."""
        taken = set(self.fields.values())
        return [name for name in columns if name not in taken and name not in UNUSED]


UNUSED: Final = NOT_METADATA - set(FIELDS)


def apply(frame: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Give the columns the names of the fields they are for.

    A column called like a field that another one is for, or none, becomes metadata under its name.
    """
    own = [pl.col(name) for name in OWN if name in frame.columns]
    # Not by pl.col, which takes a name such as "^a$" for a pattern.
    fields: list[pl.Series | pl.Expr] = [
        _values(frame[column], name, mapping.dates).alias(name)
        for name, column in mapping.fields.items()
        if column in frame.columns
    ]
    if mapping.event_type is not None and "event_type" not in mapping.fields:
        fields.append(pl.lit(mapping.event_type).alias("event_type"))
    aside = [
        frame[name].alias(f"{name} " if name in FIELDS else name)
        for name in mapping.metadata(frame.columns)
    ]
    return frame.select(*own, *fields, *aside)


def _values(column: pl.Series, name: str, dates: Dates | None) -> pl.Series:
    return column if dates is None or name != "created_at" else year_first(column, dates)


def preview(sample: pl.DataFrame, mapping: Mapping, arrival: datetime, brand: str | None) -> Normal:
    """What a sample of the file becomes."""
    return normalise(apply(sample, mapping), arrival, "preview", brand)


def guess(sample: pl.DataFrame) -> Mapping:
    """The likeliest mapping for columns of these names and values.

    A column of the field's own name is it, whatever it holds: what is wrong will be said of its
    rows. One of another name must hold what the field needs.
    """
    columns = {name: simple(name) for name in sample.columns if name not in UNUSED}
    found: dict[str, str] = {}
    for name in FIELDS:
        own = _first(columns, [simple(name)], found, lambda _: True)
        if own is not None:
            found[name] = own
    for name in FIELDS:
        if name not in found:
            other = _first(columns, SYNONYMS[name].split(), found, partial(_fits, sample, name))
            found |= {} if other is None else {name: other}
    if "created_at" not in found:
        # Better rows that are rejected with a reason than the time of the import for all of them.
        named = _first(columns, CLEARLY_TIMES, found, lambda c: sample[c].null_count() == 0)
        found |= {} if named is None else {"created_at": named}
    dates = order_of(sample[found["created_at"]]) if "created_at" in found else None
    return Mapping({name: found[name] for name in FIELDS if name in found}, dates=dates)


def simple(name: str) -> str:
    """A name without case, accents and everything that separates words."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[^a-z0-9]+", "", plain)


def _fits(sample: pl.DataFrame, name: str, column: str) -> bool:
    return FITS.get(name, _holds_texts)(sample[column])


def _first(
    columns: dict[str, str],
    names: Iterable[str],
    taken: dict[str, str],
    fits: Callable[[str], bool],
) -> str | None:
    free = {key: column for column, key in reversed(columns.items()) if column not in _used(taken)}
    return next((free[name] for name in names if name in free and fits(free[name])), None)


def _used(taken: dict[str, str]) -> set[str]:
    return set(taken.values())


def _holds_times(column: pl.Series) -> bool:
    values = column.drop_nulls().head(50)
    times, missing = read_times(values, datetime.now(UTC))
    return bool((times.is_not_null() & ~missing).any()) or are_year_last(values)


def _holds_numbers(column: pl.Series) -> bool:
    if column.dtype.is_numeric():
        return True
    numbers = text_of(column).drop_nulls().str.strip_chars().cast(pl.Float64, strict=False)
    return len(numbers) > 0 and numbers.null_count() <= len(numbers) // 2


def _holds_uuids(column: pl.Series) -> bool:
    texts = text_of(column).drop_nulls().str.to_lowercase()
    return len(texts) > 0 and bool(texts.str.contains(f"^{UUID}$").all())


def _holds_objects(column: pl.Series) -> bool:
    if isinstance(column.dtype, pl.Struct | pl.Map):
        return True
    texts = text_of(column).drop_nulls().str.strip_chars()
    return len(texts) > 0 and bool(texts.str.contains(r"^\{").all())


def _holds_texts(column: pl.Series) -> bool:
    return column.null_count() < max(1, len(column)) and not _holds_objects(column)


def _holds_types(column: pl.Series) -> bool:
    """Words, few of them: a number or every row its own is the name of something else."""
    texts = text_of(column).drop_nulls()
    few = texts.n_unique() <= max(5, len(texts) // 2)
    return _holds_texts(column) and few and not _holds_numbers(column)


FITS: Final[dict[str, Callable[[pl.Series], bool]]] = {
    "event_type": _holds_types,
    "created_at": _holds_times,
    "catalog_id": _holds_uuids,
    "brand_id": _holds_uuids,
    "metadata": _holds_objects,
    **dict.fromkeys(MEASURES, _holds_numbers),
}
CLEARLY_TIMES: Final = tuple(
    name
    for name in SYNONYMS["created_at"].split()
    if name not in ("data", "created", "occurred", "ts", "horario", "when")
)
