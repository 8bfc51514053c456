"""Rows of measurements: one for each source (picture or clip), codec and quality, kept in a file as soon as it is there."""
import concurrent.futures
import dataclasses
import hashlib
import json
import subprocess
import sys
import tempfile
import threading
from typing import Any

import process
from image_codecs import CodecError, last_line


@dataclasses.dataclass(frozen=True)
class Job:
    """One row to be measured. `key` names all that its result depends on."""

    source: Any  # has `path` and `digest`
    codec: Any
    quality: float
    key: str


def jobs_for(source, codec, version):
    """Jobs of one codec on one source, one a quality; `version` is codec.version()."""
    jobs = []
    for quality in codec.qualities:
        depends_on = [version, codec.name, quality, *codec.command_lines(quality)]
        fingerprint = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()[:16]
        jobs.append(Job(source, codec, quality, f"{source.digest}-{fingerprint}"))
    return jobs


class Store:
    """Rows by key, in DIR/rows.jsonl (one JSON object a line, only ever appended to).

    A line that was cut off is measured again. Safe for threads of one process, not for two processes.
    """

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "rows.jsonl"
        self._lock = threading.Lock()
        self.rows = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                try:
                    row = json.loads(line)
                    self.rows[row["key"]] = row
                except (ValueError, KeyError, TypeError):
                    pass

    def add(self, row):
        with self._lock:
            with self._path.open("a+b") as file:
                if file.tell() > 0:
                    file.seek(-1, 2)
                    if file.read(1) != b"\n":
                        file.write(b"\n")
                file.write(json.dumps(row).encode() + b"\n")
            self.rows[row["key"]] = row


def _run_codec(verb, job, command, output, cost_file):
    """What process.run measured of `command`, which is to write the path `output`. Raises CodecError."""
    what = f"{job.codec.name} could not {verb} {job.source.path.name} at quality {job.quality}"
    try:
        cost = process.run(command, cost_file)
    except subprocess.CalledProcessError as error:
        reason = last_line(error.stderr).rstrip(".")
        raise CodecError(f"{what}: {command[0]} ended with code {error.returncode}: {reason}.") from error
    if not output.is_file():
        raise CodecError(f"{what}: {command[0]} wrote no file.")
    return {f"{verb}_{name}": value for name, value in cost.items()}


def code(job, folder, *source):
    """Encodes and decodes within `folder`; source: what the codec's encode_command takes before the quality. Returns the paths of
    stream and decoded file, and what both runs cost. Raises CodecError."""
    codec = job.codec
    stream, decoded = folder / f"stream{codec.suffix}", folder / f"decoded{codec.decoded_suffix}"
    for path in (stream, decoded):
        path.unlink(missing_ok=True)
    cost_file = str(folder / "cost.json")
    cost = _run_codec("encode", job, codec.encode_command(*source, job.quality, str(stream)), stream, cost_file)
    cost |= _run_codec("decode", job, codec.decode_command(str(stream), str(decoded)), decoded, cost_file)
    return stream, decoded, cost


def _seconds_left(pending, rows, num_workers):
    """From the mean time that rows of each codec took so far, in this run or before; None while nothing is known."""
    spent = {}
    for row in rows:
        spent.setdefault(row["codec"], []).append(row["row_seconds"])
    if not spent:
        return None
    mean = {codec: sum(times) / len(times) for codec, times in spent.items()}
    typical = sum(mean.values()) / len(mean)
    return sum(mean.get(job.codec.name, typical) for job in pending) / num_workers


def measure_all(jobs, store, num_workers, open_workplace, progress):
    """Measures what the store lacks, `num_workers` sources at a time; returns {codec name: sentence} of those that failed.

    open_workplace(source, folder), with a temporary folder, gives an object whose measure(job) returns the row or raises
    CodecError. A codec that failed is not tried again in this run; the others go on. progress(num_done, num_jobs,
    seconds_left or None) is called after each row.
    """
    pending = {job.key: job for job in jobs if job.key not in store.rows}
    by_source = {}
    for job in pending.values():
        by_source.setdefault(job.source, []).append(job)
    failures, is_stopped, lock = {}, threading.Event(), threading.Lock()

    def work(source, source_jobs):
        with tempfile.TemporaryDirectory(prefix="laconic-rd-") as folder:
            workplace = open_workplace(source, folder)
            for job in source_jobs:
                if is_stopped.is_set():
                    return
                if job.codec.name not in failures:
                    try:
                        store.add(workplace.measure(job))
                    except CodecError as error:
                        with lock:
                            failures.setdefault(job.codec.name, str(error))
                with lock:
                    pending.pop(job.key)
                    left = [other for other in pending.values() if other.codec.name not in failures]
                    progress(len(jobs) - len(left), len(jobs), _seconds_left(left, list(store.rows.values()), num_workers))

    with concurrent.futures.ThreadPoolExecutor(num_workers) as pool:
        futures = [pool.submit(work, source, source_jobs) for source, source_jobs in by_source.items()]
        try:
            for future in concurrent.futures.as_completed(futures):
                future.result()
        except BaseException:  # an interrupt too: rows being measured are finished and kept, no new ones begun
            is_stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return failures


def show_progress(num_done, num_jobs, seconds_left):
    left = ""
    if seconds_left is not None:
        left = f", {seconds_left / 60:.0f} min left" if seconds_left > 90 else f", {seconds_left:.0f} s left"
    print(f"\r{num_done}/{num_jobs} done{left}      ", end="", file=sys.stderr, flush=True)
