"""Runs one program and says what it cost. As a script: process.py COST_FILE COMMAND... does so from a process of its own.

The kernel counts the memory of the process that starts a program into the program's peak. So programs are started by a
bare interpreter, not by the large one that holds the pictures; its 10 MB or so are the least peak that can be seen.
"""
import json
import os
import subprocess
import sys
import time


def run(command, cost_file):
    """Runs `command` to its end and returns {"seconds", "cpu_seconds", "peak_bytes"}.

    seconds: wall clock; cpu_seconds: user and system, all threads; peak_bytes: largest resident memory. If the command
    fails it raises subprocess.CalledProcessError, which holds what it wrote to standard error.
    """
    # A group of its own: an interrupt from the keyboard ends rd.py after this row and does not spoil the row.
    subprocess.run([sys.executable, "-I", "-S", __file__, cost_file, *command], check=True, process_group=0,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    with open(cost_file, encoding="utf-8") as file:
        return json.load(file)


def _measure(cost_file, command):
    start = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    cost = {"seconds": time.monotonic() - start, "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_bytes": usage.ru_maxrss * 1024}
    with open(cost_file, "w", encoding="utf-8") as file:
        json.dump(cost, file)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code  # as a shell does for a signal


if __name__ == "__main__":
    try:
        sys.exit(_measure(sys.argv[1], sys.argv[2:]))
    except OSError as error:
        sys.exit(f"cannot start {sys.argv[2]}: {error.strerror}")
