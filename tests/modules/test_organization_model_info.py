"""A model of an organization: a sandbox that serves it answers as the organization that was read."""

from __future__ import annotations

import json
import re
import stat

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._constants import TASKS
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model import pseudonyms
from ansible_collections.breakglass.aws.plugins.module_utils._policies import scp_evaluation
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import parse
from support.run_module import run

from breakglass_aws.sandbox.organization_file.generator import generate
from breakglass_aws.sandbox.organization_file.schema import DEFAULT, load
from breakglass_aws.sandbox.organization_file.yaml_source import read as read_yaml

# The read calls whose answers a model claims to reproduce, with the arguments that name each thing there is.
CLAIMS = {
    "describe_organization": [],
    "list_roots": [],
    "list_accounts": [],
    "list_aws_service_access_for_organization": [],
    "list_delegated_administrators": [],
    "list_organizations_features": [],
    "describe_account": ["AccountId"],
    "list_parents": ["ChildId"],
    "list_accounts_for_parent": ["ParentId"],
    "list_organizational_units_for_parent": ["ParentId"],
    "describe_organizational_unit": ["OrganizationalUnitId"],
    "list_policies": ["Filter"],
    "list_policies_for_target": ["TargetId", "Filter"],
    "list_targets_for_policy": ["PolicyId"],
    "describe_policy": ["PolicyId"],
    "list_delegated_services_for_account": ["DelegateId"],
}
TAGS = {"list_tags_for_resource": ["AccountId"]}
WITH_PARTS = TAGS | {
    "get_contact_information": ["MemberId"],
    "get_alternate_contact": ["MemberId", "AlternateContactType"],
}
IAM, ACCOUNT = ("list_organizations_features",), ("get_contact_information", "get_alternate_contact")
NAMES = {"DelegateId": "AccountId", "MemberId": "AccountId"}  # as AWS calls the parameter
VOLATILE = ("ResponseMetadata", "AvailablePolicyTypes")


def read(box, **options) -> dict:
    result = run("organization_model_info", environment=box.environment(options.pop("name", "operator")), **options)
    assert not result["failed"], result
    return result


def all_pages(client, operation, arguments):
    if client.can_paginate(operation):
        return client.get_paginator(operation).paginate(**arguments).build_full_result()
    answer = getattr(client, operation)(**arguments)
    return {key: value for key, value in answer.items() if key not in VOLATILE}


def comparable(value):
    """Lists in any order; the documents of policies as what they are, without their spacing."""
    if isinstance(value, dict):
        return {key: comparable(one) for key, one in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return sorted(map(comparable, value), key=repr)
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def answers(box, claims, name="operator") -> dict:
    """What a caller reads of an organization by every call that is claimed."""
    organizations, iam, account = (box.client(service, name) for service in ("organizations", "iam", "account"))
    accounts = [one["Id"] for one in all_pages(organizations, "list_accounts", {})["Accounts"]]
    [root] = organizations.list_roots()["Roots"]
    types = [one["Type"] for one in root["PolicyTypes"]]
    units, todo = [], [root["Id"]]
    while todo:
        below = all_pages(organizations, "list_organizational_units_for_parent", {"ParentId": todo.pop()})
        units += (found := [one["Id"] for one in below["OrganizationalUnits"]])
        todo += found
    policies = [
        one["Id"] for kind in types for one in all_pages(organizations, "list_policies", {"Filter": kind})["Policies"]
    ]
    delegates = all_pages(organizations, "list_delegated_administrators", {})["DelegatedAdministrators"]
    management = organizations.describe_organization()["Organization"]["MasterAccountId"]
    values = {
        "AccountId": accounts,
        "MemberId": [one for one in accounts if one != management],
        "ChildId": [*accounts, *units],
        "ParentId": [root["Id"], *units],
        "OrganizationalUnitId": units,
        "Filter": types,
        "TargetId": [root["Id"], *units, *accounts],
        "PolicyId": policies,
        "DelegateId": [one["Id"] for one in delegates],
        "AlternateContactType": ["BILLING", "OPERATIONS", "SECURITY"],
    }
    found = {}
    for operation, parameters in claims.items():
        client = iam if operation in IAM else account if operation in ACCOUNT else organizations
        for arguments in combinations(parameters, values):
            named = {NAMES.get(name, name): value for name, value in arguments.items()}
            if operation == "list_tags_for_resource":
                named = {"ResourceId": arguments["AccountId"]}
            found[operation, *named.values()] = outcome(client, operation, named)
    return found


def outcome(client, operation, arguments):
    try:
        return comparable(all_pages(client, operation, arguments))
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]


