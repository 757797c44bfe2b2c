"""Logo, icon, and the little CSS that Streamlit's own theme cannot say."""

import streamlit as st

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
CSS = """
<style>
[class*="st-key-card_"] {
  background: light-dark(#ffffff, #151b2e);
  border: 1px solid light-dark(#dfe4ee, #27304a);
  border-radius: .75rem; padding: 1.1rem 1.25rem;
  box-shadow: 0 1px 2px light-dark(rgb(15 23 42 / .05), rgb(0 0 0 / .3));
}
[class*="st-key-card_"] [data-testid="stMetricValue"] { font-size: 1.4rem; font-weight: 650; }
[class*="st-key-card_fact_"] { padding: .9rem 1rem; height: 100%; }
.st-key-connect summary { opacity: 1; }
.st-key-connect summary p { font-size: 1.05rem; }
.st-key-windows button { padding: .1rem .6rem; min-height: 2rem; }
.stMainBlockContainer { padding-top: 4.2rem; padding-bottom: 3rem; max-width: 1440px; }
</style>
"""


def accent(opacity: float) -> str:
    """The first chart colour of the viewer's theme, as a translucent CSS colour."""
    look = st.context.theme.type or "light"
    first: str = st.get_option(f"theme.{look}.chartCategoricalColors")[0]
    red, green, blue = (int(first[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def apply() -> None:
    st.html(CSS)
