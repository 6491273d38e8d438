"""The connection options are those of the collection amazon.aws, which is not needed for that."""

from __future__ import annotations

import importlib.util

import pytest
import yaml
from ansible_collections.breakglass.aws.plugins.doc_fragments.connection_options import ModuleDocFragment
from ansible_collections.breakglass.aws.plugins.module_utils import _module
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection_options import connect
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput

KEYS = {"access_key": "AKIAOPERATOR", "secret_key": "0123456789abcdefghij"}
MODULES = yaml.safe_load(ModuleDocFragment.MODULES)["options"]
PLUGINS = yaml.safe_load(ModuleDocFragment.PLUGINS)["options"]

# As amazon.aws 10.1 and later have them: type, aliases, environment variables, default, no_log.
ARGUMENTS = {
    "access_key": (
        "str",
        ["aws_access_key_id", "aws_access_key"],
        ["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"],
        None,
        False,
    ),
    "secret_key": (
        "str",
        ["aws_secret_access_key", "aws_secret_key"],
        ["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"],
        None,
        True,
    ),
    "session_token": ("str", ["aws_session_token"], ["AWS_SESSION_TOKEN"], None, True),
    "profile": ("str", ["aws_profile"], ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], None, None),
    "endpoint_url": ("str", ["aws_endpoint_url"], ["AWS_URL"], None, None),
    "validate_certs": ("bool", [], [], True, None),
    "aws_ca_bundle": ("path", [], ["AWS_CA_BUNDLE"], None, None),
    "aws_config": ("dict", [], [], None, None),
    "debug_botocore_endpoint_logs": ("bool", [], ["ANSIBLE_DEBUG_BOTOCORE_LOGS"], False, None),
    "region": ("str", ["aws_region"], ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None),
}


def facts(argument: dict) -> tuple:
    """What an argument of a spec accepts, whichever way its spec is written."""
    return (
        argument.get("type", "str"),
        list(argument.get("aliases", [])),
        list(argument["fallback"][1]) if "fallback" in argument else [],
        argument.get("default"),
        argument.get("no_log"),
    )


def test_the_options_of_modules_are_those_of_amazon_aws():
    assert {name: facts(argument) for name, argument in _module.connection_arguments().items()} == ARGUMENTS


@pytest.mark.skipif(
    not importlib.util.find_spec("ansible_collections.amazon"), reason="the collection amazon.aws is not installed"
)
def test_the_installed_amazon_aws_has_the_same_options():
    theirs = importlib.import_module("ansible_collections.amazon.aws.plugins.module_utils.modules")
    assert {name: facts(argument) for name, argument in theirs.aws_argument_spec().items()} == ARGUMENTS
    fragments = [
        importlib.import_module(f"ansible_collections.amazon.aws.plugins.doc_fragments.{name}").ModuleDocFragment
        for name in ("common", "region", "assume_role")
    ]
    options = {}
    for fragment in fragments:
        options |= yaml.safe_load(fragment.PLUGINS)["options"]
    for name, option in options.items():
        for key in ("type", "aliases", "env", "default"):
            assert PLUGINS[name].get(key) == option.get(key), (name, key)
    assert PLUGINS.keys() == options.keys()


def test_the_documentation_has_each_option():
    documented = {
        name: (option["type"], option.get("aliases", []), option.get("default")) for name, option in MODULES.items()
    }
    assert documented == {
        name: (kind, aliases, default) for name, (kind, aliases, _env, default, _no_log) in ARGUMENTS.items()
    }
    for name, (_kind, _aliases, environment, _default, _no_log) in ARGUMENTS.items():
        for variable in environment:
            assert f"E({variable})" in str(MODULES[name]["description"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        ({"validate_certs": True}, True),
        ({"validate_certs": False, "aws_ca_bundle": "/ca.pem"}, False),
        ({"validate_certs": True, "aws_ca_bundle": "/ca.pem"}, "/ca.pem"),
        ({"validate_certs": True, "aws_ca_bundle": ""}, True),
    ],
)
def test_certificates_are_checked_with_the_bundle_unless_turned_off(options, expected):
    assert connect({**KEYS, **options}, "ours/1")._options["verify"] == expected


@pytest.mark.parametrize("name", ["access_key", "secret_key", "session_token"])
def test_a_profile_beside_keys_is_refused(name):
    with pytest.raises(BreakglassError, match=r"Both profile \(work\) and .+ are set"):
        connect({"profile": "work", name: "x"}, "ours/1")


def test_an_empty_string_turns_off_what_the_environment_sets():
    """botocore would take an empty key for one, and refuse an empty profile."""
    connection = connect({**KEYS, "profile": "", "session_token": "", "region": "", "endpoint_url": ""}, "ours/1")
    credentials = connection._session.get_credentials()
    assert (credentials.access_key, credentials.token) == ("AKIAOPERATOR", None)
    assert connection._options["endpoint_url"] is None


def test_the_region_of_the_profile_is_the_default(monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[profile ops]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    assert connect({"profile": "ops"}, "ours/1").chosen_region == "eu-west-1"
    assert connect({"profile": "ops", "region": "eu-north-1"}, "ours/1").chosen_region == "eu-north-1"


def test_settings_that_botocore_does_not_know_are_refused():
    with pytest.raises(InvalidInput, match=r"aws_config.*botocore\.config\.Config"):
        connect({**KEYS, "aws_config": {"retrys": {}}}, "ours/1")


def test_an_sdk_that_is_missing_or_too_old_is_named_with_the_version_to_install(monkeypatch):
    assert _module.sdk_problem() == ""
    monkeypatch.setattr(_module.botocore, "__version__", "1.40.29")
    assert "botocore>=1.40.30" in _module.sdk_problem()
    assert "found 1.40.29" in _module.sdk_problem()
    monkeypatch.setattr(_module, "botocore", None)
    assert "boto3>=1.40.30" in _module.sdk_problem()
