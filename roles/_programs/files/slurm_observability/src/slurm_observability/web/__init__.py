"""An HTTP server for a few pages: TLS and passwords as Prometheus' exporters have them, bounded in every way."""
