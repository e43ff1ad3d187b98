"""One module for each checker: how it is asked, and what its answer means."""
