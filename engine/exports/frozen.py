"""A frozen copy: a dashboard as one HTML file that needs nothing else, with the receipts by which
its numbers can be asked for again.

It holds no script, and forbids itself to load anything: what people call their things is text.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.errors import Fault, InvalidRequest, VitrineError
from engine.exports.drawn import chart, harmless, number
from engine.exports.receipt import FAULT, HASH, receipt
from engine.request import AggregateRequest
from engine.result import Result, iso
from engine.scope import Scope

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
BLOCK: Final = '<script type="application/json" id="vitrine-receipts">'
"""No browser runs it: it is read by `python -m engine.exports verify`."""
FOUND: Final = re.compile(re.escape(BLOCK) + r"(.*?)</script>", re.DOTALL)
STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 Inter, system-ui, sans-serif;
  color: light-dark(#1e293b, #e2e8f0); background: light-dark(#f7f8fc, #0a0f1e); }
body { max-width: 860px; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 .4rem; }
.quiet { color: light-dark(#475569, #a3b0c6); font-size: .88rem; margin: .3rem 0; }
section { background: light-dark(#fff, #151b2e); border: 1px solid light-dark(#dfe4ee, #27304a);
  border-radius: .75rem; padding: 1rem 1.1rem; margin: 1rem 0; break-inside: avoid; }
.number { font-size: 2.4rem; font-weight: 680; margin: .2rem 0; }
.chart { overflow-x: auto; } svg { width: 100%; min-width: 32rem; height: auto; }
text { font-size: 13px; fill: currentColor; }
rect, circle { fill: light-dark(#4f46e5, #818cf8); } .minus { fill: light-dark(#b91c1c, #fca5a5); }
polyline { fill: none; stroke: light-dark(#4f46e5, #818cf8); stroke-width: 2; }
.axis { stroke: light-dark(#cbd5e1, #334155); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .5rem; vertical-align: top;
  border-top: 1px solid light-dark(#e9edf5, #222b42); }
td + td, th + th { text-align: right; } pre { overflow-x: auto; white-space: pre-wrap; }
details { margin-top: .5rem; } summary { cursor: pointer; } code { font-size: .85rem; }
"""


@dataclass(frozen=True)
class Part:
    """One widget: what was asked, and the answer or why there is none."""

    title: str
    request: AggregateRequest | None
    answer: Result | VitrineError


def write(
    name: str, description: str | None, scope: Scope, parts: Sequence[Part], at: datetime
) -> bytes:
    """The file, UTF-8. at: when it was made."""
    receipts = [
        receipt(part.request, scope, part.answer)
        for part in parts
        if part.request is not None and isinstance(part.answer, Result)
    ]
    hashes = iter(receipts)
    sections = "".join(_section(part, hashes) for part in parts)
    about = f"<p class='quiet'>{harmless(description, 2000)}</p>" if description else ""
    of = [f"workspace {scope.workspace_id}", f"brand {scope.brand_id}"]
    of += [] if scope.catalog_id is None else [f"catalog {scope.catalog_id}"]
    page = (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="referrer" content="no-referrer">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{harmless(name, 120)}</title><style>{STYLE}</style></head><body>"
        f"<header><h1>{harmless(name, 120)}</h1>{about}"
        f"<p class='quiet'>Frozen copy of {iso(at)} · {harmless(' · '.join(of), 300)} · times are"
        " UTC; the first and the last bucket of a window may be covered in part.</p></header>"
        f"<main>{sections}</main>"
        "<footer><p class='quiet'>Ask the same again: <code>python -m engine.exports verify"
        " FILE</code> compares with the receipts of this file.</p></footer>"
        f"{BLOCK}{_inert(receipts)}</script></body></html>\n"
    )
    return page.encode("utf-8", "replace")


def read(page: str) -> list[Any]:
    """The receipts of a frozen copy. Raises InvalidRequest."""
    found = FOUND.findall(page)
    try:
        receipts = json.loads(found[-1]) if found else None
    except (ValueError, RecursionError):
        receipts = None
    if not isinstance(receipts, list):
        raise InvalidRequest([Fault(HASH, FAULT)])
    return receipts


def _inert(value: Any) -> str:
    """JSON that cannot end the element that it is in."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _section(part: Part, hashes: Any) -> str:
    head = f"<h2>{harmless(part.title or 'Untitled', 200)}</h2>"
    if part.request is None or not isinstance(part.answer, Result):
        told = part.answer.message if isinstance(part.answer, VitrineError) else ""
        return f"<section>{head}<p>{harmless(told, 400)}</p></section>"
    request, result = part.request, part.answer
    stub: Mapping[str, Any] = next(hashes)
    cut = f"{len(result.rows):,} of {result.total_groups:,} rows" if result.truncated else ""
    window = f"{iso(result.window_start)} to {iso(result.window_end)}"
    told = " · ".join(part for part in (window, cut) if part)
    drawn = chart(request, result) or "<p>No events match.</p>"
    asked = html.escape(json.dumps(request.to_dict(), indent=2))
    return (
        f"<section>{head}{drawn}<p class='quiet'>{harmless(told, 200)}</p>"
        f"{_table(request, result)}"
        f"<details><summary>Request and receipt {stub[HASH]}</summary><pre>{asked}</pre>"
        f"<p class='quiet'>data {harmless(result.data_version, 200)}</p></details></section>"
    )


def _table(request: AggregateRequest, result: Result) -> str:
    if request.group_by == "none":
        return ""
    rows = "".join(
        f"<tr><td>{harmless(row.key, 300)}</td>"
        f"<td>{number(row.value, row.secondary, request)}</td><td>{row.secondary:,}</td></tr>"
        for row in result.rows
    )
    head = (request.group_by.removeprefix("metadata."), "value", "secondary")
    cells = "".join(f"<th scope='col'>{harmless(name)}</th>" for name in head)
    return (
        f"<details><summary>Rows ({len(result.rows):,})</summary><table><thead><tr>{cells}</tr>"
        f"</thead><tbody>{rows}</tbody></table></details>"
    )
