"""The unlock of a queue through a real HTTP endpoint; what both unlocks share is tested with the bucket's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from support.lockout_kinds import lockouts
from support.run_module import run

from breakglass_aws.sandbox import Box

DATA_LAKE, REGION, NAME = "012345678901", "eu-central-1", "ingest-events"
QUEUE = f"arn:aws:sqs:{REGION}:{DATA_LAKE}:{NAME}"
HEALTHY = f"{QUEUE}-dead-letters"
ADMINISTRATOR = "data-lake-administrator"
TASK_POLICY = {"arn": "arn:aws:iam::aws:policy/root-task/SQSUnlockQueuePolicy"}


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def unlock(box: Box, caller: str = "operator", *, check_mode: bool = False, **options) -> dict:
    options = {"account_id": DATA_LAKE, "queue": QUEUE, **options}
    return run("sqs_queue_policy_unlock", check_mode=check_mode, environment=box.environment(caller), **options)


def address(box: Box, arn: str) -> str:
    return f"{box.url}/{DATA_LAKE}/{arn.rsplit(':', 1)[1]}"


def is_let_in(box: Box, arn: str = QUEUE) -> bool:
    """Can the administrator read and set the policy? It is the same afterwards."""
    sqs, url = box.client("sqs", ADMINISTRATOR, region=REGION), address(box, arn)
    try:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": attributes.get("Policy", "")})
    except ClientError as error:
        return {"AccessDenied": False}[error.response["Error"]["Code"]]
    return True


def lock(box: Box, *statements: dict) -> dict:
    """Put a policy on the healthy queue, as an administrator would by mistake."""
    whole = [{"Effect": "Deny", "Resource": HEALTHY, **one} for one in statements]
    whole = [one if "NotPrincipal" in one else {"Principal": "*", **one} for one in whole]
    policy = {"Version": "2012-10-17", "Statement": whole}
    sqs = box.client("sqs", ADMINISTRATOR, region=REGION)
    sqs.set_queue_attributes(QueueUrl=address(box, HEALTHY), Attributes={"Policy": json.dumps(policy)})
    return policy


def policy_of(box: Box, arn: str = QUEUE) -> dict | None:
    return box.snapshot()["queue_policies"][arn]


def written(box: Box) -> list[str]:
    return [event["operation"] for event in box.events() if event["write"] and event["service"] == "sqs"]


def test_the_mistake_goes_the_grant_stays_and_the_administrator_is_let_in(sandbox, backups):
    before = sandbox.snapshot()
    assert not is_let_in(sandbox)
    result = unlock(sandbox, backup_dir=str(backups))
    assert (result["failed"], result["outcome"], result["queue"], result["region"]) == (False, "changed", QUEUE, REGION)
    assert is_let_in(sandbox)
    allow, deny = policy_of(sandbox)["Statement"]
    assert allow == before["queue_policies"][QUEUE]["Statement"][0]
    # The grant reaches beyond the account, so strangers stay denied what they were denied.
    assert deny["Condition"] == {"StringNotEquals": {"aws:PrincipalAccount": DATA_LAKE}}
    after = sandbox.snapshot()
    after["queue_policies"][QUEUE] = before["queue_policies"][QUEUE]
    assert after == before
    saved = json.loads(Path(result["backup"]["path"]).read_text())
    assert (saved["resource"], json.loads(saved["policy"])) == (QUEUE, before["queue_policies"][QUEUE])


def test_no_attribute_but_the_policy_is_sent(sandbox, backups):
    sqs = sandbox.client("sqs", ADMINISTRATOR, region=REGION)
    attributes = {"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "77"}
    sqs.set_queue_attributes(QueueUrl=address(sandbox, HEALTHY), Attributes=attributes)
    sqs.send_message(QueueUrl=address(sandbox, HEALTHY), MessageBody="precious")
    lock(sandbox, {"Action": "sqs:*"})
    unlock(sandbox, queue=HEALTHY, backup_dir=str(backups))
    now = sqs.get_queue_attributes(QueueUrl=address(sandbox, HEALTHY), AttributeNames=["All"])["Attributes"]
    assert attributes.items() <= now.items()
    assert now["ApproximateNumberOfMessages"] == "1"


def test_the_second_run_and_check_mode_change_nothing(sandbox, backups):
    locked = policy_of(sandbox)
    planned = unlock(sandbox, check_mode=True, backup_dir=str(backups))
    assert (planned["changed"], planned["outcome"]) == (True, "changed")
    assert (policy_of(sandbox), written(sandbox), backups.exists()) == (locked, [], False)
    done = unlock(sandbox, backup_dir=str(backups))
    assert done["plan"] == planned["plan"]
    again = unlock(sandbox, backup_dir=str(backups))
    assert (again["changed"], again["outcome"], again["before"]) == (False, "unchanged", done["after"])
    assert written(sandbox) == ["SetQueueAttributes"]


@pytest.mark.parametrize("kind", lockouts("sqs", DATA_LAKE))
def test_each_kind_of_lockout_is_repaired_and_can_be_put_back(sandbox, backups, kind):
    guard = {"Sid": "TLS", "Action": "sqs:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    locked = lock(sandbox, guard, lockouts("sqs", DATA_LAKE)[kind])
    assert not is_let_in(sandbox, HEALTHY)

    repaired = unlock(sandbox, queue=HEALTHY, backup_dir=str(backups))
    assert repaired["outcome"] == "changed"
    assert [one["index"] for one in repaired["lockout_statements"]] == [1]
    assert policy_of(sandbox, HEALTHY)["Statement"][0] == locked["Statement"][0]
    assert is_let_in(sandbox, HEALTHY)

    restored = unlock(sandbox, queue=HEALTHY, mode="restore", backup=repaired["backup"]["path"])
    assert restored["outcome"] == "changed"
    assert policy_of(sandbox, HEALTHY) == locked
    assert not is_let_in(sandbox, HEALTHY)


@pytest.mark.parametrize(("reads", "wait_timeout", "outcome"), [(3, 30, "changed"), (1000, 1, "unverified")])
def test_a_change_that_takes_a_while_is_waited_for(sandbox, backups, reads, wait_timeout, outcome):
    """The old policy comes back at once, as from a part of SQS that has not heard, and goes after some reads."""
    answer = sandbox.client("sts", "operator").assume_root(TargetPrincipal=DATA_LAKE, TaskPolicyArn=TASK_POLICY)
    keys = answer["Credentials"]
    root = sandbox.client_with("sqs", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region=REGION)
    old, new, heard = json.dumps(policy_of(sandbox)), [], []

    def lag(event: dict) -> None:
        if event["access_key_id"] == keys["AccessKeyId"]:
            return
        heard.append(event["operation"])
        late = heard[heard.index("SetQueueAttributes") :] if "SetQueueAttributes" in heard else []
        if len(late) == 1:
            new.append(json.dumps(policy_of(sandbox)))
            root.set_queue_attributes(QueueUrl=address(sandbox, QUEUE), Attributes={"Policy": old})
        elif event["operation"] == "GetQueueAttributes" and late.count("GetQueueAttributes") == reads:
            root.set_queue_attributes(QueueUrl=address(sandbox, QUEUE), Attributes={"Policy": new[0]})

    sandbox.on_event(lag)
    result = unlock(sandbox, backup_dir=str(backups), wait_timeout=wait_timeout)
    assert (result["outcome"], result["changed"]) == (outcome, True)
    assert heard.count("SetQueueAttributes") == 1
    assert is_let_in(sandbox) == (outcome == "changed")


def test_odd_spacing_and_unicode_are_understood_and_put_back(sandbox, backups):
    text = """{
        \t"Statement" : {"Sid":"Sperre für alle \\ud83d\\udd12", "Effect":"Deny", "Principal":{"AWS":["*"]},
        "Action":["SQS:*"],
           "Resource":"arn:aws:sqs:*:012345678901:ingest*letters"   ,
        "Condition":{"StringNotEquals":{"aws:PrincipalTag/équipe":"été"}} } }
    """.strip()
    sqs = sandbox.client("sqs", ADMINISTRATOR, region=REGION)
    sqs.set_queue_attributes(QueueUrl=address(sandbox, HEALTHY), Attributes={"Policy": text})
    repaired = unlock(sandbox, queue=HEALTHY, backup_dir=str(backups))
    assert repaired["outcome"] == "changed"
    saved = json.loads(Path(repaired["backup"]["path"]).read_text())["policy"]
    assert json.loads(saved) == json.loads(text) == repaired["before"]
    statement = policy_of(sandbox, HEALTHY)["Statement"]
    assert (statement["Sid"], statement["NotAction"]) == (
        "Sperre für alle 🔒",
        ["sqs:GetQueueAttributes", "sqs:SetQueueAttributes"],
    )
    assert is_let_in(sandbox, HEALTHY)
    unlock(sandbox, queue=HEALTHY, mode="restore", backup=repaired["backup"]["path"])
    assert policy_of(sandbox, HEALTHY) == json.loads(text)


def test_delete_empties_the_policy(sandbox, backups):
    result = unlock(sandbox, mode="delete", backup_dir=str(backups))
    assert (result["outcome"], result["after"], policy_of(sandbox)) == ("changed", None, None)


def test_replace_puts_another_policy_and_refuses_one_that_locks(sandbox, backups):
    healthy = {**policy_of(sandbox), "Statement": policy_of(sandbox)["Statement"][:1]}
    locking = unlock(sandbox, mode="replace", policy=policy_of(sandbox), backup_dir=str(backups))
    assert locking["failed"]
    assert "would lock administrators out again" in locking["msg"]
    assert unlock(sandbox, mode="replace", policy=healthy, backup_dir=str(backups))["outcome"] == "changed"
    assert policy_of(sandbox) == healthy


@pytest.mark.parametrize(
    "queue",
    [
        f"https://sqs.{REGION}.amazonaws.com/{DATA_LAKE}/{NAME}",
        f"https://{REGION}.queue.amazonaws.com/{DATA_LAKE}/{NAME}",
        f"https://vpce-0a1b2c3d4e5f-xyz.sqs.{REGION}.vpce.amazonaws.com/{DATA_LAKE}/{NAME}",
    ],
)
def test_an_address_names_the_region(sandbox, backups, queue):
    assert sandbox.environment("operator")["AWS_REGION"] != REGION
    assert unlock(sandbox, queue=queue, backup_dir=str(backups))["queue"] == QUEUE


def test_a_name_is_looked_for_in_the_region_given(sandbox, backups):
    elsewhere = unlock(sandbox, queue=NAME, backup_dir=str(backups))
    assert elsewhere["failed"]
    assert f"has no queue {NAME} in us-east-1, but one in {REGION}. Give the queue" in elsewhere["msg"]
    assert unlock(sandbox, queue=NAME, region=REGION, backup_dir=str(backups))["queue"] == QUEUE


def somewhere(box: Box, **options) -> dict:
    """The module's run by somebody who has no region set."""
    environment = {name: value for name, value in box.environment("operator").items() if "REGION" not in name}
    return run("sqs_queue_policy_unlock", environment=environment, account_id=DATA_LAKE, **options)


