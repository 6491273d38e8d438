"""The inventory plugin, as ansible-inventory runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.playbooks import run_playbook

from sandbox import Box

ACCOUNTS = {"security", "payments", "legacy-web", "data-lake", "reports", "closed-shop", "vault", "invited"}


def inventory(box: Box, directory: Path, *, identity: str = "operator", name: str = "organization.yml", **options):
    """The finished run of ansible-inventory --list with a configuration file of that name."""
    (directory / name).write_text(yaml.safe_dump({"plugin": "breakglass.aws.organization", **options}))
    others = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
    return subprocess.run(
        [str(Path(sys.executable).with_name("ansible-inventory")), "-i", name, "--list"],
        env={
            **others,
            "HOME": str(directory),
            "ANSIBLE_HOME": str(directory / "ansible"),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **box.environment(identity),
        },
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def listed(sandbox: Box, tmp_path: Path):
    def run(**options) -> dict:
        done = inventory(sandbox, tmp_path, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return plain(json.loads(done.stdout))

    return run


def plain(listed):
    """The inventory without Ansible's marks on what must never be taken for a template, which is all of it."""
    if isinstance(listed, dict):
        return listed.get("__ansible_unsafe") or {name: plain(value) for name, value in listed.items()}
    return [plain(one) for one in listed] if isinstance(listed, list) else listed


def test_member_accounts_are_hosts_in_groups_of_ou_state_and_tag(listed, sandbox):
    sandbox.client("organizations", "operator").tag_resource(
        ResourceId="012345678901", Tags=[{"Key": "team", "Value": "data {{ 1 + 8 }}"}]
    )
    found = listed()
    hosts = found["_meta"]["hostvars"]
    assert hosts.keys() >= ACCOUNTS
    assert "management" not in hosts
    lake = hosts["data-lake"]
    assert lake["account_id"] == "012345678901"  # its leading zero and all
    assert (lake["account_name"], lake["state"], lake["joined_method"]) == ("data-lake", "ACTIVE", "CREATED")
    assert lake["account_email"] == "aws+data-lake@example.com"
    assert (lake["ou_path"], lake["ou_name"]) == ("Root/Workloads/Production", "Production")
    assert lake["ou_path_ids"].startswith("o-breakglass1/r-")
    assert lake["joined"].endswith("Z")
    # What others may write into a tag is text, and stays it.
    assert lake["account_tags"] == {"team": "data {{ 1 + 8 }}"}
    assert found["tag_team_data____1___8___"]["hosts"] == ["data-lake"]
    assert set(found["ou_workloads_production"]["hosts"]) == {"payments", "data-lake"}
    assert "ou_workloads_production" in found["ou_workloads"]["children"]
    assert "ou_workloads" in found["ou_root"]["children"]
    assert found["ou_root"]["hosts"] == ["invited"]
    assert found["state_suspended"]["hosts"] == ["closed-shop"]
    assert "closed-shop" not in found["state_active"]["hosts"]
    assert [event["operation"] for event in sandbox.events() if event["write"]] == ["TagResource"]  # the test's own


def test_what_users_of_constructed_inventories_know_works(listed):
    found = listed(
        hostname="id",
        states=["ACTIVE"],
        management_account=True,
        compose={"root_user": "'arn:aws:iam::' ~ account_id ~ ':root'"},
        groups={"came_along": "joined_method == 'INVITED'"},
        keyed_groups=[{"key": "account_tags.cost_center | default('none')", "prefix": "cost_center"}],
        strict=True,
    )
    hosts = found["_meta"]["hostvars"]
    assert "111122223333" in hosts
    assert "666677778888" not in hosts
    assert hosts["012345678901"]["root_user"] == "arn:aws:iam::012345678901:root"
    assert found["came_along"]["hosts"] == ["888899990000"]
    assert "012345678901" in found["cost_center_none"]["hosts"]


def test_accounts_of_one_name_are_called_by_their_ids(sandbox, tmp_path):
    sandbox.client("organizations", "operator").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    sandbox.client("account", "operator").put_account_name(AccountId="777788889999", AccountName="payments")
    done = inventory(sandbox, tmp_path)
    hosts = json.loads(done.stdout)["_meta"]["hostvars"]
    assert {"333344445555", "777788889999"} < hosts.keys()
    assert "payments" not in hosts
    assert "Several accounts are named payments" in done.stderr


def test_the_cache_is_used_until_it_is_refreshed(listed, sandbox, tmp_path):
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = listed(**cache)
    asked = len(sandbox.events())
    assert listed(**cache) == first
    assert len(sandbox.events()) == asked


def test_tags_are_left_unread_when_they_are_not_wanted(listed, sandbox):
    listed(tags=False)
    assert "ListTagsForResource" not in [event["operation"] for event in sandbox.events()]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"identity": "nobody"}, "permission for DescribeOrganization"),
        ({"identity": "payments-administrator"}, "neither the management account nor a delegated administrator"),
        ({"hostname": "email"}, "hostname"),
        ({"states": ["ASLEEP"]}, "ASLEEP"),
        ({"profile": "nowhere"}, "profile"),
        ({"name": "accounts.yml"}, "accounts.yml"),
    ],
)
def test_what_cannot_be_read_or_meant_is_said_and_is_no_empty_inventory(sandbox, tmp_path, options, said):
    done = inventory(sandbox, tmp_path, **options)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_delegated_administrator_reads_it_too(sandbox, tmp_path):
    done = inventory(sandbox, tmp_path, identity="delegate")
    assert done.returncode == 0, done.stderr
    assert "payments" in json.loads(done.stdout)["_meta"]["hostvars"]


def test_a_play_works_for_each_account_of_an_ou(sandbox, tmp_path):
    (tmp_path / "organization.yml").write_text("plugin: breakglass.aws.organization\n")
    play = {
        "hosts": "ou_workloads_production",
        "gather_facts": False,
        "tasks": [{"breakglass.aws.root_access_info": {"account_id": "{{ account_id }}"}}],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = run_playbook(
        "play.yml", "-i", "organization.yml", environment=sandbox.environment("operator"), directory=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "data-lake" in done.stdout
    assert "payments" in done.stdout
    assert "WARNING" not in done.stdout + done.stderr
