"""The dashboards that ship with the role grafana, as code. Each module here is one; the house layer is in `house/`.

`bin/dashboards build` writes their JSON. docs/dashboards.md is about the set, and how to change it.
"""
