# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place in the engine that reads the results of modules.

Each key that is read here, or by a view, is documented in the RETURN of the module that it comes from; a test checks
that. Evidence, gates and the launcher ask this module instead of reading results themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from breakglass_aws.engine import observations
from breakglass_aws.engine.collection import module_util

# An event of a task, as the callback plugin breakglass.aws.events writes it.
Event = dict[str, Any]

KINDS = {
    "access_keys": "access key",
    "signing_certificates": "signing certificate",
    "password": "password",
    "mfa_devices": "MFA device",
}

# Keys whose values differ each time, although the plan is the same.
# "until" is the end of a term that begins with the change, as the days in which a closed account can be reopened.
VOLATILE = frozenset({"session", "invocation", "diff", "warnings", "deprecations", "msg", "failed", "caller", "until"})
_VOLATILE_IN_EVIDENCE = VOLATILE | {"sessions"}

REFUSED = "refused"  # the status of a call in the module's ledger
DONE = ("changed", "removed")


def without_volatile(value: Any, volatile: Collection[str] = VOLATILE) -> Any:
    """Return `value` without the keys in `volatile`, at every depth."""
    if isinstance(value, Mapping):
        return {key: without_volatile(item, volatile) for key, item in value.items() if key not in volatile}
    if isinstance(value, list):
        return [without_volatile(item, volatile) for item in value]
    return value


def plan_digest(result: Mapping[str, Any]) -> str:
    """Return the digest of the plan that a task registered: the module's own digest if it has one.

    The same plan made again has the same digest, also if AWS now reports a later use of a credential. A plan that would
    do anything else has a different one.
    """
    own = result.get("plan")
    if isinstance(own, Mapping) and isinstance(own.get("digest"), str):
        return str(own["digest"])
    return _sha256(observations.without(without_volatile(result)))


# What a result holds of the run that made it, and not of the plan.
_OF_ONE_RUN = frozenset({"session", "sessions", "invocation", "caller", "backup", "warnings", "deprecations", "until"})


