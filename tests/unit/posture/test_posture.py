"""The report of sweeps: what counts as a finding, what is never clean, and that free text stays text."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from breakglass_aws.engine import posture
from breakglass_aws.engine.errors import RunbookError

EMPTY = {
    "password": {"present": False, "created": None, "last_used": None},
    "access_keys": [],
    "signing_certificates": [],
    "mfa_devices": [],
}
MFA = {"serial": "arn:aws:iam::1:mfa/root", "enabled": None}
PASSWORD = {"present": True, "created": "2020-01-01T00:00:00Z", "last_used": "2026-02-03T00:00:00Z"}
KEY = {"id": "AKIA1", "status": "Active", "created": None, "last_used": {"date": None, "service": None, "region": None}}
CERTIFICATE = {"id": "CERT", "status": "Active", "created": None}


def entry(account_id: str = "111111111111", outcome: str = "", name: str = "one", **credentials) -> dict:
    has = bool(credentials)
    return {
        "account_id": account_id,
        "name": name,
        "outcome": outcome or ("unchanged" if has else "absent"),
        "reason": "",
        "fix": "",
        "root_credentials": {**EMPTY, **credentials},
    }


def unread(outcome: str, account_id: str = "222222222222", **more) -> dict:
    return {**entry(account_id, outcome), "root_credentials": None, "reason": "Denied.", "fix": "Allow it.", **more}


def place(account_id: str, path: str) -> dict:
    return {"account_id": account_id, "name": "", "outcome": "unchanged", "ou": {"path": path}}


def assess(*entries: dict, places: tuple = ()) -> posture.Posture:
    return posture.assess([{"accounts": list(entries)}, {"accounts": list(places)}], made="2026-02-04")


def kinds(*entries: dict) -> list[str]:
    return [finding.kind.name for account in assess(*entries).accounts for finding in account.findings]


@pytest.mark.parametrize(
    ("credentials", "expected", "status"),
    [
        ({}, [], "clean"),
        ({"password": PASSWORD}, ["password_without_mfa"], "critical"),
        ({"password": PASSWORD, "mfa_devices": [MFA]}, ["password"], "high"),
        ({"access_keys": [KEY]}, ["active_access_key"], "critical"),
        ({"access_keys": [{**KEY, "status": "Inactive"}]}, ["inactive_access_key"], "medium"),
        ({"signing_certificates": [CERTIFICATE]}, ["signing_certificate"], "high"),
        ({"mfa_devices": [MFA]}, ["mfa_device"], "low"),
        (
            {"password": PASSWORD, "access_keys": [KEY, KEY], "signing_certificates": [CERTIFICATE]},
            ["password_without_mfa", "active_access_key", "active_access_key", "signing_certificate"],
            "critical",
        ),
    ],
)
def test_findings_of_root_credentials(credentials, expected, status):
    one = entry(**credentials)
    assert kinds(one) == expected
    assert assess(one).accounts[0].status == status


@pytest.mark.parametrize("outcome", ["unreachable", "failed", "unverified", "not_reached"])
def test_what_was_not_read_is_unknown_and_never_clean(outcome):
    [account] = assess(unread(outcome)).accounts
    assert account.status == "unknown"
    assert [finding.kind.name for finding in account.findings] == ["not_read"]
    assert "Denied. Allow it." in posture.as_html(assess(unread(outcome)))


def test_a_skipped_account_is_neither_clean_nor_unknown():
    found = assess(unread("skipped", reason="The account is suspended."))
    assert found.counts() == {"skipped": 1}
    assert found.accounts[0].reason == "The account is suspended."


def test_an_account_that_one_of_two_sweeps_could_not_read_is_not_clean():
    role = {"account_id": "111111111111", "name": "one", "outcome": "failed", "reason": "No answer.", "role": None}
    found = posture.assess([{"accounts": [entry()]}, {"accounts": [role]}])
    assert found.accounts[0].status == "unknown"


def test_access_roles_and_lockouts_have_findings_too():
    role = {
        "account_id": "111111111111",
        "name": "one",
        "outcome": "unreachable",
        "reason": "",
        "role": {"arn": "arn:role", "state": "missing", "certain": False},
    }
    resource = {"service": "s3", "arn": "arn:bucket", "outcome": "locked", "reason": "All are denied."}
    lockouts = {
        "account_id": "111111111111",
        "name": "one",
        "outcome": "unchanged",
        "resources": [resource, {**resource, "outcome": "unreadable"}, {**resource, "outcome": "unlocked"}],
        "unlisted": [{"service": "sqs", "region": "eu-west-1", "reason": "Denied."}],
    }
    found = posture.assess([{"accounts": [role]}, {"accounts": [lockouts]}])
    details = {(one.kind.name, one.detail) for one in found.accounts[0].findings}
    assert details == {
        ("access_role", "arn:role: probably it is missing"),
        ("locked_resource", "arn:bucket: All are denied."),
        ("partly_read", "arn:bucket: All are denied."),
        ("partly_read", "sqs in eu-west-1: Denied."),
    }


def test_of_two_results_of_one_module_the_last_counts():
    found = posture.assess([{"accounts": [entry(password=PASSWORD)]}, {"accounts": [entry()]}])
    assert found.counts() == {"clean": 1}


def test_the_page_counts_ous_with_their_subtrees():
    places = (
        place("111111111111", "Root/Workloads/Production"),
        place("222222222222", "Root/Workloads"),
        place("333333333333", "Root/Security"),
    )
    found = assess(entry(), unread("failed"), entry("333333333333", password=PASSWORD), places=places)
    page = posture.as_html(found)
    units = re.findall(r'<span class="name">(.*?)</span><span class="total">(.*?)</span>', page)
    assert units == [
        ("Root", "3 accounts"),
        ("Security", "1 account"),
        ("Workloads", "2 accounts"),
        ("Production", "1 account"),
    ]
    without = posture.as_html(assess(entry()))
    assert "OU not known" in without


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        if tag not in ("meta",):
            self.open.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x onerror=1>', "a\u202eb\x1b[2J", "&amp;lt;"]
)
def test_free_text_of_aws_stays_text(evil):
    found = assess(
        entry(name=evil, password=PASSWORD),
        unread("unreachable", reason=evil, name=evil),
        unread("skipped", "333333333333", reason=evil, name=evil),
        places=(place("111111111111", f"Root/{evil.replace('/', '')}"),),
    )
    page = posture.as_html(found)
    parser = Tags()
    parser.feed(page)
    assert parser.open == []
    assert parser.tags.count("script") == 2  # the data and the script that the page allows by its hash
    assert posture.page.SCRIPT.read_text() in page
    assert "img" not in parser.tags
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_the_page_needs_no_network_and_its_links_lead_somewhere():
    page = posture.as_html(assess(entry(password=PASSWORD), unread("failed"), entry("333333333333", access_keys=[KEY])))
    parser = Tags()
    parser.feed(page)
    assert {link.removeprefix("#") for link in parser.links} <= set(parser.ids)
    assert "http" not in re.sub(r"<meta[^>]*>", "", page)


def test_accounts_that_fail_alike_are_one_row():
    reason = "The policy p-1 denies root sessions in {}."
    many = [unread("unreachable", str(n).zfill(12), reason=reason.format(str(n).zfill(12))) for n in range(300)]
    page = posture.as_html(assess(*many))
    findings = page[page.index('id="findings"') : page.index('id="units"')]
    assert findings.count("denies root sessions") == 1
    assert "300 accounts" in findings
    assert str(299).zfill(12) in findings


def test_every_account_is_in_every_format():
    ids = [str(n).zfill(12) for n in range(100)]
    found = assess(*(entry(one, password=PASSWORD) if n % 3 else entry(one) for n, one in enumerate(ids)))
    page = posture.as_html(found)
    assert all(one in page for one in ids)
    rows = list(csv.DictReader(io.StringIO(posture.as_csv(found))))
    assert [row["account_id"] for row in rows] == ids
    assert [account["account_id"] for account in json.loads(posture.as_json(found))["accounts"]] == ids


def test_the_list_for_a_spreadsheet_runs_no_formula():
    [row] = csv.DictReader(io.StringIO(posture.as_csv(assess(entry(name="=1+1", password=PASSWORD)))))
    assert row["name"] == "'=1+1"
    assert (row["status"], row["password"], row["mfa_devices"]) == ("critical", "yes", "0")
    [row] = csv.DictReader(io.StringIO(posture.as_csv(assess(unread("failed")))))
    assert (row["status"], row["password"]) == ("unknown", "")


def test_results_and_journals_are_read_from_files(tmp_path):
    result = tmp_path / "result.json"
    result.write_text(json.dumps({"accounts": [entry(password=PASSWORD)], "summary": {}}))
    assert posture.assess(posture.read(result)).counts() == {"critical": 1}
    journal = tmp_path / "journal.jsonl"
    lines = [("a", entry(outcome="failed")), ("a", entry()), ("b", entry("333333333333", password=PASSWORD))]
    journal.write_text(
        "".join(
            json.dumps(
                {
                    "account_id": one["account_id"],
                    "entry": one,
                    "format": "breakglass.aws/sweep-journal/1",
                    "outcome": one["outcome"],
                    "time": "2026-01-01T00:00:00Z",
                    "wish": wish,
                }
            )
            + "\n"
            for wish, one in lines
        )
        + '{"account_id": "44'
    )
    assert posture.assess(posture.read(journal)).counts() == {"critical": 1, "clean": 1}


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"accounts": 1}', "account,name\n1,2\n", "\x00", "{" * 9999]
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(RunbookError, match=re.escape(str(path))):
        posture.read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RunbookError, match="cannot be read"):
        posture.read(tmp_path / "missing")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunbookError, match="not a text file"):
        posture.read(binary)


@pytest.mark.parametrize(
    "result", [{}, {"accounts": None}, {"accounts": [1]}, {"accounts": [{"account_id": "1", "outcome": "x"}]}]
)
def test_what_no_sweep_returned_is_refused(result):
    with pytest.raises(ValueError, match="result"):
        posture.assess([result])


def test_files_are_for_their_owner_only(tmp_path: Path):
    written = posture.write(assess(entry()), tmp_path)
    assert [path.name for path in written] == ["posture.html", "posture.csv", "posture.json", "posture.ocsf.json"]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