@pytest.mark.parametrize("queue", [NAME, f"http://127.0.0.1/{DATA_LAKE}/{NAME}"])
def test_without_a_region_the_queue_is_found_wherever_it_is(sandbox, backups, queue):
    result = somewhere(sandbox, queue=queue, backup_dir=str(backups))
    assert (result["outcome"], result["queue"], result["region"]) == ("changed", QUEUE, REGION)
    assert "warnings" not in result
    assert is_let_in(sandbox)
    restored = somewhere(sandbox, queue=queue, mode="restore", backup=result["backup"]["path"])
    assert (restored["outcome"], restored["queue"]) == ("changed", QUEUE)


def test_without_a_region_one_of_several_queues_is_not_guessed(sandbox, backups):
    sandbox.client("sqs", ADMINISTRATOR, region="us-west-2").create_queue(QueueName=NAME)
    result = somewhere(sandbox, queue=NAME, backup_dir=str(backups))
    assert (result["failed"], result["queue"]) == (True, NAME)
    assert f"has more than one queue {NAME}: in {REGION} and in us-west-2." in result["msg"]
    assert "SetQueueAttributes" not in written(sandbox)


def test_a_queue_that_is_in_no_region_is_told_so(sandbox, backups):
    result = somewhere(sandbox, queue="nowhere", backup_dir=str(backups))
    assert f"Account {DATA_LAKE} has no queue nowhere in any region. Check the queue's name" in result["msg"]


