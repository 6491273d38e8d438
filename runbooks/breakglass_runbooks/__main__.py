"""`python -m breakglass_runbooks`: list, describe and run runbooks."""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
import textwrap
from pathlib import Path
from typing import Any

from breakglass_runbooks import outcomes
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.evidence import manifest, reading, redaction, ssh_signatures
from breakglass_runbooks.gates import cli_answers
from breakglass_runbooks.notebooks import catalog


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit status, see `outcomes`."""
    options = _parser().parse_args(arguments)
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # end as after Ctrl-C: with a notebook that tells the truth
    try:
        status: int = options.command(options)
        sys.stdout.flush()
        return status
    except RunbookError as error:
        print(redaction.safe(str(error)), file=sys.stderr)
        return outcomes.NOT_STARTED
    except BrokenPipeError:  # a reader such as `head` has seen enough; nothing is left to be flushed at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return outcomes.EXIT_STATUS[outcomes.INTERRUPTED]  # a run has stopped then, and can be resumed
    except KeyboardInterrupt as interruption:
        # What the interrupted cell would have answered nobody waits for; asyncio reports that with a traceback.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        print(str(interruption) or "Interrupted.", file=sys.stderr)
        return outcomes.EXIT_STATUS[outcomes.INTERRUPTED]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m breakglass_runbooks", description="Recovery procedures, executed.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="show which runbooks there are")
    listing.set_defaults(command=_list)

    description = commands.add_parser("describe", help="show what a runbook is for and what it takes")
    description.add_argument("name")
    description.set_defaults(command=_describe)

    run = commands.add_parser("run", help="run a runbook", description="Run a runbook; it plans only unless told else.")
    run.add_argument("name", help="name of a runbook, or path of a notebook")
    run.add_argument(
        "-p",
        dest="parameters",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter: text as it is, lists with commas or as JSON, objects as JSON",
    )
    run.add_argument(
        "--parameters-file", metavar="FILE", help="a JSON object of parameters; - reads it from standard input"
    )
    run.add_argument(
        "--output", metavar="FILE", type=Path, help="the executed notebook (default: in the evidence folder)"
    )
    _add_how(run)
    run.set_defaults(command=_run)

    resume = commands.add_parser(
        "resume",
        help="go on with a run",
        description="Go on with a run that waits for a person, failed or was interrupted.",
    )
    resume.add_argument("folder", metavar="RUN_DIR", type=Path, help="the evidence folder of the run")
    _add_how(resume)
    resume.set_defaults(command=_resume)

    approve = commands.add_parser(
        "approve",
        help="show what a run would do, and approve it",
        description="Show the plan of a run that waits for an approval, and sign it; without a key, only show it.",
    )
    approve.add_argument("folder", metavar="RUN_DIR", type=Path, help="the evidence folder of the run")
    approve.add_argument(
        "--key", metavar="FILE", type=Path, help="file of your SSH key (the public one: the agent signs)"
    )
    approve.add_argument("--as", metavar="NAME", dest="name", default="", help="you, in the list of allowed signers")
    approve.add_argument("--hours", metavar="N", type=int, default=24, help="how long it is good for (default: 24)")
    approve.add_argument("--token", action="store_true", help="print the approval as one word, and keep it nowhere")
    approve.add_argument("--yes", action="store_true", help="sign without asking, for programs that have read the plan")
    approve.set_defaults(command=_approve)

    cloudtrail = commands.add_parser(
        "trail",
        help="join CloudTrail's records to the evidence of a run",
        description="Read what the root sessions of a run did from CloudTrail, which tells it up to 15 minutes late.",
    )
    cloudtrail.add_argument("folder", metavar="RUN_DIR", type=Path, help="the evidence folder of the run")
    cloudtrail.add_argument("--role-name", default="", help="the role to look into the accounts with")
    cloudtrail.set_defaults(command=_trail)

    sign = commands.add_parser("sign", help="sign the evidence of a run, once it is complete")
    sign.add_argument("folder", metavar="RUN_DIR", type=Path, help="the evidence folder of the run")
    sign.add_argument("--key", metavar="FILE", type=Path, required=True, help="your SSH key (public: the agent signs)")
    sign.set_defaults(command=_sign)

    verification = commands.add_parser("verify", help="tell whether the evidence of a run has been altered")
    verification.add_argument("folder", metavar="RUN_DIR", type=Path, help="the evidence folder of the run")
    verification.add_argument("--manifest", metavar="SHA256", default="", help="what the run said of its manifest")
    verification.add_argument("--signed-by", metavar="NAME", default="", help="who must have signed it")
    verification.add_argument("--signers", metavar="FILE", default="", help="the list of allowed signers")
    verification.set_defaults(command=_verify)
    return parser


def _add_how(command: argparse.ArgumentParser) -> None:
    """What every command that runs cells takes."""
    command.add_argument(
        "--answer",
        dest="answers",
        metavar="GATE=VALUE",
        action="append",
        default=[],
        help="what a person answers at a gate; GATE alone asks for it here and does not show it",
    )
    command.add_argument(
        "--answers-file", metavar="FILE", help="a JSON object of answers; - reads it from standard input"
    )
    command.add_argument("--timeout", metavar="SECONDS", type=int, help="how long a cell may take (default: no limit)")
    command.add_argument("--json", action="store_true", help="write progress as JSON lines")


def _list(options: argparse.Namespace) -> int:
    for runbook in catalog.runbooks():
        print(f"{runbook.name:30} {runbook.title}")
    return 0


def _describe(options: argparse.Namespace) -> int:
    print(catalog.find(options.name).describe())
    return 0


def _run(options: argparse.Namespace) -> int:
    # papermill takes a second to import; a wrong name must not.
    runbook = catalog.find(options.name)
    if options.parameters_file == options.answers_file == "-":
        raise RunbookError("Standard input can hold the parameters or the answers, not both.")
    given = _given(options)
    answered = cli_answers.given(options.answers, options.answers_file, runbook.gates)
    from breakglass_runbooks.launcher import launch, progress

    with progress.JsonReporter() if options.json else progress.TextReporter() as reporter:
        reporter.begin(runbook)
        result = launch.run(runbook, given, options.output, reporter.cell, options.timeout, answered)
        reporter.end(result)
    return outcomes.EXIT_STATUS[result.outcome]


def _resume(options: argparse.Namespace) -> int:
    from breakglass_runbooks.launcher import progress
    from breakglass_runbooks.launcher.resume import resume, runbook_of

    folder = options.folder.expanduser().resolve()
    runbook = runbook_of(folder)
    answered = cli_answers.given(options.answers, options.answers_file, runbook.gates)
    with progress.JsonReporter() if options.json else progress.TextReporter() as reporter:
        reporter.begin(runbook)
        result = resume(folder, answered, reporter.cell, options.timeout)
        reporter.end(result)
    return outcomes.EXIT_STATUS[result.outcome]


def _approve(options: argparse.Namespace) -> int:
    from breakglass_runbooks.gates import approval
    from breakglass_runbooks.launcher.launch import resume_command

    if bool(options.key) != bool(options.name):
        raise RunbookError("--key and --as go together. Without both, the request is shown, and nothing is signed.")
    folder = options.folder.expanduser().resolve()
    request = approval.Request.load(folder)
    # A program reads the token alone from standard output.
    print(request.described(), file=sys.stderr if options.token else sys.stdout)
    if not options.key:
        print(f"\nNothing was signed. To approve this:\n{approval.command(folder)}")
        return 0
    if not options.yes:
        _confirm(options.name, request.proofs)
    token = approval.sign(request, options.key.expanduser(), options.name, options.hours)
    approval.check_from_here(token, request)
    if options.token:
        print(token)
        return 0
    print(f"\nApproved by {options.name}, for {options.hours} hours: {request.runbook}, plan {request.plan}")
    print(f"Kept in {approval.keep(folder, token)}")
    print(f"The requester resumes the run with:\n\n    {resume_command(folder)}")
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
    from breakglass_runbooks.launcher import cloudtrail_join

    folder = options.folder.expanduser().resolve()
    found = cloudtrail_join.collect(folder, options.role_name)
    for session in found.sessions:
        if not session["pending"]:
            print(f"{session['access_key_id']} in {session['account_id']}: {len(session['calls'])} calls.")
    for (account, reason), sessions in found.waiting.items():  # one reason often holds for all
        print(f"{len(sessions)} of {len(found.sessions)} sessions pending, in {account}. {reason}".rstrip())
        print(textwrap.fill(", ".join(sessions), 100, initial_indent="  ", subsequent_indent="  "))
    print(f"Calls joined until now: {found.calls}, in {folder / cloudtrail_join.FILE}")
    print(f"Manifest: SHA-256 {manifest.sha256(folder)} (note it in place of the one before)")
    if found.barred:
        print(f"Not all of it may be read. {found.needs}")
    elif found.pending:
        print(f"Not all of it need be there yet. Ask again after {found.complete_at or 'half an hour'}.")
    else:
        print("Everything is there.")
    return outcomes.EXIT_STATUS[outcomes.PARTIAL if found.pending else outcomes.UNCHANGED]


def _sign(options: argparse.Namespace) -> int:
    print(f"Signed: {manifest.sign(options.folder.expanduser().resolve(), options.key)}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    folder = options.folder.expanduser().absolute()
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
        except reading.Damaged as problem:
            problems.append(str(problem))
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


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The parameters of the command line: text stays text, so an account ID keeps its zeros."""
    given = cli_answers.json_object(options.parameters_file) if options.parameters_file else {}
    for item in options.parameters:
        name, equals, value = item.partition("=")
        if not equals:
            raise RunbookError(f"-p {item}: write it as NAME=VALUE.")
        given[name] = value
    return given


if __name__ == "__main__":
    sys.exit(main())
