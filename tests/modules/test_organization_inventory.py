"""The inventory plugin, as ansible-inventory runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from support.playbooks import run_ansible, run_playbook

from breakglass_aws.sandbox import Box

LAKE, PAYMENTS, LEGACY, VAULT, REPORTS = "012345678901", "333344445555", "444455556666", "777788889999", "555566667777"
INVITED, CLOSED_SHOP, MANAGEMENT = "888899990000", "666677778888", "111122223333"


def command(box: Box, directory: Path, *words: str, identity: str = "operator", **environment: str):
    """The finished run of a command of Ansible, with nothing of this machine's configuration."""
    return run_ansible(*words, environment={**box.environment(identity), **environment}, directory=directory)


def configure(directory: Path, name: str = "organization.yml", **options) -> str:
    """Write a configuration file of the plugin; its name."""
    (directory / name).write_text(yaml.safe_dump({"plugin": "breakglass.aws.organization", **options}))
    return name


def inventory(box: Box, directory: Path, *, identity: str = "operator", name: str = "organization.yml", **options):
    """The finished run of ansible-inventory --list with a configuration file of that name."""
    words = ("ansible-inventory", "-i", configure(directory, name, **options), "--list")
    return command(box, directory, *words, identity=identity, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")


def rename(box: Box, **names: str) -> None:
    """Give accounts (``_333344445555="Log Archive"``) other names, as AWS allows them."""
    box.client("organizations", "operator").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    for account_id, name in names.items():
        box.client("account", "operator").put_account_name(AccountId=account_id.strip("_"), AccountName=name)


def tag(box: Box, account_id: str, **tags: str) -> None:
    entries = [{"Key": key, "Value": value} for key, value in tags.items()]
    box.client("organizations", "operator").tag_resource(ResourceId=account_id, Tags=entries)


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
    tag(sandbox, LAKE, team="data {{ 1 + 8 }}")
    found = listed()
    hosts = found["_meta"]["hostvars"]
    assert hosts.keys() >= {LAKE, PAYMENTS, LEGACY, VAULT, REPORTS, INVITED, CLOSED_SHOP}
    assert MANAGEMENT not in hosts
    lake = hosts[LAKE]
    assert lake["account_id"] == "012345678901"  # its leading zero and all
    assert (lake["account_name"], lake["state"], lake["joined_method"]) == ("data-lake", "ACTIVE", "CREATED")
    assert lake["account_email"] == "aws+data-lake@example.com"
    assert (lake["ou_path"], lake["ou_name"]) == ("Root/Workloads/Production", "Production")
    assert lake["ou_path_ids"].startswith("o-breakglass1/r-")
    assert lake["joined"].endswith("Z")
    # What others may write into a tag is text, and stays it.
    assert lake["account_tags"] == {"team": "data {{ 1 + 8 }}"}
    assert found["tag_team_data____1___8___"]["hosts"] == [LAKE]
    assert set(found["ou_workloads_production"]["hosts"]) == {PAYMENTS, LAKE}
    assert "ou_workloads_production" in found["ou_workloads"]["children"]
    assert "ou_workloads" in found["ou_root"]["children"]
    assert found["ou_root"]["hosts"] == [INVITED]
    assert found["state_suspended"]["hosts"] == [CLOSED_SHOP]
    assert CLOSED_SHOP not in found["state_active"]["hosts"]
    assert found["account_data_lake"]["hosts"] == [LAKE]
    assert [event["operation"] for event in sandbox.events() if event["write"]] == ["TagResource"]  # the test's own


def test_what_users_of_constructed_inventories_know_works(listed):
    found = listed(
        states=["ACTIVE"],
        management_account=True,
        compose={"root_user": "'arn:aws:iam::' ~ account_id ~ ':root'"},
        groups={"came_along": "joined_method == 'INVITED'"},
        keyed_groups=[{"key": "account_tags.cost_center | default('none')", "prefix": "cost_center"}],
        strict=True,
    )
    hosts = found["_meta"]["hostvars"]
    assert MANAGEMENT in hosts
    assert CLOSED_SHOP not in hosts
    assert hosts[LAKE]["root_user"] == "arn:aws:iam::012345678901:root"
    assert found["came_along"]["hosts"] == [INVITED]
    assert LAKE in found["cost_center_none"]["hosts"]


def test_a_role_can_read_the_organization(listed, sandbox):
    """assume_role_arn as of the inventory plugins of amazon.aws; the connection options may be templates."""
    found = listed(
        identity="engineer", assume_role_arn="arn:aws:iam::{{ '2222' ~ 33334444 }}:role/OrganizationAccountAccessRole"
    )
    assert found["account_data_lake"]["hosts"] == [LAKE]
    reads = [event for event in sandbox.events() if event["operation"] == "ListAccounts"]
    assert {event["account"] for event in reads} == {"222233334444"}


def test_keys_beside_a_profile_are_refused(sandbox, tmp_path):
    failed = inventory(sandbox, tmp_path, profile="work")
    assert failed.returncode != 0
    assert "Both profile (work) and access_key are set" in failed.stderr
    assert "Traceback" not in failed.stderr


# Names are free text, and select nothing


@pytest.mark.parametrize("pattern", ["Log Archive", "account_log_archive", "333344445555"])
def test_a_play_limited_to_an_account_never_acts_on_another(sandbox, tmp_path, pattern):
    """Control Tower names an account `Log Archive`; Ansible reads that as two patterns."""
    rename(sandbox, _333344445555="Log Archive", _444455556666="Archive")
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump([{"hosts": pattern, "gather_facts": False, "tasks": [{"ansible.builtin.ping": None}]}])
    )
    name = configure(tmp_path)
    done = command(sandbox, tmp_path, "ansible-playbook", "-i", name, "play.yml", "-vv")
    assert LEGACY not in done.stdout
    assert "[Archive]" not in done.stdout
    assert (PAYMENTS in done.stdout) is (pattern != "Log Archive")


