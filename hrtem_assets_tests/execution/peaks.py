"""What an asset's work takes at most of a process's memory, measured in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SCRIPT = """
import json, sys
from pathlib import Path
from hrtem_assets.campaign import load_campaign
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.assets import ASSETS
from hrtem_assets.store.layout import Layout

asked = json.loads(sys.argv[1])
fill(
    ASSETS[asked["asset"]],
    load_campaign("demo", asked["overrides"]),
    asked["specimen"],
    tuple(asked["conditions"]),
    Layout(Path(asked["folder"])),
    count=asked["count"],
    compute=LocalCompute(workers=1),
    device="cpu",
    provenance={"run_id": "test", "package_version": "0", "overrides": {}},
    log=lambda _: None,
)
lines = Path("/proc/self/status").read_text().splitlines()
print(next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")))
"""


def peak_bytes(
    folder: Path,
    asset: str,
    specimen: str,
    overrides: Mapping[str, Any],
    conditions: Sequence[str | None] = (None,),
    count: int | None = None,
) -> int:
    """Fill one partition in a new process and say how much memory that process has held.

    The kernel's own mark of a process, which unlike `ru_maxrss` begins anew with the program.

    Args:
        folder: of the data; upstream stores lie there.
        asset: asset name.
        specimen: specimen key.
        overrides: of the demo campaign.
        conditions: condition keys; `(None,)` for an asset without conditions.
        count: structures.
    """
    asked = {
        "folder": str(folder),
        "asset": asset,
        "specimen": specimen,
        "overrides": overrides,
        "conditions": list(conditions),
        "count": count,
    }
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, json.dumps(asked)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])
