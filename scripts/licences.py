"""Writes docs/dependency-licences.md: the licence of every locked package, as its own metadata state it.

Exit code 1 if one is missing, or is not known to be compatible with GPL-3.0-or-later.
"""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "dependency-licences.md"

# SPDX identifiers that may be combined with GPL-3.0-or-later, according to the Free Software Foundation's list
COMPATIBLE = {
    *(
        "0BSD",
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSD-3-Clause-Open-MPI",
        "BSL-1.0",
        "CC0-1.0",
    ),
    *(
        "CNRI-Python",
        "GPL-2.0-or-later",
        "GPL-3.0-only",
        "GPL-3.0-or-later",
        "HPND",
        "ISC",
        "LGPL-2.1-or-later",
    ),
    *("LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0"),
    *("Unlicense", "X11", "Zlib", "bzip2-1.0.6"),
    # of compilers' run-time libraries in wheels: an exception lets anything be linked
    *("GPL-3.0-or-later WITH GCC-exception-3.1", "Apache-2.0 WITH LLVM-exception"),
}
# as packages write them where they use no SPDX identifier
WRITTEN = {
    "MIT License": "MIT",
    "MIT license": "MIT",
    "The MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache-2": "Apache-2.0",
    "Apache 2": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "BSD License": "BSD",
    "FreeBSD": "BSD-2-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "new BSD": "BSD-3-Clause",
    "New BSD": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GPLv3": "GPL-3.0-only",
    "LGPLv3 or BSD": "LGPL-3.0-only OR BSD",
    "LGPLv2.1+": "LGPL-2.1-or-later",
    "LGPLv3+": "LGPL-3.0-or-later",
    "PSFL": "PSF-2.0",
    "Unlicense": "Unlicense",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}
# read in the licence file or the repository of the package, since its metadata leave it open
READ = {"czone": "GPL-3.0-only", "hdf5plugin": "MIT", "wulffpack": "MPL-2.0", "mlcroissant": "Apache-2.0"}


def locked(lock: Path) -> dict[str, str]:
    """Version of each package in the lock that this interpreter and system need, by name."""
    found = {}
    for line in lock.read_text("utf-8").splitlines():
        pinned = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;\s*([^\\]+))?", line)
        if pinned and (pinned[3] is None or Marker(pinned[3].strip()).evaluate()):
            found[pinned[1]] = pinned[2]
    return found


def licence(found: Distribution) -> str:
    """A package's licence as an SPDX expression, if its metadata give one; else as they write it."""
    about = found.metadata
    if expression := about.get("License-Expression"):
        return expression
    trove = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    text = (about.get("License") or "").strip()
    # some put the whole text there
    written = [text] if 0 < len(text) < 60 and "\n" not in text else []
    names = [WRITTEN.get(name, name) for name in (*written, *trove) if name != "OSI Approved"]
    known = [name for name in names if is_compatible(name)]
    return (known or names or ["not stated"])[0]


def is_compatible(expression: str) -> bool:
    """Whether an SPDX expression allows combining with GPL-3.0-or-later."""
    choices = re.split(r"\s+OR\s+", _flat(expression))
    return any(all(p.strip(" ()") in COMPATIBLE for p in re.split(r"\s+AND\s+", c)) for c in choices)


def _flat(expression: str) -> str:
    """Without brackets around a choice inside a conjunction, of which one part is enough to know."""
    inside = re.compile(r"\(([^()]*\sOR\s[^()]*)\)")
    while choice := inside.search(expression):
        options = re.split(r"\s+OR\s+", choice[1])
        best = next((o for o in options if o.strip() in COMPATIBLE), options[0])
        expression = expression[: choice.start()] + best + expression[choice.end() :]
    return expression


def main(arguments: list[str]) -> int:
    """Write the page; with `--check` only say whether it would change.

    Returns:
        0 if every package is there and compatible, and the page is as it should be.
    """
    rows, wrong = [], []
    for name, version in locked(ROOT / "requirements.lock").items():
        try:
            found = READ.get(name) or licence(distribution(name))
        except PackageNotFoundError:
            wrong.append(
                f"{name} {version} is locked but not installed: run `make licenses` in the environment"
            )
            continue
        yes = is_compatible(found)
        rows.append(f"| {name} | {version} | {found} | {'yes' if yes else 'NO'} |")
        if not yes:
            wrong.append(f"{name} {version}: {found} is not known to be compatible with GPL-3.0-or-later")
    page = "\n".join(
        [
            "# Licences of what this package uses",
            "",
            f"All {len(rows)} packages of `requirements.lock` that Linux needs, from their own metadata; written by "
            "`make licenses`. The last column says whether the licence lets the package be used in a program under "
            "GPL-3.0-or-later.",
            "",
            "| package | version | licence | compatible |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )
    if "--check" in arguments:
        if not TARGET.is_file() or TARGET.read_text("utf-8") != page:
            wrong.append(f"{TARGET.relative_to(ROOT)} is out of date: run `make licenses`")
    else:
        TARGET.write_text(page, "utf-8")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
