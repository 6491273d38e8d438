"""A drill from its command to its result: wrong input, a sandbox that dies, Ctrl-C, and what is printed."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from breakglass_aws.drills import __main__ as command
from breakglass_aws.drills import result
from breakglass_aws.drills.result import Check, DrillResult, ScenarioResult
from breakglass_aws.drills.runner import leftovers
from breakglass_aws.drills.runner.drill import Drill, folder_for
from breakglass_aws.drills.runner.people import STORY
from breakglass_aws.drills.runner.progress import Progress, summary
from breakglass_aws.drills.runner.scenario_run import _STATES, ScenarioRun, result_of
from breakglass_aws.drills.runner.scene import RunEnd, Scene
from breakglass_aws.drills.runner.simulation import Simulation, StartError
from breakglass_aws.drills.scenario_file import catalog
from breakglass_aws.drills.scenario_file.model import Action, FaultRule
from breakglass_aws.sandbox.faults.injector import _EFFECTS
from breakglass_aws.sandbox.faults.rules import KINDS


class Recovers:
    """Stands for the run of a runbook: does one thing."""

    meets_faults = True

    def __init__(self, scene: Scene, does: Callable[[Scene], None], stop: Callable[[], None] = lambda: None) -> None:
        self.evidence = scene.folder / "evidence"
        self.hints: list[Any] = []
        self.runs = [self.evidence]
        self._scene, self._does, self.stop = scene, does, stop

    def run(self) -> RunEnd:
        self._does(self._scene)
        return RunEnd(0, "changed")


def drill(folder: Path, names: Sequence[str], does: Callable[[Scene], None], **more: Any) -> tuple[DrillResult, str]:
    """Run a drill of scenarios that a function recovers; return its result and what it printed."""
    console = Console(file=io.StringIO(), width=200)
    scenarios = [catalog.find(name) for name in names]
    stop = more.pop("stop", lambda: None)
    with Progress(console, len(scenarios)) as progress:
        done = Drill(
            scenarios, folder, progress, recover=lambda scene: Recovers(scene, does, stop), by="ada", **more
        ).run()
    stream: Any = console.file
    return done, stream.getvalue()


def test_what_goes_wrong_in_a_scenario_is_in_its_result_in_one_line(tmp_path: Path) -> None:
    def kill_the_sandbox(scene: Scene) -> None:
        scene.simulation._process.kill()
        scene.simulation._process.wait()

    done, printed = drill(tmp_path, ["queue-locked"], kill_the_sandbox)
    [scenario] = done.scenarios
    assert done.verdict == scenario.verdict == "failed"
    assert scenario.why == ["The sandbox does not answer any more: it ended with status -9."]
    assert f"- {scenario.why[0]}" in printed
    assert result.read(tmp_path / "drill.json") == done
    assert done.by == "ada"


def test_a_fault_that_never_strikes_fails_the_drill(tmp_path: Path) -> None:
    """A scenario about a bad network has shown nothing when no connection broke."""
    rules = [
        {"kind": "reset", "service": "sqs", "operation": "CreateQueue"},
        {"kind": "slow", "service": "sqs", "operation": "ListQueues", "seconds": 0.001},
        {"kind": "root_denied", "account": "012345678901"},
        {"kind": "throttling"},
    ]
    faults = [FaultRule(rule) for rule in rules[:-1]] + [FaultRule(rules[-1], "approval")]
    scenario = replace(catalog.find("queue-locked"), faults=tuple(faults))

    def call(scene: Scene) -> None:
        keys = scene.simulation.credentials("operator")
        scene.simulation.client("sqs", keys).list_queues()
        scene.people.do(STORY, Action("fault", {"kind": "cut", "service": "sqs"}), tmp_path)
        scene.people.do(STORY, Action("end_faults", "cut"), tmp_path)

    run = ScenarioRun(scenario, tmp_path / "run", None, lambda text: None, lambda scene: Recovers(scene, call))
    done = run.run()
    [check] = [one for one in done.checks if one.check == "faults_struck"]
    assert not check.passed
    assert check.details.splitlines() == [
        "The fault reset (service sqs, operation CreateQueue) never struck.",
        "The fault cut (service sqs) never struck.",
        "The fault throttling never struck.",
    ]
    assert any(reason.startswith("Did each fault strike? ") for reason in done.why)
    assert [(one.kind, one.when, one.hits) for one in done.faults] == [
        ("reset", "from the start", 0),
        ("slow", "from the start", 1),
        ("root_denied", "from the start", 0),
        ("cut", "during the run", 0),
        ("throttling", "at gate approval, which the run did not reach", 0),
    ]


def test_without_its_damage_a_scenario_is_not_run(tmp_path: Path) -> None:
    """The runbook would be right to change nothing, and must not be blamed for it."""
    locked = catalog.find("queue-locked")
    question = replace(locked.questions[0], operation="ListQueues", parameters={})
    ran: list[Scene] = []
    scenario = replace(locked, questions=(question,))
    done = ScenarioRun(
        scenario, tmp_path / "run", None, lambda text: None, lambda scene: Recovers(scene, ran.append)
    ).run()
    assert (done.verdict, ran) == ("failed", [])
    assert done.why[0] == "The damage of the scenario is not there, so the runbook was not run."
    assert {one.check for one in done.checks} == {"damage_was_real"}


def test_a_fault_that_is_no_state_hits_calls() -> None:
    """Else a drill would wait in vain for it to strike."""
    assert set(_STATES) == KINDS.keys() - _EFFECTS.keys() - {"sts_lag"}


def test_ctrl_c_leaves_a_result_that_says_so(tmp_path: Path) -> None:
    stopped = threading.Event()

    def work(scene: Scene) -> None:
        known = result.read(tmp_path / "drill.json").scenarios  # it is written from the beginning
        assert [(one.verdict, one.ended) for one in known] == [("interrupted", ""), ("not run", "")]
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped.wait(60)

    done, printed = drill(tmp_path, ["queue-locked", "bucket-locked"], work, stop=stopped.set)
    assert done.interrupted
    assert [scenario.verdict for scenario in done.scenarios] == ["interrupted", "not run"]
    assert "Interrupted. The running scenarios are ended" in printed
    assert result.read(tmp_path / "drill.json").verdict == "interrupted"


def test_a_sandbox_ends_with_the_drill_that_was_killed() -> None:
    code = (
        "from breakglass_aws.drills.runner.simulation import Simulation\n"
        "import time\nsandbox = Simulation()\nsandbox.wait_until_ready()\n"
        "print(sandbox.url, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        urllib.request.urlopen(f"{url}/_sandbox/ready").close()
        os.kill(process.pid, signal.SIGKILL)
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{url}/_sandbox/ready", timeout=5).close()
        except OSError:
            return
        time.sleep(0.05)
    pytest.fail("the sandbox still answers")


def test_a_sandbox_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "organization.yml").write_text("organization: o-breakglass1\nmanagement_acount: x\n")
    with Simulation(str(tmp_path / "organization.yml")) as simulation, pytest.raises(StartError, match="line 2"):
        simulation.wait_until_ready()


# The command


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bucket-lokced"], "There is no scenario 'bucket-lokced'. Did you mean bucket-locked"),
        (["--runbook", "unlock"], "There is no scenario for a runbook 'unlock'"),
        (["bucket-locked", "--all"], "Name scenarios, or use one of --all, --surprise"),
        (["--validate", "none.yml"], "none.yml: cannot be read"),
        (["--scenario-file", "none.yml"], "none.yml: cannot be read"),
        (["--organization", "none.yml"], "There is no organization file none.yml"),
        (["--hands-on", "bucket-locked"], "--hands-on needs a terminal"),
        (["--hands-on", "--all"], "--hands-on takes one scenario"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_wrong_input_is_refused_before_anything_is_written(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*arguments, "--reports", str(tmp_path / "reports")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()


def test_a_file_is_validated_and_the_scenarios_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yml"
    file.write_text((catalog.FOLDER / "queue-locked.yml").read_text())
    assert command.main(["--validate", str(file)]) == 0
    assert "is valid: A queue policy locks everyone out" in capsys.readouterr().out
    file.write_text(file.read_text().replace("runbook:", "runbok:"))
    assert command.main(["--validate", str(file)]) == 2
    assert "unknown key. Did you mean runbook?" in capsys.readouterr().err
    assert command.main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in catalog.names())


def test_two_drills_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    folders = {folder_for(tmp_path, "quarter") for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.stat().st_mode & 0o777 == 0o700 and "quarter" in folder.name for folder in folders)


def test_the_summary_has_whole_names_on_80_columns() -> None:
    scenarios = [
        ScenarioResult(
            "bucket-policy-changed-meanwhile", "X", "Y", "unlock_s3_bucket", outcome="unchanged", verdict=verdict,
            seconds=107.0, objective_seconds=300, checks=[Check("a", "b", True), Check("c", "d", False)],
        )
        for verdict in ("passed", "failed", "interrupted", "not run")
    ]  # fmt: skip
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(summary(DrillResult("2026-01-31T03:00:00+00:00", scenarios=scenarios)))
    text = console.export_text()
    assert text.count(" bucket-policy-changed-meanwhile ") == 4
    assert "1/2" in text
    assert max(map(len, text.splitlines())) <= 80


def test_no_file_names_a_surprise_before_it_has_ended(tmp_path: Path) -> None:
    scenario = catalog.find("queue-locked")
    known = (scenario.name, scenario.title, scenario.story[:40], scenario.runbook, scenario.parameters["queue"])
    drill = DrillResult("2026-01-31T03:00:00+00:00", scenarios=[result_of(scenario)])
    surprise = Drill([scenario], tmp_path, Progress(Console(), 1), secret=True)
    surprise._write(drill, interrupted=True)
    text = (tmp_path / result.FILE).read_text()
    assert [one for one in known if one in text] == []
    assert result.read(tmp_path / result.FILE).scenarios[0].verdict == "not run"
    surprise._write(drill, interrupted=False, ended=True)
    assert result.read(tmp_path / result.FILE).scenarios[0].name == scenario.name


def test_a_surprise_is_named_when_it_has_ended() -> None:
    console = Console(file=io.StringIO(), width=200)
    scenario = catalog.find("bucket-locked")
    with Progress(console, 1, secret=True) as progress:
        progress.scenario(scenario)("  [1/9] Preflight (1.0 s)")
        stream: Any = console.file
        before = stream.getvalue()
        progress.ended(ScenarioResult(scenario.name, scenario.title, "", "", verdict="passed"))
    assert scenario.name not in before
    assert scenario.title not in before
    assert "Preflight" in before
    assert f"{scenario.name} ({scenario.title}): passed" in stream.getvalue()


def test_the_report_of_a_drill_that_was_killed_is_written_by_the_next_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, killed, empty = (tmp_path / name for name in ("ended", "killed", "empty"))
    for folder in (ended, killed, empty):
        folder.mkdir()
    (killed / ".running").write_text("999999999:1")
    (empty / ".running").write_text("999999999:1")
    leftovers.mark(ended)  # this process, which is running
    assert leftovers.aborted(tmp_path) == [empty, killed]
    begun = ScenarioResult(
        "x", "X", "Y", "unlock_s3_bucket", started="2026-01-31T03:00:00+00:00", verdict="interrupted"
    )
    waiting = ScenarioResult("z", "Z", "Y", "unlock_s3_bucket")
    drill = DrillResult("2026-01-31T03:00:00+00:00", interrupted=True, scenarios=[begun, waiting])
    drill.ended = drill.started
    result.write(drill, killed)
    evidence = killed / "x" / "evidence"
    evidence.mkdir(parents=True)
    (evidence / "manifest.json").write_text('{"files": {}}')
    command._report_aborted(tmp_path)
    kept = result.read(killed / "drill.json")
    assert [one.verdict for one in kept.scenarios] == ["interrupted", "not run"]
    assert kept.scenarios[0].evidence.folder == "x/evidence"
    assert kept.ended > kept.started
    printed = capsys.readouterr().out
    assert f"killed after 0 of 2 scenarios. Its report: {killed / 'index.html'}" in printed
    assert "killed before it had a result" in printed
    assert (killed / "index.html").is_file()
    assert leftovers.aborted(tmp_path) == []
    leftovers.unmark(ended)
