"""Rate-distortion curves: means of measured rows, published ones, and the Bjontegaard delta rates between them."""
import dataclasses
import json

from bd import bd_rate
from image_codecs import CodecError
from metrics import METRICS


@dataclasses.dataclass
class Curve:
    """points: from the fewest bytes to the most, each {"bpp" (of sounds "kbps"), metric key: value, and if measured the means of
    all columns}.

    sources: what it was measured from, {digest of a picture or clip: points}; empty if unknown.
    """

    name: str
    title: str
    points: list
    sources: dict = dataclasses.field(default_factory=dict)
    is_published: bool = False


def rate(point):
    """Bits per pixel; of sounds, which have none, kbit/s."""
    return point["bpp"] if "bpp" in point else point["kbps"]


def scaled(points, metric):
    """[(rate, quality)] of the points that have the metric, on the scale on which more is better."""
    return [(rate(point), metric.scale(point[metric.key])) for point in points if point.get(metric.key) is not None]


def mean_row(rows):
    numbers = [key for key, value in rows[0].items() if isinstance(value, (int, float)) and all(key in row for row in rows)]
    return {key: sum(row[key] for row in rows) / len(rows) for key in numbers}


def measured_curve(codec, jobs, rows):
    """Curve of one codec from rows {key: row}; a quality that some source lacks is left out of the mean."""
    sources, by_quality = {}, {}
    for job in jobs:
        if job.codec is codec:
            row = rows.get(job.key)
            by_quality.setdefault(job.quality, []).append(row)
            if row is not None:
                sources.setdefault(job.source.digest, []).append(row)
    points = [mean_row(quality_rows) for quality_rows in by_quality.values() if None not in quality_rows]
    return Curve(codec.name, codec.title, sorted(points, key=rate), sources)


def published_curve(name, points, sources=None):
    title = f"{name} (published)"
    return Curve(title, title, sorted(points, key=rate), sources or {}, is_published=True)


def published_curves(path, names):
    """Curves of a JSON object {name: {"bpp": [...], "psnr": [...], ...}} or {name: [{"bpp": ..., "psnr": ...}, ...]}, which
    may lie under "curves"; all that have a metric, or those named. ValueError says what is wrong with the file."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    stored = stored.get("curves", stored)
    missing = [name for name in names if name not in stored]
    if missing:
        raise ValueError(f"{path} has no curve '{missing[0]}'; it has {', '.join(stored)}.")
    curves = []
    for name in names or stored:
        columns = stored[name]
        if isinstance(columns, dict):
            keys = [key for key in ("bpp", *(metric.key for metric in METRICS)) if key in columns]
            columns = [dict(zip(keys, values)) for values in zip(*(columns[key] for key in keys))]
        if any(scaled(columns, metric) for metric in METRICS):
            curves.append(published_curve(name, columns))
    return curves


def choose_anchor(name, curves):
    """The curve of that name; without one the first that is not laconic's. Raises CodecError."""
    if name is None:
        return next((curve for curve in curves if not curve.name.startswith("laconic")), curves[0])
    for curve in curves:
        if name in (curve.name, curve.name.removesuffix(" (published)")):
            return curve
    raise CodecError(f"There is no curve '{name}' for the anchor; there are {', '.join(curve.name for curve in curves)}.")


def bd_rates_of_sources(anchor, curve, metric):
    """{digest: percent} of `curve` against `anchor` for each source on which both have a quality in common."""
    rates = {digest: bd_rate(scaled(anchor.sources[digest], metric), scaled(points, metric))
             for digest, points in curve.sources.items() if digest in anchor.sources}
    return {digest: rate for digest, rate in rates.items() if rate is not None}


def bd_rates(anchor, curve, metrics=METRICS):
    """{metric key: {"mean_curve": percent, "per_picture": percent or None}} of `curve` against `anchor`.

    mean_curve: of the curves of mean rate and mean metric over all pictures, as CompressAI does and as published curves allow;
    per_picture: mean over pictures of each picture's own BD-rate, where both were measured here.
    """
    found = {}
    for metric in metrics:
        of_means = bd_rate(scaled(anchor.points, metric), scaled(curve.points, metric))
        if of_means is None:
            continue
        each = list(bd_rates_of_sources(anchor, curve, metric).values())
        found[metric.key] = {"mean_curve": of_means, "per_picture": sum(each) / len(each) if each else None}
    return found
