"""The organization file: what it makes, and errors that name file, line, key, value and what is accepted."""

from __future__ import annotations

import re
import textwrap
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from breakglass_aws.sandbox.organization_file.schema import DEFAULT, load
from breakglass_aws.sandbox.organization_file.yaml_source import OrganizationError, read

MINIMAL = """\
    organization: o-exampleorg1
    management_account: "111111111111"
    accounts:
      - {id: "111111111111", name: management}
"""


def write(tmp_path, text):
    file = tmp_path / "organization.yml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


def test_a_minimal_file(tmp_path):
    organization = load(write(tmp_path, MINIMAL)).build()
    assert organization.id == "o-exampleorg1"
    assert list(organization.accounts) == ["111111111111"]


NINE = {
    "111122223333": "management",
    "222233334444": "security",
    "333344445555": "payments",
    "444455556666": "legacy-web",
    "012345678901": "data-lake",
    "555566667777": "reports",
    "666677778888": "closed-shop",
    "777788889999": "vault",
    "888899990000": "invited",
}


def test_the_default_tells_of_the_accounts_others_rely_on():
    description = load()
    organization = description.build()
    names = {account.id: account.name for account in organization.accounts.values()}
    assert NINE.items() <= names.items()
    assert organization.management_account == "111122223333"
    assert {"operator", "delegate", "auditor", "nobody", "payments-administrator"} <= description.identities.keys()
    assert "invited-administrator" not in description.identities


def test_account_ids_keep_their_digits(tmp_path):
    """Unquoted, YAML would read a number, or an octal one; 12 digits stay what they are."""
    text = """\
        organization: o-exampleorg1
        management_account: 111111111111
        accounts:
          - {id: 111111111111, name: management}
          - {id: 012345670123, name: octal}
          - {id: 012345678901, name: zero}
    """
    assert list(load(write(tmp_path, text)).build().accounts) == ["111111111111", "012345670123", "012345678901"]


def test_names_as_aws_has_them(tmp_path):
    """Control Tower's own accounts have a space; tags may have no value."""
    text = with_account('- {id: "222222222222", name: Log Archive, tags: {team: "", "cost centre": "7"}}\n')
    description = load(write(tmp_path, text))
    account = description.build().accounts["222222222222"]
    assert (account.name, account.email) == ("Log Archive", "aws+Log-Archive@example.com")
    assert account.tags == {"team": "", "cost centre": "7"}
    assert description.identities["Log Archive-administrator"]["account"] == "222222222222"


@pytest.mark.parametrize("name", ['""', '" Archive"', '"a\\tb"', "Ärchiv", "x" * 51])
def test_names_that_aws_refuses(tmp_path, name):
    with pytest.raises(OrganizationError, match="1 to 50 printable characters"):
        load(write(tmp_path, with_account(f'- {{id: "222222222222", name: {name}}}\n')))


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("400 days ago", timedelta(days=400)),
        ("1 hour ago", timedelta(hours=1)),
        ("2025-03-01", datetime(2025, 3, 1, tzinfo=UTC)),
        ("2025-03-01T12:30:00Z", datetime(2025, 3, 1, 12, 30, tzinfo=UTC)),
        ("2025-03-01T12:30:00+02:00", datetime(2025, 3, 1, 10, 30, tzinfo=UTC)),
    ],
)
def test_dates(text, date):
    account = {"id": "111111111111", "name": "a", "root": {"password": {"last_used": text}}}
    given = {"organization": "o-exampleorg1", "management_account": "111111111111", "accounts": [account]}
    expected = datetime.now(UTC) - date if isinstance(date, timedelta) else date
    password = load(given).build().accounts["111111111111"].root.password
    assert abs(password.last_used - expected) < timedelta(minutes=5)


def test_resetting_builds_the_same_again():
    description = load()
    assert description.build() == description.build()


def with_account(lines: str) -> str:
    return textwrap.dedent(MINIMAL) + textwrap.indent(textwrap.dedent(lines), "  ")


