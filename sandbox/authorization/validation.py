"""What AWS refuses to store as a policy."""

from sandbox.authorization.policy import Document, parse


def validate_identity_policy(d: Document):
    parse(d)


def validate_resource_policy(d: Document):
    parse(d)


def validate_trust_policy(d: Document):
    parse(d)
