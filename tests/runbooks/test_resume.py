"""A run that broke off goes on: nothing is done twice, whatever looks looks again, and the journal holds."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from breakglass_aws.engine import commands
from breakglass_aws.engine.errors import RunbookError, Waiting
from breakglass_aws.engine.evidence import checkpoints
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.kernel import ansible_play, magics, variable_references
from breakglass_aws.engine.kernel_options import VARIABLE, KernelOptions
from breakglass_aws.engine.launcher import run_file
from breakglass_aws.engine.launcher.resume import resume, runbook_of

CELLS = [
    'account_id: str = None\ncheck_mode: bool = True\nevidence_dir: str = ""',
    "account_id = '012345678901'; check_mode = False; evidence_dir = {folder!r}",
    "%reload_ext breakglass_aws\n%runbook tiny",
    "%%tasks\n- look: access\n  register: access\n",
    "%%tasks\n- look: one two\n  register: plan\n",
    "%%gate confirmed\nThere is {{ plan.left }} to do in {{ account_id }}.\n\nanswer: equals account_id\n",
    "%%gate code\nType the code.\n\nanswer: secret\n",
    "%%tasks\n- do: one\n  because: '{{ plan }} {{ confirmed }}'\n  register: one\n",
    "%%tasks\n- do: two\n  with: '{{ code }}'\n  register: act\n",
    "%%tasks\n- look: one two\n  register: verification\n",
    "%evidence plan act",
]
ANSWERS = {"confirmed": "012345678901", "code": "planted-4711"}


class World:
    """What tasks look at and change, instead of AWS; and the shell of whichever kernel runs at the moment."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.looked: list[str] = []
        self.after: Callable[[], object] = lambda: None  # something was done

    def run_tasks(
        self, text: str, variables: Mapping[str, Any], check_mode: bool, on_event: Callable[..., None], *_: object
    ) -> None:
        """Stand in for Ansible: `do` changes something, `look` tells what is left to do."""
        for task in yaml.safe_load(text):
            common = {"task": "x", "action": "x", "check_mode": check_mode, "path": "", "warnings": []}
            on_event({**common, "event": "started"})
            if "look" in task:
                self.looked.append(task["look"])
                left = [word for word in task["look"].split() if word not in self.done]
                event, result = (
                    "ok",
                    {"left": left, "changed": bool(left), "at": len(self.looked), "before": [*self.done]},
                )
            elif "skip" in task:
                event, result = "skipped", {"changed": False}
            else:
                self.done.append(task["do"])
                event, result = "changed", {"changed": True, "outcome": "changed", "before": [], "after": [task["do"]]}
            on_event({**common, "event": event, "register": task["register"], "ignored": False, "result": result})
            if event == "changed":
                self.after()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(magics, "run_tasks", world.run_tasks)
    return world


