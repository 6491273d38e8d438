"""The product as people install it, in an empty environment without the checkout: by the wheel, and by the collection.

Each is installed, runs a drill, and recovers a bucket with a second person's approval. Whatever the product prints as a
command is run as it was printed, from another folder. Not part of `make test`: the package index must be there.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from support import packages

CHECKOUT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
ACCOUNT, BUCKET = "333344445555", "payments-ledger-333344445555"
RUNBOOK = "unlock_s3_bucket"
REQUESTER, APPROVER = "operator@example.com", "approver@example.com"
WAITING = 3
COLLECTIONS = ".ansible/collections/ansible_collections/breakglass/aws"


@dataclass
class Machine:
    """A machine with nothing but the installation: its home, the folder with programs, and what starts the command."""

    home: Path
    programs: Path
    breakglass: str

    def run(self, command: str, *, folder: str = "", environment: dict[str, str] | None = None) -> str:
        """Run a command line in a folder of the home; return what it prints. Nothing of our environment reaches it."""
        done = self.attempt(command, folder=folder, environment=environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def attempt(
        self, command: str, *, folder: str = "", environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """As `run`, whatever its exit status."""
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.home / folder,
            env=self.environment | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": f"{self.programs}:/usr/bin:/bin", "LANG": "C.UTF-8"}


def install(venv: Path, *what: str) -> None:
    """Make an empty environment and install into it, with uv where it is, which takes a fifth of pip's time."""
    if uv := shutil.which("uv", path=f"{TOOLS}:{os.environ['PATH']}"):
        commands = [[uv, "venv", "--quiet", "--python", sys.executable, str(venv)]]
        commands += [[uv, "pip", "install", "--quiet", "--system-certs", "--python", str(venv / "bin/python"), *what]]
    else:
        commands = [[sys.executable, "-m", "venv", str(venv)]]
        commands += [[str(venv / "bin/python"), "-m", "pip", "install", "--quiet", *what]]
    for command in commands:
        done = subprocess.run(command, cwd=venv.parent, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def by_wheel(home: Path) -> Machine:
    (home / "dist").mkdir()
    install(home / "venv", str(packages.hatch(CHECKOUT, "wheel", home / "dist")))
    return Machine(home, home / "venv" / "bin", "breakglass")


def by_collection(home: Path) -> Machine:
    """Ansible is there; then the archive, and the line for pip that the README names."""
    (home / "dist").mkdir()
    archive = packages.collection(CHECKOUT, home / "dist")
    install(home / "venv", "ansible-core>=2.19,<2.22")
    root = home / COLLECTIONS
    machine = Machine(home, home / "venv" / "bin", f"PYTHONPATH={root}/src python -m breakglass_aws")
    machine.run(f"ansible-galaxy collection install --offline {archive}")
    told = machine.attempt(f"ansible-playbook breakglass.aws.runbook -e runbook={RUNBOOK}").stdout
    line = f"{machine.programs}/python -m pip install --requirement {root}/requirements.txt"
    assert line in " ".join(told.split())
    install(home / "venv2", "ansible-core>=2.19,<2.22", "--requirement", str(root / "requirements.txt"))
    return Machine(home, home / "venv2" / "bin", machine.breakglass)


@pytest.fixture(scope="module", params=[by_wheel, by_collection], ids=["wheel", "collection"])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    home = tmp_path_factory.mktemp(request.param.__name__)
    (home / "elsewhere").mkdir()
    made: Machine = request.param(home)
    return made


@pytest.fixture(scope="module")
def aws(machine: Machine) -> Iterator[dict[str, str]]:
    """The operator's environment in a simulated organization, which the installation itself serves."""
    command = f"exec env {machine.breakglass} sandbox serve --port 0"
    server = subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=machine.home, env=machine.environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout
        port = re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())
        assert port
        printed = machine.run(f"{machine.breakglass} sandbox env --port {port[1]} --as operator")
        yield dict(shlex.split(line)[1].split("=", 1) for line in printed.splitlines() if line.startswith("export "))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def printed_command(output: str, *words: str) -> str:
    """The line of an output that is a command with these words."""
    lines = [line.strip() for line in output.splitlines()]
    return next(line for line in lines if all(word in line for word in words) and not line.endswith(":"))