def test_regions_that_refuse_are_not_taken_for_empty(sandbox, backups):
    organizations = sandbox.client("organizations", "operator")
    deny = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}
    deny["Condition"] = {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "sa-east-1"]}}
    policy = organizations.create_policy(
        Name="regions",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    organizations.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=DATA_LAKE)
    found = somewhere(sandbox, queue=NAME, backup_dir=str(backups))
    assert found["outcome"] == "changed"
    [warning] = found["warnings"]
    assert "These regions could not be searched: sa-east-1, us-east-1." in str(warning)
    nowhere = somewhere(sandbox, queue="nowhere", backup_dir=str(backups))
    assert "in any region. These regions could not be searched: sa-east-1, us-east-1." in nowhere["msg"]


STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": QUEUE}
WRONG_INPUT = {
    "no queue's name": ({"queue": "in gest"}, "Invalid value for queue: 'in gest'. Expected a queue's URL, its ARN"),
    "too long": ({"queue": "q" * 81}, "up to 80 letters"),
    "empty": ({"queue": ""}, "Invalid value for queue: ''"),
    "a topic": ({"queue": f"arn:aws:sns:{REGION}:{DATA_LAKE}:{NAME}"}, "Invalid value for"),
    "another partition": ({"queue": QUEUE.replace("arn:aws:", "arn:aws-cn:")}, "the caller's partition, aws"),
    "a queue of another account": ({"queue": QUEUE.replace(DATA_LAKE, "333344445555")}, "is of account 333344445555"),
    "an address with a path": ({"queue": f"https://sqs.{REGION}.amazonaws.com/{DATA_LAKE}"}, "Invalid value for"),
    "protected": ({"protected_queues": ["ingest-*"]}, "a queue that is not in protected_queues (ingest-*)"),
    "an account number that lost its zero": ({"account_id": "12345678901"}, "012345678901"),
    "the management account": (
        {"account_id": "111122223333", "queue": QUEUE.replace(DATA_LAKE, "111122223333")},
        "management account",
    ),
    "a stranger": ({"account_id": "999999999999", "queue": NAME}, "999999999999"),
    "no backup folder": ({"backup_dir": None}, "backup_dir"),
    "a negative time": ({"wait_timeout": -1}, "Invalid value for wait_timeout: -1"),
    "no mode": ({"mode": "repare"}, "value of mode must be one of: repair, replace, delete, restore"),
    "replace with nothing": ({"mode": "replace"}, "policy"),
    "no JSON": ({"mode": "replace", "policy": "{"}, "not JSON"),
    "no policy": ({"mode": "replace", "policy": "{}"}, "no Statement"),
    "an action of another service": (
        {"mode": "replace", "policy": {"Statement": {**STATEMENT, "Action": "sns:Publish"}}},
        "Statement 0 has the action 'sns:Publish'",
    ),
    "an unknown element": ({"mode": "replace", "policy": {"Statement": {**STATEMENT, "Actions": []}}}, "Actions"),
    "too many statements": ({"mode": "replace", "policy": {"Statement": [STATEMENT] * 21}}, "accepts at most 20"),
    "too many actions": (
        {"mode": "replace", "policy": {"Statement": {**STATEMENT, "Action": [f"sqs:A{n}*" for n in range(8)]}}},
        "accepts at most 7 in one",
    ),
    "too large": (
        {
            "mode": "replace",
            "policy": {
                "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "x" * 8200}
            },
        },
        "SQS accepts at most 8,192",
    ),
    "an administrator of another account": (
        {"administrators": ["arn:aws:iam::333344445555:role/Admin"]},
        "is not of account 012345678901",
    ),
    "a backup without restore": ({"backup": "some.json"}, "it belongs to mode=restore"),
    "verification as nobody": ({"verify_as": {}}, "verify_as"),
    "verification by a profile that is not there": ({"verify_as": {"profile": "nowhere"}}, "nowhere"),
    "verification by two ways": (
        {"verify_as": {"profile": "one", "access_key": "AKIA", "secret_key": "0123456789abcdef"}},
        "parameters are mutually exclusive: profile|access_key",
    ),
    "verification by a role of nobody": (
        {"verify_as": {"role_arn": f"arn:aws:iam::{DATA_LAKE}:role/Nobody"}},
        "The role is missing, or its trust policy does not let the caller in",
    ),
    "verification with half a key": ({"verify_as": {"access_key": "AKIA"}}, "secret_key"),
}