def combinations(parameters, values):
    if not parameters:
        yield {}
        return
    for value in values[parameters[0]]:
        for rest in combinations(parameters[1:], values):
            yield {parameters[0]: value, **rest}


DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
PERIMETER = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:*", "sqs:*"],
            "Resource": "*",
            "Condition": {
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-structure01"},
                "NumericLessThan": {"s3:signatureAge": 600},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        }
    ],
}
STRUCTURE = {
    "organization": "o-structure01",
    "management_account": "111111111111",
    "created": "2021-02-03T04:05:06Z",
    "trusted_access": [
        "iam.amazonaws.com",
        "account.amazonaws.com",
        {"service": "sso.amazonaws.com", "since": "2023-01-02"},
    ],
    "delegated_administrators": {"sso.amazonaws.com": [{"account": "222222222222", "since": "2023-01-03"}]},
    "features": ["RootSessions"],
    "full_access_detached_from": ["Root|1", "333333333333"],
    "organizational_units": [
        {"path": "Empty/Below"},
        {"path": "Root|1", "name": "Root"},
        {"path": "Apps/Dev|Test", "name": "Dev/Test", "id": "ou-ab12-devtest1"},
        {"path": "Ünïted # 'k\": [x]"},
    ],
    "accounts": [
        {"id": "111111111111", "name": "management", "roles": [{"name": "Op", "policies": ["AdministratorAccess"]}]},
        {
            "id": "222222222222",
            "name": "same name",
            "ou": "Apps/Dev|Test",
            "tags": {"team": "", "cost centre": "42: x"},
            "alternate_contacts": {
                "security": {"name": "Desk", "title": "On call", "email": "desk@example.net", "phone": "+44 20 7946"}
            },
        },
        {"id": "012345678901", "name": "same name", "shared_name": True, "state": "SUSPENDED", "ou": "Root|1"},
        {"id": "333333333333", "name": "null", "joined_method": "INVITED", "joined": "2024-02-29T23:59:59.123Z"},
    ],
    "service_control_policies": {
        "yes": {"document": DOCUMENT, "targets": ["Root", "Apps", "333333333333"], "description": "two: lines\n# here"},
        "unused": {"document": json.dumps(DOCUMENT, indent=1)},
    },
    "resource_control_policies": {"yes": {"document": PERIMETER, "targets": ["Apps/Dev|Test"]}},
    "identities": {"operator": {"account": "111111111111", "role": "Op"}},
}


@pytest.fixture(params=["default", "structure", "generated"])
def organization(request, tmp_path):
    if request.param == "default":
        return DEFAULT
    if request.param == "structure":
        return STRUCTURE
    file = tmp_path / "generated.yml"
    file.write_text(generate(12, seed=3), encoding="utf-8")
    return file


@pytest.fixture
def modelled(box, tmp_path):
    """Reads the organization that a sandbox serves, and writes the file."""

    def make(**options):
        result = read(box, **options)
        file = tmp_path / "model.yml"
        file.write_text(result["organization_file"], encoding="utf-8")
        return result, file

    return make


def test_a_model_answers_every_call_that_it_claims_as_the_organization(box, organization, modelled):
    claims = CLAIMS | (WITH_PARTS if organization is STRUCTURE else TAGS)
    with box.serving(organization):
        before = answers(box, claims)
        result, file = modelled(include=["tags", "contacts"])
    with box.serving(file):
        after = answers(box, claims)
    assert len(before) > 90
    if organization is STRUCTURE:
        for kind in ("BILLING", "OPERATIONS", "SECURITY"):  # those of suspended accounts are not read
            assert after.pop(("get_alternate_contact", "012345678901", kind)) == "ResourceNotFoundException"
            del before["get_alternate_contact", "012345678901", kind]
        del after["get_contact_information", "012345678901"], before["get_contact_information", "012345678901"]
    else:  # AWS does not tell the contacts without trusted access, and they are not made up
        assert [one["what"] for one in result["not_read"]] == ["contacts of accounts", "access roles"]
    assert after == before


@pytest.mark.parametrize("given", [DEFAULT, STRUCTURE], ids=["default", "structure"])
def test_recoveries_in_the_model_are_judged_as_in_the_organization(box, modelled, given):
    """The table 'would our policies let each of the nine recoveries through?' is the same in both."""
    tables = []
    with box.serving(given):
        tables.append(readiness(box))
        _, file = modelled(include=["contacts"])
    with box.serving(file):
        tables.append(readiness(box))
    assert tables[0] == tables[1]
    assert {verdict for account in tables[0].values() for verdict, _ in account.values()} >= {"works", "fails"}


