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
  - Root sessions are opened and used in memory only. Their secrets are in no result; their access key ID and
    expiration are, because CloudTrail shows the former in every event of the session.
  - With O(ignore:debug_botocore_endpoint_logs) the result has C(aws_calls) too, for evidence. These are the calls that
    opened a session or changed something, each with time, service, operation, region, target, request ID, the access
    key ID it was made with, and its error if AWS gave one.
seealso:
  - name: Centrally manage root access for member accounts
    description: The AWS guide to what this collection automates.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management
"""
