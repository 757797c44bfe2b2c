"""The controls alone, as a page."""

from engine import Inventory
from engine.request import examine
from pages.ui import address
from pages.ui.controls import Offer, request_controls
from tests.ui.wider import WIDER

address.read(WIDER)
body = address.body(WIDER)
address.write(body, address.seen(), WIDER)
nothing = Inventory(0, None, None, {}, {}, {})
request_controls(Offer(nothing, None), body, examine(body, WIDER)[1], WIDER)