RENAMED = [VAULT, LEGACY, REPORTS, INVITED, "999900001111", "222233334444", "343434343434", "121212121212"]
HOSTILE = [
    ["all", "ungrouped", "localhost", "ou_root", "ou_vault", "state_active", "tag_env_prod", "444455556666"],
    ["a,b", "~.*", "*", "!all", "&all", "web[1:9]", "web:22", "Log Archive"],
]


@pytest.mark.parametrize("hostname", ["id", "name"])
@pytest.mark.parametrize("names", HOSTILE)
def test_no_name_of_an_account_steers(sandbox, tmp_path, names, hostname):
    for account_id, env in ((LAKE, "prod"), (PAYMENTS, "prod"), (VAULT, "test")):
        tag(sandbox, account_id, env=env)
    named = dict(zip(RENAMED, names, strict=True))
    rename(sandbox, **{f"_{account_id}": name for account_id, name in named.items()})
    done = inventory(sandbox, tmp_path, hostname=hostname)
    assert done.returncode == 0, done.stderr
    found = plain(json.loads(done.stdout))
    hosts = found["_meta"]["hostvars"]
    assert {account_id: hosts[account_id]["account_name"] for account_id in named} == named
    lake, payments = (LAKE, PAYMENTS) if hostname == "id" else ("data-lake", "payments")
    assert set(found["tag_env_prod"]["hosts"]) == {lake, payments}
    assert found["tag_env_test"] == {"hosts": [VAULT]}
    assert found["ou_vault"] == {"hosts": [VAULT]}
    assert found["ou_root"]["hosts"] == [INVITED]
    assert not [group for group, content in found.items() if group in content.get("children", [])]
    assert "Traceback" not in done.stderr


def test_an_account_and_a_group_of_one_name_are_kept_apart(sandbox, tmp_path):
    rename(sandbox, _777788889999="web-test", _444455556666="staging")
    tag(sandbox, VAULT, environment="staging")
    tag(sandbox, LEGACY, environment="production")
    for hostname in ("id", "name"):
        keyed = [{"key": "account_tags.environment | default('')", "prefix": "", "separator": ""}]
        found = plain(json.loads(inventory(sandbox, tmp_path, keyed_groups=keyed, hostname=hostname).stdout))
        staging = {"hosts": [VAULT if hostname == "id" else "web-test"]}
        assert found["staging"] == found["tag_environment_staging"] == staging
        assert found["production"] == found["tag_environment_production"] == {"hosts": [LEGACY]}