def readiness(box):
    result = run("recovery_readiness_info", environment=box.environment("operator"), all_accounts=True)
    return {
        account["account_id"]: {
            recovery: (judged["verdict"], sorted(reason["code"] for reason in judged["reasons"]))
            for recovery, judged in account["recoveries"].items()
        }
        for account in result["accounts"]
    }


def test_what_was_not_asked_for_is_denied_in_the_sandbox_rather_than_made_up(box, modelled):
    with box.serving(STRUCTURE):
        result, file = modelled()
    assert {(one["what"], one["reason"]) for one in result["not_read"]} == {
        ("tags of accounts", "It was not asked for."),
        ("contacts of accounts", "It was not asked for."),
        ("access roles", "It was not asked for."),
    }
    with box.serving(file):
        denied = answers(box, WITH_PARTS)
    assert set(denied.values()) == {"AccessDeniedException"}


def reader(*actions: str) -> dict:
    statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
    policies = ["AdministratorAccess", {"Missing": {"Version": "2012-10-17", "Statement": [statement]}}]
    management, *others = STRUCTURE["accounts"]
    role = {"name": "Op", "policies": policies}
    return {**STRUCTURE, "accounts": [{**management, "roles": [role]}, *others]}


@pytest.fixture(scope="module")
def answers_of_structure(box):
    with box.serving(STRUCTURE):
        return answers(box, CLAIMS)


@pytest.mark.parametrize(
    "action",
    [
        "organizations:ListRoots",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListPolicies",
        "organizations:ListTargetsForPolicy",
        "organizations:DescribePolicy",
        "organizations:ListAWSServiceAccessForOrganization",
        "organizations:ListDelegatedAdministrators",
        "organizations:ListDelegatedServicesForAccount",
        "iam:ListOrganizationsFeatures",
        "organizations:ListTagsForResource",
        "account:GetAlternateContact",
    ],
)
def test_a_missing_permission_is_named_and_what_it_reads_stays_unknown(box, answers_of_structure, modelled, action):
    """Every answer that the model gives is true; where it does not know, the sandbox denies."""
    before = answers_of_structure
    with box.serving(reader(action)):
        result, file = modelled(include=["tags", "contacts"])
    family = action.split(":")[0]
    [missing] = [one for one in result["not_read"] if one["what"] != "access roles"]
    assert missing["permission"].startswith(family)
    assert missing["permission"] in missing["fix"]
    assert "AccessDenied" in missing["reason"]
    assert missing["permission"] in result["organization_file"]
    with box.serving(file):
        organizations = box.client("organizations", "operator")
        accounts = all_pages(organizations, "list_accounts", {})["Accounts"]
        assert comparable(accounts) == comparable(before["list_accounts",]["Accounts"])
        for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
            for target in [one["Id"] for one in accounts]:
                call = ("list_policies_for_target", {"TargetId": target, "Filter": kind})
                assert outcome(organizations, *call) in ("AccessDeniedException", before[call[0], target, kind])


def test_without_the_accounts_there_is_no_model(box):
    with box.serving(reader("organizations:ListAccounts")):
        result = run("organization_model_info", environment=box.environment("operator"))
    assert result["failed"]
    assert "organizations:ListAccounts" in result["msg"]