@pytest.mark.parametrize("case", WRONG_INPUT)
def test_wrong_input_is_refused_before_anything_changes(sandbox, backups, case):
    options, expected = WRONG_INPUT[case]
    before = sandbox.snapshot()
    result = unlock(sandbox, **{"backup_dir": str(backups), **options})
    assert result["failed"]
    assert expected in result["msg"]
    assert (sandbox.snapshot(), written(sandbox), backups.exists()) == (before, [], False)


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        ("delegate", None),
        ("payments-administrator", "management account"),
        ("nobody", "Give the caller permission for DescribeOrganization"),
    ],
)
def test_who_may_run_it(sandbox, backups, caller, expected):
    result = unlock(sandbox, caller, backup_dir=str(backups))
    assert result["failed"] == bool(expected)
    if expected:
        assert result["outcome"] in ("unreachable", "failed")
        assert expected in result["msg"]
        assert written(sandbox) == []


# --- what only an administrator can show, and what was approved ---


def keys(box: Box, name: str) -> dict:
    return {key: value for key, value in box.credentials(name).items() if value}


def test_an_administrator_shows_the_lock_before_and_its_end_afterwards(sandbox, backups):
    who = keys(sandbox, ADMINISTRATOR)
    planned = unlock(sandbox, check_mode=True, backup_dir=str(backups), verify_as=who)["verified_as"]
    assert planned["able"] is False
    assert "explicit deny in a resource-based policy" in planned["reason"]
    done = unlock(sandbox, backup_dir=str(backups), verify_as=who)
    role = f"arn:aws:sts::{DATA_LAKE}:assumed-role/OrganizationAccountAccessRole"
    assert done["verified_as"] == {"arn": done["verified_as"]["arn"], "able": True, "reason": ""}
    assert done["verified_as"]["arn"].startswith(role)
    assert who["secret_key"] not in json.dumps(done)
    assert who["session_token"] not in json.dumps(done)