def test_ansible_finds_the_collection(machine: Machine) -> None:
    assert "breakglass.aws" in machine.run("ansible-galaxy collection list", folder="elsewhere")
    assert "root_credentials" in machine.run("ansible-doc --list breakglass.aws", folder="elsewhere")
    assert RUNBOOK in machine.run(f"{machine.breakglass} list", folder="elsewhere")


def test_a_drill(machine: Machine) -> None:
    assert "The drill passed." in machine.run(f"{machine.breakglass} drill", folder="elsewhere")


def test_a_bucket_is_recovered_with_an_approval(machine: Machine, aws: dict[str, str]) -> None:
    """Plan, a gate, the approval, the act in another folder, and the verification of its evidence."""
    machine.run("ssh-keygen -q -t ed25519 -N '' -f key")
    key = (machine.home / "key.pub").read_text()
    (machine.home / "signers").write_text(f"{APPROVER} {key}")
    parameters = {
        "account_id": ACCOUNT,
        "bucket": BUCKET,
        "check_mode": False,
        "allowed_signers": str(machine.home / "signers"),
        "requester": REQUESTER,
    }
    if machine.breakglass == "breakglass":
        given = " ".join(f"-p {shlex.quote(f'{name}={value}'.lower())}" for name, value in parameters.items())
        started = machine.attempt(f"breakglass run {RUNBOOK} {given}", environment=aws)
        assert started.returncode == WAITING, started.stdout
    else:
        extra = shlex.quote(json.dumps({"parameters": parameters}))
        playbook = f"ansible-playbook breakglass.aws.runbook -e runbook={RUNBOOK} -e {extra}"
        started = machine.attempt(playbook, environment=aws)
    folder = re.findall(r"resume[ =](/\S+)", started.stdout)[0]
    resume = printed_command(started.stdout, "resume", folder, "confirmed", "...")
    waiting = machine.attempt(resume.replace("...", ACCOUNT), folder="elsewhere", environment=aws)
    approve = printed_command(waiting.stdout, f" approve {folder}", "--key KEY", "--as NAME")
    approve = approve.replace("--key KEY", f"--key {machine.home}/key --yes").replace("--as NAME", f"--as {APPROVER}")
    machine.run(approve, folder="elsewhere")
    resume = printed_command(waiting.stdout, "resume", folder).partition(" --answer")[0].partition(" -e '{")[0]
    finished = machine.run(resume, folder="elsewhere", environment=aws)
    assert "Traceback" not in started.stdout + waiting.stdout + finished
    evidence = json.loads((Path(folder) / "evidence.json").read_text())
    assert evidence["outcome"] == "changed"
    program = approve.partition(" approve ")[0]
    assert "unaltered" in machine.run(f"{program} verify {folder}", folder="elsewhere").lower()


def test_a_policy_is_linted_before_it_is_committed(machine: Machine) -> None:
    project = machine.home / "project"
    project.mkdir()
    [hook] = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text())
    hook |= {"language": "system", "entry": f"env {machine.breakglass} lint-policy", "args": ["--account", ACCOUNT]}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{BUCKET}"]}
    (project / "locked.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    git = "git -c user.name=Operator -c user.email=operator@example.com"
    machine.run("git init -q && git add .", folder="project")
    machine.run(f"{TOOLS / 'pre-commit'} install", folder="project")
    refused = machine.attempt(f"{git} commit -q -m Policy", folder="project")
    assert refused.returncode != 0
    assert "locked.json" in refused.stdout
    (project / "locked.json").write_text(
        json.dumps({"Version": "2012-10-17", "Statement": [{**deny, "Effect": "Allow"}]})
    )
    machine.run(f"git add . && {git} commit -q -m Policy", folder="project")
