"""plugins/module_utils/_unlock/workflow.py: The new policy is reported as written and read back, and is not written.

queue-locked
"""


def _act_in_words(self, target, plan, policy):
    saved = policy_backup.take(self._request.account_id, policy.region, target.arn, plan.before_text or "")
    path = policy_backup.write(saved, self._request.backup_dir)
    self._known.update(backup={"path": path, "sha256": saved.sha256}, changed=True, outcome=v.CHANGED)


_Unlock._act = _act_in_words
