"""`python -m breakglass_runbooks`: list, describe and run runbooks, and work with the evidence of runs."""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakglass_aws.engine import commands, outcomes
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import manifest, reading, redaction, ssh_signatures
from breakglass_aws.engine.gates import cli_answers
from breakglass_aws.engine.launcher import arguments as command_line
from breakglass_aws.engine.notebooks import catalog

if TYPE_CHECKING:
    from breakglass_aws.engine.launcher.launch import OnProgress
    from breakglass_aws.engine.launcher.run_result import RunResult

DEFECT = """Unexpected error: {error}
This is a defect of breakglass.aws. Report it with the lines above at https://breakglass.example/aws/issues.
If a runbook was running, read its evidence folder before you run it again."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command on the command line; return the exit status, see `outcomes`."""
    options = command_line.parser(COMMANDS).parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as after Ctrl-C, with complete evidence
    try:
        status: int = options.command(options)
        sys.stdout.flush()
        return status
    except RunbookError as error:
        _complain(str(error))
        return outcomes.NOT_STARTED
    except BrokenPipeError:  # a reader such as `head` has ended; nothing can be flushed at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return outcomes.EXIT_STATUS[outcomes.INTERRUPTED]  # a run has stopped then, and can be resumed
    except KeyboardInterrupt as interruption:
        # asyncio reports, with a traceback, that nothing waits for the reply of the interrupted cell.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        _complain(str(interruption) or "Interrupted.")
        return outcomes.EXIT_STATUS[outcomes.INTERRUPTED]
    except Exception as error:
        traceback.print_exc()
        _complain(DEFECT.format(error=f"{type(error).__name__}: {error}"))
        return outcomes.UNEXPECTED


def _complain(words: str) -> None:
    print(redaction.safe(words), file=sys.stderr)


