"""One module per topic: its metrics, and how they follow from the answer."""
