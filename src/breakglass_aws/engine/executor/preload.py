# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load once what each ansible-playbook and each module would load: code, and files that never change while it runs.

What is loaded here must be what a new process would load. So nothing is run here, and a result of reading a file is
handed out once in each child: no code can have changed it before.
"""

from __future__ import annotations

import atexit
import contextlib
import glob
import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_PLUGINS = {  # those that nearly every cell uses
    "action": ("assert", "debug", "normal", "set_fact"),
    "cache": ("memory",),
    "callback": ("default",),
    "connection": ("local",),
    "inventory": ("auto", "host_list", "ini", "script", "toml", "yaml"),
    "shell": ("sh",),
    "strategy": ("linear",),
    "vars": ("host_group_vars",),
}
_SERVICES = ("sts", "iam", "organizations", "s3", "sqs", "account")
_MODELS = ("service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2")
_COMMON_DATA = ("endpoints", "partitions", "sdk-default-configuration", "_retry")


def load_ansible() -> None:
    """Import what ansible-playbook imports, with the configuration of this folder and environment."""
    # Ansible makes a folder while it reads its configuration. Each child makes its own.
    os.environ["ANSIBLE_LOCAL_TEMP"] = made = tempfile.mkdtemp(prefix="breakglass-")
    try:
        importlib.import_module("ansible.cli.playbook")  # first, as ansible-playbook does
        manager = importlib.import_module("ansible.config.manager")

        atexit.unregister(manager.cleanup_tmp_file)
        for kind, names in _PLUGINS.items():
            for name in names:
                importlib.import_module(f"ansible.plugins.{kind}.{name}")
        _read_routing()
        _read_definitions()
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _read_routing() -> None:
    """Parse the largest YAML file that each ansible-playbook reads: where ansible-core's plugins have gone."""
    import ansible
    from ansible.utils.collection_loader import _collection_finder as finder

    plain: Callable[..., Any] = finder._meta_yml_to_dict
    text = (Path(ansible.__file__).parent / "config/ansible_builtin_runtime.yml").read_bytes()
    parsed = {text: plain(text, ("ansible.builtin", "runtime.yml"))}

    def parse(raw: bytes, content_id: Any) -> Any:
        done = parsed.pop(raw, None)
        return plain(raw, content_id) if done is None else done

    finder._meta_yml_to_dict = parse


def _read_definitions() -> None:
    """Read the options of the plugins that each ansible-playbook reads: those of these kinds in ansible-core."""
    from ansible.plugins import loader

    for kind in ("connection_loader", "shell_loader", "become_loader", "callback_loader", "vars_loader"):
        plugins = getattr(loader, kind)
        if not any(has_plugins_of_a_user(plugins)):  # their code may depend on anything, so it is run in a child only
            for _plugin in plugins.all(class_only=True):
                pass
        plugins._clear_caches()


def has_plugins_of_a_user(plugins: Any) -> Iterator[bool]:
    """For each folder in which Ansible looks for plugins besides its own: whether there are any."""
    for place in plugins._get_paths_with_context():
        if not place.internal:
            yield bool(glob.glob(os.path.join(glob.escape(place.path), "*.py")))


def load_service_models() -> dict[str, Any]:
    """Import boto3, and read the models of the services that our modules call; return the files that were read."""
    import boto3  # noqa: F401
    from botocore import loaders, session

    read: dict[str, Any] = {}
    plain = loaders.JSONFileLoader.load_file

    def load_file(self: Any, file_path: str) -> Any:
        done = read.pop(file_path, None)
        return plain(self, file_path) if done is None else done

    def record(self: Any, file_path: str) -> Any:
        content = plain(self, file_path)
        if content is not None:
            read[file_path] = content
        return content

    loaders.JSONFileLoader.load_file = record
    try:
        found = session.Session().get_component("data_loader")
        for name in _COMMON_DATA:
            with contextlib.suppress(Exception):
                found.load_data(name)
        for service in _SERVICES:
            for model in _MODELS:
                with contextlib.suppress(Exception):
                    found.load_service_model(service, model)
    finally:
        loaders.JSONFileLoader.load_file = load_file
    return read
