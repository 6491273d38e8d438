"""Prove the judge: each broken part of the product must fail its scenarios, and each scenario must fail with one.

PYTHONPATH=tests python -m drills.sabotage [--jobs N] [--sabotage NAME ...] [--scenario NAME ...] [--every-pair]
"""

from __future__ import annotations

import argparse
import sys
import time

from drills.sabotage import catalog, trial

from breakglass_aws.drills.scenario_file import catalog as scenario_catalog


def pairs(options: argparse.Namespace) -> list[tuple[str, str]]:
    """The scenario and the sabotage of each trial, without repetition."""
    wanted, known = set(options.scenario), scenario_catalog.names()
    chosen = catalog.sabotages(options.sabotage)
    listed = [
        (place, scenario, one.name)
        for one in chosen
        for place, scenario in enumerate(known if options.every_pair else one.scenarios)
    ]
    # Each sabotage once, before any is tried again.
    return [(scenario, name) for _, scenario, name in sorted(listed) if not wanted or scenario in wanted]


def main() -> int:
    """Return 0 when each trial was caught and each scenario and each sabotage has one."""
    parser = argparse.ArgumentParser(prog="python -m drills.sabotage", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sabotage", nargs="*", default=[])
    parser.add_argument("--scenario", nargs="*", default=[])
    parser.add_argument("--every-pair", action="store_true", help="each scenario with each sabotage: takes an hour")
    options = parser.parse_args()
    began, trials = time.monotonic(), []
    for done in trial.run_all(pairs(options), options.jobs):
        trials.append(done)
        print(row(done), flush=True)
    caught = [done for done in trials if done.caught]
    print(f"\n{len(trials)} trials, {len(caught)} caught, in {time.monotonic() - began:.0f} s.")
    missed = [] if options.every_pair else [done for done in trials if not done.caught]
    for done in missed:
        print(f"NOT CAUGHT: {done.scenario} with {done.sabotage}: {done.verdict}. {' '.join(done.why)[:600]}")
    complete = not (options.sabotage or options.scenario)
    without = set(scenario_catalog.names()) - {done.scenario for done in caught} if complete else set()
    useless = {one.name for one in catalog.sabotages(options.sabotage)} - {done.sabotage for done in caught}
    for name in sorted(without):
        print(f"NO SABOTAGE FAILS THE SCENARIO {name}.")
    for name in sorted(useless):
        print(f"NO SCENARIO FAILS WITH {name}.")
    return 1 if missed or without or useless or not trials else 0


def row(done: trial.Trial) -> str:
    """A trial as a line of the table: scenario, sabotage, and the checks that caught it."""
    checks = ", ".join(done.checks) or done.verdict
    return f"| {done.scenario} | {done.sabotage} | {checks} | {done.seconds:.0f} s |"


if __name__ == "__main__":
    sys.exit(main())
