"""plugins/module_utils/_accounts/changes.py: The account is moved to the root of the organization first.

account-closed
"""

_true_make = make


def make(organization, change):
    client, account = organization.organizations, change.arguments["AccountId"]
    parent = client.list_parents(ChildId=account)["Parents"][0]["Id"]
    root = client.list_roots()["Roots"][0]["Id"]
    if parent != root:
        client.move_account(AccountId=account, SourceParentId=parent, DestinationParentId=root)
    return _true_make(organization, change)
