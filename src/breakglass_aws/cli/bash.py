# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion in bash, which takes `NAME=VALUE` for three words."""

from __future__ import annotations

import os
from typing import ClassVar

from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

_SCRIPT = """\
%(complete_func)s() {
    local IFS=$'\\n' line
    COMPREPLY=()
    for line in $(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1"); do
        case $line in
            dir,*) compopt -o dirnames ;;
            file,*) compopt -o default ;;
            plain,*) COMPREPLY+=("${line#plain,}") ;;
        esac
    done
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


@add_completion_class
class EqualsSignComplete(BashComplete):
    """click's completion for bash; what is left and right of an equals sign is one word, as in the command's options.

    No space follows `NAME=`.
    """

    source_template: ClassVar[str] = _SCRIPT
    _before = ""  # what of the incomplete word bash takes for words before it

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that."""
        given = split_arg_string(os.environ["COMP_WORDS"])
        number = int(os.environ["COMP_CWORD"])
        words, is_open = [""], False
        for word in [*given[1:number], given[number] if number < len(given) else ""]:
            if word == "=" or is_open:
                words[-1] += word
            else:
                words.append(word)
            is_open = word == "="
        *before, incomplete = words[1:]
        self._before = incomplete[: incomplete.find("=") + 1] if is_open or self._is_split(given, number) else ""
        return before, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return the line of a completion, without what bash keeps of the word."""
        return f"{item.type},{str(item.value).removeprefix(self._before)}"

    @staticmethod
    def _is_split(given: list[str], number: int) -> bool:
        """Whether bash has split the word that is completed at an equals sign."""
        return number > 1 and "=" in given[number - 1 : number]
