// The viewer's system may turn dark or light while a page is open. Streamlit's own elements follow
// at once; what the server painted for the other theme, charts above all, has to be drawn anew.
const SETTLED = 100; // milliseconds, after which Streamlit tells the server of the new theme

export default function ({ setTriggerValue }) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const turn = () => setTimeout(() => setTriggerValue("turned", dark.matches), SETTLED);
  dark.addEventListener("change", turn);
  return () => dark.removeEventListener("change", turn);
}
