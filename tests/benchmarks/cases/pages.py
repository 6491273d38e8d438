"""The page of the posture of 5,000 accounts in a headless browser, and its size."""

from __future__ import annotations

import time
from collections.abc import Iterator

from support.browser import Browser, program
from support.readiness_results import organization

from benchmarks.figures import Bench, Figure
from breakglass_aws.engine import posture

ACCOUNTS = 5000


def posture_page(bench: Bench) -> Iterator[Figure]:
    """From the address to the picture on the screen: time of the page's main thread, and of the clock."""
    if program() is None:
        bench.skip("the page of the posture: no Chromium is installed")
        return
    page, empty = bench.work / "posture.html", bench.work / "empty.html"
    page.write_text(posture.as_html(posture.assess([organization(ACCOUNTS)])), encoding="utf-8")
    empty.write_text("<!DOCTYPE html><title>Empty</title>", encoding="utf-8")
    work, seconds, empty_seconds = [], [], []
    with Browser() as browser:
        for number in range(bench.repeats):
            bench.progress(f"page of {ACCOUNTS:,} accounts, {number + 1} of {bench.repeats}")
            began = time.monotonic()
            browser.open(empty)
            empty_seconds.append(time.monotonic() - began)
            before, began = browser.seconds_of_work(), time.monotonic()
            browser.open(page)
            seconds.append(time.monotonic() - began)
            work.append(browser.seconds_of_work() - before)
    yield Figure(f"{ACCOUNTS:,} accounts: size", "MB", [page.stat().st_size / 1e6], at_most=5)
    yield Figure(f"{ACCOUNTS:,} accounts: work of the main thread", "s", work, at_most=1, note="processor")
    yield Figure(f"{ACCOUNTS:,} accounts: until it is drawn", "s", seconds, at_most=2)
    yield Figure("an empty page: until it is drawn", "s", empty_seconds)
