# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's policy evaluation, alone: documents and a request context in, a decision and its deciding statements out.

Nothing here knows of HTTP, of moto or of the organization: the caller gathers the policies that apply. Read it in this
order, beside AWS's "Policy evaluation logic" in the IAM User Guide: `request` (what is asked, and by whom), `policy`
(what a document says), `matching` and `conditions` (whether a statement applies), `evaluation` (what follows from
that), and `validation` (what AWS refuses to store at all).
"""

from breakglass_aws.sandbox.authorization.evaluation import (
    DecidingStatement,
    Decision,
    Policies,
    Reason,
    Source,
    evaluate,
)
from breakglass_aws.sandbox.authorization.policy import Policy, PolicyError, parse
from breakglass_aws.sandbox.authorization.request import Request
from breakglass_aws.sandbox.authorization.validation import (
    queue_policy_excess,
    validate_bucket_policy,
    validate_queue_policy,
    validate_resource_control_policy,
    validate_service_control_policy,
)
from breakglass_aws.sandbox.model.principals import Principal

__all__ = [
    "DecidingStatement",
    "Decision",
    "Policies",
    "Policy",
    "PolicyError",
    "Principal",
    "Reason",
    "Request",
    "Source",
    "evaluate",
    "parse",
    "queue_policy_excess",
    "validate_bucket_policy",
    "validate_queue_policy",
    "validate_resource_control_policy",
    "validate_service_control_policy",
]
