"""What the processes of our modules import, for the server that they are forked from."""

from __future__ import annotations

import importlib
import pkgutil

import ansible.module_utils._internal._ansiballz._loader
import botocore.session
from ansible_collections.breakglass.aws.plugins import module_utils

from support import botocore_cache

__all__ = ["ansible", "botocore_cache"]

for _module in pkgutil.walk_packages(module_utils.__path__, f"{module_utils.__name__}."):
    importlib.import_module(_module.name)

_session = botocore.session.get_session()
for _service in ("account", "cloudformation", "cloudtrail", "iam", "organizations", "s3", "sqs", "sso-admin", "sts"):
    _session.create_client(_service, region_name="us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="none")
