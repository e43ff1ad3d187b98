"""What dashboards and rules cost a Prometheus that watches a large cluster, which is made up."""
