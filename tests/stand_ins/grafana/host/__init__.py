"""The stand-in as a program that is installed, in the place of Grafana's: its settings, its database and its tools.

`lab/grafana.py` packs it under the names of Grafana's package. It is stricter than Grafana, which passes over what it
does not know: a section or a key of grafana.ini, or of a provisioning file, that is not in known.json ends it.
"""
