"""The job history: reading it bit by bit, counting each run once, and keeping the totals over restarts."""
