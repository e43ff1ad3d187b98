"""The server under the API: connections, TLS, tokens, and the bounds that every request is held to."""
