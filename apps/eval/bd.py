"""Bjontegaard delta rate: how many more bytes one codec needs than another for the same quality."""
import numpy as np
from scipy.interpolate import PchipInterpolator

_SAME_QUALITY = 1e-6  # points closer than this in quality count as one: the interpolation needs rising qualities


def _log_rate(points):
    """(qualities rising, function from quality to ln(rate)) of the curve with these (rate, quality) points."""
    rising = []
    for rate, quality in sorted(points, key=lambda point: point[1]):
        if not rising or quality > rising[-1][1] + _SAME_QUALITY:
            rising.append((rate, quality))
    if len(rising) < 2:
        return None, None
    rates, qualities = np.array(rising).T
    return qualities, PchipInterpolator(qualities, np.log(rates))


def bd_rate(anchor, test):
    """Percent of rate that `test` needs more (less, if negative) than `anchor`, averaged over the qualities both reach.

    Both are lists of (rate, quality): any unit of rate, any scale of quality on which more is better. The logarithm of the
    rate is interpolated by PCHIP. None where the curves have no quality in common.
    """
    (anchor_qualities, anchor_rate), (test_qualities, test_rate) = _log_rate(anchor), _log_rate(test)
    if anchor_rate is None or test_rate is None:
        return None
    low = max(anchor_qualities[0], test_qualities[0])
    high = min(anchor_qualities[-1], test_qualities[-1])
    if high <= low:
        return None
    mean_log_ratio = (test_rate.integrate(low, high) - anchor_rate.integrate(low, high)) / (high - low)
    return float((np.exp(mean_log_ratio) - 1) * 100)
