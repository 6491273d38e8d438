"""What a row of the conformance table is: one fact about AWS, with its check against the sandbox.

Each module of this folder holds the rows of one area in `FACTS`. The table in the documentation is made of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from breakglass_aws.sandbox import Box

Check = Callable[[Box], None]


@dataclass(frozen=True)
class Fact:
    """One fact.

    Attributes:
        section: Where aws-facts has it, for example `5b`.
        text: What AWS does.
        verified: False where the facts call it UNVERIFIED or inferred: the sandbox then does what is presumed.
        check: Called with the sandbox as it was loaded; speaks HTTP with unmodified boto3 and asserts.
        source: Who says so, in words; empty where the section as a whole has one (`table.py`).
    """

    section: str
    text: str
    verified: bool
    check: Check
    source: str = ""


# Sources that rows name.
RECORDED = "recorded AWS responses"
MODEL = "SDK service model"
POLICIES = "IAM User Guide: AWS managed policies; recorded documents"
ENABLE = "IAM User Guide: Centralize root access for member accounts"
TASKS = "IAM User Guide: Perform a privileged task on an AWS Organizations member account"
CONDITIONS = "IAM User Guide: AWS global condition context keys"
EVALUATION = "IAM User Guide: Policy evaluation logic"
REGIONS = "IAM User Guide: Manage AWS STS in an AWS Region"
ROOT_USER = "IAM User Guide: AWS account root user"
QUEUE_QUOTAS = "Amazon SQS Developer Guide: Policy quotas; public reports of the texts"
SCPS = "Organizations User Guide: Service control policies"
RCPS = "Organizations User Guide: Resource control policies"
LOST_MFA = "IAM User Guide: Recover an MFA protected identity"
QUOTAS = "Organizations User Guide: Quotas and service limits"


def fact(
    rows: list[Fact], section: str, text: str, *, verified: bool = True, source: str = ""
) -> Callable[[Check], Check]:
    """Add a function to the rows as the check of a fact."""

    def add(check: Check) -> Check:
        rows.append(Fact(section, text, verified, check, source))
        return check

    return add
