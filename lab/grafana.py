"""Grafana's package with a stand-in in it, for the head of a lab. The programs are in tests/stand_ins/grafana."""

from __future__ import annotations

from pathlib import Path

from lab.packages import Package, Repository

_STAND_IN = Path(__file__).parents[1] / "tests/stand_ins/grafana"
_LIBRARY = "usr/lib/grafana-stand-in"

_PROGRAM = f"""#!/usr/bin/python3
# Packed by bin/lab: a stand-in, not Grafana.
import sys

sys.path.insert(0, "/{_LIBRARY}")
from grafana.host.program import main

sys.exit(main())
"""

# As in Grafana's package: paths as arguments, and less closed than the role's.
_UNIT = """[Unit]
Description=A stand-in of Grafana

[Service]
EnvironmentFile=/etc/default/grafana-server
User=grafana
Group=grafana
WorkingDirectory=/usr/share/grafana
ExecStart=/usr/share/grafana/bin/grafana server --config=${CONF_FILE} --homepath=${GRAFANA_HOME}
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
_DEFAULTS = "GRAFANA_HOME=/usr/share/grafana\nCONF_FILE=/etc/grafana/grafana.ini\n"

_USER = """getent group grafana >/dev/null || groupadd --system grafana
getent passwd grafana >/dev/null || useradd --system --gid grafana --no-create-home --home-dir /usr/share/grafana \\
    --shell /bin/false grafana
install -d -o grafana -g grafana -m 0750 /var/lib/grafana
chgrp -R grafana /etc/grafana
"""


def repository() -> Repository:
    """The repository with the package that the role asks for."""
    paths = sorted(path for path in _STAND_IN.rglob("*") if path.suffix in (".py", ".json"))
    library = {f"{_LIBRARY}/grafana/{path.relative_to(_STAND_IN)}": path.read_text() for path in paths}
    files = library | {
        "usr/share/grafana/bin/grafana": _PROGRAM,
        "usr/lib/systemd/system/grafana-server.service": _UNIT,
        "etc/default/grafana-server": _DEFAULTS,
        "etc/grafana/grafana.ini": "# The stand-in's own: Grafana's has every setting as a comment.\n",
    }
    return Repository("grafana", "Grafana", (Package("grafana", "13.0.0", "python3, python3-yaml", files, _USER),))
