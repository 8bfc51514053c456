"""What the built program says in its --help; for install_man_test.py and install_completion_test.py."""
import functools
import re
import subprocess

OPTION_LINE = re.compile(r"^ +(-[\w-]+(?:,-[\w-]+)*)(.*)$")
COMMAND_LINE = re.compile(r"^  (\w+) {2,}\S")


@functools.lru_cache(maxsize=None)
def _help_of(laconic, *command):
    return subprocess.run([laconic, *command, "--help"], capture_output=True, text=True, check=True).stdout


def commands_of(laconic):
    """["encode", "decode", ...]"""
    after = _help_of(laconic).split("Subcommands:\n", 1)[1]
    return [match.group(1) for match in map(COMMAND_LINE.match, after.splitlines()) if match]


def options_of(laconic, *command):
    """{"-q": [], "--quality": [], "--device": ["cpu", "cuda"], ...}: names, and the values that are allowed if they are listed"""
    options = {}
    for match in filter(None, map(OPTION_LINE.match, _help_of(laconic, *command).splitlines())):
        values = re.match(r" ?\w*:\{([\w,]+)\}", match.group(2))
        for name in match.group(1).split(","):
            options[name] = values.group(1).split(",") if values else []
    return options
