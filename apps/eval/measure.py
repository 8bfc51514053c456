"""Measures a codec on a picture: the row of one picture, codec and quality, and a crop for the report."""
import dataclasses
import hashlib
import pathlib
import time

import numpy as np
from PIL import Image

import metrics
import rows
from image_codecs import CodecError

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


class Workplace:
    """A picture's samples and files while its rows are measured; folder: temporary."""

    def __init__(self, picture, folder, crops):
        self.folder, self.crops = pathlib.Path(folder), crops
        self.samples = picture.read()
        self.png, self.ppm = f"{folder}/picture.png", f"{folder}/picture.ppm"
        for path in (self.png, self.ppm):
            Image.fromarray(self.samples).save(path)
        self.window = detail_window(self.samples)
        if not crops.path(picture.digest).exists():
            crops.add(picture.digest, Image.fromarray(self._crop(self.samples)))

    def _crop(self, samples):
        top, left = self.window
        return samples[top:top + CROP_PX, left:left + CROP_PX]

    def measure(self, job):
        """The row of one job; its crop is kept before the row is there. Raises CodecError."""
        start = time.monotonic()
        codec = job.codec
        stream, decoded, cost = rows.code(job, self.folder, self.png, self.ppm)
        samples = _read_rgb(decoded)
        if samples.shape != self.samples.shape:
            raise CodecError(f"{codec.name} decoded {job.source.path.name} at quality {job.quality} to "
                             f"{samples.shape[1]}x{samples.shape[0]} pixels instead of "
                             f"{self.samples.shape[1]}x{self.samples.shape[0]}.")
        decoded_png = f"{self.folder}/decoded_rgb.png"
        Image.fromarray(samples).save(decoded_png, compress_level=1)
        size_bytes = stream.stat().st_size
        row = {
            "key": job.key, "picture": job.source.path.name, "codec": codec.name, "quality": job.quality,
            "width_px": samples.shape[1], "height_px": samples.shape[0], "bytes": size_bytes,
            "bpp": 8 * size_bytes / (samples.shape[0] * samples.shape[1]),
            **metrics.measure(self.samples, samples, self.png, decoded_png), **cost,
        }
        self.crops.add(job.key, Image.fromarray(self._crop(samples)))
        return {**row, "row_seconds": time.monotonic() - start}
