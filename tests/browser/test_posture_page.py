"""The page of the posture in a headless browser: what its script does. `make nightly` runs this; it needs Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import Browser
from support.readiness_results import BLOCKED, KEY, NO_ROLE, account, organization, result

from breakglass_aws.engine import posture

BLOCKED_ACCOUNT, LOST, WELL = "100000000001", "100000000002", "100000000003"
GIVEN = (
    account(BLOCKED_ACCOUNT, "payments", "Root/Workloads/Production", unlock_s3_bucket=("fails", BLOCKED)),
    account(LOST, "billing", "Root/Workloads/Staging", lost_access_role=("fails", NO_ROLE), findings=[KEY]),
    account(WELL, "archive", "Root/Security"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as started:
        yield started


def write(folder: Path, *accounts: dict[str, Any]) -> Path:
    page = folder / "page.html"
    page.write_text(posture.as_html(posture.assess([result(*accounts)])), encoding="utf-8")
    return page


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return write(tmp_path, *GIVEN)


def names(browser: Browser) -> list[str]:
    """The accounts in the list, as they are shown."""
    found: list[str] = browser.run("[...document.querySelectorAll('#rows .who button')].map(one => one.textContent)")
    return found


def press(browser: Browser, selector: str) -> None:
    browser.run(f"document.querySelector({selector!r}).click()")
    browser.settle()


def choose(browser: Browser, name: str, value: str) -> None:
    browser.run(
        f"(() => {{ const input = document.querySelector('#by-{name}'); input.value = {value!r};"
        " input.dispatchEvent(new Event('input')) })()"
    )


def shown(browser: Browser, selector: str) -> str:
    found: str = browser.run(f"document.querySelector({selector!r}).textContent")
    return found


def test_the_list_begins_with_the_worst_and_sorts_by_each_column(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert names(browser) == ["billing", "payments", "archive"]
    press(browser, '[data-sort="name"] button')
    assert names(browser) == ["archive", "billing", "payments"]
    press(browser, '[data-sort="name"] button')
    assert names(browser) == ["payments", "billing", "archive"]
    assert browser.run("document.querySelector('[data-sort=\"name\"]').getAttribute('aria-sort')") == "descending"
    press(browser, '[data-sort="unlock_s3_bucket"] button')
    assert names(browser)[0] == "payments"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("q", "BILL", ["billing"]),
        ("q", "production pay", ["payments"]),
        ("q", "AKIAEXAMPLE", ["billing"]),
        ("q", "nothing like it", []),
        ("unit", "Root/Workloads", ["billing", "payments"]),
        ("status", "clean", ["archive"]),
        ("recovery", "lost_access_role", ["billing"]),
    ],
)
def test_each_filter(browser: Browser, page: Path, name: str, value: str, expected: list[str]) -> None:
    browser.open(page)
    choose(browser, name, value)
    assert names(browser) == expected
    assert shown(browser, "#count") == f"{len(expected)} of 3 accounts"
    press(browser, "#clear")
    assert len(names(browser)) == 3


def test_a_filter_by_another_verdict(browser: Browser, page: Path) -> None:
    browser.open(page)
    choose(browser, "recovery", "unlock_s3_bucket")
    choose(browser, "verdict", "w")
    assert names(browser) == ["billing", "archive"]


def test_an_account_opens_with_reasons_and_fixes_and_closes(browser: Browser, page: Path) -> None:
    browser.open(page)
    press(browser, f"#a{BLOCKED_ACCOUNT} .who button")
    details = shown(browser, f"#a{BLOCKED_ACCOUNT} + .details")
    assert "unlock_s3_bucket: would fail" in details
    assert BLOCKED["text"].replace("{account}", BLOCKED_ACCOUNT) in details
    assert BLOCKED["fix"] in details
    press(browser, f"#a{BLOCKED_ACCOUNT} .who button")
    assert browser.run("document.querySelector('.details')") is None


def test_causes_kinds_units_and_recoveries_lead_to_their_accounts(browser: Browser, page: Path) -> None:
    for selector, expected in (
        ("#causes [data-cause]", ["billing"]),
        ("#findings [data-kind]", ["billing"]),
        ('[data-unit="Root/Security"]', ["archive"]),
        ('[data-recovery="unlock_s3_bucket"]', ["payments"]),
    ):
        browser.open(page)
        browser.run(
            "document.querySelectorAll('#causes article').forEach(one => "
            "one.textContent.includes('OrganizationAccountAccessRole') || one.remove())"
        )
        press(browser, selector)
        assert names(browser) == expected, selector


def test_a_tile_shows_its_account_and_leads_to_it(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.run(
        "[...document.querySelectorAll('#map i')].forEach(tile => {"
        " tile.dispatchEvent(new MouseEvent('mousemove', {bubbles: true}));"
        " if (document.querySelector('#tip').textContent.includes('payments')) tile.id = 'wanted' })"
    )
    press(browser, "#wanted")
    assert names(browser) == ["payments"]
    assert "would fail" in shown(browser, ".details")


def test_a_link_to_an_account_opens_it_however_far_down_it_is(browser: Browser, tmp_path: Path) -> None:
    many = [account(f"{200000000000 + number}", f"well-{number:03d}", "Root/Many") for number in range(150)]
    page = write(tmp_path, *GIVEN, *many)
    browser.open(page, "#a200000000149")
    assert names(browser) == ["well-149"]
    assert browser.run("document.querySelector('#a200000000149').getBoundingClientRect().top") < 768
    assert "Nothing was found." in shown(browser, ".details")
    browser.run("location.hash = '#a100000000001'")
    browser.settle()
    assert names(browser) == ["payments"]
    press(browser, "#clear")
    assert len(names(browser)) == 100
    press(browser, "#more")
    assert len(names(browser)) == 153


def test_an_account_that_is_opened_is_in_the_address(browser: Browser, page: Path) -> None:
    browser.open(page)
    press(browser, f"#a{LOST} .who button")
    assert browser.run("location.hash") == f"#a{LOST}"
    browser.open(page, "#a999999999999")
    assert len(names(browser)) == 3


def test_text_of_aws_is_never_markup(browser: Browser, tmp_path: Path) -> None:
    evil = "<img src=x onerror=document.title='broken'>"
    reason = {**BLOCKED, "text": evil, "fix": evil}
    page = write(tmp_path, account(LOST, evil, f"Root/{evil}", unlock_s3_bucket=("fails", reason)))
    browser.open(page, f"#a{LOST}")
    assert evil in shown(browser, ".details")
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert browser.run("document.title") != "broken"


@pytest.mark.parametrize("width", [390, 1366])
def test_nothing_is_wider_than_the_window(browser: Browser, tmp_path: Path, width: int) -> None:
    page = tmp_path / "page.html"
    page.write_text(posture.as_html(posture.assess([organization(300)])), encoding="utf-8")
    browser.open(page, width=width)
    for number in range(10):
        browser.run(f"document.querySelectorAll('#rows .who button')[{number}].click()")
    browser.settle()
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_five_thousand_accounts_make_few_elements(browser: Browser, tmp_path: Path) -> None:
    """How long it takes is measured by `make bench ONLY=posture-page`."""
    page = tmp_path / "page.html"
    page.write_text(posture.as_html(posture.assess([organization(5000)])), encoding="utf-8")
    browser.open(page)
    tiles = browser.run("document.querySelectorAll('#map i').length")
    assert 4800 < tiles < browser.run("document.querySelectorAll('*').length") < 10_000
