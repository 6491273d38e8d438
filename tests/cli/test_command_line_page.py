"""docs/guide/command-line.md says what the command says."""

from __future__ import annotations

from breakglass_aws.cli import docs_page, main


def test_the_page_is_current() -> None:
    written = docs_page.PAGE.read_text(encoding="utf-8")
    assert written == docs_page.page(), f"docs/guide/command-line.md is stale. Renew it: {docs_page.RENEW}"


def test_the_page_has_every_command_and_option() -> None:
    page = docs_page.page()
    for name in main.COMMANDS:
        assert f"\n## breakglass {name}\n" in page
    assert "| `--allow-possible` |" in page
    assert "\n### breakglass sandbox faults add\n" in page
    assert "| `--tls-front PORT` |" in page
