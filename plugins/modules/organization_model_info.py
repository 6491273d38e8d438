#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_model_info
short_description: Read an organization, and describe it as a file for the sandbox
version_added: 0.3.0
description:
  - Reads the accounts of an organization with their states, its OUs, service control policies and resource control
    policies with their attachments, trusted access, delegated administrators, and the features of centralized root
    access. All calls only read.
  - RV(organization_file) describes the same for the sandbox (C(breakglass sandbox serve --organization)), in which
    recoveries can be rehearsed under these policies.
  - What AWS denies to the caller is named in RV(not_read) with the missing permission, and stands in the file as
    unknown. The sandbox then denies to read it. The module fails when not even the accounts can be listed.
  - Nothing secret is read.
author:
  - breakglass.aws contributors (@breakglass)
options:
  include:
    description:
      - What else to read of each account. V(tags) takes one call an account, V(contacts) takes four.
    type: list
    elements: str
    choices: [tags, contacts]
    default: []
  access_roles:
    description:
      - Whether to assume the access role of each active member account, and read its trust policy and its policies.
      - CloudTrail shows these sessions. They only read.
      - Without it the sandbox has the role where AWS Organizations creates it, which is in accounts that were
        created in the
        organization.
    type: bool
    default: false
  role_name:
    description: The name of the access role.
    type: str
    default: OrganizationAccountAccessRole
  posture:
    description:
      - A JSON file with root credentials of accounts, as an audit wrote it. That is C(posture.json) of C(breakglass
        audit), or a
        result of M(breakglass.aws.root_credentials_info).
      - Accounts that are not in it have no root credentials in the sandbox.
    type: path
  pseudonyms:
    description:
      - Whether to replace names, IDs and e-mail addresses by pseudonyms, the same in all places, also inside of
        policies.
        The policies decide as before.
      - Dates, tag keys, IP addresses and names that AWS gives stay. So do names that a pattern with C(*) in a policy
        matches,
        and such patterns. RV(kept_texts) lists what of the policies was left as it is; look at it before you pass
        the file on.
    type: bool
    default: false
  mapping:
    description:
      - A file that keeps which pseudonym stands for what, readable for its owner alone. It is created, or read and
        extended,
        so that later models have the same pseudonyms.
      - Without it nothing leads from a pseudonym to its name.
      - Only with O(pseudonyms=true). In check mode it is not written.
    type: path
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - The management account and delegated administrators can read the organization. AWS tells the features only to the
    management account and the delegated administrator for IAM.
seealso:
  - module: breakglass.aws.organization_account_info
  - module: breakglass.aws.root_access_info
"""

EXAMPLES = r"""
- name: Read the organization
  breakglass.aws.organization_model_info:
  register: model

- name: Write the file for the sandbox
  ansible.builtin.copy:
    content: "{{ model.organization_file }}"
    dest: organization.yml
    mode: "0600"
  delegate_to: localhost

- name: Describe it without names, to share it
  breakglass.aws.organization_model_info:
    pseudonyms: true
    mapping: ~/private/pseudonyms.json
  register: model

- name: Show what has to be looked at before it is shared
  ansible.builtin.debug:
    var: model.kept_texts
"""

RETURN = r"""
organization:
  description: The organization.
  returned: success
  type: dict
  contains:
    id:
      description: Its ID.
      type: str
      sample: o-breakglass1
    feature_set:
      description: V(ALL) or V(CONSOLIDATED_BILLING).
      type: str
      sample: ALL
    management_account_id:
      description: The management account.
      type: str
      sample: "111122223333"
    root_id:
      description: The ID of its root.
      type: str
      sample: r-7689
    policy_types:
      description: Which of V(SERVICE_CONTROL_POLICY) and V(RESOURCE_CONTROL_POLICY) are enabled.
      type: list
      elements: str
      sample: [SERVICE_CONTROL_POLICY]
read_at:
  description: When it was read.
  returned: success
  type: str
  sample: "2026-01-31T03:00:00Z"
caller:
  description: Who read it. The sandbox's identity C(operator) is this role or user.
  returned: success
  type: dict
  sample: {account_id: "111122223333", partition: aws, role: BreakGlassOperator, user: null}
accounts:
  description: The accounts, the management account included.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
      sample: "333344445555"
    name:
      description: Its name.
      type: str
      sample: payments
    email:
      description: The e-mail address of its root user.
      type: str
      sample: aws+payments@example.com
    state:
      description: Its state.
      type: str
      sample: ACTIVE
    joined_method:
      description: V(CREATED) or V(INVITED).
      type: str
      sample: CREATED
    joined:
      description: When it joined.
      type: str
      sample: "2024-12-24T09:27:12Z"
    organizational_unit_id:
      description: The OU it is in, or the root.
      type: str
      sample: ou-7689-d7467f0e
    tags:
      description: Its tags, with V(tags) in O(include).
      type: dict
      sample: {}
    contact:
      description: Its contact information, with V(contacts) in O(include).
      type: dict
    alternate_contacts:
      description: Its alternate contacts, with V(contacts) in O(include).
      type: dict
    access_role:
      description: >-
        With O(access_roles=true), the role: C(name), C(answers) (false where AWS refused to assume it, null where it
        could not
        be read), C(trust_policy) and C(policies).
      type: dict
    root_credentials:
      description: With O(posture), its root credentials as the audit read them; null where it did not.
      type: dict
organizational_units:
  description: The OUs, each after the one it is in.
  returned: success
  type: list
  elements: dict
  sample: [{id: ou-7689-d7467f0e, name: Divested, parent_id: r-7689}]
policies:
  description: The policies of the enabled types that are not AWS's own. A C(document) that could not be read is null.
  returned: success
  type: list
  elements: dict
  sample:
    - id: p-0a1b2c3d
      name: deny-root-user
      type: SERVICE_CONTROL_POLICY
      description: Deny all work as root
      document: "{}"
      targets: [ou-7689-d7467f0e]
full_access_targets:
  description: What C(FullAWSAccess) is attached to; null where it could not be read.
  returned: success
  type: list
  elements: str
  sample: [r-7689]
trusted_access:
  description: The services that the organization trusts; null where they could not be read.
  returned: success
  type: list
  elements: dict
  sample: [{service: iam.amazonaws.com, since: "2024-12-24T09:27:12Z"}]
delegated_administrators:
  description: The delegated administrators by service; null where they could not be read.
  returned: success
  type: list
  elements: dict
  sample: [{service: iam.amazonaws.com, account_id: "222233334444", since: "2024-12-24T09:27:12Z"}]
features:
  description: Whether each feature of centralized root access is on; null where that is not known.
  returned: success
  type: dict
  sample: {root_credentials_management: true, root_sessions: true}
not_read:
  description: What is not known.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: The fact.
      type: str
      sample: tags of accounts
    account_id:
      description: The account it is about; null for all of them.
      type: str
    permission:
      description: The permission that reads it.
      type: str
      sample: organizations:ListTagsForResource
    reason:
      description: Why it was not read.
      type: str
      sample: It was not asked for.
    fix:
      description: What to do about it.
      type: str
      sample: Add tags to include.
kept_texts:
  description: With O(pseudonyms=true), the texts of policies that were left as they are.
  returned: success
  type: list
  elements: str
  sample: [Acme*, 192.0.2.0/24]
organization_file:
  description: The organization file for the sandbox, as YAML.
  returned: success
  type: str
  sample: "organization: o-breakglass1"
"""

from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.model import ARGUMENTS, read_model


def main() -> None:
    BreakglassModule(argument_spec=ARGUMENTS).run(read_model)


if __name__ == "__main__":
    main()
