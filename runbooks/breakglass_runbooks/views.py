"""How the result of a task is shown: a view for each of our modules, and a plain one for all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from breakglass_runbooks import render
from breakglass_runbooks.render import Shown

Result = Mapping[str, Any]

KINDS = {
    "access_keys": "access key",
    "signing_certificates": "signing certificate",
    "password": "password",
    "mfa_devices": "MFA device",
}
WOULD = {"changed": "would change", "removed": "would remove"}
FEATURES = {"root_credentials_management": "root credentials management", "root_sessions": "root sessions"}


def view(event: Mapping[str, Any]) -> Shown | None:
    """Show what a finished task found or did; None when its state in the list of tasks says it all."""
    if event["event"] == "skipped":
        return None
    result = event["result"]
    own = VIEWS.get(event["action"])
    if event["event"] in ("failed", "unreachable"):
        # The message is shown as the cell's error; a sweep has also got a result for every account.
        shown = own(result, event["check_mode"]) if own and "accounts" in result else None
        return render.stack([shown, *_warnings(event)]) if shown or event["warnings"] else None
    shown = own(result, event["check_mode"]) if own else _other(result)
    return render.stack([shown, *_warnings(event)]) if shown or event["warnings"] else None


def _warnings(event: Mapping[str, Any]) -> list[Shown]:
    return [render.notice(f"Warning: {warning}", "skipped") for warning in event["warnings"]]


def root_access(result: Result, check_mode: bool = False) -> Shown:
    """Whether root sessions can be opened from here, and if not, why and what to do."""
    caller = result.get("caller") or {}
    organization = result.get("organization") or {}
    target = result.get("target")
    features = result.get("features") or {}
    reasons = result.get("reasons") or []
    return render.stack(
        [
            render.heading("Root access", "ready" if result.get("ready") else "not ready"),
            render.facts(
                {
                    "you are": render.mono(caller.get("arn")),
                    "which is": _spoken(caller.get("role")),
                    "organization": render.mono(organization.get("id")),
                    **({"target": _account(target)} if target else {}),
                    "trusted access": _switch(result.get("trusted_access")),
                    **{words: _switch(features.get(name)) for name, words in FEATURES.items()},
                    "delegated administrators": render.lines(
                        [_account(account) for account in result.get("delegated_administrators") or []]
                    ),
                }
            ),
            render.table(
                ["", "what is in the way", "what to do"],
                [
                    [render.badge("blocking" if reason["blocking"] else "note"), reason["problem"], reason["fix"]]
                    for reason in reasons
                ],
            )
            if reasons
            else None,
        ]
    )


def root_access_change(result: Result, check_mode: bool) -> Shown:
    """What was switched."""
    return render.stack(
        [
            render.heading("Root access", _done("changed" if result.get("changed") else "unchanged", check_mode)),
            render.lines([render.plain(action) for action in result["actions"]]) if result.get("actions") else None,
            *_diffs(result),
        ]
    )


def credentials_found(result: Result, check_mode: bool = False) -> Shown:
    """Which root credentials each account has."""
    return render.stack(
        [
            render.bar(result.get("summary") or {}),
            render.table(
                ["account", "outcome", "root credentials", "remark"],
                [
                    [
                        _account(account),
                        render.badge(_found(account["outcome"])),
                        _credentials(account.get("root_credentials")),
                        _remark(account),
                    ]
                    for account in result["accounts"]
                ],
                empty="No account was looked at.",
            ),
        ]
    )


def credentials_removed(result: Result, check_mode: bool) -> Shown:
    """What was taken from each account, or would be, and what was left."""
    summary = {_done(outcome, check_mode): count for outcome, count in (result.get("summary") or {}).items()}
    known = [account for account in result["accounts"] if account.get("items")]
    return render.stack(
        [
            render.bar(summary),
            render.table(
                ["account", "outcome", "item by item, or why not"],
                [
                    [
                        _account(account),
                        render.badge(_done(account["outcome"], check_mode)),
                        render.lines([_item(item, check_mode) for item in account.get("items") or []])
                        if account.get("items")
                        else _remark(account),
                    ]
                    for account in result["accounts"]
                ],
                empty="No account was looked at.",
            ),
            render.folded(
                "What each root user had before, with last use",
                render.table(
                    ["account", "root credentials"],
                    [[_account(account), _credentials(account["before"])] for account in known],
                ),
            )
            if known
            else None,
        ]
    )


def unlocked_policy(result: Result, check_mode: bool) -> Shown:
    """Which statements lock the bucket or queue, how its policy changes, and what that means for people."""
    backup, session = result.get("backup"), result.get("session")
    outcome = result.get("outcome") or ("changed" if result.get("changed") else "unchanged")
    resource = f"Bucket {result['bucket']}" if "bucket" in result else f"Queue {result.get('queue')}"
    return render.stack(
        [
            render.heading(resource, _done(outcome, check_mode)),
            render.facts(
                {
                    "account": render.mono(result.get("account_id")),
                    "region": result.get("region"),
                    **({"backup": _backup(backup)} if backup else {}),
                    **({"root session": _session(session)} if session else {}),
                    **({"an administrator": _verified(result["verified_as"])} if result.get("verified_as") else {}),
                    **({"plan": render.mono(result["plan"]["digest"])} if result.get("plan") else {}),
                }
            ),
            *_lockouts(result.get("lockout_statements") or []),
            *_policies_compared(result),
            *_effects(result.get("effects") or [], result.get("changed", False)),
        ]
    )


def _lockouts(statements: list[Result]) -> list[Shown]:
    if not statements:
        return []
    rows = [
        [
            statement.get("sid") or f"number {statement['index'] + 1}",
            statement.get("why"),
            statement.get("actions"),
            statement.get("conditions"),
        ]
        for statement in statements
    ]
    columns = ["statement", "why it locks", "denied actions", "conditions"]
    return [render.heading("Statements that lock"), render.table(columns, rows)]


def _policies_compared(result: Result) -> list[Shown | None]:
    """The policies beside each other; nothing when they are the same."""
    compared = result.get("diff") or {}
    shown = render.side_by_side(
        render.as_lines(compared.get("before")),
        render.as_lines(compared.get("after")),
        ("policy before", "policy after"),
    )
    return [render.heading("What changes"), shown] if shown else []


def _effects(rows: list[Result], changed: bool) -> list[Shown]:
    """What people can do with the resource; where the policy does not deny it, their own IAM policies decide."""
    if not rows or not changed:
        return []
    words = {"denied": "denied", "denied_when": "denied when", "not_denied": "not denied"}
    columns = ["who", "what", "before", "after", "still denied when"]
    shown = [
        [
            render.mono(row["who"]) if row["who"].startswith("arn:") else row["who"],
            row["what"],
            render.badge(words[row["before"]]),
            render.badge(words[row["after"]]),
            row["denied_when"],
        ]
        for row in rows
    ]
    remark = "Not denied means that the policy does not stop it: their own IAM policies decide."
    return [render.heading("What people can do"), render.table(columns, shown), render.small(remark)]


def _verified(found: Result) -> Shown:
    answer = {True: "can read the policy", False: "cannot read the policy", None: "could not be asked"}[found["able"]]
    return render.lines([render.mono(found["arn"]), render.plain(answer)])


VIEWS: dict[str, Callable[[Result, bool], Shown]] = {
    "breakglass.aws.root_access_info": root_access,
    "breakglass.aws.root_access": root_access_change,
    "breakglass.aws.root_credentials_info": credentials_found,
    "breakglass.aws.root_credentials": credentials_removed,
    "breakglass.aws.s3_bucket_policy_unlock": unlocked_policy,
    "breakglass.aws.sqs_queue_policy_unlock": unlocked_policy,
}


def _other(result: Result) -> Shown | None:
    """A module that is not ours: its message, what it printed, its diff."""
    message, printed = result.get("msg"), result.get("stdout")
    shown = [
        (render.text(message) if isinstance(message, str) else render.code(render.as_lines(message)))
        if message
        else None,
        render.code(printed) if printed else None,
        *_diffs(result),
    ]
    return render.stack(shown) if any(shown) else None


def _diffs(result: Result) -> list[Shown | None]:
    found = result.get("diff") or []
    return [
        render.diff(
            render.as_lines(part.get("before")),
            render.as_lines(part.get("after")),
            part.get("before_header") or part.get("after_header") or "",
        )
        for part in (found if isinstance(found, list) else [found])
    ]


def _done(outcome: str, check_mode: bool) -> str:
    """An outcome as it is, or as it would be."""
    return WOULD.get(outcome, outcome) if check_mode else outcome


def _found(outcome: str) -> str:
    """The outcomes of a module that only reads: "unchanged" means that there are credentials."""
    return "present" if outcome == "unchanged" else outcome


def _account(account: Mapping[str, Any]) -> Shown:
    identifier = render.mono(account["account_id"])
    return render.lines([render.plain(account["name"]), identifier]) if account.get("name") else identifier


def _remark(account: Mapping[str, Any]) -> Shown:
    """Why an account was left alone or could not be reached, and what to do about it."""
    return render.lines([render.plain(account[key]) for key in ("reason", "fix") if account.get(key)])


def _credentials(found: Mapping[str, Any] | None) -> Shown:
    if found is None:
        return render.plain(None)
    parts = []
    if (password := found.get("password") or {}).get("present"):
        parts.append(render.words("password,", _used(password.get("last_used"))))
    for key in found.get("access_keys") or []:
        used = (key.get("last_used") or {}).get("date")
        parts.append(render.words("access key", render.mono(key["id"]), f"({key.get('status')}),", _used(used)))
    for certificate in found.get("signing_certificates") or []:
        parts.append(
            render.words("signing certificate", render.mono(certificate["id"]), f"({certificate.get('status')})")
        )
    for device in found.get("mfa_devices") or []:
        parts.append(render.words("MFA device", render.mono(device["serial"])))
    return render.lines(parts) if parts else render.plain("none")


def _used(when: str | None) -> str:
    return f"last used {when}" if when else "never used"


def _item(item: Mapping[str, Any], check_mode: bool) -> Shown:
    identifier = [] if item["kind"] == "password" else [render.mono(item["id"])]
    reason = [render.small(item["reason"])] if item.get("reason") else []
    outcome = render.badge(_done(item["outcome"], check_mode))
    return render.words(outcome, KINDS.get(item["kind"], item["kind"]), *identifier, *reason)


def _backup(backup: Mapping[str, Any]) -> Shown:
    return render.lines(
        [render.mono(backup["path"]), render.words("SHA-256 of the policy", render.mono(backup.get("sha256")))]
    )


def _session(session: Mapping[str, Any]) -> Shown:
    return render.words(render.mono(session["access_key_id"]), f"(until {session.get('expiration')})")


def _switch(value: bool | None) -> Shown:
    return render.badge("unknown" if value is None else "on" if value else "off")


def _spoken(word: str | None) -> str | None:
    return word.replace("_", " ") if word else None
