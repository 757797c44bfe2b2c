"""Edit mode: steps of a draft, and what becomes of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from engine import Scope, VitrineError
from engine.workspaces.parse import NAME_LENGTH, TITLE_LENGTH
from engine.workspaces.slug import free_slug
from engine.workspaces.widget import Dashboard
from pages.ui import session
from pages.ui.grid.draft import Draft, State, state_of
from pages.ui.grid.place import Widget, place_of, title_of
from pages.ui.words import say

KEPT: Final = "kept_draft"
"""What is said of the keeping of drafts."""
SIZES: Final = {"counter": (6, 1), "funnel": (8, 3), "table": (8, 3), "top_n": (8, 3)}
"""Columns and rows that a new widget of a type gets."""
USUAL_SIZE: Final = (12, 3)


def state(dashboard: Dashboard) -> State:
    widgets = tuple(widget.to_raw() for widget in dashboard.widgets)
    return State(dashboard.name, dashboard.description, widgets)


def copied(draft: Draft, scope: Scope) -> Dashboard:
    """What a draft is now as a dashboard of its own. Raises VitrineError."""
    subject = session.identity().subject
    where = (scope.workspace_id, scope.brand_id)
    name = say("{title} (copy)", title=draft.now.name)[:NAME_LENGTH]
    taken = {one.slug for one in session.dashboards().list(*where, subject)}
    raw = draft.raw() | {"name": name, "slug": free_slug(name, taken)}
    raw["widgets"] = [{**widget, "id": str(uuid4())} for widget in raw["widgets"]]
    return session.saving(scope).create(*where, subject, raw)


class Editing:
    """The draft of one dashboard by one person: in the session, and kept by the store."""

    def __init__(self, dashboard: Dashboard, scope: Scope) -> None:
        self.dashboard = dashboard
        self.scope = scope
        self.id = dashboard.id
        self._subject = session.identity().subject

    @property
    def draft(self) -> Draft | None:
        return session.draft_of(self.id)

    @property
    def saved_state(self) -> State:
        return state(self.dashboard)

    def begin(self) -> Draft:
        """The draft that there is, also that of an earlier visit; else a new one."""
        if self.draft is None:
            self.go_on()
        draft = self.draft
        if draft is None:
            now = state(self.dashboard)
            draft = Draft(self.dashboard.version, now, now, datetime.now(UTC))
            session.keep_draft_of(self.id, draft)
        return draft

    def left_behind(self) -> datetime | None:
        """When edits were made that an earlier visit did not save; None without any."""
        if self.draft is not None:
            return None
        kept = session.dashboards().draft(self._subject, self.id)
        return None if kept is None or state_of(kept.widgets) is None else kept.at

    def go_on(self) -> None:
        """Take up what was left behind."""
        kept = session.dashboards().draft(self._subject, self.id)
        found = None if kept is None else state_of(kept.widgets)
        if kept is None or found is None:
            return
        saved = self._version(kept.version)
        draft = Draft(kept.version, saved, saved, kept.at, kept=kept.at)
        session.keep_draft_of(self.id, draft.step(found, kept.at))

    def _version(self, number: int) -> State:
        try:
            where = (self.scope.workspace_id, self.scope.brand_id, self.id)
            return state(session.dashboards().revision(*where, number))
        except VitrineError:
            return state(self.dashboard)

    def step(self, change: Callable[[State], State]) -> None:
        draft = self.begin()
        self._keep(draft.step(change(draft.now), datetime.now(UTC)))

    def move(self, places: Sequence[Mapping[str, Any]], serial: int) -> None:
        session.keep_moves_of(self.id, serial)
        self.step(lambda now: now.moved(places))

    def rename(self, name: str, description: str | None) -> None:
        self.step(lambda now: replace(now, name=name, description=description))

    def undo(self) -> None:
        self._keep(self.begin().undo())

    def redo(self) -> None:
        self._keep(self.begin().redo())

    def put_widget(self, raw: Widget) -> None:
        """A new widget goes where there is room, a known one stays where it is."""

        def put(now: State) -> State:
            known = now.find(raw.get("id") or "")
            if known is not None:
                return now.with_widget({**raw, "position": known["position"]})
            size = place_of(raw)
            place = now.free_place(size["w"], size["h"])
            return now.with_widget({**raw, "id": str(uuid4()), "position": place})

        self.step(put)

    def duplicate(self, widget: Widget) -> None:
        def put(now: State) -> State:
            place = place_of(widget)
            config = dict(widget["config"])
            config["title"] = say("{title} (copy)", title=title_of(widget) or say("Untitled"))
            config["title"] = config["title"][:TITLE_LENGTH]
            copy = {
                "id": str(uuid4()),
                "widget_type": widget["widget_type"],
                "position": now.free_place(place["w"], place["h"]),
                "config": config,
            }
            return now.with_widget(copy)

        self.step(put)

    def remove(self, widget: Widget) -> None:
        self.step(lambda now: now.without(widget["id"]))

    def save(self) -> Dashboard:
        """Raises PreconditionFailed when somebody else saved in the meantime."""
        draft = self.begin()
        where = (self.scope.workspace_id, self.scope.brand_id, self.id)
        saved = session.saving(self.scope).put(
            *where, self._subject, draft.raw(), version=draft.version, adopt=True
        )
        self.end()
        return saved

    def save_copy(self) -> Dashboard:
        """The draft as a dashboard of its own; this one stays what it is."""
        made = copied(self.begin(), self.scope)
        self.end()
        return made

    def end(self) -> None:
        """The draft is saved or thrown away; another tab's stays."""
        draft = self.draft
        session.keep_draft_of(self.id, None)
        session.say_of(KEPT, {})
        if draft is not None and draft.kept is not None:
            # What cannot be forgotten now is offered again, which loses nothing.
            with suppress(VitrineError):
                session.dashboards().drop_draft(self._subject, self.id, draft.kept)

    def drop(self) -> None:
        """What was left behind is not wanted."""
        session.dashboards().drop_draft(self._subject, self.id)

    def _keep(self, draft: Draft) -> None:
        """Where the store cannot keep it, the tab still has it, and says so."""
        session.keep_draft_of(self.id, draft)
        try:
            session.keep_draft_of(self.id, replace(draft, kept=self._kept(draft)))
        except VitrineError as error:
            session.say_of(KEPT, {"": error.message})
        else:
            session.say_of(KEPT, {})

    def _kept(self, draft: Draft) -> datetime | None:
        """When the store has it; None once there is nothing to keep."""
        store = session.dashboards()
        if draft.changed:
            return store.keep_draft(
                self._subject, self.id, draft.version, draft.parts(), draft.kept
            )
        if draft.kept is not None:
            store.drop_draft(self._subject, self.id, draft.kept)
        return None
