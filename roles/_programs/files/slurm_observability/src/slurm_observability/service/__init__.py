"""job-observability: every run of every job on record, in a database behind an HTTP API."""
