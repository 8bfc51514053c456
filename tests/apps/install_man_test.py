#!/usr/bin/env python3
"""The manual page and the program agree: install_man_test.py LACONIC MAN_PAGE. Exit codes: 0 they do, 1 not."""
import re
import shutil
import subprocess
import sys

import install_help

EXIT_CODES = ["0", "1", "2", "3", "4", "5", "6", "130"]


def main(laconic, page_path):
    failures = []
    with open(page_path, encoding="utf-8") as file:
        page = file.read().replace("\\-", "-")
    told = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", "\n".join(option_heads(page))))
    commands = install_help.commands_of(laconic)
    known = set(install_help.options_of(laconic))
    for command in commands:
        if f".B {command}\n" not in page:
            failures.append(f"the page has no command {command}")
        options = install_help.options_of(laconic, command)
        known |= set(options)
        for option, values in options.items():
            for value in values:
                if not re.search(rf"\b{value}\b", page):
                    failures.append(f"the page does not name {value}, a value of {command} {option}")
    failures += [f"the page does not explain {option}" for option in sorted(known - told)]
    failures += [f"the page explains {option}, which the program does not know" for option in sorted(told - known)]
    failures += [f"the page has no exit code {code}" for code in EXIT_CODES if f".TP\n.B {code}\n" not in page]
    failures += warnings_of_groff(page_path)
    for failure in failures:
        print(failure)
    print(f"{len(known)} options of {len(commands)} commands, {len(failures)} failures")
    return 1 if failures else 0


def option_heads(page):
    """The lines after .TP in the section OPTIONS: each names one option, in both of its forms."""
    options = page.split(".SH OPTIONS", 1)[1].split(".SH ", 1)[0]
    return re.findall(r"^\.TP\n(.*)$", options, re.MULTILINE)


def warnings_of_groff(page_path):
    if shutil.which("groff") is None:
        return []
    done = subprocess.run(["groff", "-man", "-ww", "-z", "-Kutf8", page_path], capture_output=True, text=True)
    return done.stderr.splitlines()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
