"""dstack-poller: what the metrics of a dstack server leave out."""