def same_each_time(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan's result as an approver is shown it: the same whenever the same plan is made.

    Its observations are shown apart from it. Policies in a diff are in canonical form, because AWS may return the same
    policy in another order each time.
    """
    shown: dict[str, Any] = observations.without(without_volatile(result, _OF_ONE_RUN))
    if isinstance(shown.get("diff"), Mapping):
        shown["diff"] = {key: _canonical_policy(value) for key, value in shown["diff"].items()}
    return shown


def _canonical_policy(text: Any) -> Any:
    """Return the JSON text of a policy in canonical form, and any other value as it is."""
    try:
        document = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return text
    if not isinstance(document, dict) or "Statement" not in document:
        return text
    canonical = module_util("_policies.canonical").canonical(document)
    return canonical if document is text else json.dumps(canonical, indent=2)


def plan_items(plan: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what a plan would change, item by item: each with `account_id`, `kind` and `id`, sorted.

    An item whose module reports when it was created has `created` too, which tells it from a later one of the same ID.

    They are the module's own `plan_items`, if it has these. A module that reports no items of an account would change
    the account itself: kind "account", its ID as `id`. After an approval, the notebook has the items as the variable
    `approved_items`, so that the act does them and no others.
    """
    if isinstance(plan.get("plan_items"), list):
        return list(plan["plan_items"])
    accounts = _each_account(plan) or [plan]
    found = {
        item
        for account in accounts
        if account.get("changed") and isinstance(account.get("account_id"), str)
        for item in _items_of(account)
    }
    return [
        {"account_id": account, "kind": kind, "id": identifier} | ({"created": created} if created else {})
        for account, kind, identifier, created in sorted(found)
    ]


def _items_of(account: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    account_id = str(account["account_id"])
    for kind, resource in (("bucket_policy", account.get("bucket")), ("queue_policy", account.get("queue"))):
        if resource:
            return [(account_id, kind, str(resource), "")]
    if account.get("credentials") is None:
        return [(account_id, "account", account_id, "")]
    done = [item for item in account["credentials"] if item.get("outcome") in DONE]
    return [(account_id, str(item["kind"]), str(item["id"]), str(item.get("created") or "")) for item in done]


def fingerprint(result: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a result without volatile keys, to compare what a task found at different times."""
    return _sha256(without_volatile(result, _VOLATILE_IN_EVIDENCE))


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def state(result: Mapping[str, Any], key: str) -> Any:
    """Return what a result reports under `key` ("before" or "after"): one state, or one for each account ID."""
    if "accounts" in result:
        return {account["account_id"]: account.get(key) for account in result["accounts"]}
    return result.get(key)


def outcome(result: Mapping[str, Any]) -> str:
    """Return the outcome of a result; for several accounts, the worst of theirs."""
    if "accounts" in result:
        return str(module_util("_constants").worst(account["outcome"] for account in result["accounts"]))
    return result.get("outcome") or ("changed" if result.get("changed") else "unchanged")


def final_accounts(plan: Mapping[str, Any], act: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the accounts as the act left them, or as the plan found them when the act was skipped."""
    accounts: list[dict[str, Any]] = (plan if act.get("skipped") else act).get("accounts", [])
    return accounts


def unfinished_accounts(plan: Mapping[str, Any], act: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the accounts in which the work could not be done."""
    unfinished = module_util("_constants").UNFINISHED
    return [account for account in final_accounts(plan, act) if account["outcome"] in unfinished]


def finished_accounts(plan: Mapping[str, Any], act: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the accounts in which something was changed."""
    return [account for account in final_accounts(plan, act) if account["outcome"] in DONE]


def complaints(accounts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each account in which the work could not be done, and one for all that were not reached.

    A run that stops early may leave thousands of accounts, for one reason.
    """
    accounts = list(accounts)
    unreached = module_util("_constants").NOT_REACHED
    lines = [complaint(account) for account in accounts if account["outcome"] != unreached]
    reasons: dict[str, int] = {}
    for account in accounts:
        if account["outcome"] == unreached:
            why = " ".join(account[key] for key in ("reason", "fix") if account.get(key))
            reasons[why] = reasons.get(why, 0) + 1
    return [*lines, *(f"{number} account(s) not reached. {why}" for why, number in reasons.items())]


def complaint(account: Mapping[str, Any]) -> str:
    """Return why the work in an account could not be done, and what to do about it."""
    name = f"{account['name']} ({account['account_id']})" if account.get("name") else account["account_id"]
    return " ".join(
        [f"{name}: {account['outcome']}.", *(account[key] for key in ("reason", "fix") if account.get(key))]
    )


def account_ids(result: Mapping[str, Any]) -> list[str]:
    """Return the IDs of all accounts that a result mentions, sorted."""
    found = {each["account_id"] for each in _mappings(result) if isinstance(each.get("account_id"), str)}
    return sorted(found)


def regions(result: Mapping[str, Any]) -> list[str]:
    """Return the regions that a result mentions, in their order."""
    return list(dict.fromkeys(each["region"] for each in _mappings(result) if isinstance(each.get("region"), str)))


def actor(result: Mapping[str, Any]) -> str:
    """Return the ARN of the caller that a result reports, empty when it reports none."""
    arns = [
        each["caller"]["arn"]
        for each in _mappings(result)
        if isinstance(each.get("caller"), dict) and isinstance(each["caller"].get("arn"), str)
    ]
    return arns[-1] if arns else ""


def backups(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the backups that a module wrote."""
    found = [each["backup"] for each in _mappings(result) if isinstance(each.get("backup"), dict)]
    return [backup for backup in found if backup.get("path")]


def sessions(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the root sessions that a module opened, each with account_id, access_key_id and expiration if known."""
    return [
        {
            "account_id": each.get("account_id"),
            **{key: session[key] for key in ("access_key_id", "expiration") if key in session},
        }
        for each in _mappings(result)
        for session in _opened(each)
    ]


def _opened(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the root sessions of a mapping: one as `session`, several as `sessions` next to the account's ID.

    Without an account ID, `sessions` are those of others that root_activity_info reports.
    """
    reported = [found.get("session"), *(found.get("sessions") or [] if "account_id" in found else [])]
    return [session for session in reported if isinstance(session, dict) and session.get("access_key_id")]


def actions(result: Mapping[str, Any]) -> list[str]:
    """Return the calls that a module reports it made to change something, or would make."""
    places = [result, *_each_account(result)]
    return [call for place in places for call in place.get("actions") or [] if isinstance(call, str)]


# Calls that are no reads, and still change nothing in AWS: sessions, reports and simulations.
_HARMLESS_SERVICES = ("sts",)
_HARMLESS_CALLS = ("Generate", "Simulate")
# Ansible's own modules that only read or decide.
_READING_ACTIONS = ("assert", "debug", "fail", "pause", "set_fact", "slurp", "stat")


def acted(event: Event) -> bool:
    """Whether a finished task changed something, or may have changed something.

    The module's own `changed` counts. When the task failed, so do its calls: one that AWS carried out, or to which no
    answer came, may have changed something, whatever the module reports. A module that ended without a result may have
    made any call.
    """
    if event["check_mode"]:
        return False
    if event["event"] not in ("failed", "unreachable"):
        return event["event"] == "changed"
    if any(place.get("changed") is True for place in _places(event)):
        return True
    if died(event) and not reads_only(event["action"]):
        return True
    return any(_may_have_changed(call) for call in event.get("calls", []))


def died(event: Event) -> bool:
    """Whether a module, or that of an item of its loop, ended without a result, as one does that is killed."""
    return any("module_stdout" in place for place in _places(event))


def _places(event: Event) -> list[dict[str, Any]]:
    """Return the result of a task, and those of the items of its loop."""
    items = event["result"].get("results") or []
    return [event["result"], *(item for item in items if isinstance(item, dict))]


def reads_only(action: str) -> bool:
    """Whether a module only reads, by its name."""
    name = action.rpartition(".")[2]
    return name.endswith("_info") or name in _READING_ACTIONS


def _may_have_changed(call: Mapping[str, Any]) -> bool:
    """Whether AWS carried out a call, or may have, by the module's ledger.

    Evidence of version 0.1 has no status; there a refusal has a request ID and an error.
    """
    if call.get("service") in _HARMLESS_SERVICES or str(call.get("operation")).startswith(_HARMLESS_CALLS):
        return False
    if "status" in call:
        return bool(call["status"] != REFUSED)
    return not (call.get("error") and call.get("request_id"))


def message(event: Event) -> Any:
    """Return what a finished task reports to people: why it failed, its message, or what it changed; else None."""
    result = event["result"]
    if event["event"] == "changed":
        return ", ".join([*actions(result), *_recovery_switched(result), *_removed_items(result)])
    reports = event["action"] in ("ansible.builtin.assert", "ansible.builtin.debug") and event["event"] == "ok"
    return result.get("msg") if reports or event["event"] in ("failed", "unreachable") else None


def kind_of(item: Mapping[str, Any], account: Mapping[str, Any]) -> str:
    """Return the kind of a root credential in words; a password may be no more than open password recovery."""
    kind = KINDS.get(item["kind"], item["kind"])
    password = (account.get("before") or {}).get("password") or {}
    # Without its observations, a plan does not say.
    never_used = item["kind"] == "password" and "last_used" in password and not password["last_used"]
    return f"{kind} (never used to sign in)" if never_used else kind


def _removed_items(result: Mapping[str, Any]) -> list[str]:
    """Return the credentials that a module reports as removed, or in check mode would remove, in words."""
    return [
        _item_name(item, account)
        for account in _each_account(result)
        for item in account.get("credentials") or []
        if item.get("outcome") == "removed" and item["kind"] != "login_profile"  # as password recovery, above
    ]


def _item_name(item: Mapping[str, Any], account: Mapping[str, Any]) -> str:
    """Return an item in words. A user has one password at most, which has no ID."""
    kind = kind_of(item, account)
    return kind if item["kind"] == "password" else f"{kind} {item['id']}"


def _each_account(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    present = module_util("_earlier_names").with_present_names
    return [present(account) for account in result.get("accounts") or [] if isinstance(account, dict)]


def with_present_names(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result, which evidence of version 0.1 may hold, with the keys that its module returns now."""
    present = dict(module_util("_earlier_names").with_present_names(result))
    return {**present, "accounts": _each_account(present)} if present.get("accounts") else present


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping inside `value`."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _mappings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _mappings(item)


# Password recovery: while it is open, a person who reads the root user's mail can become root.


def recovery_open_in(known: Sequence[str], result: Mapping[str, Any]) -> list[str]:
    """Return the accounts in which password recovery is open, given those `known` before a task gave `result`."""
    still_open = list(known)
    for account in _each_account(result):
        after = account.get("after") or {}
        opened = account.get("outcome") in ("changed", "unchanged") and after.get("kind") in ("recovery", "password")
        if opened or _may_be_open(account):
            still_open = [*dict.fromkeys([*still_open, account["account_id"]])]
        elif after.get("kind") == "none" or (after.get("password") or {}).get("present") is False:
            still_open = [each for each in still_open if each != account["account_id"]]
    return still_open


def _may_be_open(account: Mapping[str, Any]) -> bool:
    """Return whether AWS did not confirm that it opened password recovery, and reading back did not deny it."""
    profiles = [item for item in account.get("credentials") or [] if item.get("kind") == "login_profile"]
    return any(item["id"] == "none" and item["outcome"] == "unverified" for item in profiles)


def recovery_warning(accounts: Sequence[str]) -> str:
    """Return the warning of an unfinished run that leaves password recovery open in `accounts`."""
    return (
        f"PASSWORD RECOVERY IS OPEN in {', '.join(accounts)}: a person who reads the root user's mail, or has already "
        "set a password, can become root there. It stays open until this run is resumed and finished."
    )


def _recovery_switched(result: Mapping[str, Any]) -> list[str]:
    """Return that a module opened or closed password recovery, or in check mode would."""
    words = {"changed": "password recovery opened", "removed": "password recovery closed"}
    accounts = [account for account in _each_account(result) if "kind" in (account.get("after") or {})]
    return [words[account["outcome"]] for account in accounts if account["outcome"] in words]
