"""Faults of the service's database: SQLite's file is locked, PostgreSQL's processes are killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.lab.support import Lab

from .disks import DATABASE
from .programs import SERVICE, in_a_loop
from .unit import running

# Made up for the lab, where nothing else reaches the port.
_URL = "postgres://hpc_jobs:in-the-lab-only@127.0.0.1/hpc_jobs"
_URL_FILE = "/etc/job-observability/database-url"
_DROP_IN = f"/run/systemd/system/{SERVICE}.service.d/postgresql.conf"

_INSTALL = """
set -e
command -v pg_lsclusters >/dev/null && exit
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql >/dev/null
cd /
runuser -u postgres -- psql --quiet <<SQL
create user hpc_jobs password 'in-the-lab-only';
create database hpc_jobs owner hpc_jobs;
SQL
"""
_CHOOSE = f"""
set -e
install -m 640 -g job_observability /dev/null {_URL_FILE}
echo '{_URL}' >{_URL_FILE}
mkdir -p $(dirname {_DROP_IN})
printf '[Service]\\nEnvironment=JOB_OBSERVABILITY_DATABASE_URL_FILE={_URL_FILE}\\n' >{_DROP_IN}
systemctl daemon-reload
systemctl restart {SERVICE}
"""
_CHOOSE_SQLITE = f"rm {_URL_FILE} {_DROP_IN} && systemctl daemon-reload && systemctl restart {SERVICE}"

_KILL_CONNECTIONS = """
while :; do
    cd /
    connections="select pid from pg_stat_activity where usename = 'hpc_jobs'"
    kill -9 $(runuser -u postgres -- psql --no-psqlrc -At -c "$connections") # {unit} ends and restarts all others, too
    sleep 3
done
"""
_LOCK = f"""
exec python3 -c '
import sqlite3, time
database = sqlite3.connect("{DATABASE}/jobs.db", timeout=60)
database.execute("begin immediate")
time.sleep(3600)'
"""


@contextmanager
def on_postgresql(lab: Lab) -> Iterator[None]:
    """The service keeps its runs in a PostgreSQL on head meanwhile."""
    lab.run("head", _INSTALL)
    lab.run("head", _CHOOSE)
    yield
    lab.run("head", _CHOOSE_SQLITE)


def postgresql_unit(lab: Lab) -> str:
    """The unit that runs PostgreSQL's processes: that of the package's name only stands for it."""
    version = lab.run("head", "pg_lsclusters --no-header").split()[0]
    return f"postgresql@{version}-main"


@contextmanager
def connections_killed(lab: Lab) -> Iterator[None]:
    """kill -9 of the processes of PostgreSQL that work for the service, every three seconds meanwhile."""
    with in_a_loop(lab, "head", postgresql_unit(lab), _KILL_CONNECTIONS):
        yield


@contextmanager
def locked(lab: Lab) -> Iterator[None]:
    """Somebody else holds the lock of SQLite's file meanwhile."""
    with running(lab, "head", "job-faults-lock", _LOCK, user="job_observability"):
        yield
