"""Measures codecs on pictures: one row for each picture, codec and quality, kept in a file as soon as it is there."""
import concurrent.futures
import dataclasses
import hashlib
import json
import pathlib
import subprocess
import tempfile
import threading
import time

import numpy as np
from PIL import Image

import metrics
import process
from image_codecs import CodecError, last_line

CROP_PX = 192  # side of the crops that the report shows side by side


@dataclasses.dataclass(frozen=True)
class Picture:
    path: pathlib.Path
    digest: str  # of the samples

    def read(self):
        """uint8 [height, width, 3], RGB: alpha is dropped, more bits are cut to 8. CodecError if it is not a picture."""
        return _read_rgb(self.path)


def _read_rgb(path):
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CodecError(f"{path} cannot be read as a picture: {error}") from error


def open_picture(path):
    samples = _read_rgb(path)
    digest = hashlib.sha256(str(samples.shape).encode() + samples.tobytes()).hexdigest()[:16]
    return Picture(path, digest)


@dataclasses.dataclass(frozen=True)
class Job:
    """One row to be measured. `key` names all that its result depends on."""

    picture: Picture
    codec: object
    quality: float
    key: str


def jobs_for(picture, codec, version):
    """Jobs of one codec on one picture, one a quality; `version` is codec.version()."""
    jobs = []
    for quality in codec.qualities:
        depends_on = [version, codec.name, quality, codec.encode_command("PNG", "PPM", quality, "STREAM"),
                      codec.decode_command("STREAM", "OUT")]
        fingerprint = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()[:16]
        jobs.append(Job(picture, codec, quality, f"{picture.digest}-{fingerprint}"))
    return jobs


class Store:
    """Rows by key, in DIR/rows.jsonl (one JSON object a line, only ever appended to), and crops in DIR/crops/KEY.png.

    A line that was cut off is measured again. Safe for threads of one process, not for two processes.
    """

    def __init__(self, folder):
        self._path = folder / "rows.jsonl"
        self._crops = folder / "crops"
        self._crops.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self.rows = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                try:
                    row = json.loads(line)
                    self.rows[row["key"]] = row
                except (ValueError, KeyError, TypeError):
                    pass

    def add(self, row, crop):
        Image.fromarray(crop).save(self.crop_path(row["key"]))
        with self._lock:
            with self._path.open("a+b") as file:
                if file.tell() > 0:
                    file.seek(-1, 2)
                    if file.read(1) != b"\n":
                        file.write(b"\n")
                file.write(json.dumps(row).encode() + b"\n")
            self.rows[row["key"]] = row

    def crop_path(self, key):
        return self._crops / f"{key}.png"


