#!/usr/bin/env python3
"""Damages a .lac file in many ways and shows what the built program says to each.

damage.py --laconic build/laconic PICTURE [--cut-step 97] [--flips 2000] [--seed 1] [--batch 100] [--work DIR] [--model PATH]

PICTURE is encoded (a .lac is taken as it is); then come the stream cut at every --cut-step-th byte and copies with one bit
flipped: --flips of them spread evenly over the stream, and one for every bit of its first bytes, where the header is. Each must end in one sentence on one line, a documented exit code that is not 0, and
no output file. One process decodes --batch files, since starting LibTorch takes longer than refusing a file; each kind of
sentence is then tried once more in a process of its own, which shows its exit code. A flip that decodes to the very picture of
the undamaged stream is counted and allowed, to another picture is a failure. Exit codes: 0 as it should be, 1 not, 77 no weights.
"""
import argparse, collections, hashlib, os, random, re, resource, shutil, subprocess, sys, tempfile, time

EXIT_CODES = {3, 4, 5}  # README.md: what a damaged file may cause
HEADER_BYTES = 24  # of a picture without metadata: FORMAT.md 4.6, and a length more
SANITIZER = ("ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer")


class Checker:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.failures, self.sentences, self.codes = [], collections.Counter(), {}
        self.num_refused = self.num_same = 0
        self.slowest = 0.0

    def run(self, command, *arguments):
        line = [self.options.laconic, command, *arguments, "--quiet"]
        if self.options.model:
            line += ["--model", self.options.model]
        start = time.time()
        try:
            done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                  timeout=self.options.timeout)
        except subprocess.TimeoutExpired:
            self.fail(f"no end after {self.options.timeout} s: {' '.join(line[:4])} ...")
            return 124, ""
        self.slowest = max(self.slowest, time.time() - start)
        if done.returncode < 0 or any(mark in done.stderr for mark in SANITIZER):
            self.fail(f"crash, status {done.returncode}: {done.stderr[-2000:]}")
        return done.returncode, done.stderr

    def fail(self, text):
        self.failures.append(text)
        print("FAILED:", text, flush=True)

    # cases: name -> bytes. Decodes all of them in one process.
    def try_batch(self, cases, expected_picture):
        folder, out = os.path.join(self.work, "in"), os.path.join(self.work, "out")
        os.makedirs(folder)
        os.makedirs(out)
        paths = {}
        for name, content in cases.items():
            paths[os.path.join(folder, name + ".lac")] = name
            with open(os.path.join(folder, name + ".lac"), "wb") as file:
                file.write(content)
        code, errors = self.run("decode", *paths, "--out-dir", out)
        said = collections.defaultdict(list)
        for line in errors.splitlines():
            match = re.fullmatch(r"laconic: (.*?\.lac): (.+)", line)
            if match and match[1] in paths:
                said[match[1]].append(match[2])
            else:
                self.fail(f"not one sentence about a file: {line!r}")
        for path, name in paths.items():
            self.check(path, name, said[path], os.path.join(out, name + ".png"), expected_picture)
        left = [n for n in os.listdir(out) if n[:-4] not in cases]
        if left:
            self.fail(f"left in the output folder: {left[:5]}")
        if any(said.values()) != (code in EXIT_CODES):
            self.fail(f"exit code {code}, {sum(map(bool, said.values()))} files refused")
        shutil.rmtree(folder)
        shutil.rmtree(out)

    def check(self, path, name, sentences, output, expected_picture):
        if len(sentences) > 1:
            self.fail(f"{name}: {len(sentences)} lines")
        if sentences:
            self.num_refused += 1
            if os.path.exists(output):
                self.fail(f"{name}: refused, but its output is there")
            kind = re.sub(r"\d+", "#", sentences[0])
            self.sentences[kind] += 1
            if kind not in self.codes:
                self.codes[kind], _ = self.run("decode", path, os.path.join(self.work, "alone.png"))
                if self.codes[kind] not in EXIT_CODES:
                    self.fail(f"{name}: exit code {self.codes[kind]} for: {sentences[0]}")
                if os.path.exists(os.path.join(self.work, "alone.png")):
                    self.fail(f"{name}: refused, but its output is there")
        elif not os.path.exists(output):
            self.fail(f"{name}: neither a sentence nor a picture")
        elif name.startswith("cut") or digest(output) != expected_picture:
            self.fail(f"{name}: decodes to another picture without an error")
        else:
            self.num_same += 1


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def flipped(stream, bit):
    copy = bytearray(stream)
    copy[bit // 8] ^= 1 << bit % 8
    return bytes(copy)


def flips(stream, count, rng):
    """Every bit of the first bytes, where the header is, and one random bit out of each of `count` equal parts of the stream."""
    bits = len(stream) * 8
    edges = [bits * i // count for i in range(count + 1)] if count else []
    chosen = {rng.randrange(a, b) for a, b in zip(edges, edges[1:]) if a < b}
    return sorted(chosen.union(range(min(bits, 8 * HEADER_BYTES) if count else 0)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("picture")
    parser.add_argument("--laconic", default="build/laconic")
    parser.add_argument("--model", default="")
    parser.add_argument("--cut-step", type=int, default=97)
    parser.add_argument("--flips", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--work", default=None)
    options = parser.parse_args()
    work = tempfile.mkdtemp(prefix="laconic-damage-", dir=options.work)
    checker = Checker(options, work)
    stream_path, picture_path = os.path.join(work, "whole.lac"), os.path.join(work, "whole.png")
    if options.picture.endswith(".lac"):
        shutil.copy(options.picture, stream_path)
    else:
        code, errors = checker.run("encode", options.picture, stream_path)
        if code == 4:
            print("skipped:", errors.strip())
            return 77
        if code != 0:
            sys.exit(f"cannot encode {options.picture}: {errors}")
    code, errors = checker.run("decode", stream_path, picture_path)
    if code != 0:
        sys.exit(f"cannot decode the undamaged stream: {errors}")
    picture = digest(picture_path)
    with open(stream_path, "rb") as file:
        stream = file.read()

    cases = {f"cut{n}": stream[:n] for n in range(0, len(stream), options.cut_step)} if options.cut_step else {}
    cases.update({f"flip{b}": flipped(stream, b) for b in flips(stream, options.flips, random.Random(options.seed))})
    names, start = list(cases), time.time()
    for i in range(0, len(names), options.batch):
        checker.try_batch({n: cases[n] for n in names[i : i + options.batch]}, picture)
    for kind, count in checker.sentences.most_common():
        print(f"{count:6}  exit {checker.codes[kind]}  {kind}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    num_cuts = sum(n.startswith("cut") for n in names)
    print(f"{len(stream)} bytes, {num_cuts} cuts, {len(names) - num_cuts} flips (seed {options.seed}): {checker.num_refused} refused, "
          f"{checker.num_same} decode to the same picture, {len(checker.failures)} failures; {time.time() - start:.0f} s, "
          f"longest process {checker.slowest:.1f} s, peak RSS {peak} MiB")
    shutil.rmtree(work)
    return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main())
