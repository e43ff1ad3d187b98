"""What a run made of what it was given, and why it ended: computed once, when it is over."""
