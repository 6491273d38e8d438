"""Whole processes: a single task, and a runbook from its start to its end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes, trees
from benchmarks.cases.ansible_loop import ansible_environment
from benchmarks.figures import Bench, Figure, ratio
from benchmarks.process_table import watched
from benchmarks.stub import Stub
from benchmarks.trees import Tree

ACCOUNT, BUCKET = "333344445555", "payments-ledger-333344445555"


def single_task(bench: Bench) -> Iterator[Figure]:
    """`ansible localhost -m breakglass.aws.root_access_info` beside amazon.aws.aws_caller_info."""
    if trees.amazon_aws() is None:
        bench.skip("single-task: the collection amazon.aws is not installed (--collections)")
        return
    modules: dict[str, list[processes.Run]] = {"breakglass.aws.root_access_info": [], "amazon.aws.aws_caller_info": []}
    folder = bench.work / "single-task"
    folder.mkdir()
    with Stub() as stub:
        environment = {**stub.environment, **ansible_environment(bench.present, folder)}
        repeats = 2 * bench.repeats
        for number in range(repeats + 1):  # the first fills caches, and does not count
            bench.progress(f"a single task, {number} of {repeats}")
            for module, measured in modules.items():
                ended = _task(module, environment, folder)
                if number:
                    measured.append(ended)
    ours, theirs = ([one.seconds for one in measured] for measured in modules.values())
    compared = "root_access_info: time / aws_caller_info's"
    yield ratio(compared, ours, theirs, at_most=1.1, note="whole processes", profile=lambda: _profile(bench))
    processor, to = ([one.processor for one in measured] for measured in modules.values())
    yield ratio("root_access_info: processor / aws_caller_info's", processor, to, note="whole processes")
    yield Figure("root_access_info", "s", ours)
    yield Figure("aws_caller_info", "s", theirs)


def _task(module: str, environment: dict[str, str], folder: Path) -> processes.Run:
    command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "-m", module]
    ended = processes.run(command, environment, folder=folder)
    if ended.status:
        raise RuntimeError(f"{module}: {ended.output[-2000:]} {ended.errors[-2000:]}")
    return ended


def _profile(bench: Bench) -> str:
    folder = bench.work / "single-task"
    with Stub() as stub:
        environment = {**stub.environment, **ansible_environment(bench.present, folder)}
        return "\n".join(
            watched(lambda module=module: _task(module, environment, folder))()
            for module in ("breakglass.aws.root_access_info", "amazon.aws.aws_caller_info")
        )


def runbook(bench: Bench) -> Iterator[Figure]:
    """unlock_s3_bucket headless, plan and act in one run, against the sandbox of the present code."""
    from breakglass_aws.sandbox import in_process  # heavy, and of no use to the other cases

    measured: dict[str, list[processes.Run]] = {}
    trees = [tree for tree in (bench.before, bench.present) if tree]
    with in_process() as box:
        for number in range(bench.repeats):
            bench.progress(f"unlock_s3_bucket, {number + 1} of {bench.repeats}")
            for tree in trees:
                box.reset()
                folder = bench.work / f"runbook-{tree.name}-{number}"
                measured.setdefault(tree.name, []).append(_unlock(tree, box.environment("operator"), folder))
    ours = [one.seconds for one in measured["present"]]

    def profile() -> str:
        with in_process() as box:
            work = bench.work / "runbook-profile"
            return watched(lambda: _unlock(bench.present, box.environment("operator"), work))()

    if bench.before:
        before = measured[bench.before.name]
        compared = [one.seconds for one in before]
        yield ratio("unlock_s3_bucket: time / before's", ours, compared, at_most=0.45, profile=profile)
        yield Figure("unlock_s3_bucket: before", "s", [one.seconds for one in before])
    yield Figure("unlock_s3_bucket: present", "s", ours)


def _unlock(tree: Tree, identity: dict[str, str], folder: Path) -> processes.Run:
    folder.mkdir()
    tools = ("ANSIBLE_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = {**identity, **tree.environment, **{name: str(folder / name.lower()) for name in tools}}
    command = [sys.executable, "-m", tree.engine, "run", "unlock_s3_bucket"]
    for parameter in (f"account_id={ACCOUNT}", f"bucket={BUCKET}", "evidence_dir=evidence", "check_mode=false"):
        command += ["-p", parameter]
    command += ["--answer", f"confirmed={ACCOUNT}"]
    ended = processes.run(command, environment, folder=folder)
    if ended.status:
        raise RuntimeError(f"{tree.name}: {ended.output[-3000:]} {ended.errors[-3000:]}")
    return ended
