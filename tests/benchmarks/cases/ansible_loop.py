"""A playbook that reads one account a task, in a loop: what a user of plain modules writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import processes
from benchmarks.stub import Stub, keys
from benchmarks.trees import Tree

_FIRST = 2  # a playbook's start is the same for few accounts and many


def seconds_an_account(tree: Tree, stub: Stub, accounts: int, folder: Path) -> float:
    """The time of one turn of the loop: that of a playbook over a few accounts taken from one over more."""
    stub.configure(accounts=accounts + _FIRST)
    return (_run(tree, stub, accounts + _FIRST, folder) - _run(tree, stub, _FIRST, folder)) / accounts


def ansible_environment(tree: Tree, folder: Path) -> dict[str, str]:
    """Ansible with this tree's collection, and all its files in ``folder``."""
    return {
        **tree.environment,
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }


def _run(tree: Tree, stub: Stub, accounts: int, folder: Path) -> float:
    folder.mkdir(parents=True, exist_ok=True)
    task = {
        "breakglass.aws.root_credentials_info": {"account_ids": ["{{ item }}"]},
        "loop": [keys.member(index) for index in range(accounts)],
    }
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    playbook = folder / "loop.yml"
    playbook.write_text(json.dumps([play]))
    command = [sys.executable, "-m", "ansible", "playbook", str(playbook)]
    environment = {**stub.environment, **ansible_environment(tree, folder)}
    ended = processes.run(command, environment, folder=folder)
    if ended.status:
        raise RuntimeError(f"{ended.output[-2000:]}\n{ended.errors[-2000:]}")
    return ended.seconds
