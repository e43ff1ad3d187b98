"""What the agent shows of the node and its jobs."""
