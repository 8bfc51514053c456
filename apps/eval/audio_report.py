"""Writes what was measured on sounds: rd.json, rd.csv, plots of every clip and of the mean (PNG and SVG), and report.html."""
import html
import math

import numpy as np
from scipy.interpolate import PchipInterpolator

import clip_report
import report
from audio_metrics import AUDIO_METRICS
from clip_report import section

MAIN_METRICS = AUDIO_METRICS[:2]
NOMINAL_KBPS = (24, 32, 48, 64)  # rates of the tables
SPECTROGRAM_KBPS = 32            # spectrograms are shown at each codec's rate nearest to this

_METRIC_NOTE = ("All sound is compared as 48 kHz stereo in float; mono gets two equal channels, for every codec. SI-SDR: over both "
                "channels together, after a shift of up to 32 samples where a codec delays. Mel distance: mean absolute "
                "difference of log10 mel magnitudes, windows of 512, 1024 and 2048 samples with 40, 80 and 128 bands; less is "
                "better, plots and BD-rates use -10 log10 of it. STFT distance: relative, of magnitudes; less is better, "
                "-20 log10 of it likewise. Segmental SNR: of 20 ms, held to -10..35 dB. Details: codec/audio_metrics.h.")
_COST_NOTE = ("Bytes are those of the sound stream's packets, without the container and its codec headers; kbit/s over the "
              "seconds of the source. Times are those of whole processes, their start and reading and writing of files included, "
              "as the machine was at the time: seconds of sound by the clock (times real time), and per second of CPU time, which "
              "other work on the machine hardly changes. Peak memory below 10 MiB or so cannot be seen.")
_VALUES = (("kbit/s", "kbps", ".2f"), ("SI-SDR dB", "sisdr", ".3f"), ("mel", "mel", ".4f"), ("STFT", "stft", ".4f"),
           ("seg. SNR dB", "segsnr", ".2f"), ("ViSQOL", "visqol", ".3f"), ("Zimtohrli", "zimtohrli", ".3f"))
_COLUMNS = (("quality", "quality", "g"), *_VALUES, ("encode x", "encode_speed", ".1f"), ("decode x", "decode_speed", ".1f"))


def nominal_table(comparison):
    """Means over the clips where codecs were told NOMINAL_KBPS."""
    lines = []
    for nominal in NOMINAL_KBPS:
        for curve in comparison.curves:
            for point in curve.points:
                if point.get("nominal") == nominal:
                    values = [f"{point[key]:{form}}" if key in point else "" for _, key, form in _VALUES]
                    lines.append([f"{nominal} {curve.title}", *values])
    shown = [i for i in range(len(_VALUES) + 1) if any(line[i] for line in lines)]
    head = ["told", *(title for title, _, _ in _VALUES)]
    return "Told the same kbit/s", [head[i] for i in shown], [[line[i] for i in shown] for line in lines]


def _value_at(points, key, kbps):
    """Interpolated over the logarithm of the rate (PCHIP); None outside the curve."""
    by_rate = {point["kbps"]: point[key] for point in points if key in point}
    rates = sorted(by_rate)
    if len(rates) < 2 or not rates[0] <= kbps <= rates[-1]:
        return None
    return float(PchipInterpolator(np.log(rates), [by_rate[rate] for rate in rates])(math.log(kbps)))


def equal_rate_table(comparison):
    """SI-SDR and mel distance of the mean curves where they really take NOMINAL_KBPS."""
    columns = [(nominal, *value) for nominal in NOMINAL_KBPS for value in _VALUES[1:3]]
    lines = []
    for curve in comparison.curves:
        values = [(_value_at(curve.points, key, nominal), form) for nominal, _, key, form in columns]
        lines.append([curve.title, *("" if value is None else f"{value:{form}}" for value, form in values)])
    return "At the same kbit/s (interpolated)", ["codec", *(f"{nominal}: {title}" for nominal, title, _, _ in columns)], lines


def write_report(folder, comparison):
    """Writes all files of the report into `folder`; returns the tables that sum it up."""
    measured = [metric for metric in AUDIO_METRICS
                if any(metric.key in point for curve in comparison.curves for point in curve.points)]
    clip_report.write_json(folder / "rd.json", comparison, measured, [clip_report.BD_NOTE, _METRIC_NOTE, _COST_NOTE])
    report.write_csv(folder / "rd.csv", comparison.rows)
    for metric in measured:
        report.plot(folder / f"rd-{metric.key}", metric, comparison.curves, f"{comparison.title}: mean", _style_rate_axis)
    for clip in comparison.clips:
        for metric in MAIN_METRICS:
            report.plot(folder / clip_report.plot_name(clip, metric.key), metric, comparison.of_clip(clip), clip.path.stem,
                        _style_rate_axis)
    bd_tables = clip_report.bd_tables(comparison, MAIN_METRICS)
    other_tables = [nominal_table(comparison), equal_rate_table(comparison),
                    clip_report.cost_table(comparison, "seconds", "x real time", "s / CPU s")]
    (folder / "report.html").write_text(_page(folder, comparison, measured, bd_tables, other_tables), encoding="utf-8")
    return [*bd_tables, *other_tables]


def _style_rate_axis(axes):
    axes.set(xlabel="kbit/s (bytes of the sound stream)", xscale="log")
    clip_report.style_log_rates(axes.xaxis)


def _spectrograms(folder, comparison, clip):
    """The original and one row of each codec side by side."""
    paths = folder / "spectrograms"
    figures = [report.figure(folder, paths / f"{clip.digest}.png", "original")]
    for curve in comparison.curves:
        rows = [row for row in comparison.rows if row["codec"] == curve.name and row["key"].startswith(clip.digest)]
        if rows:
            row = min(rows, key=lambda row: abs(math.log(row["kbps"] / SPECTROGRAM_KBPS)))
            caption = f"{curve.title}: {row['kbps']:.1f} kbit/s, SI-SDR {row['sisdr']:.2f} dB, mel {row['mel']:.3f}"
            figures.append(report.figure(folder, paths / f"{row['key']}.png", caption))
    return f'<div class="crops spectrograms">{"".join(figures)}</div>'


def _page(folder, comparison, measured, bd_tables, other_tables):
    clips = [
        section(3, clip.path.name,
                *(clip_report.image(clip_report.plot_name(clip, metric.key)) for metric in MAIN_METRICS),
                _spectrograms(folder, comparison, clip),
                *clip_report.points_of_curves(comparison.of_clip(clip), _COLUMNS))
        for clip in comparison.clips]
    return clip_report.page(
        comparison.title,
        "<style>.spectrograms figure { width: 320px }</style>",
        *(clip_report.image(f"rd-{metric.key}") for metric in MAIN_METRICS),
        *map(clip_report.table_section, bd_tables),
        f"<p>{html.escape(clip_report.BD_NOTE)}</p>",
        *map(clip_report.table_section, other_tables),
        f"<p>{html.escape(_METRIC_NOTE)}</p>",
        f"<p>{html.escape(_COST_NOTE)}</p>",
        section(2, "Clips", f"<p>Spectrograms: 0 to 24 kHz, -100 to 0 dB, at the rate nearest to {SPECTROGRAM_KBPS} kbit/s.</p>",
                *clips),
        section(2, "Mean of the clips",
                *(clip_report.image(f"rd-{metric.key}") for metric in measured if metric not in MAIN_METRICS),
                clip_report.means_section(comparison, _COLUMNS)))
