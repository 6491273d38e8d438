"""PYTHONPATH=tests python -m benchmarks [NAME ...]: measure side by side, compare with the targets and the history.

Without names, all cases are measured (some ten minutes on two cores with nothing else to do); --quick takes the cases
that take seconds, with fewer accounts. The exit status is 1 when a ratio is worse than the recorded one by more than
its noise, and with --require also when a target is not met.
"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import history, page, table, trees
from benchmarks.cases import CASES, Case
from benchmarks.figures import Bench, Figure


def main() -> int:
    options = arguments()
    cases = selected(options.names, options.quick)
    repeats = options.repeats or (2 if options.quick else 3)
    selection = "quick" if options.quick else "whole"
    recorded = history.latest(history.read(), selection)
    figures: list[Figure] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="breakglass-bench-") as folder:
        work = Path(folder)
        bench = Bench(trees.present(work), None, work, repeats, options.quick)
        try:
            bench.before = trees.before(work)
        except trees.Missing as missing:
            bench.skip(f"what is compared with earlier code: {missing}")
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
        if history.is_loaded(load):
            bench.skip(f"quiet figures: {load:.1f} processes for each processor want to run, which moves ratios")
        for case in cases:
            measured = _measure(case, bench, failed)
            table.show(measured, case.name)
            figures += measured
        _profile([figure for figure in figures if figure.met is False], bench)
    worse = history.worse(figures, recorded, history.is_loaded(load))
    missed = [figure for figure in figures if figure.met is False]
    _conclude(figures, missed, worse, [*bench.skipped, *failed])
    if options.record and figures and (not worse or options.accept):
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%MZ")
        commit = trees.description()
        run = history.entry(figures, date=now, commit=commit, selection=selection, load=load, repeats=repeats)
        history.append({**run, **({"accepted": options.accept} if worse else {})})
        page.write(history.read(), [case.name for case in CASES])
    if failed or worse:
        return 1
    return 1 if missed and options.require else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"cases: {', '.join(case.name for case in CASES)}")
    parser.add_argument("--quick", action="store_true", help="the quick cases, with fewer accounts")
    parser.add_argument("--repeats", type=int, help="of each measurement; 3, or 2 with --quick")
    parser.add_argument("--record", action="store_true", help="add this run to the history, unless a ratio is worse")
    parser.add_argument("--accept", metavar="WHY", help="with --record: add it although a ratio is worse")
    parser.add_argument("--require", action="store_true", help="end with status 1 where a target is not met")
    parser.add_argument("--collections", metavar="FOLDER", help="has ansible_collections/amazon/aws, if not installed")
    options = parser.parse_args()
    if options.collections:
        sys.path.append(options.collections)
    unknown = sorted(set(options.names) - {case.name for case in CASES})
    if unknown:
        parser.error(f"unknown case: {', '.join(unknown)}. Cases: {', '.join(case.name for case in CASES)}")
    return options


def selected(names: Sequence[str], quick: bool) -> list[Case]:
    """The cases that were named, in the order of a whole run; else the quick ones, or all."""
    if names:
        return [case for case in CASES if case.name in names]
    return [case for case in CASES if case.quick or not quick]


def _measure(case: Case, bench: Bench, failed: list[str]) -> list[Figure]:
    """A case that fails does not stop the others: it is reported at the end."""
    begun = time.monotonic()
    measured: list[Figure] = []
    try:
        measured.extend(case.measure(bench))
    except Exception as error:
        failed.append(f"{case.name}: {error}")
        bench.progress(f"FAILED: {case.name}: {error}")
    for figure in measured:
        figure.case = case.name
    bench.progress(f"{case.name}: {time.monotonic() - begun:.0f} s")
    return measured


def _profile(missed: Sequence[Figure], bench: Bench) -> None:
    """Show for each target that is not met where the time goes; one profile for all figures of a measurement."""
    profiles: dict[Callable[[], str], list[str]] = {}
    for figure in missed:
        if figure.profile:
            profiles.setdefault(figure.profile, []).append(figure.key)
    for profile, names in profiles.items():
        bench.progress(f"profile: {names[0]}")
        try:
            text = profile()
        except Exception as error:
            text = f"no profile: {error}"
        print(f"Where the time goes ({'; '.join(names)}):\n{text}\n", flush=True)


def _conclude(
    figures: Sequence[Figure], missed: Sequence[Figure], worse: Sequence[history.Worse], notes: Sequence[str]
) -> None:
    console = table.terminal()
    targets = [figure for figure in figures if figure.met is not None]
    if len(targets) > 1:
        table.show(targets, "Targets", console)
    console.print(f"{len(targets) - len(missed)} of {len(targets)} targets met.", style="bold")
    for note in notes:
        console.print(f"Not measured: {note}", style="yellow", markup=False)
    for one in worse:
        console.print(f"Worse than recorded: {one}", style="bold red", markup=False)


if __name__ == "__main__":
    sys.exit(main())