def test_who_is_still_refused_makes_it_unverified(sandbox, backups):
    iam = sandbox.client("iam", ADMINISTRATOR)
    iam.create_user(UserName="clerk")
    key = iam.create_access_key(UserName="clerk")["AccessKey"]
    clerk = {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
    result = unlock(sandbox, backup_dir=str(backups), verify_as=clerk, wait_timeout=0)
    assert (result["failed"], result["outcome"], result["changed"]) == (True, "unverified", True)
    assert "was changed and read back, but" in result["msg"]
    assert "user/clerk still cannot read it" in result["msg"]
    assert result["verified_as"]["able"] is False
    # Running it again finds nothing to do, which proves as little.
    again = unlock(sandbox, backup_dir=str(backups), verify_as=clerk, wait_timeout=0)
    assert (again["failed"], again["outcome"], again.get("changed", False)) == (True, "unverified", False)
    assert "Nothing had to be changed, but" in again["msg"]
    looked = unlock(sandbox, check_mode=True, backup_dir=str(backups), verify_as=clerk)
    assert (looked["failed"], looked["verified_as"]["able"]) == (False, False)


@pytest.mark.parametrize("who", ["operator", "payments-administrator"])
def test_only_the_accounts_own_administrators_can_show_it(sandbox, backups, who):
    result = unlock(sandbox, backup_dir=str(backups), verify_as=keys(sandbox, who))
    assert result["failed"]
    assert f"an administrator of account {DATA_LAKE}" in result["msg"]
    assert written(sandbox) == []


def test_a_role_can_be_assumed_to_show_it(sandbox, backups):
    role = f"arn:aws:iam::{DATA_LAKE}:role/OrganizationAccountAccessRole"
    result = unlock(sandbox, "engineer", backup_dir=str(backups), verify_as={"role_arn": role})
    assert result["verified_as"]["able"] is True


def test_another_plan_than_the_approved_one_is_not_carried_out(sandbox, backups):
    approved = unlock(sandbox, check_mode=True, backup_dir=str(backups))["plan"]["digest"]
    other = unlock(sandbox, mode="delete", backup_dir=str(backups), plan_digest=approved)
    assert (other["failed"], other["outcome"]) == (True, "failed")
    assert other["plan"]["digest"] in other["msg"]
    assert written(sandbox) == []
    assert unlock(sandbox, backup_dir=str(backups), plan_digest=approved)["outcome"] == "changed"
    again = unlock(sandbox, backup_dir=str(backups), plan_digest=approved)
    assert (again["failed"], again["outcome"]) == (False, "unchanged")
