"""What a process uses of the machine."""

import os
import re
from pathlib import Path


def memory(process: int, name: str) -> float:
    """MiB of a field of /proc/<process>/status."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(rf"^{name}:\s+([0-9]+) kB$", status, re.MULTILINE)
    if found is None:
        raise ValueError(f"process {process} says no {name}")
    return int(found[1]) / 1024


def cpu(process: int) -> float:
    """Seconds of both cores that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
