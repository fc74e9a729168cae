"""Asks a vulnerability service about every package of requirements.lock; says plainly if it cannot be asked."""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
VULNERABLE, NOT_CHECKED = 1, 2


def main(arguments: list[str]) -> int:
    """Run pip-audit on the lock.

    Args:
        arguments: further ones for pip-audit, such as `--ignore-vuln ID`; a lock of another name comes first.

    Returns:
        0 if nothing is known, 1 if something is, 2 if nothing was checked.
    """
    lock = arguments.pop(0) if arguments and not arguments[0].startswith("-") else str(LOCK)
    # the open service, since its name says what it is asked about; hashes make resolving needless
    command = ["pip_audit", "--requirement", lock, "--disable-pip", "--require-hashes", "--format", "json"]
    options = ["--vulnerability-service", "osv", "--progress-spinner", "off", "--desc", "off", *arguments]
    done = subprocess.run([sys.executable, "-m", *command, *options], capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(
            f"NOT CHECKED: the vulnerability service could not be asked, so nothing is known about the packages of "
            f"{Path(lock).name}; it needs the network: try again where there is one\n({reason})",
            file=sys.stderr,
        )
        return NOT_CHECKED
    skipped = [package for package in packages if "vulns" not in package]
    wrong = [package for package in packages if package.get("vulns")]
    for package in skipped:
        print(f"{package['name']}: not checked ({package['skip_reason']})")
    for package in wrong:
        for fault in package["vulns"]:
            repair = (
                f"mended in {', '.join(fault['fix_versions'])}" if fault["fix_versions"] else "not yet mended"
            )
            names = ", ".join([fault["id"], *fault["aliases"]])
            print(f"{package['name']} {package['version']}: {names}; {repair}")
    print(
        f"{len(packages) - len(skipped)} packages checked, {len(wrong)} with known vulnerabilities"
        + ("; bring the lock up to date with: make lock ARGS=--upgrade" if wrong else "")
    )
    return VULNERABLE if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
