"""`breakglass lint-policy` names the statements that lock administrators out, with place and reason."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import lockout_kinds

from breakglass_aws.cli import main
from breakglass_aws.cli.lint import policy_file
from breakglass_aws.cli.lint.findings import RULES

ACCOUNT, BUCKET, QUEUE = "111122223333", "my-bucket", "arn:aws:sqs:eu-central-1:111122223333:jobs"
ARN = f"arn:aws:s3:::{BUCKET}"
CHECKOUT = Path(__file__).parents[2]
DENY_ALL = {"Sid": "DenyAll", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}
ALLOW = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/App"},
    "Action": "s3:GetObject",
    "Resource": f"{ARN}/*",
}
# The value of a key of which this account's requests say nothing.
UNKNOWN = {"StringNotEquals": {"aws:PrincipalTag/team": "payments"}}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


LOCKED, POSSIBLE, FINE = policy(ALLOW, DENY_ALL), policy(DENY_ALL | {"Condition": UNKNOWN}), policy(ALLOW)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, content in {"locked": LOCKED, "possible": POSSIBLE, "fine": FINE}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content, indent=2))
    return tmp_path


def lint(*arguments: str) -> int:
    return main.main(["lint-policy", *arguments, *(["--account", ACCOUNT] if "--account" not in arguments else [])])


@pytest.mark.parametrize(
    ("files", "options", "status"),
    [
        (["fine"], [], 0),
        (["locked"], [], 1),
        (["possible"], [], 3),
        (["possible"], ["--allow-possible"], 0),
        (["locked"], ["--allow-possible"], 1),
        (["fine", "possible", "locked"], [], 1),
        (["fine", "none"], [], 2),
        (["possible", "none"], ["--allow-possible"], 2),
        (["locked", "none"], [], 1),
        (["fine", "fine"], [], 0),
    ],
)
def test_the_status_is_that_of_the_worst_policy(
    folder: Path, files: list[str], options: list[str], status: int
) -> None:
    assert lint(*(f"{name}.json" for name in files), *options) == status


def test_a_lockout_is_said_with_place_statement_and_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lint("locked.json", "fine.json")
    lines = capsys.readouterr().out.splitlines()
    line = (folder / "locked.json").read_text().splitlines().index('      "Sid": "DenyAll",')
    assert lines == [
        f"locked.json:{line}:5: error: Statement 1 (DenyAll) locks administrators out. It denies every action to "
        f"everyone in account {ACCOUNT}, including administrators, always. [locks-administrators]",
        "2 policies: 1 locks its administrators out, 1 does not lock them out.",
    ]


def test_what_is_not_known_is_a_warning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lint("possible.json")
    printed = capsys.readouterr().out
    assert "possible.json:4:5: warning: Statement 0 (DenyAll) may lock administrators out." in printed
    assert "the value of aws:PrincipalTag/team in an administrator's request is not known" in printed
    assert "1 policy: 1 may lock its administrators out." in printed


def test_a_lockout_that_begins_later_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    date = {"DateGreaterThan": {"aws:CurrentTime": "2999-01-01T00:00:00Z"}}
    (folder / "later.json").write_text(json.dumps(policy(DENY_ALL | {"Condition": date})))
    assert lint("later.json") == 1
    assert "will lock administrators out from 2999-01-01T00:00:00Z on" in capsys.readouterr().out


def test_named_administrators_decide(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    admin = f"arn:aws:iam::{ACCOUNT}:role/Admin"
    (folder / "named.json").write_text(json.dumps(policy(DENY_ALL | {"Principal": {"AWS": admin}})))
    assert lint("named.json") == 0
    assert f"note: The policy denies these principals of the account to manage it, by name or by pattern: {admin}" in (
        capsys.readouterr().out
    )
    assert lint("named.json", "--administrators", admin) == 1
    assert lint("named.json", "--administrators", f"arn:aws:iam::{ACCOUNT}:role/Other,{admin}") == 1
    assert lint("named.json", "--administrators", f"arn:aws:iam::{ACCOUNT}:role/Other") == 0


def test_the_organization_is_known_when_it_is_given(folder: Path) -> None:
    other = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    (folder / "organization.json").write_text(json.dumps(policy(DENY_ALL | {"Condition": other})))
    assert lint("organization.json") == 3
    assert lint("organization.json", "--organization", "o-a1b2c3d4e5") == 0
    assert lint("organization.json", "--organization", "o-zzzzzzzzzz") == 1


@pytest.mark.parametrize("service", ["s3", "sqs"])
def test_every_kind_of_lockout_is_found(service: str, folder: Path) -> None:
    arn = ARN if service == "s3" else QUEUE
    for name, statement in lockout_kinds.lockouts(service, ACCOUNT).items():
        whole = {"Effect": "Deny", "Resource": arn} | ({} if "NotPrincipal" in statement else {"Principal": "*"})
        (folder / "kind.json").write_text(json.dumps(policy(whole | statement)))
        assert lint("kind.json", "--organization", "o-a1b2c3d4e5") in (1, 3), name


def test_a_queue_has_its_account(folder: Path) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE}
    (folder / "queue.json").write_text(json.dumps(policy(statement)))
    assert main.main(["lint-policy", "queue.json"]) == 1
    assert main.main(["lint-policy", "queue.json", "--queue", QUEUE]) == 1


def test_a_policy_comes_from_standard_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + json.dumps(LOCKED).encode()))
    monkeypatch.setattr("sys.stdin", text)
    assert lint("-") == 1
    assert capsys.readouterr().out.startswith("<stdin>:1:")


def test_the_smallest_edit_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lint("possible.json", "--diff")
    printed = capsys.readouterr().out
    assert '-    "Action": "s3:*",' in printed.replace("      ", "    ")
    assert "PutBucketPolicy" in printed


CHECKS = [
    ("", "It is empty."),
    ('{\n  "Version" "2012"}', "bad.json:2:13: error: This is not JSON: Expecting ':' delimiter."),
    ("Statement: []", "bad.json:1:1: error: This is not JSON: Expecting value."),
    ("[]", "The policy is a list, but a policy is a JSON object with a Statement."),
    ("{}", "The JSON is not a policy: it has no Statement."),
    ('{"Resources": {}}', "This is a CloudFormation template."),
    ('{"planned_values": {}}', "This is Terraform's state or plan."),
    ('{"Policy": "{}"}', "Get that alone: --query Policy --output text."),
    ('{"Attributes": {"Policy": "{}"}}', "--query Attributes.Policy --output text."),
    ('{"Statement": [],\n "Statement": []}', "The policy has Statement twice in one place."),
    (json.dumps(policy(ALLOW | {"Extra": "Deny"})), "bad.json:1:41: error: Statement 0 has unknown elements: Extra."),
    (json.dumps(policy({**ALLOW, "Resource": "*"})), "It names none without wildcards. Give --bucket or --queue."),
    (json.dumps(policy(ALLOW, ALLOW | {"Resource": "arn:aws:s3:::two"})), "It names several: arn:aws:s3:::my-bucket, "),
    ("[" * 100_000, "nested too deeply"),
    ("1" * 2_000_000, "it has more than 1 MiB."),
]


@pytest.mark.parametrize(("content", "said"), CHECKS)
def test_a_file_that_cannot_be_checked_is_one_line(
    content: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.json").write_text(content)
    assert lint("bad.json", "fine.json") == 2
    printed = capsys.readouterr()
    assert said in printed.out
    assert printed.out.splitlines()[1:] == ["2 policies: 1 could not be checked, 1 does not lock them out."]
    assert printed.err == ""


def test_other_files_are_named_as_what_they_are(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "main.tf").write_text('resource "aws_s3_bucket" "x" {}')
    (folder / "latin.json").write_bytes(b'"\xe4"')
    assert lint("main.tf", "latin.json", str(folder), "none.json") == 2
    printed = capsys.readouterr().out
    assert "main.tf:1:1: error: This is not JSON: Expecting value. lint-policy reads no templates" in printed
    assert "latin.json: error: It is not UTF-8 text." in printed
    assert "It cannot be read: Is a directory." in printed
    assert "none.json: error: It cannot be read: No such file or directory." in printed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--account", "1234"], "Invalid value for --account: '1234'. Expected 12 digits."),
        (["--bucket", "arn:aws:s3:::x"], "Expected the name of a bucket, without arn:aws:s3:::."),
        (["--bucket", "x-y-z", "--queue", QUEUE], "--bucket and --queue exclude each other."),
        (["--queue", "jobs"], "Expected arn:aws:sqs:REGION:ACCOUNT:NAME."),
        (["--queue", QUEUE, "--account", "999988887777"], "is not the account of the queue"),
        (["--organization", "acme"], "Expected an ID such as o-a1b2c3d4e5."),
        (["--json", "--sarif"], "--json and --sarif exclude each other."),
        (["--administratos", "x"], "There is no option --administratos. Did you mean --administrators?"),
    ],
)
def test_wrong_options_are_refused(
    options: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint("fine.json", *options) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_a_policy_for_another_bucket_is_not_found_harmless(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its statements are not about the bucket asked about, so none of them locks that."""
    assert lint("locked.json", "--bucket", "my-buckets") == 2
    assert "and not for arn:aws:s3:::my-buckets. Check --bucket." in capsys.readouterr().out
    (folder / "pattern.json").write_text(json.dumps(policy(DENY_ALL | {"Resource": "arn:aws:s3:::other*"})))
    assert lint("pattern.json", "--bucket", BUCKET) == 2
    (folder / "pattern.json").write_text(json.dumps(policy(DENY_ALL | {"Resource": "arn:aws:s3:::my-*"})))
    assert lint("pattern.json", "--bucket", BUCKET) == 1


