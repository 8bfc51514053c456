"""Writes what was measured on clips: rd.json, rd.csv, plots of every clip and of the mean (PNG and SVG), and report.html."""
import dataclasses
import html
import json

import matplotlib.ticker

import report
from curves import bd_rates, bd_rates_of_sources, scaled
from video_codecs import KEY_SECONDS
from video_metrics import VIDEO_METRICS

MAIN_METRIC = VIDEO_METRICS[0]

_BD_NOTE = ("BD-rate: percent of bytes more (less, if negative) for the same quality, over the range of quality that both "
            "curves reach; logarithm of the rate, PCHIP. Mean of clips: of the BD-rates of single clips. Mean curve: BD-rate "
            "after averaging bits per pixel and PSNR of each quality setting over the clips.")
_COST_NOTE = (f"Key frames lie {KEY_SECONDS} s apart at most (laconic-intra: every frame is one). Bytes are those of the video "
              "stream's packets, without the container and its codec headers. PSNR: the squared error of each plane is averaged "
              "over the whole clip; 6:1:1 is (6 Y + U + V) / 8 of the planes' dB. Times are those of whole processes, their "
              "start and reading and writing of films included, as the machine was at the time: fps by the clock, and frames per "
              "second of CPU time, which other work on the machine hardly changes. Decoders write uncompressed frames to a file. "
              "Peak memory below 10 MiB or so cannot be seen.")


@dataclasses.dataclass
class Comparison:
    """What the report shows. anchors: among the curves; versions: {codec name: text}; rows: of every clip, codec, quality."""

    clips: list  # of video_measure.Clip
    anchors: list
    curves: list
    versions: dict
    rows: list
    title: str = ""

    def __post_init__(self):
        self.title = f"Rate and distortion, {len(self.clips)} clip{'s' if len(self.clips) > 1 else ''}"

    def of_clip(self, clip):
        """The curves on one clip."""
        curves = [dataclasses.replace(curve, points=sorted(curve.sources.get(clip.digest, []), key=lambda point: point["bpp"]))
                  for curve in self.curves]
        return [curve for curve in curves if curve.points]


def bd_tables(comparison):
    """[(title, head, lines)]: for each anchor the BD-rates of YUV PSNR, one line a curve."""
    tables = []
    for anchor in comparison.anchors:
        head = ["codec", *(clip.path.stem for clip in comparison.clips), "mean of clips", "mean curve"]
        lines = []
        for curve in comparison.curves:
            if curve is not anchor:
                each = bd_rates_of_sources(anchor, curve, MAIN_METRIC)
                means = bd_rates(anchor, curve, [MAIN_METRIC]).get(MAIN_METRIC.key, {})
                rates = [*(each.get(clip.digest) for clip in comparison.clips), means.get("per_picture"), means.get("mean_curve")]
                lines.append([curve.title, *map(report.percent, rates)])
        tables.append((f"BD-rate against {anchor.title}, {MAIN_METRIC.title}", head, lines))
    return tables


def cost_table(comparison):
    """(title, head, lines): speed and memory of each codec over all its rows."""
    head = ["codec", *(f"{verb} {what}" for verb in ("encode", "decode") for what in ("fps", "frames / CPU s", "peak MiB"))]
    lines = []
    for curve in comparison.curves:
        rows = [row for row in comparison.rows if row["codec"] == curve.name]
        if rows:
            num_frames = sum(row["num_frames"] for row in rows)
            cells = []
            for verb in ("encode", "decode"):
                seconds, cpu_seconds = (sum(row[f"{verb}_{kind}"] for row in rows) for kind in ("seconds", "cpu_seconds"))
                peak_mib = max(row[f"{verb}_peak_bytes"] for row in rows) / 2**20
                cells += [f"{num_frames / seconds:.1f}", f"{num_frames / max(cpu_seconds, 1e-6):.1f}", f"{peak_mib:.0f}"]
            lines.append([curve.title, *cells])
    return "Speed and memory", head, lines


def markdown(table):
    title, head, lines = table
    rows = [head, ["---", *["---:"] * (len(head) - 1)], *lines]
    return "\n".join([f"{title}:", "", *(f"| {' | '.join(cells)} |" for cells in rows)])


def write_report(folder, comparison):
    """Writes all files of the report into `folder`."""
    _write_json(folder / "rd.json", comparison)
    report.write_csv(folder / "rd.csv", comparison.rows)
    for metric in VIDEO_METRICS:
        report.plot(folder / f"rd-{metric.key}", metric, comparison.curves, f"{comparison.title}: mean", _style_rate_axis)
    for clip in comparison.clips:
        report.plot(folder / _plot_name(clip), MAIN_METRIC, comparison.of_clip(clip), clip.path.stem,
                    lambda axes, clip=clip: _style_rate_axis(axes, clip))
    (folder / "report.html").write_text(_page(comparison), encoding="utf-8")


