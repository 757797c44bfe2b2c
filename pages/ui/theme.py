"""Logo, icon, and the little CSS that Streamlit's own theme cannot say."""

from pathlib import Path
from typing import Final, Literal

import streamlit as st

Visibility = Literal["visible", "hidden"]

ICON = (
    "data:image/svg+xml,"
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='8' fill='%234f46e5'/%3E"
    "%3Cpath d='M9 22v-6M16 22V10M23 22v-9' stroke='white' stroke-width='3.5'"
    " stroke-linecap='round'/%3E%3C/svg%3E"
)
LOGO = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 116 32' role='img' aria-label='Vitrine'>"
    "<rect width='32' height='32' rx='8' fill='#4f46e5'/>"
    "<path d='M9 22v-6M16 22V10M23 22v-9' stroke='white' stroke-width='3.5'"
    " stroke-linecap='round'/>"
    "<text x='42' y='22.5' font-family='Inter, sans-serif' font-size='18' font-weight='700'"
    " fill='#6366f1'>Vitrine</text></svg>"
)
# Runs the page again when the viewer's system turns dark or light.
_FOLLOW: Final = st.components.v2.component(
    "follow", js=(Path(__file__).parent / "theme.js").read_text()
)
CSS = """
<style>
.stElementContainer.st-key-follow { display: none; }
[class*="st-key-card_"] {
  background: light-dark(#ffffff, #151b2e);
  border: 1px solid light-dark(#dfe4ee, #27304a);
  border-radius: .75rem; padding: 1.1rem 1.25rem;
  box-shadow: 0 1px 2px light-dark(rgb(15 23 42 / .05), rgb(0 0 0 / .3));
}
[class*="st-key-card_"] [data-testid="stMetricValue"] { font-size: 1.4rem; font-weight: 650; }
.st-key-card_sign_in [data-testid="stForm"] { border: 0; padding: 0; }
.st-key-account { position: fixed; top: .55rem; right: 1rem; width: auto; z-index: 999991; }
[class*="st-key-card_fact_"] { padding: .9rem 1rem; height: 100%; }
.st-key-connect summary { opacity: 1; }
.st-key-connect summary p { font-size: 1.05rem; }
[data-testid="stBaseButton-primary"], [data-testid="stBaseButton-primary"]:hover,
[data-testid="stMultiSelect"] [data-tag] * { color: light-dark(#ffffff, #0a0f1e); }
[data-testid="stBaseButton-primary"]:hover { background: light-dark(#4338ca, #a5b4fc); }
.st-key-windows button, .st-key-drawer_windows button { padding: .1rem .6rem; min-height: 2rem; }
.st-key-card_chart h3 { padding-bottom: 0; }
.st-key-card_controls, .st-key-card_chart { gap: .9rem; }
div.number { font-size: clamp(2.2rem, 7vw, 3.6rem); font-weight: 680; line-height: 1.15;
  letter-spacing: -.02em; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.beside { display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; align-items: center; }
.change { padding: .1rem .55rem; border-radius: 1rem; font-weight: 600; font-size: .9rem;
  color: light-dark(#334155, #cbd5e1); background: light-dark(#eef1f7, #27304a); }
.change.up { color: light-dark(#166534, #86efac); background: light-dark(#dcfce7, #14331f); }
.change.down { color: light-dark(#991b1b, #fca5a5); background: light-dark(#fee2e2, #3f1d1d); }
.st-key-toolbar button { padding-inline: .65rem; }
.languages { display: flex; flex-direction: column; gap: .8rem; }
.languages a { color: inherit; font-size: 1rem; }
/* Plotly reads a width to three decimals, and draws again when it hears of the others. */
[data-testid="stFullScreenFrame"]:has(> .stPlotlyChart) { width: round(down, 100%, 1px); }
/* Plotly selects points, no slices: see charts/parts.py. */
.pielayer .surface { pointer-events: none !important; }
.quiet { color: light-dark(#475569, #a3b0c6); font-size: .9rem; }
.meter { width: min(20rem, 100%); height: .5rem; border-radius: .25rem; overflow: hidden;
  background: light-dark(#e5e9f2, #27304a); }
.meter i { display: block; height: 100%; background: light-dark(#4f46e5, #818cf8); }
[class*="st-key-neighbour_"] { background: light-dark(#ffffff, #151b2e);
  border: 1px solid light-dark(#dfe4ee, #27304a); border-radius: .65rem; padding: .7rem .8rem; }
div.number.small { font-size: 1.5rem; }
[class*="st-key-neighbour_"] { min-height: 7.4rem; }
[class*="st-key-neighbour_"]:hover { border-color: light-dark(#4f46e5, #818cf8); }
[class*="st-key-neighbour_"] button { justify-content: flex-start; text-align: left;
  min-height: 1.6rem; padding: 0; }
.thumb { border-radius: .5rem; overflow: hidden; border: 1px solid light-dark(#e5e9f2, #27304a);
  background: light-dark(#f3f5fa, #0d1324); padding: .2rem; }
.facts { color: light-dark(#475569, #a3b0c6); font-size: .85rem; margin: 0; }
[class*="st-key-card_dashboard_"], [class*="st-key-card_template_"] { padding: .8rem .9rem; }
[class*="st-key-card_dashboard_"]:hover, [class*="st-key-card_template_"]:hover {
  border-color: light-dark(#4f46e5, #818cf8); }
[class*="st-key-card_template_"] > :last-child { margin-top: auto; }
[class*="st-key-card_dashboard_"] { position: relative; }
[class*="st-key-card_dashboard_"] a::after { content: ""; position: absolute; inset: 0; }
[class*="st-key-card_dashboard_"] [class*="st-key-shelf_name_"] > * { position: static; }
[class*="st-key-shelf_star_"], [class*="st-key-shelf_menu_"] { z-index: 1; }
[class*="st-key-shelf_star_"] button [data-testid="stMarkdownContainer"],
[class*="st-key-shelf_menu_"] button [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
[class*="st-key-shelf_menu_"] button > div > [aria-hidden="true"] { display: none; }
[class*="st-key-shelf_favourite_"] [data-testid="stIconMaterial"] {
  color: light-dark(#b45309, #fbbf24); font-variation-settings: "FILL" 1; }
.st-key-import { margin-left: auto; }
[class*="st-key-shelf_name_"] { min-width: 0; flex: 1 1 auto; }
[class*="st-key-shelf_name_"] [data-testid="stPageLink-NavLink"] { padding-inline: 0; }
[class*="st-key-shelf_name_"] [data-testid="stPageLink-NavLink"] p { font-weight: 620;
  font-size: 1.02rem; }
.st-key-card_shelf { padding: .3rem 1rem; }
[class*="st-key-row_dashboard_"] { padding: .45rem 0; }
.st-key-card_shelf > :not(:first-child) {
  border-top: 1px solid light-dark(#e9edf5, #222b42); }
.st-key-search { flex: 1 1 14rem; max-width: 26rem; }
.st-key-drawer_controls { display: grid; grid-template-columns: 1fr 1fr; gap: .7rem 1rem; }
.st-key-drawer_controls > * { grid-column: 1 / -1; min-width: 0; }
.st-key-drawer_controls > .st-key-drawer_group_by,
.st-key-drawer_controls > .st-key-drawer_aggregation { grid-column: auto; }
.st-key-drawer_widget_type button { padding-inline: .55rem; flex: 1 1 auto; }
.st-key-drawer_widget_type button p { font-size: .82rem; }
.st-key-card_preview { padding: .8rem .9rem; }
[data-testid="stLayoutWrapper"]:has(> .st-key-drawer_foot) { position: sticky; bottom: 0;
  z-index: 2; margin-bottom: -1.5rem; }
.st-key-drawer_foot { padding: .7rem 0 1.5rem; background: light-dark(#f7f8fc, #0a0f1e); }
.st-key-answer_head { flex-wrap: wrap; row-gap: 0; }
.stMainBlockContainer { padding-top: 4.2rem; padding-bottom: 3rem; max-width: 1440px; }
</style>
"""


