"""job-agent: forwards what hooks saw on a node, and measures what its jobs use."""