def detail_window(samples):
    """(top, left) of the CROP_PX square with the most detail, on a grid of 32 pixels; 0 along a side shorter than it."""
    detail = np.pad(np.abs(np.diff(samples.astype(np.int32).sum(axis=2), axis=1)), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    height, width = samples.shape[:2]
    best = (-1, 0, 0)
    for top in range(0, max(height - CROP_PX, 0) + 1, 32):
        for left in range(0, max(width - CROP_PX, 0) + 1, 32):
            bottom, right = min(top + CROP_PX, height), min(left + CROP_PX, width) - 1
            amount = detail[bottom, right] - detail[top, right] - detail[bottom, left] + detail[top, left]
            best = max(best, (int(amount), -top, -left))
    return -best[1], -best[2]


class _Workplace:
    """A picture's samples and files while its rows are measured; folder: temporary."""

    def __init__(self, picture, folder):
        self.picture, self.folder = picture, folder
        self.samples = picture.read()
        self.png, self.ppm = f"{folder}/picture.png", f"{folder}/picture.ppm"
        for path in (self.png, self.ppm):
            Image.fromarray(self.samples).save(path)
        self.window = detail_window(self.samples)

    def crop(self, samples):
        top, left = self.window
        return samples[top:top + CROP_PX, left:left + CROP_PX]

    def measure(self, job):
        """(row, crop) of one job. Raises CodecError."""
        start = time.monotonic()
        codec = job.codec
        stream, decoded = f"{self.folder}/stream{codec.suffix}", f"{self.folder}/decoded{codec.decoded_suffix}"
        for path in (stream, decoded):
            pathlib.Path(path).unlink(missing_ok=True)
        encode = self._run("encode", job, codec.encode_command(self.png, self.ppm, job.quality, stream), stream)
        decode = self._run("decode", job, codec.decode_command(stream, decoded), decoded)
        samples = _read_rgb(decoded)
        if samples.shape != self.samples.shape:
            raise CodecError(f"{codec.name} decoded {job.picture.path.name} at quality {job.quality} to "
                             f"{samples.shape[1]}x{samples.shape[0]} pixels instead of "
                             f"{self.samples.shape[1]}x{self.samples.shape[0]}.")
        decoded_png = f"{self.folder}/decoded_rgb.png"
        Image.fromarray(samples).save(decoded_png, compress_level=1)
        size_bytes = pathlib.Path(stream).stat().st_size
        row = {
            "key": job.key, "picture": job.picture.path.name, "codec": codec.name, "quality": job.quality,
            "width_px": samples.shape[1], "height_px": samples.shape[0], "bytes": size_bytes,
            "bpp": 8 * size_bytes / (samples.shape[0] * samples.shape[1]),
            **metrics.measure(self.samples, samples, self.png, decoded_png),
            **{f"encode_{name}": value for name, value in encode.items()},
            **{f"decode_{name}": value for name, value in decode.items()},
        }
        return {**row, "row_seconds": time.monotonic() - start}, self.crop(samples)

    def _run(self, verb, job, command, output):
        what = f"{job.codec.name} could not {verb} {job.picture.path.name} at quality {job.quality}"
        try:
            cost = process.run(command, f"{self.folder}/cost.json")
        except subprocess.CalledProcessError as error:
            reason = last_line(error.stderr).rstrip(".")
            raise CodecError(f"{what}: {command[0]} ended with code {error.returncode}: {reason}.") from error
        if not pathlib.Path(output).is_file():
            raise CodecError(f"{what}: {command[0]} wrote no file.")
        return cost


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


def measure_all(jobs, store, num_workers, progress):
    """Measures what the store lacks, `num_workers` pictures at a time; returns {codec name: sentence} of those that failed.

    A codec that failed is not tried again in this run; the others go on. progress(num_done, num_jobs, seconds_left or None)
    is called after each row.
    """
    pending = {job.key: job for job in jobs if job.key not in store.rows}
    by_picture = {}
    for job in pending.values():
        by_picture.setdefault(job.picture, []).append(job)
    failures, is_stopped, lock = {}, threading.Event(), threading.Lock()

    def work(picture, picture_jobs):
        with tempfile.TemporaryDirectory(prefix="laconic-rd-") as folder:
            workplace = _Workplace(picture, folder)
            reference_crop = store.crop_path(picture.digest)
            if not reference_crop.exists():
                Image.fromarray(workplace.crop(workplace.samples)).save(reference_crop)
            for job in picture_jobs:
                if is_stopped.is_set():
                    return
                if job.codec.name not in failures:
                    try:
                        store.add(*workplace.measure(job))
                    except CodecError as error:
                        with lock:
                            failures.setdefault(job.codec.name, str(error))
                with lock:
                    pending.pop(job.key)
                    left = [other for other in pending.values() if other.codec.name not in failures]
                    progress(len(jobs) - len(left), len(jobs), _seconds_left(left, list(store.rows.values()), num_workers))

    with concurrent.futures.ThreadPoolExecutor(num_workers) as pool:
        futures = [pool.submit(work, picture, picture_jobs) for picture, picture_jobs in by_picture.items()]
        try:
            for future in concurrent.futures.as_completed(futures):
                future.result()
        except BaseException:  # an interrupt too: rows being measured are finished and kept, no new ones begun
            is_stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return failures