def look() -> str:
    """light or dark: the theme that the viewer sees."""
    return "dark" if st.context.theme.type == "dark" else "light"


def ink() -> str:
    colour: str = st.get_option(f"theme.{look()}.textColor")
    return colour


def quiet() -> str:
    """What the style sheet paints .quiet with."""
    return "#a3b0c6" if look() == "dark" else "#475569"


def border() -> str:
    colour: str = st.get_option(f"theme.{look()}.borderColor")
    return colour


def palette() -> list[str]:
    """The colours of parts, as #rrggbb."""
    colours: list[str] = st.get_option(f"theme.{look()}.chartCategoricalColors")
    return colours


def card() -> str:
    """What cards are painted with."""
    colour: str = st.get_option(f"theme.{look()}.secondaryBackgroundColor")
    return colour


def accent(opacity: float = 1) -> str:
    """The first chart colour of the viewer's theme, as a CSS colour."""
    first = palette()[0]
    red, green, blue = (int(first[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def apply(language: str) -> None:
    """The styles, and the language for those who have pages read out."""
    # Dialogs and menus lie beside the app's element, which alone knows whether it is dark.
    st.html(CSS + f"<style>body {{ color-scheme: {look()}; }}</style>")
    _FOLLOW(key="follow", on_turned_change=lambda: None)
    if language != "en":
        script = f"<script>document.documentElement.lang = '{language}'</script>"
        st.html(script, unsafe_allow_javascript=True)
