"""Quality of a decoded picture. Pictures are uint8 arrays [height, width, 3], RGB."""
import dataclasses
import math
import re
import shutil
import subprocess
from typing import Callable

import numpy as np
from scipy.ndimage import correlate1d

PSNR_OF_EQUAL_PICTURES = 100.0  # dB; stands for infinity, so that means and files stay finite


def psnr(reference, decoded):
    """dB, peak 255, the error averaged over the three channels together."""
    error = np.mean((reference.astype(np.float64) - decoded) ** 2)
    return min(10 * math.log10(255.0**2 / error), PSNR_OF_EQUAL_PICTURES) if error > 0 else PSNR_OF_EQUAL_PICTURES


_SSIM_TAPS = np.exp(-np.arange(-5, 6) ** 2 / (2 * 1.5**2))
_SSIM_TAPS /= _SSIM_TAPS.sum()
_SCALE_EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang 2003, section 3.2, from the finest
_SHORTEST_SIDE = 10 * 2**4 + 1  # the smallest scale still holds a window


def _window_mean(plane):
    for axis in (0, 1):
        plane = correlate1d(plane, _SSIM_TAPS, axis=axis, mode="constant")
    return plane[5:-5, 5:-5]


def _halve(plane):
    """Mean of 2x2; an odd side gets a zero in front, which counts (as avg_pool2d with a padding of side % 2)."""
    height, width = plane.shape
    plane = np.pad(plane, ((height % 2, 0), (width % 2, 0)))
    return plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).mean(axis=(1, 3))


def _ms_ssim_of_planes(x, y):
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    product = 1.0
    for scale, exponent in enumerate(_SCALE_EXPONENTS):
        if scale > 0:
            x, y = _halve(x), _halve(y)
        mean_x, mean_y = _window_mean(x), _window_mean(y)
        variances = _window_mean(x * x) - mean_x**2 + _window_mean(y * y) - mean_y**2
        covariance = _window_mean(x * y) - mean_x * mean_y
        similarity = (2 * covariance + c2) / (variances + c2)
        if scale + 1 == len(_SCALE_EXPONENTS):
            similarity *= (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        product *= max(float(similarity.mean()), 0.0) ** exponent
    return product


def ms_ssim(reference, decoded):
    """MS-SSIM, 0..1, mean of the three channels, as CompressAI and `laconic compare` compute it; None below 161 pixels."""
    if min(reference.shape[:2]) < _SHORTEST_SIDE:
        return None
    x, y = reference.astype(np.float64), decoded.astype(np.float64)
    return float(np.mean([_ms_ssim_of_planes(x[..., c], y[..., c]) for c in range(3)]))


def _score_of_program(names, reference_png, decoded_png):
    """First number that the first installed of these programs prints; None where none is installed."""
    program = next((name for name in names if shutil.which(name)), None)
    if program is None:
        return None
    process = subprocess.run([program, reference_png, decoded_png], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    number = re.search(r"-?\d+(\.\d+)?", process.stdout)
    return float(number.group()) if process.returncode == 0 and number else None


@dataclasses.dataclass(frozen=True)
class Metric:
    key: str    # in rows and published curves
    title: str  # of `scale(value)`, with its unit
    scale: Callable[[float], float]  # to what is plotted and integrated: more is better


METRICS = (
    Metric("psnr", "RGB PSNR (dB)", lambda value: value),
    Metric("msssim", "MS-SSIM (dB)", lambda value: -10 * math.log10(max(1 - value, 1e-10))),
    Metric("ssimulacra2", "SSIMULACRA2", lambda value: value),
    Metric("butteraugli", "Butteraugli, negated", lambda value: -value),
)


def measure(reference, decoded, reference_png, decoded_png):
    """{key: value} of every metric that can be had here: two arrays, and files with the same samples for the programs."""
    values = {
        "psnr": psnr(reference, decoded),
        "msssim": ms_ssim(reference, decoded),
        "ssimulacra2": _score_of_program(["ssimulacra2"], reference_png, decoded_png),
        "butteraugli": _score_of_program(["butteraugli_main", "butteraugli"], reference_png, decoded_png),
    }
    return {key: value for key, value in values.items() if value is not None}
