# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module gives to the domain: AWS, check mode and warnings. No Ansible here, and none below."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization


@dataclass
class Context:
    """Where and how a task acts.

    ``connect`` makes the connection, at most once and when it is first needed: options that can be judged without AWS
    are judged first. ``warn`` takes one sentence for the user. ``hide`` takes a secret that must not be shown by
    anything this process writes.
    """

    connect: t.Callable[[], Connection]
    check_mode: bool = False
    warn: t.Callable[[str], t.Any] = lambda text: None
    hide: t.Callable[[str], t.Any] = lambda secret: None

    @functools.cached_property
    def connection(self) -> Connection:
        """Clients with the caller's credentials. Raises a BreakglassError when the options make none."""
        return self.connect()

    @property
    def may_have_changed(self) -> bool:
        """Whether a call of this task changed something, or may have: the ledger knows, whatever was raised."""
        return "connection" in self.__dict__ and self.connection.calls.changed

    @functools.cached_property
    def organization(self) -> Organization:
        """The caller's organization, read as it is needed."""
        return Organization(self.connection)
