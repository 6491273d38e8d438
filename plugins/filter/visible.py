# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: visible
short_description: Show control characters in names and messages as escapes
version_added: 0.2.0
author: breakglass.aws contributors (@breakglass)
description:
  - Names of OUs and policies, and values of tags, may contain any character. On a terminal, a control character can
    move the cursor, delete text or hide it, and a bidirectional mark reverses text.
  - This filter replaces control characters, line breaks, line separators and bidirectional marks with escapes. Use it
    for what is shown, not for data that is used further.
options:
  _input:
    description: A text, or a list or dictionary. In these, all texts are changed, keys too.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: List the accounts and their OUs
  ansible.builtin.debug:
    msg: "{{ accounts | breakglass.aws.visible | map(attribute='ou.path') }}"
"""

RETURN = r"""
_value:
  description: The same data, with escapes such as C(\\x1b), C(\\n) and C(\\u202e) in its texts.
  type: raw
"""

import typing as t
from collections.abc import Mapping

from ansible_collections.breakglass.aws.plugins.module_utils._redaction import visible


def shown(value: t.Any) -> t.Any:
    """The same data with only visible characters in its texts."""
    if isinstance(value, str):
        return visible(value).replace("\n", "\\n").replace("\t", "\\t")
    if isinstance(value, Mapping):
        return {shown(key): shown(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    return value


class FilterModule:
    def filters(self) -> dict[str, t.Callable]:
        return {"visible": shown}
