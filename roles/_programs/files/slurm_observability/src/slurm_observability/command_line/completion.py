"""Shell completion, made from the parser of the command line so that it cannot fall behind."""

from __future__ import annotations

import argparse
from collections.abc import Container, Mapping, Sequence
from typing import Any

_BASH = """\
# bash completion of {program}: source <({program} --completion bash)
_{function}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
    # Bash takes --option=value apart at the equals sign.
    if [[ $word == = ]]; then
        word=''
    elif [[ $previous == = ]]; then
        previous=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    COMPREPLY=()
    case $previous in
{cases}
        *) mapfile -t COMPREPLY < <(compgen -W '{words}' -- "$word") ;;
    esac
}}
complete -o filenames -F _{function} {program}
"""


def bash(parser: argparse.ArgumentParser, values: Mapping[str, Sequence[str]], files: Container[str]) -> str:
    """Return the completion script for bash.

    ``values`` names the words that an option takes, where the parser does not know them as choices; ``files`` the
    options that take a path.
    """
    words: list[str] = []
    cases = []
    for action in parser._actions:
        words += action.option_strings or [str(choice) for choice in action.choices or ()]
        if action.option_strings and action.nargs != 0:
            names = "|".join(action.option_strings)
            cases.append(f"        {names}) {_values(action, values, files)} ;;")
    name = parser.prog
    return _BASH.format(program=name, function=name.replace("-", "_"), cases="\n".join(cases), words=" ".join(words))


def _values(action: argparse.Action, values: Mapping[str, Sequence[str]], files: Container[str]) -> str:
    name = action.option_strings[-1]
    choices: Sequence[Any] = [*(action.choices or ()), *values.get(name, ())]
    if choices:
        return f"mapfile -t COMPREPLY < <(compgen -W '{' '.join(map(str, choices))}' -- \"$word\")"
    return 'mapfile -t COMPREPLY < <(compgen -f -- "$word")' if name in files else ":"
