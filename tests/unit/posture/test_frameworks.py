"""The controls of findings: the documented table is that of the code, and every code of readiness has an entry."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from breakglass_aws.engine.posture import frameworks
from breakglass_aws.engine.posture.frameworks import CIS_3, CIS_5, CIS_7, NIST, OF_FINDINGS, PROWLER, SECURITY_HUB

CHECKOUT = Path(__file__).parents[3]
COLUMNS = (CIS_3, CIS_5, CIS_7, SECURITY_HUB, PROWLER, NIST)


def documented() -> dict[str, dict[str, tuple[str, ...]]]:
    page = (CHECKOUT / "docs/reference/frameworks.md").read_text()
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `")]
    return {
        code.strip(" `"): {
            name: tuple(re.findall(r"[^,`\s]+", cell))
            for name, cell in zip(COLUMNS, cells, strict=True)
            if cell.strip()
        }
        for code, *cells in rows
    }


def test_the_documented_table_is_that_of_the_code():
    assert documented() == {code: dict(controls) for code, controls in OF_FINDINGS.items()}


def test_every_finding_of_readiness_has_its_controls():
    module = (CHECKOUT / "plugins/modules/recovery_readiness_info.py").read_text()
    returned = yaml.safe_load(re.search(r'RETURN = r"""(.*?)"""', module, re.DOTALL)[1])
    code = returned["accounts"]["contains"]["findings"]["contains"]["code"]
    codes = set(re.findall(r"V\((\w+)\)", " ".join(code["description"])))
    assert len(codes) > 12
    assert codes == {code for code in OF_FINDINGS if "resource" not in code}


def test_the_kind_of_an_audit_has_the_controls_of_its_code():
    assert frameworks.controls_of("active_access_key") == OF_FINDINGS["root_access_key"]
    assert frameworks.labels("active_access_key")[:2] == ["CIS 3.0.0: 1.4", "CIS 5.0.0: 1.3"]


def test_a_recovery_that_contains_an_incident_is_at_stake_as_such():
    assert "RS.MI-01" in frameworks.controls_of_reason("feature_off", ["compromised_root_user"])[NIST]
    assert frameworks.controls_of_reason("feature_off", ["unlock_s3_bucket"])[CIS_7] == ("2.1.1",)
    assert CIS_7 not in frameworks.controls_of_reason("policy_denies_root_session", ["unlock_s3_bucket"])