ERRORS = [
    pytest.param("", "the file: it is empty", id="empty"),
    pytest.param("- 1\n", "line 1: the file: [1] is not accepted; accepted: a mapping", id="a list"),
    pytest.param("a: [1\n", "is not YAML", id="no YAML"),
    pytest.param("a: 1\na: 2\n", "line 2: the file: the key 'a' is there twice", id="a key twice"),
    pytest.param("organization: o-exampleorg1\n", "the key 'management_account' is missing", id="missing key"),
    pytest.param(
        textwrap.dedent(MINIMAL) + "acounts: []\n",
        "line 5: acounts: unknown key. Did you mean accounts? Accepted: organization, partition,",
        id="unknown key",
    ),
    pytest.param(
        textwrap.dedent(MINIMAL).replace("o-exampleorg1", "example"),
        'line 1: organization: "example" is not accepted; accepted: an organization ID',
        id="organization ID",
    ),
    pytest.param(
        with_account("- {id: 12345, name: short}\n"),
        "line 5: accounts[1].id: 12345 is not accepted; accepted: an account ID: 12 digits",
        id="account ID",
    ),
    pytest.param(with_account('- {id: "111111111111", name: again}\n'), "not yet in the list", id="account twice"),
    pytest.param(
        with_account('- {id: "222222222222", name: management}\n'), "a name no other account", id="name twice"
    ),
    pytest.param(
        with_account('- {id: "222222222222", name: a, state: GONE}\n'),
        'line 5: accounts[1].state: "GONE" is not accepted; accepted: ACTIVE, SUSPENDED',
        id="state",
    ),
    pytest.param(
        with_account(
            """\
            - id: "222222222222"
              name: a
              root:
                password: {last_used: last summer}
            """
        ),
        'line 8: accounts[1].root.password.last_used: "last summer" is not accepted; accepted: a date:',
        id="date",
    ),
    pytest.param(
        with_account('- {id: "222222222222", name: a, buckets: [{name: X}]}\n'),
        'accounts[1].buckets[0].name: "X" is not accepted; accepted: a bucket name',
        id="bucket name",
    ),
    pytest.param(
        with_account('- {id: "222222222222", name: a, buckets: [{name: abc, policy: deny}]}\n'),
        'accounts[1].buckets[0].policy: "deny" is not accepted; accepted: a policy document',
        id="bucket policy",
    ),
    pytest.param(
        with_account('- {id: "222222222222", name: a, roles: [{name: r, policies: [AdminAccess]}]}\n'),
        'accounts[1].roles[0].policies[0]: "AdminAccess" is not accepted; accepted: the name of an AWS managed policy',
        id="managed policy",
    ),
    pytest.param(
        textwrap.dedent(MINIMAL) + "features: [RootSession]\n",
        'features[0]: "RootSession" is not accepted; accepted: RootCredentialsManagement, RootSessions',
        id="feature",
    ),
    pytest.param(
        textwrap.dedent(MINIMAL) + 'delegated_administrators: {iam.amazonaws.com: "999999999999"}\n',
        "the ID of an account of this file",
        id="delegate",
    ),
    pytest.param(
        textwrap.dedent(MINIMAL) + "service_control_policies: {p: {document: {Statement: []}, targets: [Nowhere]}}\n",
        "accepted: Root, the path of an OU of this file, or an account ID",
        id="policy target",
    ),
    pytest.param(
        textwrap.dedent(MINIMAL) + 'identities: {me: {account: "111111111111", role: None}}\n',
        "accepted: a role of account 111111111111: it has none",
        id="identity's role",
    ),
    pytest.param(
        textwrap.dedent(MINIMAL) + 'identities: {me: {account: "111111111111"}}\n',
        "identities.me: accepted: either a role, a user or root",
        id="identity of nobody",
    ),
    pytest.param(
        textwrap.dedent(MINIMAL) + 'identities: {me: {account: "111111111111", root: true}}\n',
        "identities.me.root: true is not accepted; accepted: true, of an account whose root user has an active access",
        id="identity of a root user without a key",
    ),
    pytest.param(
        textwrap.dedent(MINIMAL)
        + "resource_control_policies: {p: {document: {Statement: [{Effect: Deny, Action: '*', Resource: '*'}]}}}\n",
        "accepted: a policy that denies, Principal *, actions of named services",
        id="resource control policy",
    ),
]


@pytest.mark.parametrize(("text", "error"), ERRORS)
def test_errors(tmp_path, text, error):
    file = write(tmp_path, text)
    with pytest.raises(OrganizationError) as caught:
        load(file)
    assert str(caught.value).startswith(str(file))
    assert error in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OrganizationError, match="cannot be read"):
        load(tmp_path / "missing.yml")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OrganizationError, match="not UTF-8"):
        load(tmp_path / "binary.yml")


def test_aliases_and_merge_keys(tmp_path):
    text = """\
        organization: o-exampleorg1
        management_account: "111111111111"
        accounts:
          - {id: "111111111111", name: management}
          - &first {id: "222222222222", name: first, root: {password: {last_used: 9 days ago}}, ou: Workloads}
          - {name: second, id: "333333333333", <<: *first}
    """
    accounts = load(write(tmp_path, text)).build().accounts
    first, second = accounts["222222222222"], accounts["333333333333"]
    assert second.name == "second"
    assert second.root.password.last_used == first.root.password.last_used


