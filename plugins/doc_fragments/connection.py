# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Whose credentials the modules want, and what they do with them."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - boto3 >= 1.40.30
  - botocore >= 1.40.30
notes:
  - Use credentials of the management account, or of the account that is delegated administrator for IAM.
    O(ignore:region) is where STS is called, V(us-east-1) when none is set; STS is always called in a region, because
    the global endpoint has no AssumeRoot.
  - Root sessions are opened and used in memory only. Results have no secrets of them. They have their access key IDs
    and expirations, because CloudTrail shows the access key ID in every event of a session.
  - With O(ignore:debug_botocore_endpoint_logs) the result has C(aws_calls) too, for evidence. These are the calls that
    opened a session or changed something, in the order in which they were about to be sent. Each has the time, service,
    operation, region, target, request ID, the access key ID it was signed with, and the error code if there was one.
    C(status) is V(done), V(refused), V(unknown) when no usable answer came so that AWS may have carried the call out,
    or V(intended) when the task ended before the answer. C(attempts) is how often it was sent. C(answer_lost) says
    whether an earlier attempt may have been carried out. The result of an interrupted task has C(aws_calls) always.
  - A failed task has RV(ignore:changed=true) when one of these calls changed something, or may have.
seealso:
  - name: Centrally manage root access for member accounts
    description: The AWS guide to what this collection automates.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management
"""
