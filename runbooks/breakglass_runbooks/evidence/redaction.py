"""Keep known secrets out of everything that is shown or kept."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

HIDDEN = "[hidden]"
# The secrets among the variables that AWS clients read; access key IDs are no secret.
VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")


class Redactor:
    """Replaces secrets, as they are and as JSON, HTML and addresses spell them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        for secret in (*secrets, *(os.environ.get(name, "") for name in VARIABLES)):
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide this one too, from now on."""
        if secret:
            spellings = {secret, json.dumps(secret)[1:-1], html.escape(secret), quote(secret, safe="")}
            # The longest first: a secret may be part of another.
            self._spellings = sorted({*self._spellings, *spellings}, key=len, reverse=True)

    def text(self, words: str) -> str:
        """`words` without secrets."""
        for spelling in self._spellings:
            words = words.replace(spelling, HIDDEN)
        return words

    def data(self, value: Any) -> Any:
        """The same data, with no secret in any text or name of it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.data(key): self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        if isinstance(value, int) and not isinstance(value, bool) and str(value) in self._spellings:
            return HIDDEN
        return value

    def notebook(self, notebook: Any) -> None:
        """Clean the outputs of all cells, in place: the kernel's client goes on writing into them."""
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                for key, value in output.items():
                    if key != "output_type":
                        clean = self.data(value)
                        if clean != value:
                            output[key] = clean