def test_several_devices_without_serials(tmp_path):
    devices = "[{type: virtual}, {type: hardware}, {type: virtual}, {type: hardware}]"
    file = write(tmp_path, with_account(f'- {{id: "222222222222", name: a, root: {{mfa_devices: {devices}}}}}\n'))
    assert len(load(file).build().accounts["222222222222"].root.mfa_devices) == 4


# Values that are wrong almost everywhere, and wrong in many ways.
ODD = [
    *(None, True, 0, -1, 10**9, "", "x", "*", "a b", "never", "999999 years ago", "999999 years", "2025-02-30"),
    *("0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "0123456789012", "000000000000", "111122223333", "Root"),
    *("/", "a//b", "é", "a\nb", "x" * 300, [], {}, [[]], [None], {"": 1}, {"a": None}, [{}], {"Statement": [5]}),
    *("AdministratorAccess", "OrganizationAccountAccessRole", "xx-yy-1", "us-east-1", "o-breakglass1", "${x}"),
]
AS_IT_IS, _ = read(DEFAULT)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def places(value, path=()):
    """Every place in plain data."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(inner, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


@settings(max_examples=150, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_a_changed_file_loads_or_is_refused_in_a_line(tmp_path_factory, chance):
    """Values replaced, taken out, doubled, renamed and moved: it loads, or one line says why not."""
    changed = deepcopy(AS_IT_IS)
    for _ in range(chance.randint(1, 3)):
        here = list(places(changed))
        path = chance.choice(here)
        around, key = at(changed, path[:-1]), path[-1]
        match chance.choice(["replace", "replace", "remove", "double", "move"]):
            case "replace":
                around[key] = deepcopy(chance.choice(ODD))
            case "remove":
                del around[key]
            case "double" if isinstance(around, list):
                around.append(deepcopy(around[key]))
            case "double":
                around[f"{key}s"] = around.pop(key)
            case "move":
                around[key] = deepcopy(at(changed, chance.choice(here)))
    loads_or_is_refused(tmp_path_factory, yaml.dump(changed, Dumper=DUMPER, allow_unicode=True))


LINES = DEFAULT.read_text(encoding="utf-8").splitlines(keepends=True)
PIECES = [
    "[",
    "]",
    "{",
    "}",
    ":",
    "- ",
    "&a ",
    "*a",
    "!!int ",
    "!x ",
    "? ",
    "|",
    "> ",
    "%",
    "@",
    "`",
    "\t",
    "\x00",
    "\x07",
]
PIECES += [
    "'",
    '"',
    "#",
    "<<: ",
    "---\n",
    "...\n",
    "é",
    "\u2028",
    "\ufeff",
    "\\",
    "!!python/object:os.system ",
    "~: ",
    "\r",
]


@settings(max_examples=250, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 60), st.sampled_from(["", *PIECES])),
        min_size=1,
        max_size=3,
    )
)
def test_changed_text_loads_or_is_refused_in_a_line(tmp_path_factory, changes):
    lines = list(LINES)
    for number, column, piece in changes:
        line = lines[number]
        lines[number] = line[:column] + piece + line[column + (piece == "") :]
    loads_or_is_refused(tmp_path_factory, "".join(lines))


def loads_or_is_refused(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "changed.yml"
    file.write_text(text, encoding="utf-8")
    problem = None
    try:
        load(file).build()
    except OrganizationError as error:
        problem = str(error)
    assert problem is None or re.fullmatch(rf"{re.escape(str(file))}, line \d+: .+", problem)


def test_the_default_file_is_commented_like_a_story():
    lines = DEFAULT.read_text(encoding="utf-8").splitlines()
    assert sum(line.lstrip().startswith("#") for line in lines) > 20


def test_resource_control_policies_are_enabled_where_the_file_has_some(tmp_path):
    statement = "{Effect: Deny, Principal: '*', Action: 's3:*', Resource: '*'}"
    document = f"document: {{Version: '2012-10-17', Statement: [{statement}]}}"
    text = f"resource_control_policies: {{perimeter: {{{document}, targets: [Root]}}}}\n"
    made = load(write(tmp_path, with_account('- {id: "222222222222", name: a}\n') + text)).build()
    assert list(made.policy_types) == ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]
    attached = made.attached(made.root_id, "RESOURCE_CONTROL_POLICY")
    assert [policy.name for policy in attached.values()] == ["RCPFullAWSAccess", "perimeter"]
    assert [len(level) for level in made.rcps("222222222222") or []] == [2, 1]
    assert made.rcps(made.management_account) is None
    assert load(write(tmp_path, textwrap.dedent(MINIMAL))).build().rcps("222222222222") is None


STRUCTURE = """\
    organization: o-exampleorg1
    root_id: r-ab12
    management_account: "111111111111"
    trusted_access: [iam.amazonaws.com, {service: sso.amazonaws.com, since: 2024-05-01}]
    delegated_administrators: {iam.amazonaws.com: [{account: "222222222222", since: 2024-06-01}]}
    unreadable: [organizations:ListTagsForResource]
    policy_types: [SERVICE_CONTROL_POLICY]
    full_access_detached_from: [Workloads, "222222222222"]
    organizational_units:
      - {path: Empty, id: ou-ab12-00000001}
      - {path: Workloads, id: ou-ab12-00000002, name: Dev/Test}
    accounts:
      - {id: "111111111111", name: same, roles: [{name: Operator, policies: [AdministratorAccess]}]}
      - {id: "222222222222", name: same, shared_name: true, ou: Workloads}
    service_control_policies:
      guard:
        id: p-guard001
        document: '{"Version":"2012-10-17", "Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}'
        targets: [Workloads]
"""


def test_an_organization_with_the_ids_and_attachments_of_another(tmp_path):
    """What stands for an organization of AWS has its IDs, its OUs without accounts, and detached FullAWSAccess."""
    description = load(write(tmp_path, STRUCTURE))
    made = description.build()
    assert {unit.id: (unit.name, unit.parent) for unit in made.units.values()} == {
        "r-ab12": ("Root", None),
        "ou-ab12-00000001": ("Empty", "r-ab12"),
        "ou-ab12-00000002": ("Dev/Test", "r-ab12"),
    }
    assert made.path("222222222222") == "o-exampleorg1/r-ab12/ou-ab12-00000002/"
    assert {target: list(policies) for target, policies in made.attachments.items()} == {
        "r-ab12": ["p-FullAWSAccess"],
        "ou-ab12-00000001": ["p-FullAWSAccess"],
        "ou-ab12-00000002": ["p-guard001"],
        "111111111111": ["p-FullAWSAccess"],
        "222222222222": [],
    }
    assert made.policies["p-guard001"].content.startswith('{"Version":"2012-10-17", ')  # as the file has it
    assert made.trusted_access["sso.amazonaws.com"] == datetime(2024, 5, 1, tzinfo=UTC)
    assert made.delegations == {"iam.amazonaws.com": {"222222222222": datetime(2024, 6, 1, tzinfo=UTC)}}
    assert description.identities["same-222222222222-administrator"]["account"] == "222222222222"


WRONG_STRUCTURE = [
    ("root_id: r-ab12", "root_id: root", "the ID of a root such as r-ab12"),
    ("ou-ab12-00000002", "ou-1", "the ID of an OU such as ou-ab12-12345678"),
    ("ou-ab12-00000002", "ou-ab12-00000001", "an ID that no other OU has"),
    ("path: Workloads", "path: Empty", "the path of an OU that is not yet in the list"),
    ("p-guard001", "guard", "the ID of a policy such as p-12345678"),
    ('"Statement":[', '"Statement":', "a policy document: a mapping with the key Statement, or its text as JSON"),
    ("organizations:ListTagsForResource", "organizations:TagResource", "an action that reads"),
    ("policy_types: [SERVICE_CONTROL_POLICY]", "policy_types: []", "nothing: SERVICE_CONTROL_POLICY is not one of"),
    ("detached_from: [Workloads", "detached_from: [Nowhere", "Root, the path of an OU of this file"),
    ("shared_name: true", "shared_name: false", "or shared_name: true beside it"),
]


@pytest.mark.parametrize(("right", "wrong", "error"), WRONG_STRUCTURE, ids=[wrong for _, wrong, _ in WRONG_STRUCTURE])
def test_errors_of_the_structure(tmp_path, right, wrong, error):
    assert right in STRUCTURE
    with pytest.raises(OrganizationError, match=re.escape(error)):
        load(write(tmp_path, STRUCTURE.replace(right, wrong)))


def test_what_the_file_does_not_know_is_denied_to_everyone(box, tmp_path):
    """`unreadable` is for what a model could not read: no answer is better than an untrue one."""
    identities = 'identities: {root: {account: "111111111111", role: Operator}}\n'
    with box.serving(write(tmp_path, textwrap.dedent(STRUCTURE) + identities)):
        organizations = box.client("organizations", "root")
        with pytest.raises(ClientError, match=r"AccessDenied.*no identity-based policy allows the organizations:ListT"):
            organizations.list_tags_for_resource(ResourceId="222222222222")
        assert organizations.list_roots()["Roots"][0]["Id"] == "r-ab12"
