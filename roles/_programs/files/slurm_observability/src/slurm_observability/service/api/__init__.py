"""The HTTP API: routes by subject, what may be sent, and what is answered."""
