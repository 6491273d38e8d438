"""How the result of a task is shown: a view for each of our modules, and a plain one for all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from breakglass_runbooks.display import html
from breakglass_runbooks.display.html import Shown

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
        return html.stack([shown, *_warnings(event)]) if shown or event["warnings"] else None
    shown = own(result, event["check_mode"]) if own else _other(result)
    return html.stack([shown, *_warnings(event)]) if shown or event["warnings"] else None


def _warnings(event: Mapping[str, Any]) -> list[Shown]:
    """The warnings, but for those that only say again why an account was not reached: its row says it."""
    lists = event["result"].values() if event["action"] in VIEWS else []
    rows = [row for rows in lists if isinstance(rows, list) for row in rows if isinstance(row, dict)]
    reasons = [row["reason"] for row in rows if row.get("reason")]
    return [
        html.notice(f"Warning: {warning}", "skipped")
        for warning in event["warnings"]
        if not any(reason in warning for reason in reasons)
    ]


def root_access(result: Result, check_mode: bool = False) -> Shown:
    """Whether root sessions can be opened from here, and if not, why and what to do."""
    caller = result.get("caller") or {}
    organization = result.get("organization") or {}
    target = result.get("target")
    features = result.get("features") or {}
    reasons = result.get("reasons") or []
    return html.stack(
        [
            html.heading("Root access", "ready" if result.get("ready") else "not ready"),
            html.facts(
                {
                    "you are": html.mono(caller.get("arn")),
                    "which is": _spoken(caller.get("role")),
                    "organization": html.mono(organization.get("id")),
                    **({"target": _account(target)} if target else {}),
                    "trusted access": _switch(result.get("trusted_access")),
                    **{words: _switch(features.get(name)) for name, words in FEATURES.items()},
                    "delegated administrators": html.lines(
                        [_account(account) for account in result.get("delegated_administrators") or []]
                    ),
                }
            ),
            html.table(
                ["", "what is in the way", "what to do"],
                [
                    [html.badge("blocking" if reason["blocking"] else "note"), reason["problem"], reason["fix"]]
                    for reason in reasons
                ],
            )
            if reasons
            else None,
        ]
    )


def root_access_change(result: Result, check_mode: bool) -> Shown:
    """What is switched, and what is called for it, in this order."""
    before, after = result["before"], result["after"]
    rows = [["trusted access", _switch(before["trusted_access"]), _switch(after["trusted_access"])]]
    rows += [
        [words, *(_switch(state["features"].get(name)) for state in (before, after))]
        for name, words in FEATURES.items()
    ]
    rows += [["delegated administrators", *(_delegates(state) for state in (before, after))]]
    actions = [html.mono(action) for action in result.get("actions") or []]
    return html.stack(
        [
            html.heading("Root access", _done("changed" if result.get("changed") else "unchanged", check_mode)),
            html.table(["", "before", "would be" if check_mode else "after"], rows),
            html.facts({"what would be called" if check_mode else "what was called": html.lines(actions)})
            if actions
            else None,
        ]
    )


def _delegates(state: Result) -> Shown:
    return html.lines([_account(account) for account in state.get("delegated_administrators") or []])


def credentials_found(result: Result, check_mode: bool = False) -> Shown:
    """Which root credentials each account has."""
    return html.stack(
        [
            html.bar({_found(outcome): count for outcome, count in (result.get("summary") or {}).items()}),
            html.table(
                ["account", "outcome", "root credentials, or why they are not known"],
                [
                    [
                        _account(account),
                        html.badge(_found(account["outcome"])),
                        _credentials(found) if (found := account.get("root_credentials")) else _remark(account),
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
    return html.stack(
        [
            html.bar(summary),
            html.table(
                ["account", "outcome", "item by item, or why not"],
                [
                    [
                        _account(account),
                        html.badge(_done(account["outcome"], check_mode)),
                        html.lines([_item(item, account, check_mode) for item in account.get("items") or []])
                        if account.get("items")
                        else _remark(account),
                    ]
                    for account in result["accounts"]
                ],
                empty="No account was looked at.",
            ),
            html.folded(
                "What each root user had before, with last use",
                html.table(
                    ["account", "root credentials"],
                    [[_account(account), _credentials(account["before"] or {})] for account in known],
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
    return html.stack(
        [
            html.heading(resource, _done(outcome, check_mode)),
            html.facts(
                {
                    "account": html.mono(result.get("account_id")),
                    "region": result.get("region"),
                    **({"backup": _backup(backup)} if backup else {}),
                    **({"root session": _session(session)} if session else {}),
                    **({"an administrator": _verified(result["verified_as"])} if result.get("verified_as") else {}),
                    **({"plan": html.mono(result["plan"]["digest"])} if result.get("plan") else {}),
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
    return [html.heading("Statements that lock"), html.table(columns, rows)]


def _policies_compared(result: Result) -> list[Shown | None]:
    """The policies beside each other; nothing when they are the same."""
    compared = result.get("diff") or {}
    shown = html.side_by_side(
        html.as_lines(compared.get("before")),
        html.as_lines(compared.get("after")),
        ("policy before", "policy after"),
    )
    return [html.heading("What changes"), shown] if shown else []


def _effects(rows: list[Result], changed: bool) -> list[Shown]:
    """What people can do with the resource; where the policy does not deny it, their own IAM policies decide."""
    if not rows or not changed:
        return []
    words = {"denied": "denied", "denied_when": "denied when", "not_denied": "not denied"}
    columns = ["who", "what", "before", "after", "still denied when"]
    shown = [
        [
            html.mono(row["who"]) if row["who"].startswith("arn:") else row["who"],
            row["what"],
            html.badge(words[row["before"]]),
            html.badge(words[row["after"]]),
            row["denied_when"],
        ]
        for row in rows
    ]
    remark = "Not denied means that the policy does not stop it: their own IAM policies decide."
    return [html.heading("What people can do"), html.table(columns, shown), html.small(remark)]


def _verified(found: Result) -> Shown:
    answer = {True: "can read the policy", False: "cannot read the policy", None: "could not be asked"}[found["able"]]
    return html.lines([html.mono(found["arn"]), html.plain(answer)])


def access_roles_found(result: Result, check_mode: bool = False) -> Shown:
    """Whether the management account gets into accounts by their access role, and how it could again."""
    return _for_each_account(result, _access_role_found, lambda one: "answers" if _is_in(one) else one["outcome"])


def _is_in(account: Result) -> bool:
    return (account.get("role") or {}).get("state") == "answers"


def _access_role_found(account: Result) -> list[Shown | None]:
    role = account.get("role")
    ways = [
        [
            _spoken(way["method"]),
            html.badge("open" if way["possible"] else "closed"),
            html.lines([html.plain(way[key]) for key in ("reason", "fix") if way[key]]),
        ]
        for way in account.get("ways_back") or []
    ]
    return [
        html.facts(
            {
                "account": html.mono(account["account_id"]),
                **({"role": html.mono(role["arn"]), "it is": _role_state(role)} if role else {}),
                **({"because": account["reason"]} if account.get("reason") else {}),
                **({"what to do": account["fix"]} if account.get("fix") else {}),
            }
        ),
        html.heading("Ways back without the root user, in the order they are tried") if ways else None,
        html.table(["way", "", "what closes it, and what would open it"], ways) if ways else None,
    ]


def _role_state(role: Result) -> str:
    return f"{_spoken(role['state'])}{'' if role['certain'] else ' (not certain)'}"


def access_roles_brought_back(result: Result, check_mode: bool) -> Shown:
    """By which way the role came back or would, which were tried, and what was called."""

    def shown(account: Result) -> list[Shown | None]:
        attempts = [
            [
                _spoken(attempt["method"]),
                html.badge("closed" if attempt["outcome"] == "refused" else attempt["outcome"]),
                html.lines([html.plain(attempt[key]) for key in ("reason", "fix") if attempt[key]]),
            ]
            for attempt in account.get("attempts") or []
        ]
        actions = [html.mono(action) for action in account.get("actions") or []]
        return [
            html.facts({"account": html.mono(account["account_id"]), "": account["reason"]})
            if account.get("reason") and not _not_done(account)
            else None,
            html.table(["way", "", "why, and what to do"], attempts) if attempts else None,
            html.facts({"what was called": html.lines(actions)}) if actions else None,
        ]

    each = _for_each_account(result, shown, lambda one: _done(one["outcome"], check_mode))
    return html.stack([each, *_diffs(result)])


def _not_done(account: Result) -> bool:
    """Its reason repeats what stands in the table of ways."""
    return account["outcome"] in ("failed", "unreachable", "unverified")


def accounts_described(result: Result, check_mode: bool = False) -> Shown:
    """Where accounts stand; with a purpose, what is in the way of it and what it entails."""
    accounts = result["accounts"]
    if any(account.get("findings") for account in accounts):
        return _for_each_account(result, _findings_of, lambda one: "ready" if one.get("ready") else "not ready")
    rows = [
        [_account(account), account.get("state"), (account.get("ou") or {}).get("path"), _remark(account)]
        for account in accounts
    ]
    return html.table(["account", "state", "where", "remark"], rows, empty="There is no account.")


def _findings_of(account: Result) -> list[Shown | None]:
    found = account["findings"]
    blocking = [one for one in found if one["kind"] == "blocking"]
    entailed = [one for one in found if one["kind"] != "blocking"]
    return [
        html.notice(account["verdict"], "ready" if account["ready"] else "not ready"),
        html.facts(
            {
                "account": html.mono(account["account_id"]),
                "state": account.get("state"),
                "where": (account.get("ou") or {}).get("path"),
                "root e-mail": account.get("email"),
                "joined": _joined(account),
            }
        ),
        html.heading("What may stand in the way"),
        _findings(blocking, {True: "in the way", False: "not in the way", None: "to be confirmed"}),
        html.heading("What it entails"),
        _findings(entailed, {True: "will happen", False: "no", None: "look"}),
    ]


def _joined(account: Result) -> str:
    method = {"CREATED": "created in the organization", "INVITED": "invited"}.get(account.get("joined_method") or "")
    return ", ".join(word for word in (account.get("joined"), method) if word)


def _findings(found: list[Result], words: Mapping[bool | None, str]) -> Shown:
    """Findings, what stands first; the names are what `confirmed` takes."""
    order = (True, None, False)
    return html.table(
        ["", "about", "what was found", "what to do"],
        [
            [html.badge(words[one["holds"]]), _name(one["name"]), one["text"], one["fix"]]
            for one in sorted(found, key=lambda one: order.index(one["holds"]))
        ],
    )


def _name(name: str) -> Shown:
    return html.mono(name)


def account_changed(result: Result, check_mode: bool) -> Shown:
    """Where an account stood and stands, and how it would come back."""
    undo = result.get("undo")
    name = " ".join(word for word in (result.get("name"), result.get("account_id")) if word)
    outcome = result.get("outcome")
    return html.stack(
        [
            html.heading(f"Account {name}", _done(outcome, check_mode) if outcome else None) if name else None,
            html.facts({"what is called": html.lines([html.mono(one) for one in result["actions"]])})
            if result.get("actions")
            else html.facts({_spoken(key): value for key, value in (result.get("before") or {}).items()}),
            *_diffs(result),
            html.folded("What it would take to bring it back as it was", _undo(undo)) if undo else None,
        ]
    )


def _undo(undo: Result) -> Shown:
    return html.facts(
        {
            "how": undo["how"],
            "until": undo.get("until") or "no end",
            "organizational unit": html.words(undo["ou"]["path"], html.mono(undo["ou"]["id"])),
            "tags": undo["tags"] or None,
            "delegations": undo["delegations"],
            "policies attached to it": [policy["name"] for policy in undo["policies"] or []],
        }
    )


def _for_each_account(
    result: Result, parts: Callable[[Result], list[Shown | None]], badge: Callable[[Result], str]
) -> Shown:
    """A heading for each account, and what there is to show of it."""
    return html.stack(
        part
        for account in result["accounts"]
        for part in [html.heading(account.get("name") or account["account_id"], badge(account)), *parts(account)]
    )


def password_recovery(result: Result, check_mode: bool) -> Shown:
    """Whether somebody can become root by mail, who gets it, and what would stop them once signed in."""

    def shown(account: Result) -> list[Shown | None]:
        mail = account.get("mail") or {}
        stopping = account.get("stopped_by") or []
        return [
            html.facts(
                {
                    "account": html.mono(account["account_id"]),
                    **_profiles(account, check_mode),
                    "MFA devices": html.lines([html.mono(one) for one in account.get("mfa_devices") or []])
                    if account.get("mfa_devices")
                    else "none",
                    **({"the mail goes to": mail["address"]} if mail.get("address") else {}),
                    **({"because": account["reason"]} if account.get("reason") else {}),
                    **({"what to do": account["fix"]} if account.get("fix") else {}),
                }
            ),
            html.heading("Service control policies that stop the root user once signed in") if stopping else None,
            html.table(
                ["policy", "attached to", "", "why"],
                [
                    [
                        one["policy_name"],
                        one["attached_to"]["name"],
                        html.badge("for sure" if one["certain"] else "perhaps"),
                        one["why"],
                    ]
                    for one in stopping
                ],
            )
            if stopping
            else None,
        ]

    return _for_each_account(result, shown, lambda one: _done(one["outcome"], check_mode))


def _profiles(account: Result, check_mode: bool) -> dict[str, str]:
    """The login profile as it is, and in check mode how it would be, where that is something else."""
    before, after = account.get("before"), account.get("after")
    if check_mode and before and after and before["kind"] != after["kind"]:
        return {"login profile": _profile(before), "it would be": _profile(after)}
    return {"login profile": _profile(after or before)}


def _profile(profile: Result | None) -> str:
    if profile is None:
        return "not known"
    words = {
        "none": "none: nobody can sign in, or set a password",
        "recovery": "nobody has signed in with it: whoever reads the mail can set a password",
        "password": f"a password, {_used(profile.get('last_used'))}",
    }
    return words.get(profile["kind"], "there is one; whether it is in use is not known")


def root_address(result: Result, check_mode: bool) -> Shown:
    """Which address the root user has, and what a person does next."""
    update = result.get("update") or {}
    return html.stack(
        [
            html.heading("E-mail address of the root user", _done(result["outcome"], check_mode)),
            html.facts(
                {
                    "address": result.get("email"),
                    "": result.get("msg"),
                    **({"last change": f"{update['status']}, since {update['since']}"} if update else {}),
                    **({"what to do": result["next_steps"]} if result.get("next_steps") else {}),
                }
            ),
        ]
    )


def root_activity(result: Result, check_mode: bool = False) -> Shown:
    """What root users did that no root session explains, which sessions there were, and what was not looked into."""
    unseen = [one for one in (*result["opened_from"], *result["accounts"]) if one["outcome"] != "unchanged"]
    none = "None was found where anybody could look; below stands where nobody could." if unseen else "None was found."
    return html.stack(
        [
            html.facts(
                {
                    "from": result["since"],
                    "until": result["until"],
                    "complete until": f"{result['complete_until']} (later events may still be on their way)",
                    "regions": ", ".join(result["regions"]),
                }
            ),
            html.heading("Root use that no root session explains"),
            html.table(
                ["time", "account", "what", "call", "from, with access key"],
                [
                    [
                        one["time"],
                        _account(one),
                        _spoken(one["kind"]),
                        f"{one['service']}:{one['operation']}{_refused(one)}",
                        _beneath(one["source_ip"], one.get("access_key_id")),
                    ]
                    for one in result["unexplained"]
                ],
                empty=none,
            ),
            html.heading("Root sessions"),
            html.table(
                ["opened", "account", "for", "by, with access key", "calls"],
                [
                    [
                        one["time"],
                        _account(one),
                        _spoken(one["task"]),
                        _beneath(one["opened_by"], one["access_key_id"]),
                        str(len(one["calls"])) if one["looked_into"] else _not_seen(one["reason"], unseen),
                    ]
                    for one in result["sessions"]
                ],
                empty=none,
            ),
            html.heading("Not looked into") if unseen else None,
            html.table(
                ["account", "", "why"], [[_account(one), html.badge(one["outcome"]), _remark(one)] for one in unseen]
            )
            if unseen
            else None,
        ]
    )


def _beneath(*identifiers: str | None) -> Shown:
    return html.lines([html.mono(one) for one in identifiers if one])


def _not_seen(reason: str | None, unseen: list[Result]) -> str | None:
    """Why nobody knows what a session did; in short, when a row of the table below says it."""
    return "not looked into, see below" if reason in [one.get("reason") for one in unseen] else reason


def _refused(call: Result) -> str:
    return f" ({call['error_code']})" if call.get("error_code") else ""


VIEWS: dict[str, Callable[[Result, bool], Shown]] = {
    "breakglass.aws.root_access_info": root_access,
    "breakglass.aws.root_access": root_access_change,
    "breakglass.aws.root_credentials_info": credentials_found,
    "breakglass.aws.root_credentials": credentials_removed,
    "breakglass.aws.root_password_recovery": password_recovery,
    "breakglass.aws.root_email": root_address,
    "breakglass.aws.root_activity_info": root_activity,
    "breakglass.aws.organization_access_role_info": access_roles_found,
    "breakglass.aws.organization_access_role": access_roles_brought_back,
    "breakglass.aws.organization_account_info": accounts_described,
    "breakglass.aws.organization_account": account_changed,
    "breakglass.aws.s3_bucket_policy_unlock": unlocked_policy,
    "breakglass.aws.sqs_queue_policy_unlock": unlocked_policy,
}


def _other(result: Result) -> Shown | None:
    """A module that is not ours: its message, what it printed, its diff."""
    message, printed = result.get("msg"), result.get("stdout")
    shown = [
        (html.message(message) if isinstance(message, str) else html.code(html.as_lines(message))) if message else None,
        html.code(printed) if printed else None,
        *_diffs(result),
    ]
    return html.stack(shown) if any(shown) else None


def _diffs(result: Result) -> list[Shown | None]:
    found = result.get("diff") or []
    return [
        html.diff(
            html.as_lines(part.get("before")),
            html.as_lines(part.get("after")),
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
    identifier = html.mono(account["account_id"])
    return html.lines([html.plain(account["name"]), identifier]) if account.get("name") else identifier


def _remark(account: Mapping[str, Any]) -> Shown:
    """Why an account was left alone or could not be reached, and what to do about it."""
    return html.lines([html.plain(account[key]) for key in ("reason", "fix") if account.get(key)])


def _credentials(found: Mapping[str, Any]) -> Shown:
    """What a root user has, each with since when and, as far as AWS tells it, its last use."""
    parts = []
    if (password := found.get("password") or {}).get("present"):
        # AWS does not tell a password from a recovery that is open, as long as nobody has signed in.
        kind = "password" if password.get("last_used") else "password, or password recovery that is open"
        parts.append(_credential(kind, None, password.get("created"), _used(password.get("last_used"))))
    for key in found.get("access_keys") or []:
        used = _used((key.get("last_used") or {}).get("date"))
        parts.append(_credential(f"access key ({key.get('status')})", key["id"], key.get("created"), used))
    for one in found.get("signing_certificates") or []:
        parts.append(_credential(f"signing certificate ({one.get('status')})", one["id"], one.get("created")))
    for device in found.get("mfa_devices") or []:
        parts.append(_credential("MFA device", device["serial"], device.get("enabled")))
    return html.lines(parts) if parts else html.plain("none")


def _credential(kind: str, identifier: str | None, since: str | None, *more: str) -> Shown:
    remark = ", ".join([*([f"since {since}"] if since else []), *more])
    return html.words(kind, *([html.mono(identifier)] if identifier else []), *([html.small(remark)] if remark else []))


def _used(when: str | None) -> str:
    return f"last used {when}" if when else "never used"


def kind_of(item: Mapping[str, Any], account: Mapping[str, Any]) -> str:
    """What an item is, in words; a password may be no more than an open recovery."""
    kind = KINDS.get(item["kind"], item["kind"])
    password = (account.get("before") or {}).get("password") or {}
    never = item["kind"] == "password" and password and not password.get("last_used")
    return f"{kind} (nobody had signed in with it)" if never else kind


def _item(item: Mapping[str, Any], account: Mapping[str, Any], check_mode: bool) -> Shown:
    identifier = [] if item["kind"] == "password" else [html.mono(item["id"])]
    reason = [html.small(item["reason"])] if item.get("reason") else []
    outcome = html.badge(_done(item["outcome"], check_mode))
    return html.words(outcome, kind_of(item, account), *identifier, *reason)


def _backup(backup: Mapping[str, Any]) -> Shown:
    return html.lines([html.mono(backup["path"]), html.words("SHA-256 of the policy", html.mono(backup.get("sha256")))])


def _session(session: Mapping[str, Any]) -> Shown:
    return html.words(html.mono(session["access_key_id"]), f"(until {session.get('expiration')})")


def _switch(value: bool | None) -> Shown:
    return html.badge("unknown" if value is None else "on" if value else "off")


def _spoken(word: str | None) -> str | None:
    return word.replace("_", " ") if word else None
