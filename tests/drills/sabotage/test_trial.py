"""One trial of the many that `make nightly` runs: a removal that overlooks a key fails its drill."""

from __future__ import annotations

from drills.sabotage import trial

from breakglass_aws.drills.result import FAILED


def test_a_removal_that_leaves_a_key_fails_the_drill_although_it_reports_success() -> None:
    done = trial.run("stray-root-credentials", "removal_leaves_a_key")
    assert done.verdict == FAILED
    assert set(done.checks) == {"success_is_true", "nothing_else_changed"}
    assert any("access_keys" in reason for reason in done.why), done.why
