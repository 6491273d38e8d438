"""The EXAMPLES of every module run as they stand, in their order, against the default organization."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path

import pytest
import yaml
from support.playbooks import run_playbook

from breakglass_aws.sandbox import Box

MODULES = Path(__file__).parents[2] / "plugins" / "modules"
# Starts a kernel for each of its tasks; the runbooks' tests run it.
_ELSEWHERE = {"runbook"}
# The profiles of the person who runs them, and who each is in the sandbox.
PROFILES = {"default": "operator", "data-lake-administrator": "data-lake-administrator"}
KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
# Values that only a person has, as extra variables: each is looked up when its task comes to run. URL is the sandbox's.
MAIL = "URL/_sandbox/person/aws+invited-root@example.com/mailbox"
PERSONS = {"root_email": {"otp": "{{ (lookup('ansible.builtin.url', '" + MAIL + "') | from_json | last).code }}"}}
# An example passes a root session to a module of amazon.aws, which is not needed for anything else.
AMAZON = importlib.util.find_spec("ansible_collections.amazon") is not None
NAMES = sorted(file.stem for file in MODULES.glob("[!_]*.py") if file.stem not in _ELSEWHERE)


def examples(name: str) -> list[dict]:
    """The tasks in a module's EXAMPLES."""
    tree = ast.parse((MODULES / f"{name}.py").read_text())
    text = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES"
    )
    return yaml.safe_load(text)


def profile(box: Box, name: str, who: str) -> str:
    """An identity of the sandbox as a profile of an AWS credentials file."""
    keys = box.credentials(who)
    return (
        f"[{name}]\naws_access_key_id = {keys['access_key']}\naws_secret_access_key = {keys['secret_key']}\n"
        f"aws_session_token = {keys['session_token']}\n"
    )


@pytest.mark.parametrize("name", NAMES)
def test_examples(name: str, sandbox: Box, tmp_path: Path) -> None:
    tasks = [task for task in examples(name) if AMAZON or not any(key.startswith("amazon.aws.") for key in task)]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
    credentials = tmp_path / "credentials"
    credentials.write_text("".join(profile(sandbox, *one) for one in PROFILES.items()))
    environment = {name: value for name, value in sandbox.environment("operator").items() if name not in KEYS}
    environment["AWS_SHARED_CREDENTIALS_FILE"] = str(credentials)
    told = json.dumps(PERSONS.get(name, {})).replace("URL", sandbox.url)
    run = run_playbook("play.yml", "-e", told, environment=environment, directory=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"ok={len(tasks)} " in run.stdout  # none was skipped or ignored
    assert any(f"breakglass.aws.{name}" in task for task in tasks)
