"""What ansible-playbook and ansible-inventory import, for the server that they are forked from."""

from __future__ import annotations

import atexit

import ansible.cli.inventory
import ansible.cli.playbook
import ansible.executor.playbook_executor
import ansible.executor.task_executor
import ansible.plugins.strategy.linear
import boto3
from ansible.utils.path import cleanup_tmp_file

__all__ = ["ansible", "boto3"]

# All commands of the server share the folder for temporary files that Ansible made as it was imported. The first that
# ended would remove it: the others would have none.
atexit.unregister(cleanup_tmp_file)
