"""Shell completion of bin/lab, made from its own parser so that it cannot fall behind."""

from __future__ import annotations

import argparse

from lab import state, topology

_BASH = """# bash completion of bin/lab: source <(bin/lab completion bash)
_slurm_observability_lab() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} command=${{COMP_WORDS[1]}} words
    local labs=${{LAB_HOME:-{home}}}/labs
    if ((COMP_CWORD == 1)); then
        words="{commands}"
    elif [[ $previous == --name ]]; then
        words=$(ls "$labs" 2>/dev/null)
    elif [[ $previous == --suite ]]; then
        words="{suites}"
    else
        case $command in
{cases}
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -F _slurm_observability_lab lab
"""


def bash(parser: argparse.ArgumentParser) -> str:
    """The completion script for bash."""
    commands = _subcommands(parser)
    cases = "\n".join(
        f'            {name}) words="{" ".join(_words(command))}" ;;' for name, command in commands.items()
    )
    return _BASH.format(
        home=state.DEFAULT_HOME, commands=" ".join(commands), suites=" ".join(topology.SUITES), cases=cases
    )


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands of a parser by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _words(command: argparse.ArgumentParser) -> list[str]:
    """The options and fixed words a command takes."""
    words: list[str] = []
    for action in command._actions:
        words += [option for option in action.option_strings if option.startswith("--")]
        if not action.option_strings:
            words += [str(choice) for choice in action.choices or ()]
            if action.dest == "node" and not action.choices:
                words += [*topology.MACHINES, topology.VM]
    return words
