"""The HealthCheckProgram: drains a node that is ill, and resumes what it drained."""
