#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  ansible-core 2.19.14
# Expected: after add_host("payments"), InventoryData.add_child("accounts", "payments") makes the host a member of the
#           group, or says that the name is ambiguous.
# Happens:  when a group has the same name, the group is taken as a child group, and the host is no member. Nothing is
#           reported by add_child. An inventory plugin that takes host names and group names from outside meets this.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q ansible-core==2.19.14
cat > "$work/check.py" <<'PYTHON'
import sys

from ansible.inventory.data import InventoryData
from ansible.release import __version__

print("ansible-core", __version__)


def members(with_group):
    data = InventoryData()
    data.add_group("accounts")
    if with_group:
        data.add_group("payments")
    data.add_host("payments")
    returned = data.add_child("accounts", "payments")
    group = data.groups["accounts"]
    found = [host.name for host in group.get_hosts()], [child.name for child in group.child_groups]
    print(f"group of the same name: {with_group}: add_child returned {returned}, hosts {found[0]}, groups {found[1]}")
    return found


if members(False) != (["payments"], []) or members(True) != ([], ["payments"]):
    sys.exit("The behaviour changed.")
print("As described: the group is taken, the host is not in accounts.")
PYTHON
ANSIBLE_HOME="$work/ansible" "$work/venv/bin/python" "$work/check.py"
