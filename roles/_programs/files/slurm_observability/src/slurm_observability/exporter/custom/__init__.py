"""Metrics that a site defines itself, in a YAML file: a command, and how to read what it prints."""
