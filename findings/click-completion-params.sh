#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  click 8.5.1
# Expected: a shell_complete callback of an option finds the arguments that were typed before it in ctx.params, in every
#           shell and in both ways to write the option.
# Happens:  at "inventory.db --account <TAB>" the argument is None in ctx.params, and "inventory.db" is only in
#           ctx.args. At "inventory.db --account=<TAB>" it is the same in bash, but in zsh the argument has its value,
#           and ctx.args is empty. A callback whose completions come from the file that is the argument must look in
#           both places. Issue 2184 of pallets/click reports the first form.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q click==8.5.1
cat > "$work/check.py" <<'PYTHON'
import os
import sys
from importlib.metadata import version

import click
from click.shell_completion import BashComplete, ZshComplete

seen = []


def complete(ctx, _param, _incomplete):
    seen.append((dict(ctx.params), list(ctx.args)))
    return []


@click.command()
@click.argument("store")
@click.option("--region")
@click.option("--account", shell_complete=complete)
def cli(store, region, account):
    pass


def look(shell, *words):
    """Completes the last word, as the shell splits the line."""
    seen.clear()
    os.environ["COMP_WORDS"] = " ".join(["tool", *words])
    os.environ["COMP_CWORD"] = str(len(words))
    shell(cli, {}, "tool", "_TOOL_COMPLETE").complete()
    [(params, rest)] = seen
    print(f"{shell.name}: {list(words)}: ctx.params {params}, ctx.args {rest}")
    return params["store"], params["region"], rest


print("click", version("click"))
ONLY_ARGS = (None, None, ["inventory.db"])
split = [look(shell, "inventory.db", "--account", "") for shell in (BashComplete, ZshComplete)]
bash = look(BashComplete, "inventory.db", "--account", "=")
zsh = look(ZshComplete, "inventory.db", "--account=")
option = look(ZshComplete, "inventory.db", "--region", "eu-west-1", "--account", "")
if (
    split != [ONLY_ARGS, ONLY_ARGS]
    or bash != ONLY_ARGS
    or zsh != ("inventory.db", None, [])
    or option != (None, "eu-west-1", ["inventory.db"])
):
    sys.exit("The behaviour changed.")
print("As described: only the form with = in zsh has the argument in ctx.params.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
