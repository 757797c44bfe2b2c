"""Dashboards as rows of the metadata database."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.database.instants import instant, kept
from engine.database.tables import dashboard_readers, dashboard_revisions, dashboards, widgets
from engine.workspaces.widget import Dashboard, Draft, Listed, Position, Widget


def packed(value: Any) -> str:
    """JSON in ASCII, with its members in the order in which they came."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def upsert(
    connection: Connection,
    table: Any,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    over: ColumnElement[bool] | None = None,
) -> bool:
    """Give the row of this key these values, whether or not it is there.

    over: what has to be so of the row that is there, else it stays and False is returned.
    """
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values({**key, **values})
    upserted = statement.on_conflict_do_update(
        index_elements=list(key), set_=dict(values), where=over
    )
    counting = {"preserve_rowcount": True}
    return connection.execute(upserted, execution_options=counting).rowcount > 0


def of_brand(workspace: str, brand: str) -> ColumnElement[bool]:
    return and_(dashboards.c.workspace_id == workspace, dashboards.c.brand_id == brand.lower())


def read(connection: Connection, where: ColumnElement[bool]) -> Dashboard | None:
    """The one dashboard with its widgets, in one statement: nobody's save comes between."""
    joined = dashboards.outerjoin(widgets, widgets.c.dashboard_id == dashboards.c.id)
    columns = [c.label(f"widget_{c.name}") for c in widgets.c]
    rows = connection.execute(select(*dashboards.c, *columns).select_from(joined).where(where))
    found = rows.all()
    return dashboard_of(found[0], map(_widget, found)) if found else None


def dashboard_of(row: Row[Any], parts: Iterable[Widget | None]) -> Dashboard:
    there = [widget for widget in parts if widget is not None]
    return Dashboard(
        **_common(row),
        widgets=in_order(there),
    )


def in_order(parts: Iterable[Widget]) -> tuple[Widget, ...]:
    return tuple(sorted(parts, key=lambda w: (w.position.y, w.position.x, w.id)))


def listing(subject: str) -> Select[Any]:
    """What `listed` reads of every dashboard, as this person sees them."""
    count = (
        select(func.count())
        .select_from(widgets)
        .where(widgets.c.dashboard_id == dashboards.c.id)
        .scalar_subquery()
    )
    reader = and_(
        dashboard_readers.c.dashboard_id == dashboards.c.id,
        dashboard_readers.c.subject == subject,
    )
    return select(
        *dashboards.c,
        count.label("widget_count"),
        dashboard_readers.c.favourite,
        dashboard_readers.c.opened_at,
    ).select_from(dashboards.outerjoin(dashboard_readers, reader))


def listed(row: Row[Any]) -> Listed:
    return Listed(
        **_common(row),
        widget_count=row.widget_count,
        favourite=bool(row.favourite),
        opened_at=instant(row.opened_at),
        deleted_at=instant(row.deleted_at),
    )


def dashboard_row(dashboard: Dashboard) -> dict[str, Any]:
    same = ("id", "workspace_id", "brand_id", "slug", "name", "description", "created_by")
    return {
        **{name: getattr(dashboard, name) for name in (*same, "version")},
        "layout": packed(dict(dashboard.layout)),
        "created_at": kept(dashboard.created_at),
        "updated_at": kept(dashboard.updated_at),
    }


def draft(row: Row[Any]) -> Draft:
    return Draft(row.version, json.loads(row.widgets), instant(row.at))


def add_widgets(connection: Connection, dashboard: str, parts: Sequence[Widget]) -> None:
    if parts:
        rows = [{"dashboard_id": dashboard, **widget_row(widget)} for widget in parts]
        connection.execute(insert(widgets), rows)


def widget_row(widget: Widget) -> dict[str, Any]:
    return {
        "id": widget.id,
        "widget_type": widget.widget_type,
        **widget.position.to_dict(),
        "config": packed(dict(widget.config)),
        "created_at": kept(widget.created_at),
        "updated_at": kept(widget.updated_at),
    }


def add_revision(connection: Connection, dashboard: Dashboard, by: str) -> None:
    connection.execute(
        insert(dashboard_revisions).values(
            dashboard_id=dashboard.id,
            number=dashboard.version,
            at=kept(dashboard.updated_at),
            by=by,
            name=dashboard.name,
            description=dashboard.description,
            widget_count=len(dashboard.widgets),
            widgets=packed([widget_row(widget) for widget in dashboard.widgets]),
        )
    )


def widgets_of_revision(text: str) -> tuple[Widget, ...]:
    return in_order(_widget_of(row) for row in json.loads(text))


def _widget(row: Row[Any]) -> Widget | None:
    if row.widget_id is None:
        return None
    return _widget_of({c.name: getattr(row, f"widget_{c.name}") for c in widgets.c})


def _widget_of(row: Mapping[str, Any]) -> Widget:
    return Widget(
        id=row["id"],
        widget_type=row["widget_type"],
        position=Position(row["x"], row["y"], row["w"], row["h"]),
        config=json.loads(row["config"]),
        created_at=instant(row["created_at"]),
        updated_at=instant(row["updated_at"]),
    )


def _common(row: Row[Any]) -> dict[str, Any]:
    names = ("id", "workspace_id", "brand_id", "slug", "name", "description", "created_by")
    return {
        **{name: getattr(row, name) for name in (*names, "version")},
        "layout": json.loads(row.layout),
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    }
