#!/usr/bin/env python3
"""liblaconic.so shows the functions of codec/laconic.h and nothing else: exported_names_test.py LIBRARY HEADER. Exit codes: 0 so it is,
1 not, 77 skipped (no nm or readelf)."""
import re
import shutil
import subprocess
import sys

SONAME = "liblaconic.so.0"


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main(library, header_path):
    if shutil.which("nm") is None or shutil.which("readelf") is None:
        print("skipped: no binutils")
        return 77
    with open(header_path, encoding="utf-8") as file:
        header = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
    declared = set(re.findall(r"^LACONIC_API [^;(]*?\b(laconic_\w+)\(", header, re.MULTILINE))
    lines = [line.split() for line in output_of("nm", "-D", "--defined-only", library).splitlines()]
    exported = {name.split("@")[0] for _, kind, name in lines if kind != "A"}  # A: the version's own name
    failures = [f"{name} is declared and not exported" for name in sorted(declared - exported)]
    failures += [f"{name} is exported and not declared" for name in sorted(exported - declared)]
    failures += [f"{name} has no version" for _, kind, name in lines if kind != "A" and not name.endswith("@@LACONIC_0")]
    if f"[{SONAME}]" not in output_of("readelf", "-d", library):
        failures.append(f"the name that programs ask for is not {SONAME}")
    for failure in failures:
        print(failure)
    print(f"{len(declared)} functions declared, {len(failures)} failures")
    return 1 if failures or not declared else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
