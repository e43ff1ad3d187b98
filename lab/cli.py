"""The command line of bin/lab."""

from __future__ import annotations

import argparse
import os
import sys

from lab import completion, lifecycle, topology
from lab.errors import LabError


def parser() -> argparse.ArgumentParser:
    """The parser of bin/lab's command line."""
    name = argparse.ArgumentParser(add_help=False)
    name.add_argument(
        "--name",
        default=os.environ.get("LAB_NAME") or "lab",
        help="which lab, where several coexist (default: $LAB_NAME, now %(default)s)",
    )

    top = argparse.ArgumentParser(prog="bin/lab", description="A real Slurm cluster of systemd machines on this host.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    up = commands.add_parser("up", parents=[name], help="bring a lab up, or put right what is wrong with it")
    up.add_argument("--suite", choices=topology.SUITES, help=f"Debian suite (default: {topology.DEFAULT_SUITE})")

    up.add_argument(
        "--vm", action="store_true", help=f"add {topology.VM}, a virtual machine that holds jobs to limits (slow)"
    )

    down = commands.add_parser("down", parents=[name], help="take a lab down, without a trace but the cached image")
    down.add_argument("--purge", action="store_true", help="remove cached images and the release mirror as well")

    status = commands.add_parser("status", parents=[name], help="say what runs")
    status.add_argument("--all", action="store_true", help="list every lab of this host")

    execute = commands.add_parser("exec", parents=[name], help="run a command on a machine: exec NODE -- COMMAND")
    execute.add_argument("node", metavar="NODE", help=", ".join((*topology.MACHINES, topology.VM)))
    execute.add_argument(
        "argv", metavar="COMMAND", nargs=argparse.REMAINDER, help="none opens a shell; one word is a shell line"
    )

    commands.add_parser("inventory", parents=[name], help="print the Ansible inventory")

    bake = commands.add_parser("bake", parents=[name], help="make a node's installed state the image of CLOUD nodes")
    bake.add_argument("node", metavar="NODE", choices=topology.STATIC_NODES, help=", ".join(topology.STATIC_NODES))

    complete = commands.add_parser("completion", help="print shell completion: source <(bin/lab completion bash)")
    complete.add_argument("shell", choices=["bash"])
    return top


def main() -> int:
    """Run bin/lab; return its exit status."""
    arguments = parser().parse_args()
    try:
        return _run(arguments)
    except LabError as error:
        print(f"bin/lab: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("bin/lab: interrupted; the same command takes up where it was", file=sys.stderr)
        return 130


def _run(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "up":
            lifecycle.up(arguments.name, arguments.suite, arguments.vm)
        case "down":
            lifecycle.down(arguments.name, arguments.purge)
        case "status" if arguments.all:
            lifecycle.list_labs()
        case "status":
            return lifecycle.status(arguments.name)
        case "exec":
            # Whether argparse leaves the first -- in place depends on the version of Python.
            command = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
            return lifecycle.execute(arguments.name, arguments.node, command, sys.stdin.isatty())
        case "inventory":
            lifecycle.print_inventory(arguments.name)
        case "bake":
            lifecycle.bake_image(arguments.name, arguments.node)
        case "completion":
            print(completion.bash(parser()), end="")
    return 0
