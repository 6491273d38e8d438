"""What tests of several folders share: running modules, playbooks and runbooks, and reading what they left."""
