"""The GPUs of a node: what each does, by whichever tool its vendor has, and what others call it."""
