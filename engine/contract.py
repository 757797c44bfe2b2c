"""The six fields of a request: one table that controls, parser, JSON Schema, URL and docs read."""

from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["texts", "text", "choice", "integer"]

KEY: Final = r"[a-z_][a-z0-9_]{0,62}"
DIMENSIONS: Final = ("none", "event_type", "session", "day", "hour", "product_id")
AGGREGATIONS: Final = ("count", "count_distinct", "sum", "avg")
MEASURES: Final = ("value", "amount", "price", "quantity", "duration_ms", "score", "rating")
IDS: Final = ("session_id", "product_id", "agent_id", "customer_id")
VALUE_FIELDS: Final = MEASURES + IDS
TIME_DIMENSIONS: Final = ("day", "hour")
NUMERIC_AGGREGATIONS: Final = ("sum", "avg")
METADATA: Final = "metadata."


@dataclass(frozen=True)
class Field:
    """One field of the request.

    `name` is at once attribute, JSON key, URL parameter and control key. `rule` ends the sentence
    "<value> is not ..."; `example` is the way out an error offers. Bounds are inclusive.
    """

    name: str
    kind: Kind
    label: str
    help: str
    rule: str
    example: str
    initial: Any
    required: bool = True
    nullable: bool = False
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_items: int | None = None

    def json_schema(self) -> dict[str, Any]:
        """This field as JSON Schema 2020-12."""
        bounds = {"minimum": self.minimum, "maximum": self.maximum, "maxItems": self.max_items}
        schema: dict[str, Any] = {k: v for k, v in bounds.items() if v is not None}
        pattern = {} if self.pattern is None else {"pattern": f"^{self.pattern}$"}
        if self.kind == "texts":
            schema |= {"type": "array", "items": {"type": "string"} | pattern}
        elif self.kind == "text":
            schema |= {"type": "string"} | pattern
        elif self.kind == "choice":
            schema |= {"type": "string", "enum": list(self.choices)}
        else:
            schema |= {"type": "integer"}
        if self.nullable:
            schema["type"] = [schema["type"], "null"]
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
        if not self.required and self.initial is not None:
            schema["default"] = self.initial
        return schema | {"title": self.label, "description": self.help}


FIELDS: Final = (
    Field(
        "event_types",
        "texts",
        "Event types",
        "Count only these types of event; leave it empty for all of them.",
        "a list of at most 50 event types (a-z, then 1 to 62 of a-z, 0-9, _) or null",
        '["agent_purchase"], or null for all events',
        initial=None,
        nullable=True,
        pattern=r"[a-z][a-z0-9_]{1,62}",
        max_items=50,
    ),
    Field(
        "group_by",
        "text",
        "Group by",
        "What splits events into rows: time, type, session, product or any metadata key.",
        "one of none, event_type, session, day, hour, product_id, or metadata.<key>"
        " (a key is a-z, 0-9, _, not starting with a digit, at most 63 long)",
        '"day" or "metadata.country"',
        initial="day",
        pattern=rf"(none|event_type|session|day|hour|product_id|metadata\.{KEY})",
    ),
    Field(
        "aggregation",
        "choice",
        "Aggregation",
        "Events, distinct sessions, or the sum or average of a number the events carry.",
        "one of count, count_distinct, sum, avg",
        '"count"',
        initial="count",
        choices=AGGREGATIONS,
    ),
    Field(
        "value_field",
        "choice",
        "Value field",
        "The number to add up or average. Needed for sum and avg, ignored otherwise.",
        "one of " + ", ".join(VALUE_FIELDS),
        '"amount"',
        initial=None,
        required=False,
        nullable=True,
        choices=VALUE_FIELDS,
    ),
    Field(
        "time_window_days",
        "integer",
        "Time window (days)",
        "How many times 24 hours to look back from now.",
        "a whole number from 1 to 365",
        "30",
        initial=30,
        minimum=1,
        maximum=365,
    ),
    Field(
        "limit",
        "integer",
        "Limit",
        "At most this many rows: the latest for time, the largest otherwise.",
        "a whole number from 1 to 1000",
        "100",
        initial=100,
        required=False,
        minimum=1,
        maximum=1000,
    ),
)


def json_schema(fields: tuple[Field, ...] = FIELDS) -> dict[str, Any]:
    """The request body as JSON Schema 2020-12."""
    return {
        "type": "object",
        "title": "AggregateRequest",
        "properties": {field.name: field.json_schema() for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
        "if": {
            "properties": {"aggregation": {"enum": list(NUMERIC_AGGREGATIONS)}},
            "required": ["aggregation"],
        },
        "then": {
            "properties": {"value_field": {"type": "string"}},
            "required": ["value_field"],
        },
    }
