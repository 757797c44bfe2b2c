"""Who may do what: members, brands, API keys, and what was done."""

from typing import Final

import streamlit as st

from engine.workspaces import permissions
from pages.ui import (
    admin_audit,
    admin_brands,
    admin_keys,
    admin_links,
    admin_members,
    door,
    visitor,
)
from pages.ui.words import say

COMMAND: Final = (
    "uv run python -m engine.workspaces.members add YOU@EXAMPLE.COM \\\n"
    "    --workspace ws_shop --role owner"
)


def main() -> None:
    who = door.enter("admin")
    st.markdown(f"## {say('Admin')}")
    if visitor.in_demo():
        st.info(
            say(
                "Demo mode: whoever reaches this computer is the owner of everything. Make the"
                " first account, and everybody has to sign in."
            ),
            icon=":material/lock_open:",
        )
        st.code(COMMAND, language="bash")
        return
    mine = [name for name in sorted(who.roles) if permissions.allows(who, "members.manage", name)]
    workspace = st.selectbox(say("Workspace"), mine, key="admin_workspace")
    tabs = st.tabs(
        [say("Members"), say("Brands"), say("API keys"), say("Share links"), say("Audit log")]
    )
    parts = (
        admin_members.show,
        admin_brands.show,
        admin_keys.show,
        admin_links.show,
        admin_audit.show,
    )
    for tab, show in zip(tabs, parts, strict=True):
        with tab:
            show(who, workspace)


main()
