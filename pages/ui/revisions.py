"""What a dashboard was: every version, what changed with it, and the way back."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from engine import Scope, VitrineError
from engine.workspaces.widget import Dashboard, Revision, Widget
from pages.ui import preview, session, text
from pages.ui.faults import beside
from pages.ui.numbers import written
from pages.ui.words import both, say

SHOWN: Final = 30
"""So many of the latest are offered at first, and more with each press."""
NAMED: Final = 4
"""Titles that are named of what was added, taken away or changed; the others are counted."""
CHOSEN: Final = "revision"
LIMIT: Final = "revisions_shown"
FORM: Final = "revisions"
Restored = Callable[[Dashboard], None]


def open(dashboard: Dashboard, scope: Scope, on_restored: Restored) -> None:
    """Show the dialog in this run of the page.

    on_restored: gets the dashboard as it then is; after it the page runs again.
    """
    session.say_of(FORM, {})
    session.put_controls({CHOSEN: dashboard.version, LIMIT: SHOWN})
    st.dialog(say("Revisions"), width="large", icon=":material/history:")(_dialog)(
        dashboard, scope, on_restored
    )


def _dialog(dashboard: Dashboard, scope: Scope, on_restored: Restored) -> None:
    here = (scope.workspace_id, scope.brand_id, dashboard.id)
    there = session.dashboards().revisions(*here)
    limit = int(session.control(LIMIT, SHOWN))
    versions = {one.number: one for one in there[:limit]}
    st.caption(text.for_markdown(dashboard.name))
    left, right = st.columns([1, 1.15], gap="large")
    with left, st.container(height=430, border=False, key="revisions_list"):
        number = st.radio(
            say("Versions, the latest first"),
            list(versions),
            format_func=lambda number: _label(versions[number]),
            captions=[_who(one) for one in versions.values()],
            key=CHOSEN,
        )
        if len(there) > limit:
            more = {LIMIT: limit + SHOWN}
            st.button(
                say("Show more"), key="more_revisions", on_click=session.put_controls, args=(more,)
            )
    with right:
        if number is not None:
            _version(dashboard, scope, number, there, on_restored)


def _label(revision: Revision) -> str:
    """Streamlit knows options by their labels: no two are the same."""
    at = f"{revision.at:%Y-%m-%d %H:%M} UTC"
    return text.for_markdown(say("Version {n}, {at}", n=written(revision.number), at=at))


def _who(revision: Revision) -> str:
    age = text.age(max((datetime.now(UTC) - revision.at).total_seconds(), 0))
    count = both("{n} widget", "{n} widgets", revision.widget_count, n=revision.widget_count)
    return text.for_markdown(f"{age} · {revision.by} · {count}")


def _version(
    dashboard: Dashboard,
    scope: Scope,
    number: int,
    there: Sequence[Revision],
    on_restored: Restored,
) -> None:
    """What was then, what had changed, and the button that brings it back."""
    here = (scope.workspace_id, scope.brand_id, dashboard.id)
    dashboards = session.dashboards()
    then = dashboards.revision(*here, number)
    kept = {one.number for one in there}
    before = dashboards.revision(*here, number - 1) if number - 1 in kept else None
    st.markdown(f"**{text.for_markdown(then.name)}**")
    st.markdown("\n".join(f"- {text.for_markdown(line)}" for line in changes(before, then)))
    st.html(preview.small([widget.to_raw() for widget in then.widgets]))
    with st.expander(both("{n} widget", "{n} widgets", len(then.widgets), n=len(then.widgets))):
        st.markdown("\n".join(f"- {text.for_markdown(title_of(w))}" for w in then.widgets))
    beside(session.said_of(FORM), "")
    if number == max(kept):
        st.caption(say("This is what the dashboard is now."))
        return
    _restore(dashboard, scope, number, on_restored)


def _restore(dashboard: Dashboard, scope: Scope, number: int, on_restored: Restored) -> None:
    """Not over what somebody saved since the dashboard was read."""
    restore = st.button(
        say("Restore this version"),
        type="primary",
        key="restore_revision",
        icon=":material/history:",
    )
    st.caption(say("A new version; what is there now stays among the revisions."))
    if restore:
        here = (scope.workspace_id, scope.brand_id, dashboard.id)
        try:
            made = session.saving(scope).restore_revision(
                *here, number, session.identity().subject, version=dashboard.version
            )
        except VitrineError as error:
            session.say_of(FORM, {"": error.message})
            st.rerun(scope="fragment")
        on_restored(made)
        st.rerun()


def changes(before: Dashboard | None, after: Dashboard) -> list[str]:
    """What a version changed, a line for each kind of change."""
    if before is None:
        return [say("The first version that is kept.")]
    old = {widget.id: widget for widget in before.widgets}
    new = {widget.id: widget for widget in after.widgets}
    pairs = [(old[id], new[id]) for id in new if id in old]
    added = titles(widget for id, widget in new.items() if id not in old)
    removed = titles(widget for id, widget in old.items() if id not in new)
    changed = titles(b for a, b in pairs if (a.widget_type, a.config) != (b.widget_type, b.config))
    moved = titles(b for a, b in pairs if a.position != b.position)
    lines = [
        say("Added: {titles}", titles=added) if added else "",
        say("Removed: {titles}", titles=removed) if removed else "",
        say("Changed: {titles}", titles=changed) if changed else "",
        say("Moved: {titles}", titles=moved) if moved else "",
        say("Renamed from {name}", name=before.name) if before.name != after.name else "",
        say("Another description") if before.description != after.description else "",
    ]
    return [line for line in lines if line] or [say("Nothing that can be seen")]


def titles(widgets: Iterable[Widget]) -> str:
    """The first of them by name, and how many more there are."""
    there = list(widgets)
    named = [title_of(widget) for widget in there[:NAMED]]
    more = len(there) - NAMED
    return ", ".join([*named, *([say("{n} more", n=written(more))] if more > 0 else [])])


def title_of(widget: Widget) -> str:
    return widget.title or say("A widget without a title")
