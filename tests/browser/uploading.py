"""How long a CSV of 100,000 rows takes through the Data page, from its choice to the report.

uv run python -m tests.browser.uploading
"""

import csv
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tests.browser.data import Data
from tests.browser.server import chromium, serving

ROWS: Final = 100_000
ROUNDS: Final = 3


def write(path: Path, seed: int) -> None:
    """Orders of the last 300 days."""
    chance, now = random.Random(seed), datetime.now(UTC)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["event_id", "created_at", "event_type", "session_id", "amount", "country"])
        for i in range(ROWS):
            moment = now - timedelta(seconds=chance.randrange(300 * 86400))
            amount = f"{chance.random() * 100:.2f}"
            about = [f"s{chance.randrange(20_000)}", amount, chance.choice(["DE", "FR", "PT"])]
            rows.writerow([f"{seed}-{i}", moment.isoformat(), "purchase", *about])


def main() -> None:
    with tempfile.TemporaryDirectory() as home, serving(Path(home), events=10_000) as address:
        for seed in range(ROUNDS):
            path = Path(home) / f"orders-{seed}.csv"
            write(path, seed)
            with chromium() as browser:
                page = Data(browser.new_page(), address).open()
                began = time.perf_counter()
                page.upload(path)
                page.expect_guess(created_at="created_at")
                page.start()
                page.expect_report(**{"Rows read": f"{ROWS:,}", "Stored": f"{ROWS:,}"})
                print(
                    f"{ROWS:,} rows, {path.stat().st_size / 1e6:.1f} MB:"
                    f" {time.perf_counter() - began:.1f} s from the choice to the report"
                )


if __name__ == "__main__":
    main()
