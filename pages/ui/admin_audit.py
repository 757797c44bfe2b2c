"""What was done in a workspace, the newest first."""

import streamlit as st

from engine.scope import Identity
from engine.workspaces import permissions
from pages.ui import visitor
from pages.ui.tables import names, table
from pages.ui.words import say


def show(who: Identity, workspace: str) -> None:
    permissions.check(who, "audit.view", workspace)
    people = visitor.people()
    entries = people.audit.of(workspace)
    known = people.accounts.labels({entry.actor for entry in entries})
    table(
        "audit",
        names(say("When (UTC)"), (f"{entry.at:%Y-%m-%d %H:%M:%S}" for entry in entries)),
        names(say("Who"), (known.get(entry.actor, entry.actor) for entry in entries)),
        names(say("What"), (entry.action for entry in entries)),
        names(say("Whom or what"), (entry.object for entry in entries), large=True),
        names(say("From"), (entry.address for entry in entries)),
    )
    if not entries:
        st.caption(say("Nothing was done yet."))