@pytest.fixture
def kernel(new_notebook_shell: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Start a kernel, as the launcher would; the one before is dead then."""

    def start(options: KernelOptions) -> Any:
        monkeypatch.setenv(VARIABLE, str(options.pipe()))
        return new_notebook_shell()

    return start


@pytest.mark.parametrize("killed_after", range(len(CELLS)))
def test_killed_after_any_cell_it_goes_on_and_does_nothing_twice(
    killed_after: int, world: World, kernel: Callable[..., Any], tmp_path: Path
) -> None:
    cells = [cell.replace("{folder!r}", repr(str(tmp_path / "run"))) for cell in CELLS]
    first = kernel(KernelOptions(ANSWERS, launcher=True))
    for cell in cells[:killed_after]:
        first.cell(cell)
    reached = "\n".join(cells[:killed_after])
    # The answer that has been given counts; the secret one is asked for again, until no step needs it any more.
    answers = ANSWERS if "%%gate confirmed" not in reached else {"code": ANSWERS["code"]}
    spent = "do: two" in reached
    second = kernel(
        KernelOptions({} if spent else answers, resume=True, spent=["code"] if spent else [], launcher=True)
    )
    looked_before = len(world.looked)
    for cell in cells:
        second.cell(cell)
    assert world.done == ["one", "two"]
    assert world.looked[looked_before] == "access"
    assert world.looked[-1] == "one two" or spent
    evidence = json.loads((tmp_path / "run/evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"]) == ("changed", True)
    assert evidence["after"] == ["two"]
    assert second["plan"]["left"] == ["one", "two"] or killed_after < 8
    assert [*Journal(tmp_path / "run").problems()] == []
    assert not [path for path in (tmp_path / "run").iterdir() if ANSWERS["code"] in path.read_text()]


def test_killed_in_the_middle_of_a_cell_it_knows_what_was_changed(
    world: World, kernel: Callable[..., Any], tmp_path: Path
) -> None:
    both = "%%tasks\n- do: one\n  register: one\n- do: two\n  register: act\n"
    cells = [*CELLS[:5], both, CELLS[-1]]
    killed = tmp_path / "killed"
    world.after = lambda: killed.exists() or shutil.copytree(tmp_path / "run", killed)
    first = kernel(KernelOptions({}, launcher=True))
    for cell in cells[:6]:
        first.cell(cell.replace("{folder!r}", repr(str(tmp_path / "run"))))
    second = kernel(KernelOptions({}, resume=True, launcher=True))
    for cell in [*cells[:5], "%%tasks\n- skip: one two\n  register: act\n", cells[-1]]:
        second.cell(cell.replace("{folder!r}", repr(str(killed))))
    evidence = json.loads((killed / "evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"]) == ("changed", True)


@pytest.mark.parametrize("kind", [ansible_play.Interrupted, KeyboardInterrupt])
def test_a_step_that_was_cut_off_behind_a_change_goes_on_there(
    kind: type[BaseException], world: World, kernel: Callable[..., Any], tmp_path: Path
) -> None:
    """Looked at again, the plan would be another one, and undo what the run itself has done."""
    act = (
        "%%tasks\n- look: one\n  register: guard\n- do: one\n  because: '{{ plan }} {{ confirmed }}'\n"
        "  register: first\n- look: two\n  register: seen\n- do: two\n  register: act\n"
    )
    cells = [cell.replace("{folder!r}", repr(str(tmp_path / "run"))) for cell in [*CELLS[:6], act, CELLS[-1]]]
    first = kernel(KernelOptions(ANSWERS, launcher=True))
    for cell in cells[:6]:
        first.cell(cell)

    def stop() -> None:
        world.after = lambda: None
        raise kind

    world.after = stop
    with pytest.raises(kind):
        first.cell(act)
    second = kernel(KernelOptions({}, resume=True, launcher=True))
    world.looked.clear()
    shown = ""
    for cell in cells:
        second.cell(cell)  # no gate asks again
        shown += second.shown
    assert world.done == ["one", "two"]
    assert world.looked == ["access", "two"]  # what stands behind the change; neither the plan nor its guard
    assert "Started: 2 of 4 tasks were done at" in shown
    assert second["guard"]["left"] == ["one"]
    entries = Journal(tmp_path / "run").entries()
    assert [entry["outcome"] for entry in entries if entry["event"] == "task"].count("changed") == 2
    third = kernel(KernelOptions({}, resume=True, launcher=True))
    for cell in cells:
        third.cell(cell)
    assert world.done == ["one", "two"]
    kept = json.loads((tmp_path / "run" / checkpoints.FILE).read_text())
    assert [step["kind"] for step in kept].count(checkpoints.BEGUN) == 0


@pytest.mark.parametrize(
    ("tasks", "possible"),
    [
        ("- a: 1\n- b: 2\n", True),
        ("- block:\n    - a: 1\n- b: 2\n", False),
        ("- ansible.builtin.include_tasks: a.yml\n- b: 2\n", False),
        ("- meta: end_play\n", False),
        ("[{a: 1}, {b: 2}]", False),
    ],
)
def test_only_tasks_that_tell_of_themselves_once_can_be_counted(tasks: str, possible: bool) -> None:
    assert ansible_play.can_go_on(tasks) is possible


def test_what_is_left_of_a_cell_stays_on_its_lines() -> None:
    tasks = "# why\n- a: 1\n  when: x\n\n- b: 2\n# c\n- c: 3\n"
    assert ansible_play.without_first(tasks, 0).count("\n") == tasks.count("\n")
    assert ansible_play.without_first(tasks, 1) == "\n\n\n\n- b: 2\n# c\n- c: 3\n"
    assert ansible_play.task_names(ansible_play.without_first(tasks, 2)) == ["c"]
    assert ansible_play.without_first(tasks, 3) == ""


def test_what_a_killed_step_has_done_stands_in_the_evidence(
    world: World, kernel: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No result says what it did. The plan it followed says how it was before, the next look how it is since."""
    act = "%%tasks\n- do: one two\n  register: act\n"
    cells = [cell.replace("{folder!r}", repr(str(tmp_path / "run"))) for cell in [*CELLS[:5], act, CELLS[-1]]]

    def die(*_: object) -> None:
        world.done += ["one", "two"]
        raise KeyboardInterrupt

    first = kernel(KernelOptions({}, launcher=True))
    for cell in cells[:5]:
        first.cell(cell)
    monkeypatch.setattr(magics, "run_tasks", die)
    with pytest.raises(KeyboardInterrupt):
        first.cell(act)
    monkeypatch.setattr(magics, "run_tasks", world.run_tasks)
    for _ in range(2):  # the second part is killed as well, before it comes to its end
        last = kernel(KernelOptions({}, resume=True, launcher=True))
        for cell in cells[:5]:
            last.cell(cell)
    last.cell("%%tasks\n- skip: one two\n  register: act\n")
    last.cell(cells[-1])
    evidence = json.loads((tmp_path / "run/evidence.json").read_text())
    assert (evidence["before"], evidence["after"]) == ([], ["one", "two"])
    assert (evidence["outcome"], evidence["changed"]) == ("changed", True)
    marks = [step["outcome"] for step in evidence["steps"] if not step["action"]]
    assert marks == ["unfinished", "resumed", "resumed"]


STEP, FINISHED, FAILED, TASK = ({"event": kind, "time": kind} for kind in ("step", "finished", "failed", "task"))


@pytest.mark.parametrize(
    ("journal", "cut_off"),
    [
        ([], None),
        ([STEP, TASK, TASK, FINISHED], None),
        ([STEP], "first"),
        ([STEP, TASK], "second"),
        ([STEP, TASK, TASK], ""),
        ([STEP, TASK, FAILED], ""),
        ([STEP, FINISHED, STEP, TASK], "second"),
    ],
)
def test_only_the_task_that_ran_is_told_as_cut_off(
    journal: list[dict[str, str]], cut_off: str | None, tmp_path: Path
) -> None:
    """What ended before has a result; what comes after it was never started."""
    begun = {"key": "k", "tasks": ["first", "second"]}
    unfinished = checkpoints.State(tmp_path).unfinished([{**begun, **entry} for entry in journal])
    assert (unfinished and unfinished["task"]) == cut_off


def test_a_gate_asks_again_when_what_it_shows_is_different(
    world: World, kernel: Callable[..., Any], tmp_path: Path
) -> None:
    cells = [cell.replace("{folder!r}", repr(str(tmp_path / "run"))) for cell in CELLS]
    first = kernel(KernelOptions(ANSWERS, launcher=True))
    for cell in cells[:6]:
        first.cell(cell)
    world.done.append("one")  # by somebody else, meanwhile
    second = kernel(KernelOptions({}, resume=True, launcher=True))
    for cell in cells[:5]:
        second.cell(cell)
    with pytest.raises(Waiting, match=r"There is \['two'\] to do"):
        second.cell(cells[5])


def step(
    key: str,
    inputs: list[str],
    registers: str,
    changed: bool = False,
    kind: str = checkpoints.TASKS,
    once: bool = False,
) -> checkpoints.Step:
    return checkpoints.Step(kind, key, inputs, {registers: 1}, changed, once)


def test_what_was_seen_at_first_stays_as_it_was(world: World, kernel: Callable[..., Any], tmp_path: Path) -> None:
    cells = [cell.replace("{folder!r}", repr(str(tmp_path / "run"))) for cell in CELLS[:5]]
    cells[3] = "%%tasks once\n- look: one two\n  register: at_first\n"
    first = kernel(KernelOptions({}, launcher=True))
    for cell in cells:
        first.cell(cell)
    world.done.append("one")  # by somebody else, meanwhile
    second = kernel(KernelOptions({}, resume=True, launcher=True))
    for cell in cells:
        second.cell(cell)
    assert second["at_first"]["left"] == ["one", "two"]
    assert second["plan"]["left"] == ["two"]
    third = kernel(KernelOptions({}, resume=True, launcher=True))
    for cell in cells:
        third.cell(cell)
    assert third["at_first"]["left"] == ["one", "two"]


def test_what_stands_behind_tasks_is_known(notebook: Any) -> None:
    assert "Invalid argument of %%tasks: twice. Expected nothing, or 'once'." in notebook.failure(
        "%%tasks twice\n- look: one"
    )


@pytest.mark.parametrize(
    ("steps", "stay"),
    [
        ([step("look", [], "access"), step("plan", ["account_id"], "plan")], []),
        (
            [step("plan", [], "plan"), step("act", ["plan"], "act", True), step("look", ["act"], "seen")],
            ["plan", "act"],
        ),
        (
            [step("look", [], "access"), step("plan", ["access"], "plan"), step("act", ["plan"], "act", True)],
            ["look", "plan", "act"],
        ),
        (
            [
                step("plan", [], "plan"),
                step("gate", ["plan"], "yes", kind=checkpoints.GATE),
                step("act", [], "act", True),
            ],
            ["plan", "gate", "act"],
        ),
        ([step("plan", [], "plan"), step("gate", ["plan"], "yes", kind=checkpoints.GATE)], ["gate"]),
        ([step("look", [], "at_first", once=True), step("plan", ["at_first"], "plan")], ["look"]),
    ],
)
def test_what_was_changed_stays_done_with_what_it_was_done_with(steps: list[checkpoints.Step], stay: list[str]) -> None:
    assert [kept.key for kept in checkpoints.lasting(steps)] == stay


def test_a_step_is_another_one_with_other_inputs() -> None:
    variables = {"account_id": "1", "other": "2", "check_mode": False}
    inputs = checkpoints.inputs_of(variable_references.in_tasks("- msg: '{{ account_id }} {{ others }}'"), variables)
    assert inputs == {"account_id": "1", "check_mode": False}
    assert checkpoints.key("x", inputs) != checkpoints.key("x", inputs | {"account_id": "2"})
    assert checkpoints.key("x", inputs) != checkpoints.key("x", inputs | {"check_mode": True})
    assert checkpoints.key("x", inputs) != checkpoints.key("y", inputs)


@pytest.mark.parametrize(
    ("tasks", "named"),
    [
        ("- name: Give the code back\n  x: {otp: '{{ code }}'}", {"code"}),
        ("- name: Ask for no code\n  x: {text: the code is good}\n  register: code  # and the code", set()),
        (
            '- x: {a: "{{ one | default(two.code) }}{% if three %}{{ four[0] }}{% endif %}"}',
            {"one", "two", "three", "four"},
        ),
        ("- x:\n  when: [one.changed, \"two == 'code'\", true]", {"one", "two"}),
        ("- assert: {that: one is not skipped, fail_msg: code}", {"one"}),
        ('- x: {a: "{% for code in codes %}{{ code }}{% endfor %}"}', {"codes"}),
        ("- debug: {var: one}\n- x:\n  with_items: two", {"one", "two"}),
        (
            "- block:\n    - x: {'{{ one }}': 1}\n      until: two\n      failed_when: '{{ three }}'",
            {"one", "two", "three"},
        ),
        ("- x: {a: \"{{ lookup('vars', 'code') }}\"}", {"lookup", "vars", "code"}),
        ("- x: {a: '{{ broken'}", {"broken"}),
        ("- x: !unsafe code", {"x", "unsafe", "code"}),
    ],
)
def test_which_variables_tasks_refer_to(tasks: str, named: set[str]) -> None:
    assert variable_references.in_tasks(tasks) == named


ACT = """\
%%tasks
- name: Write {what}
  ansible.builtin.shell: echo {what} >> done.txt
  args:
    chdir: "{{{{ lookup('env', 'PWD') }}}}"
  register: {register}
"""
REAL = [
    "%reload_ext breakglass_aws\n%runbook real",
    ACT.format(what="one", register="plan"),
    "%%gate way\nWhich way?\n\nanswer: one of root, role\n",
    "import os\nos.path.exists('die') and os.kill(os.getpid(), 9)",
    ACT.format(what="two {{ way }}", register="act"),
    "%evidence plan act",
]


@pytest.fixture(scope="module")
def story(make_workplace: Callable[..., Any], write_notebook: Callable[..., Path]) -> Iterator[Any]:
    """A run that waits, dies, and comes through."""
    place = make_workplace({})
    place.environment["PWD"] = str(place.folder)
    parameters = 'check_mode: bool = True\nevidence_dir: str = ""\n'
    write_notebook(place.folder / "real.ipynb", *REAL, parameters=parameters)
    command = ["breakglass_aws.engine", "resume", "run"]
    given = ["-p", "check_mode=false", "-p", "evidence_dir=run"]
    place.waiting = place.run("breakglass_aws.engine", "run", "real.ipynb", *given)
    place.refused = place.run(*command, "--answer", "way=both")
    (place.folder / "die").touch()
    place.died = place.run(*command, "--answer", "way=root")
    (place.folder / "die").unlink()
    place.through = place.run(*command)
    return place


def test_a_run_that_waited_and_died_comes_through(story: Any) -> None:
    assert story.waiting.returncode == 3, story.waiting.stderr
    resume = f"{commands.program()} resume {story.folder / 'run'}"
    assert story.waiting.stdout.count(resume) == 1  # by the gate, in the kernel; not again by the launcher
    assert story.refused.returncode == 2
    assert "way must be one of: root, role" in story.refused.stderr
    assert story.died.returncode == 4, story.died.stdout + story.died.stderr
    assert "kernel died" in story.died.stdout
    assert story.through.returncode == 0, story.through.stdout + story.through.stderr
    assert story.through.stdout.splitlines()[-1] == "Outcome: changed"
    assert (story.folder / "done.txt").read_text() == "one\ntwo root\n"


def test_every_part_has_left_its_notebook(story: Any) -> None:
    names = {path.name for path in (story.folder / "run").iterdir()}
    assert {"real.ipynb", "real-part-1.ipynb", "real-part-2.ipynb", "real.html", "real-part-2.html"} <= names
    cells = nbformat.read(story.folder / "run/real.ipynb", as_version=4).cells
    assert "Not done again" in json.dumps(cells)
    assert [path.name for path in (story.folder / "run").iterdir() if path.stat().st_mode & 0o077] == []


def test_the_journal_tells_all_of_it(story: Any) -> None:
    journal = Journal(story.folder / "run")
    assert [*journal.problems()] == []
    entries = journal.entries()
    assert [entry["outcome"] for entry in entries if entry["event"] == "ended"] == ["waiting", "partial", "changed"]
    assert [entry["task"] for entry in entries if entry["event"] == "task"] == ["Write one", "Write two root"]
    assert [entry["gate"] for entry in entries if entry["event"] == "answer"] == ["way"]
    assert story.run("breakglass_aws.engine", "verify", "run").returncode == 0


def test_what_is_through_or_changed_does_not_go_on(story: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = story.folder / "run"
    with pytest.raises(RunbookError, match="has finished"):
        resume(folder, {})
    run = run_file.Run.load(folder)
    copy = tmp_path / "real.ipynb"
    copy.write_text((story.folder / "real.ipynb").read_text().replace("echo two", "echo three"))
    run.runbook = str(copy)
    run.write(tmp_path)
    with pytest.raises(RunbookError, match="was changed or removed since this run began"):
        runbook_of(tmp_path)
    with pytest.raises(RunbookError, match="no run in"):
        runbook_of(story.folder)


def test_what_was_tampered_with_does_not_go_on(story: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for path in (story.folder / "run").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "state.json").write_text("[]")
    with pytest.raises(RunbookError, match=r"(?s)state.json: changed.*no longer be trusted"):
        resume(folder, {})


FULL = """\
import os, resource
if not os.path.exists("room"):
    for process in (os.getpid(), os.getppid()):
        resource.prlimit(process, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
"""


@pytest.mark.parametrize("filled_before", ["step", "end"])
def test_on_a_full_disk_it_stops_and_goes_on_when_there_is_room(
    filled_before: str, make_workplace: Callable[..., Any], write_notebook: Callable[..., Path]
) -> None:
    """Neither launcher nor kernel can write to a file any more."""
    place = make_workplace({})
    place.environment["PWD"] = str(place.folder)
    steps = [REAL[0], REAL[1], ACT.format(what="two", register="act"), "%evidence plan act"]
    steps.insert(2 if filled_before == "step" else 4, FULL)
    parameters = 'check_mode: bool = True\nevidence_dir: str = ""\n'
    write_notebook(place.folder / "real.ipynb", *steps, parameters=parameters)
    words = ("run", "real.ipynb", "-p", "check_mode=false", "-p", "evidence_dir=run")
    run = place.run("breakglass_aws.engine", *words, cold=True)  # its output is in pipes then, not in files
    assert run.returncode == 4, run.stdout + run.stderr
    assert "cannot be written: File too large." in run.stdout
    assert "Page:" not in run.stdout
    assert "Manifest: none, the evidence is not sealed" in run.stdout
    assert re.search("breakglass(_aws)? resume", run.stdout)
    assert run.stderr == ""
    (place.folder / "room").touch()
    resumed = place.run("breakglass_aws.engine", "resume", "run")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert resumed.stdout.splitlines()[-1] == "Outcome: changed"
    assert (place.folder / "done.txt").read_text() == "one\ntwo\n"
    assert place.run("breakglass_aws.engine", "verify", "run").returncode == 0
