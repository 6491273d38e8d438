"""How the reads of an account's root credentials are dealt to the lanes in which they are made at the same time."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._root_user.credentials import read_root_credentials
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.overlap import _LANES

ACCOUNT = "444455556666"
ANSWERS: dict[str, dict[str, Any]] = {
    "list_access_keys": {"AccessKeyMetadata": [{"AccessKeyId": "AKIA1"}]},
    "get_access_key_last_used": {},
    "list_signing_certificates": {"Certificates": []},
    "get_login_profile": {"LoginProfile": {}},
    "list_mfa_devices": {"MFADevices": []},
}


class Iam:
    """Answers as IAM does, and counts its calls."""

    meta = SimpleNamespace(method_to_api_mapping={name: name for name in ANSWERS})

    def __init__(self) -> None:
        self.calls = 0

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        def call(**unused: Any) -> dict[str, Any]:
            self.calls += 1
            return ANSWERS[name]

        return call


def test_no_lane_takes_more_than_two_calls() -> None:
    iam = Iam()
    taken: collections.Counter[int] = collections.Counter()

    def identify() -> dict[str, Any]:
        iam.calls += 1
        return {}

    def in_lanes(reads: Sequence[Callable[[], Any]]) -> list[Any]:
        results = []
        for place, read in enumerate(reads):
            before = iam.calls
            results.append(read())
            taken[place % _LANES] += iam.calls - before
        return results

    found = read_root_credentials(iam, ACCOUNT, identify, in_lanes)
    assert [key["id"] for key in found[v.ACCESS_KEYS]] == ["AKIA1"]
    assert found[v.PASSWORD]["present"]
    assert (found[v.MFA_DEVICES], found[v.SIGNING_CERTIFICATES]) == ([], [])
    assert list(found) == list(v.KINDS)
    assert sum(taken.values()) == 6
    assert max(taken.values()) == 2
