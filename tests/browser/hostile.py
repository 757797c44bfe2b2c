"""Names that would do harm where they are not made harmless: 100 of them."""

from itertools import product
from typing import Final

HOST: Final = "http://other.example"
HARM: Final = (
    f"![x]({HOST}/i.png)",
    f"[click]({HOST}/l)",
    f"<img src={HOST}/i.png data-evil onerror=window.evil=1>",
    f"<a href='{HOST}/a' data-evil>a</a>",
    f"<script data-evil src={HOST}/s.js></script>",
    f"<iframe data-evil src={HOST}/f></iframe>",
    f"<svg data-evil onload=window.evil=1><image href={HOST}/i.png /></svg>",
    f"<style data-evil>@import '{HOST}/c.css'</style>",
    f"<b data-evil>{HOST}</b>",
    f"<{HOST}/auto>",
    "www.other.example",
    "someone@other.example",
    "javascript:window.evil=1",
    "[a](javascript:window.evil=1)",
    f'"><img data-evil src="{HOST}/q.png">',
    f"'><img data-evil src='{HOST}/q.png'>",
    "</title></div></script><p data-evil>",
    "{{evil}} ${evil} %{x} #{evil} <%= evil %>",
    ":red[evil] :material/home: $$\\evil$$ `code`",
    '=HYPERLINK("http://other.example")',
)
AROUND: Final = ("{}", "a {} b", "\u202e{}", "**{}**", "# {}\n\n{}")
NAMES: Final = tuple(around.replace("{}", harm) for harm, around in product(HARM, AROUND))
INJECTED: Final = """() => [
    ...document.querySelectorAll(
        '[data-evil], [src*="other.example"], [href*="other.example"], [href^="javascript:"]'
    )
].map((node) => node.outerHTML)"""
"""What is on a page that only such a name can have put there."""
