# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Account IDs: strings of 12 digits, and what happens to them on the way through YAML and command lines."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput

ACCEPTED = 'a string of 12 digits, for example "012345678901"'

_PLAIN = re.compile(r"[0-9]{12}")
_GROUPED = re.compile(r"[0-9]{4}-[0-9]{4}-[0-9]{4}")  # as the AWS console shows it


def parse_account_id(value: t.Any, option: str) -> str:
    """The 12 digits of ``value``; InvalidInput names ``option``, the value and what is expected.

    A value with only one reading is accepted: 12 digits as a number, or grouped as the console shows them. A number
    that lost its leading zero, or that YAML 1.1 read as octal, is refused with the probable spelling: a tool that acts
    as root does not guess whose root.
    """
    text = "" if isinstance(value, bool) else str(value).strip()
    if _PLAIN.fullmatch(text):
        return text
    if _GROUPED.fullmatch(text):
        return text.replace("-", "")
    raise InvalidInput(option, value, ACCEPTED, hint=_diagnose(text))


def parse_account_ids(values: t.Iterable[t.Any], option: str) -> list[str]:
    """All ``values`` as account IDs, in their order, each once."""
    return list(dict.fromkeys(parse_account_id(value, option) for value in values))


def _diagnose(text: str) -> str:
    """What probably happened to an ID on its way here, with the right spelling; empty when nothing suggests itself."""
    if not re.fullmatch(r"[0-9]{1,11}", text):
        return ""
    hints = []
    as_octal = format(int(text), "o")
    if 10 <= len(as_octal) <= 11:  # YAML 1.1 reads digits 0 to 7 after a leading zero as an octal number
        meant = as_octal.zfill(12)
        hints.append(f'YAML reads {meant} without quotes as the octal number {text}: write it as "{meant}"')
    if len(text) >= 9:
        hints.append(
            f'it has {len(text)} digits; did a leading zero get lost? Then it is "{text.zfill(12)}", in quotes'
        )
    return "; or ".join(hints)
