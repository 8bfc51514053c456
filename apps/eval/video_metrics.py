"""Quality of a decoded film: PSNR of its planes. Frames come from YUV4MPEG2 ("y4m") streams, one at a time."""
import dataclasses
import itertools
import math
import re

import numpy as np

from metrics import PSNR_OF_EQUAL_PICTURES, Metric

_MAX_LINE_BYTES = 4096
_DIVISORS = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "411": (4, 1)}  # of a chroma plane: across, down


class FrameError(Exception):
    """Words, without a full stop, on what is wrong with its frames."""


@dataclasses.dataclass(frozen=True)
class FrameFormat:
    """Planes Y, U, V as a y4m header gives them. Odd sizes of chroma round up."""

    width_px: int
    height_px: int
    chroma: str  # "420", "422", "444" or "411"
    bit_depth: int
    is_full_range: bool

    def plane_shapes(self):
        across, down = _DIVISORS[self.chroma]
        chroma = (-(-self.height_px // down), -(-self.width_px // across))
        return ((self.height_px, self.width_px), chroma, chroma)

    def __str__(self):
        return f"{self.width_px}x{self.height_px} 4:{self.chroma[1]}:{self.chroma[2]} of {self.bit_depth} bits" \
               f"{' in full range' if self.is_full_range else ''}"


def _parse_header(name, line):
    """FrameFormat of the first line of a y4m stream. Raises FrameError."""
    words = line.decode("ascii", "replace").split()
    if not words or words[0] != "YUV4MPEG2":
        raise FrameError(f"{name} is not a YUV4MPEG2 stream")
    tags = {word[0]: word[1:] for word in words[1:] if word[0] != "X"}
    match = re.fullmatch(r"(420|422|444|411)(?:p(\d+)|jpeg|mpeg2|paldv)?", tags.get("C", "420"))
    size = [tags.get(letter, "") for letter in "WH"]
    if not match or not all(text.isdecimal() and 0 < int(text) < 65536 for text in size):
        raise FrameError(f"{name} has samples or a size that cannot be read: {' '.join(words[1:])}")
    bit_depth = int(match[2] or 8)
    if not 8 <= bit_depth <= 16:
        raise FrameError(f"{name} has {bit_depth} bits a sample; 8 to 16 can be read")
    return FrameFormat(int(size[0]), int(size[1]), match[1], bit_depth, "XCOLORRANGE=FULL" in words)


class Y4mReader:
    """Reads a y4m stream from a binary file or pipe. `format`: of all frames; iterating gives each as a list of planes, arrays
    uint8 or uint16 [height, width]. Raises FrameError, also where the stream ends within a frame."""

    def __init__(self, file, name):
        self._file, self._name = file, name
        self.format = _parse_header(name, self._line())

    def _line(self):
        return self._file.readline(_MAX_LINE_BYTES)

    def __iter__(self):
        sample = np.dtype("u1" if self.format.bit_depth == 8 else "<u2")
        while line := self._line():
            if line.split()[:1] != [b"FRAME"]:
                raise FrameError(f"{self._name} has no frame where one should begin")
            yield [self._plane(shape, sample) for shape in self.format.plane_shapes()]

    def _plane(self, shape, sample):
        num_bytes = shape[0] * shape[1] * sample.itemsize
        samples = self._file.read(num_bytes)
        if len(samples) != num_bytes:
            raise FrameError(f"{self._name} ends within a frame")
        return np.frombuffer(samples, sample).reshape(shape)


def _psnr(mean_squared_error, bit_depth):
    if mean_squared_error == 0:
        return PSNR_OF_EQUAL_PICTURES
    return min(10 * math.log10((2**bit_depth - 1) ** 2 / mean_squared_error), PSNR_OF_EQUAL_PICTURES)


def _squared_error(plane, other):
    difference = plane.astype(np.int32) - other
    return int(np.sum(difference * difference, dtype=np.int64))


def measure(reference, decoded):
    """{"num_frames", "psnr611", "psnr_y", "psnr_u", "psnr_v"} of two Y4mReader, in dB.

    Each plane's squared error is averaged over all frames of the clip before the logarithm; 6:1:1 is
    (6 PSNR_Y + PSNR_U + PSNR_V) / 8. Raises FrameError if formats or numbers of frames differ.
    """
    if reference.format != decoded.format:
        raise FrameError(f"the frames are {decoded.format} instead of {reference.format}")
    sums, counts = [0, 0, 0], [0, 0]
    for planes, other_planes in itertools.zip_longest(reference, decoded):
        counts = [count + (frame is not None) for count, frame in zip(counts, (planes, other_planes))]
        if planes is not None and other_planes is not None:
            sums = [total + _squared_error(*pair) for total, pair in zip(sums, zip(planes, other_planes))]
    if counts[0] != counts[1]:
        raise FrameError(f"there are {counts[1]} frames instead of {counts[0]}")
    if counts[0] == 0:
        raise FrameError("there is no frame")
    shapes, depth = reference.format.plane_shapes(), reference.format.bit_depth
    y, u, v = (_psnr(total / (counts[0] * height * width), depth) for total, (height, width) in zip(sums, shapes))
    return {"num_frames": counts[0], "psnr611": (6 * y + u + v) / 8, "psnr_y": y, "psnr_u": u, "psnr_v": v}


VIDEO_METRICS = tuple(Metric(key, title, lambda value: value) for key, title in (
    ("psnr611", "YUV PSNR 6:1:1 (dB)"), ("psnr_y", "Y PSNR (dB)"), ("psnr_u", "U PSNR (dB)"), ("psnr_v", "V PSNR (dB)")))
