# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to connect to AWS, with the options of the collection amazon.aws; ``_aws.connection_options`` has them."""

    MODULES = r"""
options:
  access_key:
    description:
      - The access key ID of the credentials to use. Needs O(secret_key), and O(session_token) when the credentials are
        temporary.
      - Without it, E(AWS_ACCESS_KEY_ID) is used, else E(AWS_ACCESS_KEY), else what boto3 finds.
      - Mutually exclusive with O(profile).
    type: str
    aliases: [aws_access_key_id, aws_access_key]
  secret_key:
    description:
      - The secret access key that belongs to O(access_key).
      - Without it, E(AWS_SECRET_ACCESS_KEY) is used, else E(AWS_SECRET_KEY).
      - Mutually exclusive with O(profile).
    type: str
    aliases: [aws_secret_access_key, aws_secret_key]
  session_token:
    description:
      - The session token that belongs to a temporary O(access_key).
      - Without it, E(AWS_SESSION_TOKEN) is used.
      - Mutually exclusive with O(profile).
    type: str
    aliases: [aws_session_token]
  profile:
    description:
      - The profile of the AWS configuration files whose credentials to use.
      - Without it, E(AWS_PROFILE) is used, else E(AWS_DEFAULT_PROFILE).
      - Mutually exclusive with O(access_key), O(secret_key) and O(session_token). Where an environment variable sets
        one and the task the other, the task fails. Set the one that is not wanted to an empty string.
    type: str
    aliases: [aws_profile]
  region:
    description:
      - The region to call AWS in.
      - Without it, E(AWS_REGION) is used, else E(AWS_DEFAULT_REGION), else the region of the profile.
    type: str
    aliases: [aws_region]
  endpoint_url:
    description:
      - The URL to send all calls to, in place of AWS's own, as for a simulated organization.
      - Without it, E(AWS_URL) is used, else what boto3 finds (E(AWS_ENDPOINT_URL)).
    type: str
    aliases: [aws_endpoint_url]
  validate_certs:
    description:
      - Whether to check the TLS certificates of AWS. For an authority of your own set O(aws_ca_bundle) instead.
    type: bool
    default: true
  aws_ca_bundle:
    description:
      - The file with the certificate authorities to trust.
      - Without it, E(AWS_CA_BUNDLE) is used.
    type: path
  aws_config:
    description:
      - Settings of botocore, as C(botocore.config.Config) takes them. They win over those of this collection.
    type: dict
  debug_botocore_endpoint_logs:
    description:
      - Whether the result has RV(ignore:resource_actions), the calls that were made as C(SERVICE:OPERATION), each once.
        The callback C(amazon.aws.aws_resource_action) prints them.
      - E(ANSIBLE_DEBUG_BOTOCORE_LOGS) sets it for all modules.
    type: bool
    default: false
notes:
  - Environment variables and the AWS configuration files are those of the host that the task runs on.
"""

    # Plugins declare environment variables, modules describe them.
    PLUGINS = r"""
options:
  access_key:
    description:
      - The access key ID of the credentials to use. Needs O(secret_key), and O(session_token) when the credentials are
        temporary. Mutually exclusive with O(profile).
      - Without it, the credentials that boto3 finds are used.
    type: str
    aliases: [aws_access_key_id, aws_access_key]
    env:
      - name: AWS_ACCESS_KEY_ID
      - name: AWS_ACCESS_KEY
  secret_key:
    description: The secret access key that belongs to O(access_key).
    type: str
    aliases: [aws_secret_access_key, aws_secret_key]
    env:
      - name: AWS_SECRET_ACCESS_KEY
      - name: AWS_SECRET_KEY
  session_token:
    description: The session token that belongs to a temporary O(access_key).
    type: str
    aliases: [aws_session_token]
    env:
      - name: AWS_SESSION_TOKEN
  profile:
    description:
      - The profile of the AWS configuration files whose credentials to use.
      - Mutually exclusive with O(access_key), O(secret_key) and O(session_token).
    type: str
    aliases: [aws_profile]
    env:
      - name: AWS_PROFILE
      - name: AWS_DEFAULT_PROFILE
  region:
    description: The region to call AWS in. Without it, the region that boto3 finds is used.
    type: str
    aliases: [aws_region]
    env:
      - name: AWS_REGION
  endpoint_url:
    description: The URL to send all calls to, in place of AWS's own, as for a simulated organization.
    type: str
    aliases: [aws_endpoint_url]
    env:
      - name: AWS_URL
  assume_role_arn:
    description: The ARN of a role to assume with these credentials. The organization is read as that role.
    aliases: [iam_role_arn]
requirements:
  - boto3 >= 1.40.30
  - botocore >= 1.40.30
notes:
  - Environment variables and the AWS configuration files are those of the controller.
"""
