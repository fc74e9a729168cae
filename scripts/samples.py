"""Sample outputs in README and docs: made by the commands that they show, so that they cannot go stale.

`python scripts/samples.py` writes them anew, in a minute or two; `--check` changes nothing and names those that differ.
In a page a sample stands between the lines `<!-- sample: NAME -->` and `<!-- end of sample -->`.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(1, str(ROOT))

PAGES = ("README.md", "docs/maintenance.md")
BLOCK = re.compile(r"(<!-- sample: (\S+) -->\n)(.*?)(<!-- end of sample -->)", re.DOTALL)
SPECIMEN, CONDITION = "CdSe-small", "df-10nm_400e"
IMAGES = f"micrographs/{SPECIMEN}/{CONDITION}"
# what differs between two runs or two machines: times, sizes, digests, versions, runs
VARYING = (
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}",
    r"(digest|recipe) +[0-9a-f]{16,}",
    r"\b\d+(\.\d+)? ([kMGT]?B|s|min|h|d)\b",
    r"\b\d+(\.\d+)+\S*",
    r"code version \d+",
    r"room for \d of",
)


@dataclass(frozen=True)
class Sample:
    """One sample: a command, and what is done to the stores before it.

    Attributes:
        name: as in the page's marker.
        command: as it is shown, `hrtem` first, perhaps with variables before it.
        needs_stores: whether one small specimen is made for it; the others need a second.
        before: changes the folder.
    """

    name: str
    command: str
    needs_stores: bool = True
    before: Callable[[Path], None] = lambda folder: None


def damage(folder: Path) -> None:
    """Turn over one byte of a wave, and delete one file of the labels."""
    assets = folder / "data" / "assets"
    wave = next(
        p for p in sorted((assets / f"exit_waves/{SPECIMEN}.zarr/full/c/1").rglob("*")) if p.is_file()
    )
    content = bytearray(wave.read_bytes())
    content[len(content) // 2] ^= 1
    wave.write_bytes(content)
    next(p for p in sorted((assets / f"labels/{SPECIMEN}.zarr/mask/c").rglob("*")) if p.is_file()).unlink()


SAMPLES = (
    Sample("series", "HRTEM_CAMPAIGN=paper hrtem series", needs_stores=False),
    Sample("plan", f"hrtem plan {SPECIMEN}"),
    Sample("trace", f"hrtem trace {IMAGES} --image 2 --rebuild"),
    Sample("verify", "hrtem verify --workers 1", before=damage),
    Sample("repair", f"hrtem repair exit_waves/{SPECIMEN} --yes"),
)


def hrtem(command: str, folder: Path) -> str:
    """What a command prints, run in a folder on the small campaign of the tests."""
    *variables, _ = command.split("hrtem")[0].split(" ")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HRTEM_")}
    environment |= {"HRTEM_CAMPAIGN": "small.yaml", "HRTEM_WORKERS": "2", "COLUMNS": "200"}
    environment |= dict(v.split("=") for v in variables)
    arguments = [sys.executable, "-m", "hrtem_assets", *command.split("hrtem ")[1].split(" ")]
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)
    if done.returncode > 1 or "Traceback" in done.stderr or "Usage:" in done.stderr:
        raise SystemExit(f"{command} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def fresh(quick: bool) -> Iterator[tuple[str, str]]:
    """Each sample's name and its block, as the commands print it now.

    Args:
        quick: whether those that need stores are left out.
    """
    from hrtem_assets_tests.small import small_campaign_yaml

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = small_campaign_yaml() + "storage: {record_user_and_host: false}\n"
        (folder / "small.yaml").write_text(text, "utf-8")
        if not quick:
            hrtem(f"hrtem materialize all --specimen {SPECIMEN} --condition {CONDITION}", folder)
        for sample in SAMPLES:
            if sample.needs_stores and quick:
                continue
            sample.before(folder)
            lines = [line.rstrip() for line in hrtem(sample.command, folder).strip().splitlines()]
            yield sample.name, "\n".join(["```", f"$ {sample.command}", *lines, "```", ""])


def comparable(block: str) -> str:
    """A block without what differs between two runs or two machines, and without alignment."""
    for pattern in VARYING:
        block = re.sub(pattern, "#", block)
    return re.sub(r"(# ?)+", "#", re.sub(r" +", " ", block))


def outdated(blocks: dict[str, str], write: bool) -> list[str]:
    """Samples that differ from what the commands print; written anew if asked for."""
    found = []
    for page in PAGES:
        old = (ROOT / page).read_text("utf-8")
        shown = {name: block for _, name, block, _ in BLOCK.findall(old)}
        found += [
            f"{page}: {n}" for n, b in shown.items() if n in blocks and comparable(b) != comparable(blocks[n])
        ]
        if write:
            new = BLOCK.sub(lambda m: m[1] + blocks.get(m[2], m[3]) + m[4], old)
            (ROOT / page).write_text(new, "utf-8")
    return found


def main() -> None:
    """Write the samples anew, or say which differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit code 1 if a sample differs"
    )
    parser.add_argument("--quick", action="store_true", help="only those that need no stores")
    given = parser.parse_args()
    found = outdated(dict(fresh(given.quick)), write=not given.check)
    print("\n".join(found) or "every sample is what the commands print")
    sys.exit(1 if found and given.check else 0)


if __name__ == "__main__":
    main()
