"""Rendering: what comes from elsewhere stays text, and every display can be read without HTML."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakglass_aws.engine import results
from breakglass_aws.engine.display import html as render
from breakglass_aws.engine.display import page, terminal
from breakglass_aws.engine.display.styles import COLOURS
from breakglass_aws.engine.display.views import policies, registry, root_credentials
from breakglass_aws.engine.errors import WIDTH, RunbookError

NASTY = "<script>alert(1)</script>"


class _Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("br", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(st.text())
def test_text_from_elsewhere_never_becomes_markup(words: str) -> None:
    words += NASTY
    for shown in (
        render.text(words),
        render.message(words),
        render.notice(words, "failed"),
        render.code(words),
        render.badge(words),
        render.facts({words: words}),
        render.table([words], [[words], [[words]], [render.mono(words)], [render.small(words)]]),
        render.diff(words, words + "\nx", words),
        render.folded(words, render.text(words)),
    ):
        tags = _Tags(shown.html)
        assert "script" not in tags.seen
        assert tags.open == []


def test_every_display_can_be_read_without_html() -> None:
    bundle = render.table(["a"], [["b_c <d>"]])._repr_mimebundle_()
    assert bundle["text/markdown"] == "| a |\n|---|\n| b_c &lt;d> |"
    assert bundle["text/plain"] == "| a |\n|---|\n| b_c <d> |"


def test_a_column_in_which_nothing_stands_is_left_out() -> None:
    assert "remark" not in render.table(["a", "remark"], [["b", None], ["c", ""]]).markdown


def test_in_a_terminal_a_row_is_a_block_and_nothing_is_marked() -> None:
    shown = render.stack(
        [
            render.heading("Root user", "would be removed"),
            render.table(["account", "items"], [["a|b_c", render.lines([render.text("*one*"), render.text("two")])]]),
            render.folded("More", render.code("keep **this**")),
        ]
    )
    assert terminal.text(shown.markdown) == (
        "Root user `would be removed`\n\n  account: a|b_c\n  items: *one*\n         two\n\nMore\n\n    keep **this**"
    )


def test_in_a_terminal_commands_can_be_pasted() -> None:
    """Indented, the end of a here-document would not end it."""
    shown = terminal.text("Run:\n\n```sh\ncat <<'END' \\\n| **x**\nEND\n```\n\n```diff\n+a\n```")
    assert shown == "Run:\n\ncat <<'END' \\\n| **x**\nEND\n\n    +a"


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("**This** cannot be *undone now*.", "This cannot be undone now."),
        ("Deny s3:* and sqs:* here", "Deny s3:* and sqs:* here"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("a\\_b &lt;c>", "a_b <c>"),
    ],
)
def test_words_lose_only_their_marks(marked: str, words: str) -> None:
    assert terminal.words(marked) == words


def test_what_a_task_says_to_copy_is_shown_literally() -> None:
    shown = render.message("Run this:\n\n    - a:\n        b: c\nThen:\n- one\n- two")
    assert "```\n- a:\n    b: c\n```" in shown.markdown
    assert "- one\n- two" in shown.markdown
    assert "<pre" in shown.html


def test_an_error_breaks_between_words_and_not_in_what_is_to_be_copied() -> None:
    command = f"    breakglass resume {'x' * 90} --answer y=z"
    shown = RunbookError("\n".join(["- " + "word " * 40, "", command]))._render_traceback_()
    assert [len(line) > WIDTH for line in shown] == [False] * 4 + [True]
    assert shown[1].startswith("  word")
    assert shown[-2:] == ["", command]


def test_beside_each_other_only_what_differs_is_coloured() -> None:
    shown = render.side_by_side("one\ntwo", "one\nthree")
    assert shown.html.count('<tr style="background: transparent;">') == 2
    assert render.side_by_side("same", "same") is None


def test_beside_each_other_a_long_line_goes_on_under_itself() -> None:
    shown = render.side_by_side("    one", "    two").html
    assert "calc(10px + 6ch); text-indent: -2ch" in shown
    assert ">one<" in shown


def test_a_difference_shows_what_goes_and_what_comes() -> None:
    shown = render.diff("one\ntwo", "one\nthree")
    assert "-two" in shown.html
    assert "+three" in shown.html
    assert render.diff("same", "same") is None


def test_a_difference_marks_lines_left_out_and_only_those() -> None:
    many = "\n".join(str(number) for number in range(100))
    assert "⋯" in render.diff(many, many + "\nend").html
    for before, after in [("one\ntwo", "one"), ("one", "two"), ("", "one\ntwo")]:
        assert "⋯" not in render.diff(before, after).html


def test_an_account_that_was_not_reached_shows_why_and_what_to_do() -> None:
    account = {
        "account_id": "777788889999",
        "name": "vault",
        "outcome": "unreachable",
        "reason": "denied",
        "fix": "exempt",
    }
    event = {
        "event": "failed",
        "action": "breakglass.aws.root_credentials",
        "check_mode": False,
        "warnings": [],
        "result": {"accounts": [account], "summary": {"unreachable": 1}},
    }
    shown = registry.view(event)
    assert all(word in shown.markdown for word in ("vault", "777788889999", "unreachable", "denied", "exempt"))


def test_a_plan_shows_its_waves_and_an_act_why_it_stopped() -> None:
    account = {"account_id": "444455556666", "name": "legacy", "outcome": "not_reached", "reason": "Stopped before it."}
    plan = {"accounts": [account], "plan_waves": [["444455556666"], ["555566667777", "666677778888"]]}
    shown = root_credentials.removed(plan, check_mode=True).markdown
    assert "In 2 waves of 1, 2 accounts. The first is 444455556666." in shown.replace("\\", "")
    assert "not reached" in shown
    act = {"accounts": [account], "waves": [], "stopped": "3 accounts are not done."}
    assert "3 accounts are not done." in root_credentials.removed(act, check_mode=False).markdown.replace("\\", "")
    one_wave = {"accounts": [account], "plan_waves": [["444455556666"]]}
    assert "waves" not in root_credentials.removed(one_wave, check_mode=True).markdown


def test_thousands_of_accounts_that_were_not_reached_are_one_line() -> None:
    reason = {"reason": "The run stopped.", "fix": "Find out why."}
    unreached = [
        {"account_id": str(number).zfill(12), "name": "", "outcome": "not_reached", **reason} for number in range(3000)
    ]
    failed = {"account_id": "444455556666", "name": "legacy", "outcome": "failed", "reason": "No.", "fix": ""}
    assert results.complaints([failed, *unreached]) == [
        "legacy (444455556666): failed. No.",
        "3000 account(s) not reached. The run stopped. Find out why.",
    ]


def test_a_reason_that_stands_in_the_table_is_no_warning_too() -> None:
    account = {"account_id": "777788889999", "name": "vault", "outcome": "unreachable", "reason": "A policy denies it."}
    event = {
        "event": "ok",
        "action": "breakglass.aws.root_credentials_info",
        "check_mode": False,
        "warnings": ["vault (777788889999) is unreachable: A policy denies it. Exempt it.", "Something else."],
        "result": {"accounts": [account], "summary": {"unreachable": 1}},
    }
    shown = registry.view(event).markdown
    assert shown.count("A policy denies it.") == 1
    assert "Something else." in shown


def test_what_nobody_could_look_into_is_not_taken_for_nothing() -> None:
    account = {"account_id": "555566667777", "name": "reports", "outcome": "unreachable", "reason": "No way in."}
    session = {
        "time": "2026-01-01T00:00:00Z",
        "account_id": "555566667777",
        "task": "audit_root_credentials",
        "opened_by": "arn:aws:sts::111122223333:assumed-role/Operator/ada",
        "access_key_id": "ASIA1",
        "calls": [],
        "looked_into": False,
        "reason": "No way in.",
    }
    times = {"since": "a", "until": "b", "complete_until": "c", "regions": ["us-east-1"]}
    result = {**times, "opened_from": [], "accounts": [account], "unexplained": [], "sessions": [session]}
    event = {"event": "ok", "check_mode": False, "action": "breakglass.aws.root_activity_info", "warnings": []}
    shown = registry.view({**event, "result": result, "warnings": ["reports is unreachable: No way in."]}).markdown
    assert "None found in the accounts that could be read" in shown
    assert shown.count("No way in.") == 1
    assert "not read, see below" in shown


def test_root_credentials_are_shown_with_their_age_and_last_use() -> None:
    found = {
        "password": {"present": True, "created": "2024-01-01T00:00:00Z", "last_used": None},
        "access_keys": [
            {"id": "AKIA1", "status": "Active", "created": "2024-02-02T00:00:00Z", "last_used": {"date": "2025-03-03"}}
        ],
        "signing_certificates": [{"id": "C1", "status": "Inactive", "created": "2024-04-04T00:00:00Z"}],
        "mfa_devices": [{"serial": "GAHT1", "enabled": "2024-05-05T00:00:00Z"}],
    }
    account = {"account_id": "444455556666", "outcome": "unchanged", "root_credentials": found, "reason": None}
    shown = root_credentials.found({"accounts": [account]}).markdown
    for said in (
        "password, or open password recovery (created 2024-01-01T00:00:00Z, never used)",
        "access key (Active) `AKIA1` (created 2024-02-02T00:00:00Z, last used 2025-03-03)",
        "signing certificate (Inactive) `C1` (created 2024-04-04T00:00:00Z)",
        "MFA device `GAHT1` (created 2024-05-05T00:00:00Z)",
    ):
        assert said in shown


def test_in_check_mode_nothing_is_said_to_have_happened() -> None:
    result = {"changed": True, "outcome": "changed", "bucket": "b", "account_id": "1", "lockout_statements": []}
    assert "`would change`" in policies.unlocked_policy(result, check_mode=True).markdown
    assert "`changed`" in policies.unlocked_policy(result, check_mode=False).markdown


def test_a_plan_shows_that_aws_will_refuse_it_and_for_which_objects_a_denial_is() -> None:
    policy = {
        "policy_name": "keep",
        "attached_to": {"name": "Root"},
        "certain": True,
        "why": "It denies.",
        "fix": "Ask.",
    }
    effect = {"who": "everybody of the account", "what": "read objects", "before": "denied_some", "after": "not_denied"}
    effect |= {"objects": {"before": ["secret/*"], "after": []}, "denied_when": []}
    result = {"changed": True, "bucket": "b", "account_id": "1", "stopped_by": [policy], "effects": [effect]}
    shown = policies.unlocked_policy(result, check_mode=True).markdown
    assert "AWS will refuse this change" in shown
    assert "| keep | Root | `certain` | It denies. | Ask. |" in shown
    assert "`denied for some`" in shown
    assert "`secret/*`" in shown
    policy["certain"] = False
    assert "AWS may refuse this change" in policies.unlocked_policy(result, check_mode=True).markdown


@pytest.mark.parametrize("shown", [render.text, render.plain, render.small, render.heading])
def test_leading_spaces_let_nothing_become_markup(shown: Callable[[str], render.RichOutput]) -> None:
    """Whoever names an account may begin with spaces; in a table or a line that makes no code of it."""
    assert "<b>" not in shown("    <b>[x](y)").markdown
    assert "\\[x\\](y)" in shown("    <b>[x](y)").markdown


def test_only_an_indented_block_of_a_notice_is_code() -> None:
    """Behind words, an indented line goes on with their paragraph, in which markup counts."""
    said = render.notice(
        "Put_right:\n    <b>\n\n    resume lost_root_mfa\n    <a>\n    again_so\nnot_code", "failed"
    ).markdown
    assert said.splitlines() == [
        "> Put_right:",
        ">     &lt;b>",
        "> ",
        ">     resume lost_root_mfa",
        ">     &lt;a>",
        ">     again_so",
        "> not_code",
    ]


def test_the_page_highlights_tasks_as_yaml(tmp_path: Path, write_notebook: Callable[..., Path]) -> None:
    notebook = write_notebook(tmp_path / "tasks.ipynb", "%%tasks\n- name: Say it\n  ansible.builtin.debug:\n")
    exported = page.page(notebook)
    assert '<span class="nt">ansible.builtin.debug</span>' in exported
    assert "<script" not in exported


def test_an_account_of_which_some_goes_and_some_stays_shows_both() -> None:
    items = [
        {"kind": "access_keys", "id": "AKIA1", "outcome": "skipped", "reason": "Used 3 days ago."},
        {"kind": "password", "id": "password", "outcome": "removed"},
    ]
    account = {"account_id": "555566667777", "outcome": "skipped", "credentials": items, "before": {}}
    planned = root_credentials.removed({"accounts": [account]}, check_mode=True).markdown
    assert "`skipped`<br>`would be removed` |" in planned
    done = root_credentials.removed({"accounts": [account]}, check_mode=False).markdown
    assert "would be" not in done


def test_a_failure_that_is_ignored_is_shown_and_not_in_green() -> None:
    event = {
        "event": "failed",
        "ignored": True,
        "action": "ansible.builtin.assert",
        "check_mode": False,
        "warnings": [],
        "result": {"msg": "CloudTrail was NOT read."},
    }
    shown = registry.view(event)
    assert "> CloudTrail was NOT read." in shown.markdown
    assert COLOURS["attention"] in shown.html
    assert COLOURS["failed, ignored"] == COLOURS["attention"] != COLOURS["ok"]


def test_a_scan_shows_what_is_locked_and_what_could_not_be_read() -> None:
    resource = {"service": "s3", "name": "b", "region": "eu-west-1", "reason": "Denies all.", "lockout_statements": []}
    account = {
        "account_id": "333344445555",
        "name": "payments",
        "outcome": "unchanged",
        "resources": [
            {**resource, "arn": "arn:aws:s3:::locked", "outcome": "locked"},
            {**resource, "arn": "arn:aws:s3:::maybe", "outcome": "possibly_locked"},
            {**resource, "arn": "arn:aws:s3:::fine", "outcome": "unlocked"},
        ],
        "unlisted": [{"service": "sqs", "region": "eu-west-1", "reason": "Denied."}],
    }
    vault = {"account_id": "777788889999", "name": "vault", "outcome": "unreachable", "reason": "No role.", "fix": ""}
    summary = {"locked": 1, "possibly_locked": 1, "unlocked": 1, "unlisted": 1}
    shown = policies.lockouts_found({"accounts": [account, vault], "summary": summary}).markdown
    assert "`arn:aws:s3:::locked` | eu-west-1 | `locked` | Denies all." in shown
    assert "`possibly locked`" in shown
    assert "arn:aws:s3:::fine" not in shown
    assert "| sqs | eu-west-1 | Denied. |" in shown
    assert "`unreachable` | No role." in shown
