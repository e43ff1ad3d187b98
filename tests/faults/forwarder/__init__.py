"""Faults that happen between a log and Azure, while a real fluent-bit forwards it."""
