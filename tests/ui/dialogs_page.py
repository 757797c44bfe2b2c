"""What is in a dialog that was opened when a dashboard was at version 2."""

from dataclasses import replace

from engine import Scope, process
from engine.demo.words import BRANDS, WORKSPACE
from pages.ui import revisions, session, shelf

HERE = (WORKSPACE, BRANDS[0])

kind, dashboard = session.control("opened")
if kind == "revisions":
    session.put_controls({revisions.CHOSEN: 1})
    seen = process().dashboards.revision(*HERE, dashboard, 2)
    revisions._dialog(seen, Scope(*HERE), lambda _: None)
else:
    session.put_controls({"rename_name": "Mine"})
    there = process().dashboards.list(*HERE, "demo")
    one = next(one for one in there if one.id == dashboard)
    shelf._rename(replace(one, version=2), Scope(*HERE))
