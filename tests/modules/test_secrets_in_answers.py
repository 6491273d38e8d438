"""Case S1: whatever a broken answer of any call holds, no result, warning, journal or terminal shows it.

Secrets are planted into the answer of each call that the modules make, once; with BREAKGLASS_EVERY_FAULT, which
`make nightly` sets, into that of each call of each module.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from test_every_refusal import WORK, impatient
from test_faults_at_every_call import no_backoff, work

from breakglass_aws.sandbox import Box

__all__ = ["impatient", "no_backoff"]  # fixtures that remove waiting

KEY = "PlantedSecretKey/0123456789+abcdefghijklm"
TOKEN = "PlantedToken//////////wEaCXVzLWVhc3QtMSJHMEUCIQ"
LINE = "PlantedCertificateMIIBszCCAVqgAwIBAgIUq83vEjRW"
PLANTED = (
    f"\n<html><Credentials><SecretAccessKey>{KEY}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken></Credentials>"
    f"<CertificateBody>-----BEGIN CERTIFICATE-----\n{LINE}\n-----END CERTIFICATE-----</CertificateBody>\x1b[2J"
    f'{{"credentials": {{"secretAccessKey": "{KEY}", "sessionToken": "{TOKEN}"}}}}'
)
# What is not to be seen: the beginnings of the secrets, and what clears a terminal.
HIDDEN = ("PlantedSecretKey/", "PlantedToken//", "PlantedCertificateMII", "\x1b", "\\u001b")
FULL = "BREAKGLASS_EVERY_FAULT" in os.environ
_seen: set[tuple[str, str]] = set()


@pytest.mark.parametrize("module", WORK)
def test_no_artifact_has_anything_of_a_broken_answer(sandbox: Box, tmp_path: Path, module: str) -> None:
    work(sandbox, module, tmp_path / "undisturbed")
    calls = dict.fromkeys((event["service"], event["operation"]) for event in sandbox.events())
    chosen = [call for call in calls if FULL or call not in _seen]
    _seen.update(chosen)
    shown = []
    for service, operation in chosen:
        sandbox.reset()
        sandbox.add_fault("appended", service=service, operation=operation, text=PLANTED)
        result, left = work(sandbox, module, tmp_path / f"{service}-{operation}")
        assert any(event["fault"] == "appended" for event in sandbox.events()), f"{operation} was not hit"
        # A backup has the text of a policy as AWS gave it: it is not a message.
        visible = json.dumps(result, ensure_ascii=False) + ("" if module.endswith("_unlock") else left)
        if module.startswith("sts_assume_root") and not result["failed"]:
            continue  # its result is the secrets
        shown += [f"{operation}: {hidden!r} in {result.get('msg')}" for hidden in HIDDEN if hidden in visible]
    assert shown == []