def test_a_tag_adds_no_account_to_a_group_of_another_kind(sandbox, tmp_path):
    tag(sandbox, VAULT, environment="ou_workloads_production")
    keyed = [{"key": "account_tags.environment | default('')", "prefix": "", "separator": ""}]
    done = inventory(sandbox, tmp_path, keyed_groups=keyed)
    found = plain(json.loads(done.stdout))
    assert set(found["ou_workloads_production"]["hosts"]) == {PAYMENTS, LAKE}
    assert found["keyed_ou_workloads_production"] == {"hosts": [VAULT]}
    assert "keyed_ou_workloads_production is used instead" in " ".join(done.stderr.split())


def test_ous_whose_names_become_one_are_kept_apart_and_warned_of(sandbox, tmp_path):
    client = sandbox.client("organizations", "operator")
    root = client.list_roots()["Roots"][0]["Id"]
    made = client.create_organizational_unit(ParentId=root, Name="Workloads-Production")["OrganizationalUnit"]["Id"]
    old = client.list_parents(ChildId=LAKE)["Parents"][0]["Id"]
    client.move_account(AccountId=VAULT, SourceParentId=parent(client, VAULT), DestinationParentId=made)
    done = inventory(sandbox, tmp_path)
    found = plain(json.loads(done.stdout))
    assert "ou_workloads_production" not in found
    assert found[f"ou_workloads_production_{made.replace('-', '_')}"] == {"hosts": [VAULT]}
    assert set(found[f"ou_workloads_production_{old.replace('-', '_')}"]["hosts"]) == {LAKE, PAYMENTS}
    assert "Several OUs would share a group (ou_workloads_production)" in " ".join(done.stderr.split())


def parent(client, account_id: str) -> str:
    return client.list_parents(ChildId=account_id)["Parents"][0]["Id"]


def test_hosts_can_still_be_named_by_name_with_a_deprecation(sandbox, tmp_path):
    rename(sandbox, _777788889999="payments")
    done = inventory(sandbox, tmp_path, hostname="name")
    hosts = json.loads(done.stdout)["_meta"]["hostvars"]
    assert {"333344445555", "777788889999", "data-lake"} < hosts.keys()
    assert "payments" not in hosts
    said = " ".join(done.stderr.split())
    assert "several accounts have this name" in said
    assert "[DEPRECATION WARNING]: hostname=name" in said


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
        ({"management_acount": True}, "Did you mean management_account?"),
        ({"state": ["ACTIVE"]}, "Did you mean states?"),
    ],
)
def test_what_cannot_be_read_or_meant_is_said_and_is_no_empty_inventory(sandbox, tmp_path, options, said):
    done = inventory(sandbox, tmp_path, **options)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"management_acount": True}, None),
        ({}, "ListTagsForResource"),
        ({}, "ListAccounts"),
        ({"strict": True, "compose": {"x": "account_id.nothing"}}, None),
    ],
)
def test_an_inventory_that_cannot_be_read_completely_stops_the_play(sandbox, tmp_path, options, fault):
    """Whatever Ansible's settings are: by default it warns, and plays for no host, or for some, with status 0."""
    if fault:
        sandbox.add_fault("refusal", operation=fault, code="AccessDeniedException")
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.ping": None}]}])
    )
    done = command(sandbox, tmp_path, "ansible-playbook", "-i", configure(tmp_path, **options), "play.yml")
    assert done.returncode != 0
    assert "PLAY" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_delegated_administrator_reads_it_too(sandbox, tmp_path):
    done = inventory(sandbox, tmp_path, identity="delegate")
    assert done.returncode == 0, done.stderr
    assert PAYMENTS in json.loads(done.stdout)["_meta"]["hostvars"]


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
    assert LAKE in done.stdout
    assert PAYMENTS in done.stdout
    assert "WARNING" not in done.stdout + done.stderr
