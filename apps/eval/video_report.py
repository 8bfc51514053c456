"""Writes what was measured on clips: rd.json, rd.csv, plots of every clip and of the mean (PNG and SVG), and report.html."""
import clip_report
import report
from clip_report import section
from curves import bd_rates
from video_codecs import KEY_SECONDS
from video_metrics import VIDEO_METRICS

MAIN_METRIC = VIDEO_METRICS[0]

_COST_NOTE = (f"Key frames lie {KEY_SECONDS} s apart at most (laconic-intra: every frame is one). Bytes are those of the video "
              "stream's packets, without the container and its codec headers. PSNR: the squared error of each plane is averaged "
              "over the whole clip; 6:1:1 is (6 Y + U + V) / 8 of the planes' dB. Times are those of whole processes, their "
              "start and reading and writing of films included, as the machine was at the time: fps by the clock, and frames per "
              "second of CPU time, which other work on the machine hardly changes. Decoders write uncompressed frames to a file. "
              "Peak memory below 10 MiB or so cannot be seen.")
_COLUMNS = (("quality", "quality", "g"), ("bpp", "bpp", ".4f"), ("kbit/s", "kbps", ".1f"),
            *((metric.title, metric.key, ".3f") for metric in VIDEO_METRICS),
            ("encode fps", "encode_fps", ".1f"), ("decode fps", "decode_fps", ".1f"))


def write_report(folder, comparison):
    """Writes all files of the report into `folder`; returns the tables that sum it up."""
    clip_report.write_json(folder / "rd.json", comparison, VIDEO_METRICS, [clip_report.BD_NOTE, _COST_NOTE])
    report.write_csv(folder / "rd.csv", comparison.rows)
    for metric in VIDEO_METRICS:
        report.plot(folder / f"rd-{metric.key}", metric, comparison.curves, f"{comparison.title}: mean", _style_rate_axis)
    for clip in comparison.clips:
        report.plot(folder / clip_report.plot_name(clip), MAIN_METRIC, comparison.of_clip(clip), clip.path.stem,
                    lambda axes, clip=clip: _style_rate_axis(axes, clip))
    bd_tables = clip_report.bd_tables(comparison, [MAIN_METRIC])
    cost_table = clip_report.cost_table(comparison, "num_frames", "fps", "frames / CPU s")
    (folder / "report.html").write_text(_page(comparison, bd_tables, cost_table), encoding="utf-8")
    return [*bd_tables, cost_table]


def _style_rate_axis(axes, clip=None):
    axes.set(xlabel="bits per pixel (bytes of the video stream)", xscale="log")
    clip_report.style_log_rates(axes.xaxis)
    if clip is not None:
        kbps_per_bpp = clip.width_px * clip.height_px * clip.fps / 1000
        top = axes.secondary_xaxis("top", functions=(lambda bpp: bpp * kbps_per_bpp, lambda kbps: kbps / kbps_per_bpp))
        top.set_xlabel("kbit/s")
        clip_report.style_log_rates(top.xaxis)


def _page(comparison, bd_tables, cost_table):
    planes = [
        section(3, f"Against {anchor.title}", report.bd_table(
            {curve.name: bd_rates(anchor, curve, VIDEO_METRICS) for curve in comparison.curves if curve is not anchor},
            comparison.curves, VIDEO_METRICS, "mean of clips")) for anchor in comparison.anchors]
    clips = [
        section(3, clip.path.name, clip_report.image(clip_report.plot_name(clip)),
                *clip_report.points_of_curves(comparison.of_clip(clip), _COLUMNS))
        for clip in comparison.clips]
    return clip_report.page(
        comparison.title,
        clip_report.image(f"rd-{MAIN_METRIC.key}"),
        *map(clip_report.table_section, bd_tables),
        f"<p>{clip_report.BD_NOTE}</p>",
        section(2, "BD-rate of planes", *planes),
        clip_report.table_section(cost_table),
        f"<p>{_COST_NOTE}</p>",
        section(2, "Clips", *clips),
        section(2, "Mean of the clips", *(clip_report.image(f"rd-{metric.key}") for metric in VIDEO_METRICS[1:]),
                clip_report.means_section(comparison, _COLUMNS)))