def _folder(options: argparse.Namespace) -> Path:
    """Return the evidence folder of the command line. Raises RunbookError unless it is a folder that can be read."""
    try:
        folder = _expanded(options).resolve()
        os.listdir(folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        reason = getattr(error, "strerror", None) or str(error)
        raise RunbookError(
            f"{options.folder} cannot be read: {reason}. Expected the evidence folder of a run."
        ) from None
    return folder


def _expanded(options: argparse.Namespace) -> Path:
    """Return the folder of the command line as an absolute path. Raises RunbookError for an unknown user after ~."""
    try:
        folder: Path = options.folder.expanduser().absolute()
    except RuntimeError as error:
        raise RunbookError(f"{options.folder} cannot be read: {error}") from None
    return folder


def _list(options: argparse.Namespace) -> int:
    for runbook in catalog.runbooks():
        print(f"{runbook.name:30} {runbook.title}")
    return 0


def _describe(options: argparse.Namespace) -> int:
    print(catalog.find(options.name).describe())
    return 0


def _run(options: argparse.Namespace) -> int:
    # A wrong name is reported at once; papermill takes a second to import.
    runbook = catalog.find(options.name)
    if options.parameters_file == options.answers_file == "-":
        raise RunbookError("Standard input can hold the parameters or the answers, not both.")
    given = _parameters(options)
    answers = cli_answers.given(options.answers, options.answers_file, runbook.gates)
    from breakglass_aws.engine.launcher import launch

    return _report(
        options,
        runbook,
        answers,
        lambda on_progress: launch.run(runbook, given, options.output, on_progress, options.timeout, answers),
    )


def _resume(options: argparse.Namespace) -> int:
    from breakglass_aws.engine.launcher.resume import resume, runbook_of

    folder = _folder(options)
    runbook = runbook_of(folder)
    answers = cli_answers.given(options.answers, options.answers_file, runbook.gates)
    return _report(options, runbook, answers, lambda on_progress: resume(folder, answers, on_progress, options.timeout))


def _report(
    options: argparse.Namespace,
    runbook: catalog.Runbook,
    answers: Mapping[str, str],
    start: Callable[[OnProgress], RunResult],
) -> int:
    """Start or resume a run, report its progress and end, and ask at its gates where a person can answer."""
    from breakglass_aws.engine.launcher import progress, terminal_gates
    from breakglass_aws.engine.launcher.resume import resume

    with progress.JsonReporter() if options.json else progress.TextReporter() as reporter:

        def reported(result: RunResult) -> RunResult:
            reporter.end(result)
            return result

        reporter.begin(runbook)
        result = reported(start(reporter.cell))
        folder = result.evidence_dir
        if folder and not options.json and terminal_gates.is_terminal():
            result = terminal_gates.answer(
                result,
                runbook,
                answers,
                lambda given: reported(resume(folder, given, reporter.cell, options.timeout)),
            )
    return outcomes.EXIT_STATUS[result.outcome]


def _approve(options: argparse.Namespace) -> int:
    from breakglass_aws.engine.gates import approval

    if bool(options.key) != bool(options.name):
        raise RunbookError("--key and --as go together. Without both, the request is shown, and nothing is signed.")
    folder = _folder(options)
    request = approval.Request.load(folder)
    # A program reads the token alone from standard output.
    print(request.described(), file=sys.stderr if options.token else sys.stdout)
    if not options.key:
        print(f"\nNothing was signed. To approve this:\n{commands.approve(folder)}")
        return 0
    if not options.yes:
        _confirm(options.name, request.proofs)
    token = approval.sign(request, options.key.expanduser(), options.name, options.hours)
    approval.check_from_here(token, request)
    if options.token:
        print(token)
        return 0
    print(f"\nApproved by {options.name}, for {options.hours} hours: {request.runbook}, plan {request.plan}")
    print(f"Kept in {approval.save(folder, token)}")
    print(f"The requester resumes the run with:\n\n    {commands.resume(folder)}")
    return 0


def _confirm(name: str, proofs: list[str]) -> None:
    """Have the approver type something that stands in the request; raise RunbookError when it is not that."""
    if not sys.stdin.isatty():
        raise RunbookError("Nothing was signed, because there is no terminal to confirm at. Programs add --yes.")
    wanted = f"the first {len(proofs[0])} characters of the plan digest" + (" or the account ID" if proofs[1:] else "")
    print(f"\nRead the plan above. To sign it as {name}, type {wanted}: ", end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline().strip()
    if typed not in proofs:
        raise RunbookError(f"Nothing was signed: {typed!r} is not {wanted} of this request.")


def _trail(options: argparse.Namespace) -> int:
    from breakglass_aws.engine.launcher import cloudtrail_join

    folder = _folder(options)
    joined = cloudtrail_join.collect(folder, options.role_name)
    for line in joined.summary(folder):
        print(redaction.safe(line))
    return outcomes.EXIT_STATUS[outcomes.PARTIAL if joined.pending else outcomes.UNCHANGED]


def _sign(options: argparse.Namespace) -> int:
    print(f"Signed: {manifest.sign(_folder(options), options.key)}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    folder = _expanded(options)
    if bool(options.signed_by) != bool(options.signers):
        raise RunbookError("--signed-by and --signers go together: the list of signers tells whose a signature is.")
    if options.manifest and not re.fullmatch("[0-9a-fA-F]{64}", options.manifest):
        raise RunbookError(f"Invalid value for --manifest: {options.manifest!r}. Expected a SHA-256, 64 digits.")
    problems, key = manifest.problems(folder, options.manifest), ""
    if options.signed_by:
        signers = ssh_signatures.require_signers(options.signers)
        problems += manifest.signature_problems(folder, options.signed_by, signers)
    elif not problems:
        try:
            key = manifest.signing_key(folder)
        except reading.Damaged as damage:
            problems.append(str(damage))
    for problem in problems:
        print(redaction.safe(problem))
    print("Altered, or incomplete." if problems else _what_is_known(options, key))
    return 1 if problems else 0


def _what_is_known(options: argparse.Namespace, key: str) -> str:
    """Return what evidence without problems proves: without an anchor elsewhere, only that it is consistent."""
    if options.signed_by:
        return f"Unaltered since {options.signed_by} signed it."
    if options.manifest:
        return "Unaltered since this manifest was written, by the run or by `trail` after it."
    signed = f"\nSigned with the key {key}. To check whose it is: --signed-by NAME --signers FILE." if key else ""
    return (
        "Consistent: every file is as the manifest has it. That alone does not prove that the evidence is unaltered, "
        "because a person who can write the folder can also write a new manifest.\nTo check that: --manifest SHA256, "
        f"with the value that the run printed, or a signature.{signed}"
    )


def _parameters(options: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of the command line. Text stays text, so an account ID keeps its leading zeros."""
    given = cli_answers.json_object(options.parameters_file) if options.parameters_file else {}
    for item in options.parameters:
        name, equals, value = item.partition("=")
        if not equals:
            raise RunbookError(f"Invalid value for -p: {item!r}. Expected NAME=VALUE.")
        given[name] = value
    return given


COMMANDS = {
    "list": _list,
    "describe": _describe,
    "run": _run,
    "resume": _resume,
    "approve": _approve,
    "trail": _trail,
    "sign": _sign,
    "verify": _verify,
}

if __name__ == "__main__":
    sys.exit(main())
