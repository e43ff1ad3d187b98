"""The way from the spool to the service: at least once, in order per job, bounded."""
