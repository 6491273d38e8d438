"""What ansible-playbook and ansible-inventory import, for the server that they are forked from."""

from __future__ import annotations

import ansible.cli.inventory
import ansible.cli.playbook
import ansible.executor.playbook_executor
import ansible.executor.task_executor
import ansible.plugins.strategy.linear
import boto3

__all__ = ["ansible", "boto3"]
