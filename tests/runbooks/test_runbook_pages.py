"""The pages in docs/ say what the notebooks say."""

from __future__ import annotations

from breakglass_aws.engine.notebooks import docs_pages


def test_every_page_is_that_of_its_notebook():
    wanted = dict(docs_pages.pages())
    files = [*docs_pages.PAGES.glob("*.md"), docs_pages.PERMISSIONS]
    written = {file: file.read_text(encoding="utf-8") for file in files}
    stale = sorted(file.name for file in wanted.keys() | written.keys() if wanted.get(file) != written.get(file))
    assert not stale, f"stale in docs: {', '.join(stale)}. Renew them: {docs_pages.RENEW}"


def test_a_page_holds_text_and_steps():
    text = next(text for file, text in docs_pages.pages() if file.stem == "remove_root_credentials")
    assert "\n# Remove root credentials\n" in text
    assert "```yaml\n%%tasks\n" in text
    assert "```python\naccount_ids: list[str] = []" in text


def test_the_permissions_of_each_runbook_are_one_policy():
    text = dict(docs_pages.pages())[docs_pages.PERMISSIONS]
    assert text.count("```json\n") == text.count("\n## ") == len(list(docs_pages.PAGES.glob("*.md")))