def _plot_name(clip):
    return f"rd-{clip.path.stem}-{clip.digest[:4]}"  # two clips may have one name


def _style_rate_axis(axes, clip=None):
    axes.set(xlabel="bits per pixel (bytes of the video stream)", xscale="log")
    shown = [axes.xaxis]
    if clip is not None:
        kbps_per_bpp = clip.width_px * clip.height_px * clip.fps / 1000
        top = axes.secondary_xaxis("top", functions=(lambda bpp: bpp * kbps_per_bpp, lambda kbps: kbps / kbps_per_bpp))
        top.set_xlabel("kbit/s")
        shown.append(top.xaxis)
    for axis in shown:
        axis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
        axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def _write_json(path, comparison):
    names = {clip.digest: clip.path.name for clip in comparison.clips}
    rates = {}
    for anchor in comparison.anchors:
        of_anchor = rates[anchor.name] = {}
        for curve in comparison.curves:
            if curve is not anchor:
                of_anchor[curve.name] = {
                    key: {"mean_curve": rate["mean_curve"], "mean_of_clips": rate["per_picture"]}
                    for key, rate in bd_rates(anchor, curve, VIDEO_METRICS).items()}
                for metric in VIDEO_METRICS:
                    each = bd_rates_of_sources(anchor, curve, metric)
                    if each:
                        of_anchor[curve.name].setdefault(metric.key, {})["clips"] = {
                            names[digest]: rate for digest, rate in each.items()}
    summary = {
        "title": comparison.title, "notes": [_BD_NOTE, _COST_NOTE], "versions": comparison.versions, "bd_rates_percent": rates,
        "curves": {curve.name: curve.points for curve in comparison.curves}, "rows": comparison.rows,
    }
    path.write_text(json.dumps(summary, indent=1), encoding="utf-8")


def _points_table(points):
    metrics = [metric for metric in VIDEO_METRICS if scaled(points, metric)]
    head = ["quality", "bpp", "kbit/s", *(metric.title for metric in metrics), "encode fps", "decode fps"]
    lines = []
    for point in points:
        speeds = [f"{point[key]:.1f}" if key in point else "" for key in ("encode_fps", "decode_fps")]
        lines.append([f"{point['quality']:g}", f"{point['bpp']:.4f}", f"{point['kbps']:.1f}",
                      *(f"{point[metric.key]:.3f}" for metric in metrics), *speeds])
    return report.table(head, lines)


def _image(stem):
    return (f'<p><img class="plot" src="{html.escape(stem)}.svg" alt="{html.escape(stem)}"><br>'
            f'<a href="{html.escape(stem)}.png">PNG</a></p>')


def _section(level, title, *parts):
    return "\n".join([f"<h{level}>{html.escape(title)}</h{level}>", *parts])


def _page(comparison):
    tables = "\n".join(_section(2, title, report.table(head, lines)) for title, head, lines in bd_tables(comparison))
    planes = "\n".join(
        _section(3, f"Against {anchor.title}", report.bd_table(
            {curve.name: bd_rates(anchor, curve, VIDEO_METRICS) for curve in comparison.curves if curve is not anchor},
            comparison.curves, VIDEO_METRICS, "mean of clips")) for anchor in comparison.anchors)
    title, head, lines = cost_table(comparison)
    clips = "\n".join(
        _section(3, clip.path.name, _image(_plot_name(clip)),
                 *(f"<p>{html.escape(curve.title)}</p>{_points_table(curve.points)}" for curve in comparison.of_clip(clip)))
        for clip in comparison.clips)
    means = "\n".join(_section(3, curve.title, f"<p>{html.escape(comparison.versions.get(curve.name, ''))}</p>",
                               _points_table(curve.points)) for curve in comparison.curves)
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{html.escape(comparison.title)}</title><style>{report.STYLE}</style>
<h1>{html.escape(comparison.title)}</h1>
{_image(f"rd-{MAIN_METRIC.key}")}
{tables}
<p>{_BD_NOTE}</p>
{_section(2, "BD-rate of planes", planes)}
{_section(2, title, report.table(head, lines))}
<p>{_COST_NOTE}</p>
{_section(2, "Clips", clips)}
{_section(2, "Mean of the clips", *(_image(f"rd-{metric.key}") for metric in VIDEO_METRICS[1:]), means)}
<p>Every row: <a href="rd.csv">rd.csv</a>, <a href="rd.json">rd.json</a>.</p>
</html>
"""
