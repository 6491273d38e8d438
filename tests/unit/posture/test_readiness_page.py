"""The page of readiness: each cause once, the picture, the data of the list, and its size."""

from __future__ import annotations

import csv
import io
import json
import random
import re

import pytest
from support.readiness_results import (
    BLOCKED,
    KEY,
    NO_ROLE,
    PHONE,
    RECOVERIES,
    account,
    finding,
    organization,
    result,
)

from breakglass_aws.engine import history, posture
from breakglass_aws.engine.posture import causes, matrix

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"


def assess(*accounts: dict, **options) -> posture.Posture:
    return posture.assess([result(*accounts, **options)], made="2026-11-28T03:00:00Z")


def data(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


@pytest.mark.parametrize(
    ("recoveries", "readiness", "status"),
    [
        ({}, "ready", "clean"),
        ({"unlock_s3_bucket": ("not_applicable",)}, "ready", "clean"),
        ({"lost_root_mfa": ("unknown", PHONE)}, "unknown", "unknown"),
        ({"unlock_s3_bucket": ("fails", BLOCKED)}, "not_ready", "high"),
        ({"unlock_s3_bucket": ("fails", BLOCKED), "lost_root_mfa": ("unknown", PHONE)}, "not_ready", "high"),
        (dict.fromkeys(RECOVERIES, ("not_applicable",)), "", "clean"),
    ],
)
def test_what_is_not_known_is_never_ready_and_never_clean(recoveries, readiness, status):
    [found] = assess(account(ONE, **recoveries)).accounts
    assert (found.readiness, found.status) == (readiness, status)


def test_an_account_that_was_not_read_is_unknown():
    [found] = assess(account(ONE, outcome="failed", **dict.fromkeys(RECOVERIES, ("unknown", PHONE)))).accounts
    assert (found.readiness, found.status) == ("unknown", "unknown")


def test_one_policy_is_one_cause_with_all_its_accounts_and_recoveries():
    stopped = {"unlock_s3_bucket": ("fails", BLOCKED), "unlock_sqs_queue": ("fails", BLOCKED)}
    found = causes.causes(assess(account(ONE, **stopped), account(TWO, **stopped), account(THREE)))
    [cause] = found
    assert cause.title == "DenyRootUser on OU Production (ou-ex01-prod0001)"
    assert (list(cause.accounts), cause.recoveries) == ([ONE, TWO], {"unlock_s3_bucket": 2, "unlock_sqs_queue": 2})
    assert cause.same_text


def test_certain_causes_come_first_then_those_of_most_accounts():
    accounts = [account(f"{n:012}", lost_root_mfa=("unknown", PHONE)) for n in range(5)]
    accounts += [account(ONE, lost_access_role=("fails", NO_ROLE))]
    accounts += [account(f"9{n:011}", unlock_s3_bucket=("fails", BLOCKED)) for n in range(3)]
    found = causes.causes(assess(*accounts))
    assert [(cause.certain, len(cause.accounts)) for cause in found] == [(True, 3), (True, 1), (False, 5)]


def test_the_same_policy_at_two_places_is_two_causes():
    other = {**BLOCKED, "policy": {**BLOCKED["policy"], "target": "account two", "target_id": TWO}}
    found = causes.causes(
        assess(account(ONE, unlock_s3_bucket=("fails", BLOCKED)), account(TWO, unlock_s3_bucket=("fails", other)))
    )
    assert len(found) == 2


def test_the_page_has_cause_fix_controls_and_picture():
    page = posture.as_html(assess(account(ONE, unlock_s3_bucket=("fails", BLOCKED), findings=[KEY]), account(TWO)))
    assert page.index('id="causes"') < page.index('id="matrix"') < page.index('id="findings"')
    for words in (BLOCKED["fix"], "CIS 5.0.0: 1.3", "Security Hub: IAM.4", "1 works, 1 would fail"):
        assert words in page
    assert page.count('<i class="r0') == 2
    assert "2 accounts: in 1 of them each recovery works that applies" in page


def test_the_data_of_the_list_has_every_account_with_its_reasons():
    given = [account(ONE, "a", unlock_s3_bucket=("fails", BLOCKED)), account(TWO, "b", findings=[KEY])]
    found = data(posture.as_html(assess(*given)))
    rows = {row[0]: row for row in found["accounts"]}
    assert set(rows) == {ONE, TWO}
    pattern, reasons = found["judged"][rows[ONE][4]]
    assert pattern == "f" + "w" * 8
    text, fix, cause = found["reasons"][reasons[0][0]]
    assert text.replace(causes.HERE, ONE) == BLOCKED["text"].replace("{account}", ONE)
    assert (fix, cause) == (BLOCKED["fix"], 0)
    assert found["kinds"][rows[TWO][5][0][0]][:3] == ["root_access_key", "critical", KEY["title"]]


def test_what_could_not_be_read_names_the_statement():
    statement = '{"Effect": "Allow", "Action": "organizations:ListPolicies", "Resource": "*"}'
    unread = {
        "what": "policies",
        "permission": "organizations:ListPolicies",
        "statement": statement,
        "reason": "Denied.",
    }
    page = posture.as_html(assess(account(ONE), unreadable=[{**unread, "fix": None}]))
    assert "organizations:ListPolicies" in page
    assert "&quot;Effect&quot;: &quot;Allow&quot;" in page


def test_five_thousand_accounts_fit_in_a_page_that_a_browser_opens_at_once():
    """0.5 MB for 5,000; this is a fifth of them, each with a finding, so that the test is quick."""
    given = organization(1000)
    for number, one in enumerate(given["accounts"]):
        one["findings"].append(finding("mailbox_shared", "low", "Root mailbox shared", f"root-{number}@example.com"))
    page = posture.as_html(posture.assess([given]))
    assert len(page.encode()) < 1_000_000
    assert page.count("<") < 5000


def test_the_style_stays_small_however_the_verdicts_differ():
    chance = random.Random(1)
    verdicts = [("works",), ("fails", BLOCKED), ("unknown", PHONE), ("not_applicable",)]
    accounts = [account(f"{n:012}", **{one: chance.choice(verdicts) for one in RECOVERIES}) for n in range(1000)]
    found = posture.assess([result(*accounts)])
    assert len({matrix.pattern_of(one, found.recoveries) for one in found.accounts}) > 900
    assert 100 < matrix.style(found).count("linear-gradient") <= 3 * 64
    assert len(matrix.style(found)) < 40_000


@pytest.mark.parametrize(
    "evil", ["</script><script>alert(1)</script>", "<img src=x>", "a\u202eb\x1b[2J", "&amp;", "a'\"b"]
)
def test_free_text_stays_text(evil):
    reason = {**BLOCKED, "text": evil, "fix": evil, "policy": {"id": evil, "name": evil, "target": evil}}
    one = account(ONE, evil, f"Root/{evil}", unlock_s3_bucket=("fails", reason))
    one["findings"] = [finding("other", "low", evil, evil, evil)]
    page = posture.as_html(assess(one, unreadable=[{"what": evil, "reason": evil}]))
    assert page.count("<script") == 2
    assert "<img" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert data(page)["accounts"][0][1] == evil.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b")


def test_the_lists_for_programs_and_spreadsheets_have_verdicts():
    found = assess(account(ONE, "=x", unlock_s3_bucket=("fails", BLOCKED)), account(TWO))
    rows = list(csv.DictReader(io.StringIO(posture.as_csv(found))))
    assert [(row["readiness"], row["unlock_s3_bucket"], row["name"]) for row in rows] == [
        ("not_ready", "fails", "'=x"),
        ("ready", "works", "one"),
    ]
    assert "DenyRootUser" in rows[0]["why_not_ready"]
    written = json.loads(posture.as_json(found))
    assert written["organization"] == "o-exampleorg1"
    assert written["accounts"][0]["recoveries"]["unlock_s3_bucket"]["verdict"] == "fails"


def test_a_policy_that_changed_thousands_of_accounts_does_not_make_the_page_large(tmp_path):
    path = tmp_path / "history.db"
    for day, changes in (("01", {}), ("02", {"unlock_s3_bucket": ("fails", BLOCKED)})):
        accounts = [account(f"{number:012}", **changes) for number in range(300)]
        history.add(path, history.record_of(result(*accounts, read_at=f"2026-11-{day}")))
    since = "2026-10-01T00:00:00Z"
    page = posture.as_html(assess(), history.changes_since(path, since), (), since)
    assert page.count('<li class="row">') == 200
    assert "100 more: see <code>breakglass history changes</code>" in page


def test_changes_and_trends_are_on_the_page(tmp_path):
    path = tmp_path / "history.db"
    later = account(ONE, unlock_s3_bucket=("fails", BLOCKED), findings=[KEY])
    for day, one in (("01", account(ONE)), ("02", later)):
        history.add(path, history.record_of(result(one, read_at=f"2026-11-{day}")))
    since = "2026-10-01T00:00:00Z"
    page = posture.as_html(assess(later), history.changes_since(path, since), history.trend(path), since)
    assert "What changed since 2026-10-01" in page
    assert page.index("New root credential") < page.index("Recovery would fail now")
    assert "Between 2026-11-01T00:00:00Z and 2026-11-02T00:00:00Z." in page
    assert page.count("<svg") == 3  # readiness, root credentials, and the recovery that fails
    assert "ready: 1 to 0" in page
    assert "Nothing changed" in posture.as_html(assess(later), (), (), since)
