"""Prometheus metrics: what they are, and their text format."""
