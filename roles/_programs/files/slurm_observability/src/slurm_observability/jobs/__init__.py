"""What happens to jobs: events that hooks write, samples that agents take, and how runs are named. No dependency."""
