"""The report of a drill: what the page, the Markdown and the JUnit XML say is what the result says, as text."""

from __future__ import annotations

import dataclasses
import re
import stat
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support import drill_results as make
from support.pages import Elements

from breakglass_aws.drills import report, result
from breakglass_aws.drills.report.junit import as_xml
from breakglass_aws.drills.report.markdown import as_markdown
from breakglass_aws.drills.report.page import Proof, as_html
from breakglass_aws.drills.report.seen import without_repetition
from breakglass_aws.drills.result import Check, DrillResult
from breakglass_aws.engine.errors import RunbookError

HOSTILE = '<script>alert("x")</script>\x1b[31m|`[a](http://evil)\u2028'
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "article", "footer", "h1", "h2", "h3", "p"),
    *("div", "span", "b", "i", "br", "a", "ul", "li", "code", "small", "dl", "dt", "dd", "table", "thead", "tbody"),
    *("tr", "th", "td", "svg", "g", "line", "rect", "path", "text"),
}


def page(drill: DrillResult, folder: Path = Path("/nowhere")) -> Elements:
    return Elements(as_html(drill, folder, Proof("0" * 64)))


def hostile(value: Any) -> Any:
    """The same result with hostile text in every text but those that name a kind, a lane or a time."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = {"start", "end", "started", "ended", "time", "lane", "verdict"}
        names = [field.name for field in dataclasses.fields(value)]
        new = {name: hostile(getattr(value, name)) for name in names if name not in kept}
        return dataclasses.replace(value, **new)
    if isinstance(value, list):
        return [hostile(one) for one in value]
    if isinstance(value, dict):
        return {hostile(name): hostile(one) for name, one in value.items()}
    return HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("drill", "words"),
    [
        (make.drill(), "Passed: A bucket policy locks everyone out"),
        (make.drill(make.failed()), "FAILED: A guard with action patterns, in an opt-in region"),
        (make.drill(make.scenario(), make.refused()), "Passed: all 2 scenarios"),
        (make.drill(make.scenario(), make.failed(), make.not_run()), "FAILED: 1 of 3 passed, 1 failed, 1 not run"),
        (make.drill(make.scenario(), make.not_run(), interrupted=True), "Interrupted: 1 of 2 passed, 1 not run"),
        (make.drill(scenarios=[]), "FAILED: no scenario was run"),
    ],
)
def test_the_verdict_comes_first(drill: DrillResult, words: str) -> None:
    drill.conclude()
    assert words in page(drill).text[:150]
    assert as_markdown(drill).splitlines()[0].startswith("# " + words[:7])


def test_every_fact_of_the_result_is_on_the_page() -> None:
    drill = make.drill(make.scenario(), make.failed(), make.refused())
    text = page(drill).text
    for one in drill.scenarios:
        facts = [one.title, one.story, one.runbook, *one.why, *(hint.text for hint in one.hints)]
        facts += [entry.text for entry in one.timeline]
        facts += [part for check in one.checks for part in (check.question, check.details, check.before, check.after)]
        facts += [f"{session.opener} {session.account} {session.access_key_id}" for session in one.sessions]
        facts += [f"{change.action} {change.resource}" for change in one.changes]
        facts += [did for person in one.people for did in person.did]
        facts += [fault.text for fault in one.faults]
        facts += [one.evidence.manifest]
        missing = [fact for fact in facts if fact and " ".join(fact.split()) not in text]
        assert not missing
    assert "over by 1.4 s" in text
    assert "blocked, as expected" in text
    assert text.index(drill.scenarios[1].title) < text.index(drill.scenarios[0].title)  # what failed is listed first
    assert all(f"{name} {version}" in text for name, version in drill.versions.items())


def test_text_stays_text_everywhere() -> None:
    drill = hostile(make.drill(make.scenario(), make.failed()))
    seen = page(drill)
    assert seen.names <= ELEMENTS
    assert seen.text.count('<script>alert("x")</script>\\x1b[31m') > 50
    for text in (as_html(drill, Path("/nowhere"), Proof("")), as_markdown(drill), as_xml(drill)):
        assert not set(text) & {"\x1b", "\u2028"}
    assert "<script>" not in re.sub(r"(?<!`)(`{2,})(?!`).+?\1", "", as_markdown(drill))  # in code it is text
    rows = [line for line in as_markdown(drill).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3 + 1, 6 + 1, 5 + 1}
    assert ElementTree.fromstring(as_xml(drill)).tag == "testsuites"


def test_the_page_needs_nothing_else_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    (tmp_path / "bucket-locked" / "evidence").mkdir(parents=True)
    (tmp_path / "bucket-locked" / "unlock_s3_bucket.html").touch()
    content = as_html(make.drill(make.scenario(), make.failed()), tmp_path, Proof(""))
    assert "http" not in content.replace("http-equiv", "")
    assert "default-src 'none'" in content
    seen = Elements(content)
    files = {link for link in seen.links if not link.startswith("#")} - {"drill.json"}
    assert files == {"bucket-locked/unlock_s3_bucket.html", "bucket-locked/evidence/"}
    assert {link.removeprefix("#") for link in seen.links if link.startswith("#")} <= set(seen.ids)


def test_every_cell_names_its_column_on_a_telephone() -> None:
    """Rows are blocks there. The list of events has cells that are clear without it: number, times, who, what."""
    content = as_html(make.drill(make.failed()), Path("/nowhere"), Proof(""))
    tables = re.findall(r"<table>(.*?)</table>", content, flags=re.DOTALL)
    assert len(tables) == 3
    for row in re.findall(r"<tr>(.*?)</tr>", "".join(tables), flags=re.DOTALL):
        cells = re.findall(r"<td[^>]*>", row)
        assert all("data-name" in cell for cell in cells[1:]), row


def test_a_session_that_the_evidence_lacks_and_evidence_that_does_not_verify_stand_out() -> None:
    session = dataclasses.replace(make.scenario().sessions[0], in_evidence=False)
    evidence = dataclasses.replace(make.scenario().evidence, verified=False)
    drill = make.drill(make.scenario(sessions=[session], evidence=evidence))
    assert "not in the evidence" in page(drill).text
    assert "NOT VERIFIED" in page(drill).text
    assert "not in the evidence" in as_markdown(drill)
    assert "NOT VERIFIED" in as_markdown(drill)


# By element: its children, in this order, and its attributes. Ant's JUnit.xsd asks for exactly these, and Jenkins'
# junit-10.xsd allows them.
SCHEMA = {
    "testsuites": (["testsuite"], ""),
    "testsuite": (
        ["properties", "testcase", "system-out", "system-err"],
        "name package id hostname timestamp tests failures errors skipped time",
    ),
    "properties": (["property"], ""),
    "property": ([], "name value"),
    "testcase": (["skipped", "error", "failure"], "name classname time"),
    "failure": ([], "message type"),
    "error": ([], "message type"),
    "skipped": ([], "message"),
    "system-out": ([], ""),
    "system-err": ([], ""),
}


def test_junit_xml_is_valid_by_both_schemas_and_counts_right() -> None:
    interrupted = make.scenario(name="stopped", verdict=result.INTERRUPTED, why=["The drill was interrupted."])
    drill = make.drill(make.scenario(), make.failed(), make.not_run(), interrupted)
    suites = ElementTree.fromstring(as_xml(drill))
    for element in suites.iter():
        children, attributes = SCHEMA[element.tag]
        places = [children.index(child.tag) for child in element]
        assert places == sorted(places)
        assert element.attrib.keys() == set(attributes.split())
    suite = suites[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    assert suite.get("timestamp") == "2026-01-31T03:00:00"
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["bucket-guard"].get("classname") == "drill.unlock_s3_bucket"
    failure = cases["bucket-guard"].find("failure")
    assert failure is not None
    assert "Something else changed" in (failure.get("message") or "")
    assert "It took 11 s" in (failure.text or "")
    assert "NOT OK: Is everything else as it was" in (failure.text or "")
    assert [[child.tag for child in case] for case in cases.values()] == [[], ["failure"], ["skipped"], ["error"]]
    assert "root session in 333344445555" in (suite.findtext("system-out") or "")


def test_the_files_are_private_and_list_the_drills_before(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        path = report.write(make.drill(), tmp_path / name)
    assert path == tmp_path / "second" / "index.html"
    assert sorted(one.name for one in path.parent.iterdir()) == ["drill.json", "index.html", "junit.xml", "report.md"]
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}
    assert "../first/index.html" in Elements(path.read_text()).links
    assert "../second/index.html" not in path.read_text()


def test_a_scenario_is_named_as_its_command_names_it() -> None:
    """Two scenarios may have the same title."""
    drill = make.drill(make.scenario(name="bucket-locked-again", title="The same"), make.scenario(title="The same"))
    html, text = as_html(drill, Path("/nowhere"), Proof("")), as_markdown(drill)
    assert "<dt>Scenario</dt><dd><code>bucket-locked-again</code></dd>" in html
    assert "Scenario `bucket-locked-again`, runbook" in text


def test_only_what_would_be_markdown_is_escaped() -> None:
    drill = make.drill(make.scenario(why=["- 1. # is *text*", "+5 s"], story="1. # is a title"))
    drill.versions = {"breakglass-aws": "0.2.0"}
    text = as_markdown(drill)
    assert "- breakglass-aws 0.2.0\n" in text
    assert "**- 1. # is \\*text\\***" in text
    assert "\n1\\. # is a title\n" in text
    assert "\\-" not in text


def test_a_key_signs_the_result(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", key], check=True)
    (tmp_path / "signers").write_text(f'ada namespaces="breakglass.aws" {key.with_suffix(".pub").read_text()}')
    folder = tmp_path / "drill"
    folder.mkdir()
    content = report.write(make.drill(), folder, key).read_text()
    check = ["ssh-keygen", "-Y", "verify", "-n", "breakglass.aws", "-f", tmp_path / "signers", "-I", "ada"]
    with open(folder / "drill.json", "rb") as signed:
        subprocess.run([*check, "-s", folder / report.SIGNATURE], stdin=signed, check=True, capture_output=True)
    listed = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, text=True, check=True).stdout
    assert listed.split()[1] in content

    with pytest.raises(RunbookError, match="cannot sign"):
        report.write(make.drill(), folder, tmp_path / "none")
    assert not (folder / report.SIGNATURE).exists()
    assert "is signed" not in (folder / "index.html").read_text()
    assert result.read(folder / "drill.json") == make.drill()


def test_a_question_that_is_asked_twice_shows_each_answer_once() -> None:
    real = Check("damage_was_real", "Before: can she?", True, before="denied", after="allowed")
    gone = dataclasses.replace(real, check="damage_is_gone", question="Afterwards: can she?")
    other = dataclasses.replace(gone, check="other", question="Is it another?", after="denied too")
    shown = list(without_repetition([real, gone, other]))
    assert [(one.before, one.after) for one in shown] == [("denied", None), (None, "allowed"), ("denied", "denied too")]
    text = page(make.drill(make.scenario(checks=[real, gone]))).text
    assert "Before: can she? Before: denied Afterwards: can she? After: allowed" in text.replace("✓ ", "")