def test_administrators_of_another_account_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("locked.json", "--administrators", "arn:aws:iam::999988887777:role/Admin") == 2
    assert f"is not of account {ACCOUNT}" in capsys.readouterr().out


def test_a_document_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("locked.json", "possible.json", "none.json", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == 1
    assert [one["verdict"] for one in document["policies"]] == ["locked", "possibly_locked", "failed"]
    finding = document["policies"][0]["findings"][0]
    assert (finding["rule"], finding["statement"], finding["sid"]) == ("locks-administrators", 1, "DenyAll")
    assert finding["actions"] == ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]


# What SARIF 2.1.0 (OASIS) requires of the parts that are written, and nothing else in them.
LEVEL = {"enum": ["none", "note", "warning", "error"]}
NUMBER = {"type": "integer", "minimum": 1}
REGION = {"startLine": NUMBER, "startColumn": NUMBER, "endLine": NUMBER, "endColumn": NUMBER}


def exactly(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


TEXT = exactly(text={"type": "string", "minLength": 1})
PLACE = {
    "type": "object",
    "required": ["artifactLocation"],
    "properties": {
        "artifactLocation": exactly(uri={"type": "string", "pattern": "^[^\\s\\\\]+$"}),
        "region": exactly(**REGION),
    },
    "additionalProperties": False,
}
LOCATIONS = {"type": "array", "minItems": 1, "items": exactly(physicalLocation=PLACE)}
RULE = exactly(
    id={"type": "string", "pattern": "^[a-z-]+$"},
    shortDescription=TEXT,
    fullDescription=TEXT,
    help=TEXT,
    defaultConfiguration=exactly(level=LEVEL),
)
SARIF = exactly(
    **{"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}},
    runs={
        "type": "array",
        "items": exactly(
            tool=exactly(
                driver=exactly(
                    name={"type": "string"},
                    version={"type": "string"},
                    informationUri={"type": "string", "format": "uri"},
                    rules={"type": "array", "items": RULE, "uniqueItems": True},
                )
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            invocations={
                "type": "array",
                "items": exactly(
                    executionSuccessful={"type": "boolean"},
                    exitCode={"type": "integer"},
                    toolExecutionNotifications={
                        "type": "array",
                        "items": exactly(level=LEVEL, message=TEXT, locations=LOCATIONS),
                    },
                ),
            },
            results={
                "type": "array",
                "items": exactly(
                    ruleId={"type": "string"},
                    ruleIndex={"type": "integer", "minimum": 0},
                    level=LEVEL,
                    message=TEXT,
                    locations=LOCATIONS,
                    properties={"type": "object"},
                ),
            },
        ),
    },
)


def test_sarif(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "ä b.json"
    shutil.copy("possible.json", outside)
    (folder / "bad.json").write_text('{"Version":\n}')
    assert lint("locked.json", str(outside), "bad.json", "fine.json", "--sarif") == 1
    printed = capsys.readouterr()
    log = json.loads(printed.out)
    jsonschema.Draft202012Validator(SARIF).validate(log)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [result["ruleId"] for result in run["results"]]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("locks-administrators", "error"),
        ("may-lock-administrators", "warning"),
    ]
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert places[0] == "locked.json"
    assert places[1] == outside.as_uri()
    [invocation] = run["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, False)
    [notification] = invocation["toolExecutionNotifications"]
    assert notification["locations"][0]["physicalLocation"]["region"]["startLine"] == 2
    assert "locked.json:" in printed.err  # a person who reads the log of the job sees it too


def test_the_guide_has_every_rule() -> None:
    guide = (CHECKOUT / "docs/guide/lint-policy.md").read_text()
    for rule in RULES:
        assert f"| `{rule.id}` | {rule.level} |" in guide


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    statements=st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=3), max_size=4),
    before=st.dictionaries(st.text(max_size=5).filter(lambda name: name != "Statement"), JSON, max_size=2),
    indent=st.sampled_from([None, 0, 2, "\t"]),
    single=st.booleans(),
)
def test_the_place_of_a_statement_is_where_it_stands(
    statements: list[dict[str, Any]], before: dict[str, Any], indent: Any, single: bool
) -> None:
    content: Any = statements[0] if single and statements else statements
    text = json.dumps({**before, "Statement": content, "Id": "x"}, indent=indent, ensure_ascii=False)
    found = [json.loads(text[start:end]) for start, end in policy_file._statements(text)]
    assert found == (content if isinstance(content, list) else [content])


def test_the_hook_of_pre_commit(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The definition that ships, in a repository with policies; the command is the one of this Python."""
    programs = tmp_path_factory.mktemp("programs")
    (programs / "breakglass").write_text(f'#!/bin/sh\nexec {sys.executable} -m breakglass_aws "$@"\n')
    (programs / "breakglass").chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))},
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "PRE_COMMIT_HOME": str(programs / "home"),
        "HOME": str(programs),
    }
    [hook] = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] == "breakglass-lint-policy"
    hook |= {"language": "system", "args": ["--account", ACCOUNT], "files": "json$"}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
    (folder / "notes.txt").write_text("no policy")

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    assert run("git", "init", "--quiet").returncode == 0
    (folder / "locked.json").rename(folder / "kept")
    (folder / "possible.json").unlink()
    run("git", "add", ".")
    clean = run(sys.executable, "-m", "pre_commit", "run", "--all-files")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert "Passed" in clean.stdout
    (folder / "kept").rename(folder / "locked.json")
    run("git", "add", ".")
    stopped = run(sys.executable, "-m", "pre_commit", "run", "--all-files")
    assert stopped.returncode == 1
    assert "Statement 1 (DenyAll) locks administrators out." in stopped.stdout


ONLY_VPCE = DENY_ALL | {"Sid": "OnlyVpce", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}}
ONLY_NETWORK = DENY_ALL | {"Sid": "OnlyOffice", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
ONLY_VPC = DENY_ALL | {"Sid": "OnlyVpc", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}
EITHER = {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}, "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


@pytest.mark.parametrize(
    ("statements", "networks", "status", "rules"),
    [
        ([ONLY_VPCE], [], 1, ["locks-administrators"]),
        ([ONLY_VPCE], ["vpce-1a2b3c4d"], 0, ["limits-networks"]),
        ([ONLY_VPCE], ["vpce-9"], 1, ["locks-administrators"]),
        ([ONLY_VPCE], ["vpce-9", "vpce-1a2b3c4d"], 0, ["limits-networks"]),
        ([ONLY_VPCE], ["vpc-1"], 3, ["may-lock-administrators"]),  # through which of its endpoints?
        ([ONLY_VPCE], ["203.0.113.7"], 1, ["locks-administrators"]),
        ([ONLY_NETWORK], ["203.0.113.7"], 0, ["limits-networks"]),
        ([ONLY_NETWORK], ["198.51.100.7"], 1, ["locks-administrators"]),
        ([ONLY_NETWORK, ONLY_VPCE], ["203.0.113.7", "vpce-1a2b3c4d"], 1, None),  # no network is let in by both
        ([ONLY_VPC, ONLY_VPCE], ["vpc-1,vpce-1a2b3c4d"], 0, ["limits-networks", "limits-networks"]),
        ([DENY_ALL | {"Condition": EITHER}], ["vpc-1"], 0, ["limits-networks"]),
        ([DENY_ALL | {"Condition": EITHER}], ["203.0.113.7"], 0, ["limits-networks"]),
        ([DENY_ALL], ["vpce-1a2b3c4d"], 1, ["locks-administrators"]),
        ([ALLOW], ["vpce-1a2b3c4d"], 0, []),
    ],
)
def test_a_limit_to_networks_from_which_administrators_work_is_no_lockout(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    statements: list[Any],
    networks: list[str],
    status: int,
    rules: Any,
) -> None:
    (folder / "network.json").write_text(json.dumps(policy(*statements)))
    given = [word for network in networks for word in ("--from", network)]
    assert lint("network.json", "--json", *given) == status
    [found] = json.loads(capsys.readouterr().out)["policies"]
    assert rules is None or [one["rule"] for one in found["findings"]] == rules


def test_a_repair_keeps_a_limit_to_networks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "both.json").write_text(json.dumps(policy(ONLY_VPCE, DENY_ALL)))
    assert lint("both.json", "--json", "--diff", "--from", "vpce-1a2b3c4d") == 1
    [found] = json.loads(capsys.readouterr().out)["policies"]
    assert json.loads(found["repaired"])["Statement"] == [ONLY_VPCE]


@pytest.mark.parametrize("network", ["vpce", "10.0.0.0/8", "vpce-1,", "", "office", "vpce-1,vpce-2", "1.2.3.4,5.6.7.8"])
def test_what_is_no_network_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], network: str) -> None:
    assert lint("fine.json", "--from", network) == 2
    assert f"Invalid value for --from: {network!r}. Expected an IP address, vpce-ID" in capsys.readouterr().err


def test_the_name_of_a_bucket_that_is_too_short_says_how_long_names_are(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint("fine.json", "--bucket", "ab") == 2
    assert "3 to 63 lowercase letters, digits, dots and hyphens" in capsys.readouterr().err
