"""What a stub can be told: how many accounts, how slow, which quotas, which faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REGIONS = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)


@dataclass
class Config:
    """Settings of a stub.

    ``delay``: seconds before each answer. ``quotas``: calls a second and burst, by "service:Operation"; a call over it
    is throttled. ``throttle`` and ``reset``: the share of all calls, 0 to 1, that is throttled or whose connection is
    reset at random, half of these after the call counted as carried out. ``operations``: the operations that faults
    hit; empty for all. ``verify``: check each request's signature too. ``swap``: answer AssumeRoot for an account with
    credentials of another account every so many calls, to see that a client notices; 0 for never.
    """

    accounts: int = 300
    delay: float = 0.0
    quotas: dict[str, tuple[float, float]] = field(default_factory=dict)
    throttle: float = 0.0
    reset: float = 0.0
    operations: tuple[str, ...] = ()
    seed: int = 1
    verify: bool = False
    swap: int = 0

    def updated(self, changes: Mapping[str, Any]) -> Config:
        """A copy with some settings changed; TypeError for a setting that does not exist."""
        return Config(**{**self.__dict__, **changes})
