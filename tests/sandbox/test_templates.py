"""CloudFormation templates: short tags, functions, order, and what is refused by name."""

from __future__ import annotations

import pytest

from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.templates import parse, resolve

ROLE = "AWS::IAM::Role"


def worked_out(value, **known):
    return resolve(value, lambda name: known[name], lambda name, wanted: f"{known[name]}.{wanted}")


def properties(text):
    body = f"Parameters: {{P: {{Type: String}}}}\nResources: {{R: {{Type: '{ROLE}', Properties: {text}}}}}"
    return parse(body).resources["R"].properties


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{RoleName: !Ref P}", "p"),
        ("{RoleName: {Ref: P}}", "p"),
        ('{RoleName: !Sub "a-${P}-b"}', "a-p-b"),
        ('{RoleName: !Sub ["${P}${Own}", {Own: !Ref P}]}', "pp"),
        ('{RoleName: !Sub "${!P}"}', "${P}"),
        ('{RoleName: !Join ["-", [a, !Ref P]]}', "a-p"),
        ("{RoleName: 2012-10-17}", "2012-10-17"),
        ("{RoleName: [a, !Ref 'AWS::NoValue']}", ["a"]),
    ],
)
def test_functions(text, expected):
    assert worked_out(properties(text), P="p") == {"RoleName": expected}


def test_no_value_leaves_the_property_out():
    assert worked_out(properties("{Path: !Ref 'AWS::NoValue', RoleName: a}")) == {"RoleName": "a"}


@pytest.mark.parametrize("reference", ["!GetAtt First.Arn", '!Sub "${First.Arn}"', "{'Fn::GetAtt': [First, Arn]}"])
def test_resources_come_after_those_they_need(reference):
    template = parse(
        f"Resources:\n  Second: {{Type: '{ROLE}', Properties: {{Description: {reference}}}}}\n"
        f"  First: {{Type: '{ROLE}'}}\n"
    )
    assert list(template.resources) == ["First", "Second"]
    assert worked_out(template.resources["Second"].properties, First="f") == {"Description": "f.Arn"}


def test_depends_on_orders_too():
    template = parse(f"Resources: {{B: {{Type: '{ROLE}', DependsOn: A}}, A: {{Type: '{ROLE}'}}}}")
    assert list(template.resources) == ["A", "B"]


def test_parameters_have_defaults_and_lists():
    template = parse(
        "Parameters: {A: {Type: String, Default: x}, L: {Type: CommaDelimitedList}, N: {Type: String}}\n"
        f"Resources: {{R: {{Type: '{ROLE}'}}}}"
    )
    assert template.values({"L": "a, b"}) == {"A": "x", "L": ["a", "b"], "N": None}


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("[]", "ValidationError", "unsupported structure"),
        ('{"Resources": ', "ValidationError", "JSON not well-formed"),
        ("Resources: {R: {Properties: {}}}", "ValidationError", "must contain a Type member"),
        ("Resources: {R: {Type: Role}}", "ValidationError", "Unrecognized resource types: [Role]"),
        ("Resources: {R: {Type: 'AWS::S3::Bucket'}}", "NotImplemented", "AWS::S3::Bucket"),
        (f"Resources: {{R: {{Type: '{ROLE}', Properties: {{A: !Select [0, [a]]}}}}}}", "NotImplemented", "Fn::Select"),
        (f"Conditions: {{}}\nResources: {{R: {{Type: '{ROLE}'}}}}", "NotImplemented", "Conditions"),
        (
            f"Resources: {{A: {{Type: '{ROLE}', DependsOn: B}}, B: {{Type: '{ROLE}', DependsOn: A}}}}",
            "ValidationError",
            "Circular dependency between resources: [A, B]",
        ),
    ],
)
def test_refusals(body, code, text):
    with pytest.raises(AwsError) as caught:
        parse(body)
    assert caught.value.code == code
    assert text in caught.value.message


@pytest.mark.parametrize(
    "resource",
    [
        "{Type: 'AWS::IAM::Role', Properties: []}",
        "{Type: 'AWS::IAM::Role', Properties: {A: !Sub [a]}}",
        "{Type: 'AWS::IAM::Role', Properties: {A: !Join a}}",
        "{Type: 'AWS::IAM::Role', Properties: {A: !GetAtt [a]}}",
        "{Type: 'AWS::IAM::Role', Properties: {1: a}}",
        "{Type: 'AWS::IAM::Role', DependsOn: 1}",
        "{Type: 'AWS::IAM::Role', Properties: &a {A: *a}}",
    ],
)
def test_nonsense_is_a_validation_error(resource):
    with pytest.raises(AwsError) as caught:
        parse(f"Resources: {{a: {resource}}}")
    assert caught.value.code == "ValidationError"
