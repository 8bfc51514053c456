#!/usr/bin/env python3
"""Completions offer what the program knows: install_completion_test.py LACONIC LACONIC.BASH _LACONIC.

bash completes as at a prompt: the words are given to the function that the file registers. Of zsh the text is looked at, and
its syntax where zsh is installed. Exit codes: 0 all is right, 1 not.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import install_help

FILES = ["clip.mov", "letter.txt", "photo.JPG", "photo.lac", "song.flac"]
FILES_FOR = {
    "encode": ["clip.mov", "folder", "photo.JPG", "song.flac"],
    "decode": ["clip.mov", "folder", "photo.lac"],
    "info": ["clip.mov", "folder", "photo.JPG", "photo.lac", "song.flac"],
    "compare": ["clip.mov", "folder", "photo.JPG", "photo.lac", "song.flac"],
    "models": [],
}
# As bash calls it: the function that `complete` registered, with the words so far in COMP_WORDS.
PROMPT = """
source "$1"; shift
COMP_WORDS=(laconic "$@"); COMP_CWORD=$#
function=$(complete -p laconic); function=${function#*-F }; function=${function%% *}
"$function" laconic "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
if [ ${#COMPREPLY[@]} != 0 ]; then printf '%s\\n' "${COMPREPLY[@]}"; fi
"""


class Checker:
    def __init__(self, laconic, bash_file, zsh_file):
        self.laconic, self.bash_file, self.zsh_file = laconic, os.path.abspath(bash_file), zsh_file
        self.num_checks = 0
        self.failures = []

    def offered(self, *words, folder="."):
        done = subprocess.run(["bash", "--norc", "-c", PROMPT, "bash", self.bash_file, *words], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0 or done.stderr:
            self.failures.append(f"{words}: exit code {done.returncode}, {done.stderr}")
        return sorted(done.stdout.splitlines())

    def expect(self, words, expected, folder="."):
        self.num_checks += 1
        found = self.offered(*words, folder=folder)
        if found != sorted(expected):
            self.failures.append(f"laconic {' '.join(words)}<Tab> offers {found}, expected {sorted(expected)}")

    def check_bash(self, commands):
        self.expect([""], commands)
        self.expect(["de"], ["decode"])
        self.expect(["-"], install_help.options_of(self.laconic))
        for command in commands:
            options = install_help.options_of(self.laconic, command)
            self.expect([command, "-"], options)
            for option, values in options.items():
                if values:
                    self.expect([command, option, ""], values)
                    self.expect([command, option, "=", values[0]], [v for v in values if v.startswith(values[0])])
        self.expect(["encode", "--quality", ""], [])
        self.check_bash_files(commands)

    def check_bash_files(self, commands):
        with tempfile.TemporaryDirectory() as folder:
            for name in FILES:
                open(os.path.join(folder, name), "w").close()
            os.mkdir(os.path.join(folder, "folder"))
            for command in commands:
                self.expect([command, ""], FILES_FOR[command], folder)
            self.expect(["encode", "photo.JPG", ""], FILES + ["folder"], folder)  # the output may be any file
            self.expect(["decode", "--out-dir", ""], ["folder"], folder)

    def check_zsh(self, commands):
        with open(self.zsh_file, encoding="utf-8") as file:
            text = file.read()
        for command in commands:
            self.num_checks += 1
            if f"'{command}:" not in text or f"        {command})" not in text:
                self.failures.append(f"_laconic has no command {command}")
            for option, values in install_help.options_of(self.laconic, command).items():
                if not re.search(rf"(?<![\w-]){option}(?=[\[}},])", text):
                    self.failures.append(f"_laconic does not offer {option} of {command}")
                if values and not re.search(rf"{option}\[[^']*\({' '.join(values)}\)'", text):
                    self.failures.append(f"_laconic does not offer {values} for {option} of {command}")
        if shutil.which("zsh"):
            syntax = subprocess.run(["zsh", "-n", self.zsh_file], capture_output=True, text=True)
            self.failures += syntax.stderr.splitlines()


def main(laconic, bash_file, zsh_file):
    checker = Checker(laconic, bash_file, zsh_file)
    commands = install_help.commands_of(laconic)
    checker.check_bash(commands)
    checker.check_zsh(commands)
    for failure in checker.failures:
        print(failure)
    print(f"{checker.num_checks} checks, {len(checker.failures)} failures")
    return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
