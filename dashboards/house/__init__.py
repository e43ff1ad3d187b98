"""What all dashboards have in common: a thin layer over grafana-foundation-sdk."""
