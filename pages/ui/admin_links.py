"""The share links of a workspace."""

from typing import Final

import streamlit as st

from engine.scope import Identity
from engine.workspaces.links import ShareLink
from pages.ui import link_rows, session, told
from pages.ui.words import say

FORM: Final = "links"


def show(who: Identity, workspace: str) -> None:
    told.show(FORM)
    links = session.share_links().of_workspace(who, workspace)
    if not links:
        st.caption(say("Nothing is shared by link yet."))
    names = {
        head.id: head.name
        for brand in sorted({link.scope.brand_id for link in links})
        for head in session.dashboards().list(workspace, brand, who.subject)
    }

    def name(link: ShareLink) -> str:
        dashboard = names.get(link.dashboard_id, say("A deleted dashboard"))
        return dashboard if link.is_whole else say("A widget of {name}", name=dashboard)

    link_rows.show(links, FORM, name)
