#!/usr/bin/env python3
"""The programs of apps/examples do what they say: examples_test.py LACONIC FOLDER_OF_EXAMPLES PNG. Exit codes: 0 they do, 1 not, 77
skipped (no weights)."""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

EXIF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"  # a TIFF structure without entries


def run(*command):
    """(exit code, what it said)"""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def with_exif(png):
    """The PNG with an eXIf chunk after its header."""
    chunk = b"eXIf" + EXIF
    return png[:33] + struct.pack(">I", len(EXIF)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]


def main(laconic, examples, png):
    failures = []

    def expect(condition, sentence):
        if not condition:
            failures.append(sentence)

    if run(laconic, "models")[0] != 0:
        print("skipped: no weights")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        source, lac = os.path.join(folder, "a.png"), os.path.join(folder, "a.lac")
        write(source, with_exif(read(png)))
        code, said = run(laconic, "encode", source, lac, "--effort", "0", "--quiet")
        expect(code == 0, f"encode: {said}")

        ours, theirs = os.path.join(folder, "ours.ppm"), os.path.join(folder, "theirs.ppm")
        code, said = run(os.path.join(examples, "decode_picture"), lac, ours)
        expect(code == 0, f"decode_picture: {said}")
        run(laconic, "decode", lac, theirs, "--quiet")
        expect(code == 0 and read(ours) == read(theirs), "decode_picture and laconic decode give different pictures")
        write(os.path.join(folder, "cut.lac"), read(lac)[:-1])
        code, said = run(os.path.join(examples, "decode_picture"), os.path.join(folder, "cut.lac"), ours)
        expect(code == 1 and said, "decode_picture takes a cut file")

        smaller = os.path.join(folder, "b.lac")
        code, said = run(os.path.join(examples, "transcode"), lac, smaller, 30)
        expect(code == 0, f"transcode: {said}")
        if code == 0:
            info = json.loads(run(laconic, "info", smaller, "--json")[1])
            expect(abs(info["quality"] - 30) < 0.1, f"quality 30 became {info['quality']}")
            expect(info["exif_bytes"] == len(EXIF), f"{info['exif_bytes']} bytes of Exif, {len(EXIF)} were there")
            expect(len(read(smaller)) < len(read(lac)), "a lower quality takes more bytes")
        code, said = run(os.path.join(examples, "transcode"), lac, smaller, 101)
        expect(code == 1 and "101" in said, f"transcode to quality 101: {said}")

        code, said = run(os.path.join(examples, "encode_frames"))
        psnr = re.search(r"PSNR ([\d.]+) dB", said)
        expect(code == 0 and psnr and float(psnr.group(1)) > 30, f"encode_frames: {said}")
        code, said = run(os.path.join(examples, "stream_sound"))
        snr = re.search(r"SNR ([\d.]+) dB", said)
        expect(code == 0 and "96000 samples, 96000 came back" in said and snr and float(snr.group(1)) > 15, f"stream_sound: {said}")
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