def test_the_access_roles_are_as_they_were_read(box, modelled):
    with box.serving(DEFAULT):
        iam = box.client("iam", "payments-administrator")
        trust = iam.get_role(RoleName="OrganizationAccountAccessRole")["Role"]["AssumeRolePolicyDocument"]
        trust["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}
        iam.update_assume_role_policy(RoleName="OrganizationAccountAccessRole", PolicyDocument=json.dumps(trust))
        iam.put_role_policy(
            RoleName="OrganizationAccountAccessRole", PolicyName="inline", PolicyDocument=json.dumps(DOCUMENT)
        )
        result, file = modelled(name="engineer", access_roles=True)
    roles = {one["account_id"]: one.get("access_role") for one in result["accounts"]}
    assert roles["333344445555"]["trust_policy"] == trust
    assert roles["999900001111"]["answers"] is False
    assert {one["account_id"] for one in result["not_read"] if one["account_id"]} >= {"888899990000", "999900001111"}
    with box.serving(file):
        sts = box.client("sts", "operator")
        for account, role in roles.items():
            if role is None:
                continue
            arn = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
            if not role["answers"]:
                with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
                    sts.assume_role(RoleArn=arn, RoleSessionName="test")
                continue
            session = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
            keys = session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
            iam = box.client_with("iam", *keys)
            made = iam.get_role(RoleName="OrganizationAccountAccessRole")["Role"]
            assert made["AssumeRolePolicyDocument"] == role["trust_policy"]
            inline = iam.list_role_policies(RoleName="OrganizationAccountAccessRole")["PolicyNames"]
            attached = iam.list_attached_role_policies(RoleName="OrganizationAccountAccessRole")["AttachedPolicies"]
            assert {*inline, *(one["PolicyName"] for one in attached)} == role["policies"].keys()


def test_the_root_credentials_are_those_of_the_audit(box, tmp_path, modelled):
    posture = tmp_path / "posture.json"
    with box.serving(DEFAULT):
        audit = run("root_credentials_info", environment=box.environment("operator"), all_accounts=True)
        posture.write_text(json.dumps(audit), encoding="utf-8")
        _, file = modelled(posture=str(posture))
    with box.serving(file):
        again = run("root_credentials_info", environment=box.environment("operator"), all_accounts=True)
    found = [{one["account_id"]: one["root_credentials"] for one in each["accounts"]} for each in (audit, again)]
    assert found[0] == found[1]
    assert any(one and one["access_keys"] for one in found[0].values())


@pytest.mark.parametrize("content", ["[]", "{}", "no JSON", '{"accounts": [{"account_id": "1", "status": "clean"}]}'])
def test_a_posture_that_is_none(sandbox, tmp_path, content):
    file = tmp_path / "posture.json"
    file.write_text(content)
    result = run("organization_model_info", environment=sandbox.environment("operator"), posture=str(file))
    assert result["failed"]
    assert "posture" in result["msg"]
    assert not sandbox.events()


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "AcmeRoot",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "ArnNotLike": {
                    "aws:PrincipalArn": [
                        "arn:aws:iam::*:role/AcmeBreakGlass",
                        "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*",
                        "arn:aws:iam::333344445555:root",
                    ]
                },
                "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-breakglass1/r-7689/ou-7689-e55fc498/*"]},
                "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24"]},
            },
        },
        {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "arn:aws:s3:::acme-ledger/*"},
        {
            "Effect": "Deny",
            "Action": "sts:AssumeRoot",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": "acme payments", "aws:SourceVpc": "vpc-0123abcd"}},
        },
    ],
}
SECRETS = (
    *("333344445555", "payments", "o-breakglass1", "7689", "e55fc498", "Vault", "deny-root-user", "acme"),
    *("0123abcd", "aws+", "example.com"),
)


def organization_to_hide(policy=POLICY) -> dict:
    value, _ = read_yaml(DEFAULT)
    value["service_control_policies"]["Acme guard"] = {"document": policy, "targets": ["Workloads", "Vault"]}
    value["root_id"] = "r-7689"
    return value


def test_pseudonyms_hide_names_and_ids_and_keep_the_structure(box, tmp_path, modelled):
    mapping = tmp_path / "private" / "mapping.json"
    options = {"pseudonyms": True, "mapping": str(mapping), "include": ["tags"]}
    with box.serving(organization_to_hide()):
        plain = read(box, include=["tags"])
        result, file = modelled(**options)
        again = read(box, **options)
    text = json.dumps({key: value for key, value in result.items() if key != "invocation"}) + file.read_text()
    for secret in SECRETS:
        assert secret.lower() not in text.lower(), secret
    assert result["kept_texts"] == ["192.0.2.0/24"]
    assert again["organization_file"].splitlines()[1:] == result["organization_file"].splitlines()[1:]
    assert stat.S_IMODE(mapping.stat().st_mode) == 0o600
    known = json.loads(mapping.read_text())["pseudonyms"]
    back = {fake: real for pairs in known.values() for real, fake in pairs.items()}
    assert [back[one["account_id"]] for one in result["accounts"]] == [one["account_id"] for one in plain["accounts"]]
    assert shape(result) == shape(plain)
    load(file).build()


