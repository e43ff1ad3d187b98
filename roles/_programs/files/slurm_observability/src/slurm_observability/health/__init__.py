"""What the health checkers of a node found, as metrics, and a HealthCheckProgram that acts on it."""
