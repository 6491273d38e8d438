"""The engine that runs notebook runbooks: launcher, kernel, gates, display and evidence."""
