"""Active checks: jobs that load a node and leave what they measured in a directory."""
