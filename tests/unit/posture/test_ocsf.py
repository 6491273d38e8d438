"""Events of findings are valid by the published schema of OCSF, and keep their identity from run to run."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from support.readiness_results import BLOCKED, KEY, PHONE, account, finding, organization, result

from breakglass_aws.engine import history, posture
from breakglass_aws.engine.posture import ocsf

ONE = "111111111111"
COMPLIANCE, DETECTION = 2003, 2004


@cache
def validator(class_name: str) -> Draft202012Validator:
    """Of the published schema; without attributes that it does not know."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(ocsf.VERSION)).get_class_schema(class_name, ["cloud"])
    return Draft202012Validator({**schema, "additionalProperties": False})


def events(*accounts: dict, changes: tuple = (), **options: Any) -> list[dict]:
    found = posture.assess([result(*accounts, **options)], made="2026-11-28T03:00:00Z")
    return json.loads(ocsf.as_ocsf(found, changes))


def assert_valid(found: list[dict]) -> None:
    names = {COMPLIANCE: "compliance_finding", DETECTION: "detection_finding"}
    for event in found:
        errors = [error.message for error in validator(names[event["class_uid"]]).iter_errors(event)]
        assert errors == []


def test_the_schema_refuses_what_is_not_valid():
    """So that the other tests prove something."""
    [event] = events(account(ONE, findings=[KEY]))
    for wrong in ({**event, "severity_id": "high"}, {**event, "unknown": 1}, {**event, "metadata": {}}):
        with pytest.raises(AssertionError):
            assert_valid([wrong])


def test_every_event_of_an_organization_is_valid():
    found = posture.assess([organization(120)], made="2026-11-28 03:00 UTC")
    written = json.loads(ocsf.as_ocsf(found))
    assert len(written) > 100
    assert_valid(written)
    assert len({event["finding_info"]["uid"] for event in written}) == len(written)


def test_a_root_key_names_the_controls_it_belongs_to():
    [event] = events(account(ONE, findings=[KEY]))
    assert (event["class_uid"], event["severity"], event["compliance"]["status"]) == (COMPLIANCE, "Critical", "Fail")
    assert "CIS AWS Foundations Benchmark v5.0.0 1.3" in event["compliance"]["requirements"]
    assert "AWS Security Hub CSPM IAM.4" in event["compliance"]["requirements"]
    assert event["time"] == 1795834800000
    assert event["cloud"]["account"]["uid"] == ONE
    assert event["remediation"]["desc"] == KEY["fix"]


def test_a_recovery_that_would_fail_is_a_finding_and_one_that_is_not_known_is_unknown():
    found = events(account(ONE, unlock_s3_bucket=("fails", BLOCKED), lost_root_mfa=("unknown", PHONE)))
    assert [(event["severity"], event["compliance"]["status"]) for event in found] == [
        ("High", "Fail"),
        ("Unknown", "Unknown"),
    ]
    assert "unlock_s3_bucket would fail" in found[0]["message"]
    assert found[0]["remediation"]["desc"] == BLOCKED["fix"]


def test_the_same_finding_has_the_same_id_in_each_run():
    first, second = (events(account(ONE, findings=[KEY]), read_at=f"2026-11-2{n}T00:00:00Z") for n in (1, 2))
    assert first[0]["finding_info"]["uid"] == second[0]["finding_info"]["uid"]


def test_changes_are_detections(tmp_path):
    path = tmp_path / "history.db"
    for day, findings in (("01", []), ("02", [KEY])):
        history.add(path, history.record_of(result(account(ONE, findings=findings), read_at=f"2026-11-{day}")))
    changes = tuple(history.changes_since(path, "2026-10-01T00:00:00Z"))
    *_, event = found = events(account(ONE), changes=changes)
    assert_valid(found)
    assert (event["class_uid"], event["is_alert"]) == (DETECTION, True)
    assert event["finding_info"]["title"] == "New root credential"


def test_no_control_character_gets_into_an_event():
    [event] = events(account(ONE, name="a\u202eb\x1b", findings=[finding("other", "low", "Other\x1b")]))
    assert_valid([event])
    assert "\x1b" not in json.dumps(event, ensure_ascii=False)
    assert "\u202e" not in json.dumps(event, ensure_ascii=False)
