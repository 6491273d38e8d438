"""Look up known vulnerabilities of the pinned packages with pip-audit, or print that its data cannot be reached.

Usage: python tests/gates/audit.py REQUIREMENTS
"""

from __future__ import annotations

import json
import subprocess
import sys


def main(requirements: str) -> int:
    """Return 1 when a package has a known vulnerability, 0 when none has or none could be looked up."""
    command = ["pip-audit", "--requirement", requirements, "--disable-pip", "--require-hashes"]
    audit = subprocess.run(
        [*command, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(audit.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"SKIPPED: pip-audit could not reach its data. It printed:\n{audit.stderr.strip()[-500:]}")
        return 0
    known = [package for package in packages if "skip_reason" not in package]
    vulnerable = [package for package in known if package["vulns"]]
    for package in vulnerable:
        names = ", ".join(entry["id"] for entry in package["vulns"])
        print(f"{package['name']} {package['version']}: {names}")
    if not known:
        print(f"SKIPPED: pip-audit found no data for any of {len(packages)} packages; its index cannot be reached.")
    else:
        print(f"{len(known)} of {len(packages)} packages looked up, {len(vulnerable)} vulnerable.")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
