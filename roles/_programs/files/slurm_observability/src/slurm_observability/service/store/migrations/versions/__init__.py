"""The revisions of the tables, each with that before it."""
