"""What each person keeps of dashboards: favourites, when they were opened, unsaved edits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from threading import Lock
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from engine.database.instants import MICROSECOND, kept
from engine.database.tables import dashboard_drafts, dashboard_readers
from engine.errors import Conflict, Fault, InvalidRequest, NotFound, Unavailable
from engine.workspaces import stored
from engine.workspaces.widget import Draft

DRAFT_BYTES: Final = 2 << 20


class Readers:
    """Asks for ids only: whoever calls has looked whether the dashboard is open to the person."""

    def __init__(self, database: Engine, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._alone: AbstractContextManager[Any] = (
            Lock() if database.dialect.name == "sqlite" else nullcontext()
        )

    def favour(self, subject: str, id: str, on: bool) -> None:
        """Raises NotFound."""
        self._keep(dashboard_readers, subject, id, {"favourite": on})

    def opened(self, subject: str, id: str) -> None:
        """Remember when this person opened it last. Raises NotFound."""
        self._keep(dashboard_readers, subject, id, {"opened_at": kept(self._clock())})

    def keep_draft(
        self,
        subject: str,
        id: str,
        version: int,
        widgets_raw: Sequence[Any],
        after: datetime | None = None,
    ) -> datetime:
        """Keep edits that are not saved, valid or not, and tell when that was.

        after: when the draft that these edits go on from was kept. Raises Conflict when another
        one is there, as a second tab's; NotFound and InvalidRequest.
        """
        try:
            text = stored.packed([*widgets_raw])
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidRequest([Fault("widgets", f"are not JSON ({error}).")]) from error
        if len(text) > DRAFT_BYTES:
            rule = f"have {len(text):,} bytes, more than the {DRAFT_BYTES:,} of a draft."
            raise InvalidRequest([Fault("widgets", rule)])
        # Never the same twice, however coarse the clock is: it tells drafts apart.
        at = max([self._clock(), *([] if after is None else [after + MICROSECOND])])
        values = {"version": version, "widgets": text, "at": kept(at)}
        if not self._keep(
            dashboard_drafts, subject, id, values, dashboard_drafts.c.at == kept(after)
        ):
            raise Conflict(
                "Another tab of yours keeps its changes of this dashboard. Save them or throw them"
                " away there first."
            )
        return at

    def draft(self, subject: str, id: str) -> Draft | None:
        with self._transaction() as connection:
            row = connection.execute(
                select(dashboard_drafts).where(_own(dashboard_drafts, subject, id))
            ).one_or_none()
        return None if row is None else stored.draft(row)

    def drop_draft(self, subject: str, id: str, at: datetime | None = None) -> None:
        """at: only the one that was kept then."""
        own = _own(dashboard_drafts, subject, id)
        with self._transaction() as connection:
            connection.execute(
                delete(dashboard_drafts).where(
                    own if at is None else and_(own, dashboard_drafts.c.at == kept(at))
                )
            )

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            # SQLite lets one in at a time and does not queue: in a crowd some would never get in.
            with self._alone, self._database.begin() as connection:
                yield connection
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            message = "Dashboards cannot be read or saved now; try again in a moment."
            raise Unavailable(message, retry_after=5) from error

    def _keep(
        self,
        table: Any,
        subject: str,
        id: str,
        values: Mapping[str, Any],
        over: ColumnElement[bool] | None = None,
    ) -> bool:
        """Whether it was kept; over: only what is so is overwritten."""
        with self._transaction() as connection:
            try:
                key = {"subject": subject, "dashboard_id": id.lower()}
                return stored.upsert(connection, table, key, values, over)
            except IntegrityError:
                raise not_found(id) from None


def _own(table: Any, subject: str, id: str) -> ColumnElement[bool]:
    return and_(table.c.subject == subject, table.c.dashboard_id == id.lower())


def not_found(id: str) -> NotFound:
    """The same for what is not there and what is not open."""
    return NotFound(f"There is no dashboard {id[:80]!a} in this brand; list those there are.")