def shape(result):
    """What must be the same: who is in which OU, and which policy is on what, by their places in the lists."""
    units = [result["organization"]["root_id"], *(one["id"] for one in result["organizational_units"])]
    accounts = [one["account_id"] for one in result["accounts"]]
    targets = {target: place for place, target in enumerate([*units, *accounts])}
    return {
        "accounts": [(units.index(one["organizational_unit_id"]), one["state"]) for one in result["accounts"]],
        "units": [units.index(one["parent_id"]) for one in result["organizational_units"]],
        "policies": [[targets[target] for target in one["targets"]] for one in result["policies"]],
        "full_access": [targets[target] for target in result["full_access_targets"]],
    }


ROOT_ACTIONS = [action for task in TASKS.values() for action in task.actions]


@pytest.fixture(scope="module")
def plain_model(box):
    with box.serving(organization_to_hide()):
        return read(box)


@pytest.mark.parametrize("pattern", ["AcmeBreakGlass", "Acme*", "*Glass", "?cmebreakglass", "*"])
def test_policies_with_pseudonyms_decide_as_before(plain_model, pattern):
    """For each account, as its root session, its root user and three roles: the same statements stop the same calls."""
    policy = json.loads(json.dumps(POLICY).replace('role/AcmeBreakGlass"', f'role/{pattern}"', 1))
    roles = ("AcmeBreakGlass", "Other", "OrganizationAccountAccessRole")
    arns = [f"arn:aws:iam::*:role/{role}" for role in roles]  # named, so that each has a pseudonym there
    policy["Statement"].append({"Effect": "Deny", "Action": "sqs:*", "Resource": arns})
    policies = [{**one, "document": json.dumps(policy)} for one in plain_model["policies"][:1]]
    plain = {**plain_model, "policies": policies}
    hidden, _, _ = pseudonyms.replace(plain, [], pseudonyms.Mapping())
    decided = [decisions(one, roles_of(one)) for one in (plain, hidden)]
    assert decided[0] == decided[1]
    assert len({str(one) for one in decided[0]}) > 1
    assert roles_of(hidden)[2] == roles[2]
    assert (roles_of(hidden)[0] == roles[0]) is (pattern in ("Acme*", "*Glass", "?cmebreakglass"))


def roles_of(result):
    statements = [one for policy in result["policies"] for one in json.loads(policy["document"])["Statement"]]
    [statement] = [one for one in statements if one.get("Action") == "sqs:*"]
    return [arn.rpartition("/")[2] for arn in statement["Resource"]]


def decisions(result, roles):
    documents = [parse(policy["document"], with_principals=False) for policy in result["policies"]]
    parents = {one["id"]: one["parent_id"] for one in result["organizational_units"]}
    found = []
    for account in result["accounts"]:
        path, unit = [], account["organizational_unit_id"]
        while unit:
            path.insert(0, unit)
            unit = parents.get(unit)
        path = "/".join([result["organization"]["id"], *path, ""])
        principals = [(scp_evaluation.ROOT_SESSION, "root"), (scp_evaluation.ROOT_USER, "root")]
        principals += [(scp_evaluation.ROLE, f"role/{role}") for role in roles]
        for principal, resource in principals:
            arn = f"arn:aws:iam::{account['account_id']}:{resource}"
            for action in ROOT_ACTIONS:
                request = scp_evaluation.Request(principal, arn, path, action)
                found.append(
                    [
                        [(one.answer, len(one.open_conditions)) for one in scp_evaluation.denials(document, request)]
                        for document in documents
                    ]
                )
    return found


def test_a_mapping_that_others_can_read_is_refused(sandbox, tmp_path):
    file = tmp_path / "mapping.json"
    file.write_text("{}")
    file.chmod(0o644)
    options = {"pseudonyms": True, "mapping": str(file)}
    result = run("organization_model_info", environment=sandbox.environment("operator"), **options)
    assert result["failed"]
    assert "chmod 600" in result["msg"]
    file.chmod(0o600)
    result = run("organization_model_info", environment=sandbox.environment("operator"), **options)
    assert re.search("is not a mapping of pseudonyms", result["msg"])
    assert not sandbox.events()


def test_a_mapping_needs_pseudonyms(sandbox, tmp_path):
    result = run(
        "organization_model_info", environment=sandbox.environment("operator"), mapping=str(tmp_path / "mapping.json")
    )
    assert result["msg"].startswith("Invalid value for mapping")
    assert not sandbox.events()


def test_only_calls_that_read_are_made(sandbox):
    read(sandbox, include=["tags", "contacts"], access_roles=True, name="engineer")
    operations = {event["operation"] for event in sandbox.events()}
    assert {one for one in operations if not one.startswith(("Get", "List", "Describe"))} == {"AssumeRole"}
    assert len(sandbox.events()) < 200
