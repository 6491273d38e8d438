# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of results that had another name in version 0.1, whose journals and evidence are still read.

``items`` and ``update`` are methods of a dict: Jinja's ``account.items`` is the method. No AWS, no Ansible.
"""

from __future__ import annotations

import typing as t

_PRESENT = {"items": "credentials", "update": "email_update"}


def with_present_names(mapping: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """An account's entry, or a result without ``accounts``, with the names that its keys have now.

    It is the mapping itself where no key has another name.
    """
    found = {old: new for old, new in _PRESENT.items() if old in mapping and new not in mapping}
    return {found.get(key, key): value for key, value in mapping.items()} if found else mapping
