"""Parts of the reports on clips, films and sounds alike. A table is (title, head, lines), all text."""
import html
import json

import matplotlib.ticker

import report
from curves import bd_rates, bd_rates_of_sources

BD_NOTE = ("BD-rate: percent of bytes more (less, if negative) for the same quality, over the range of quality that both "
           "curves reach; logarithm of the rate, PCHIP. Mean of clips: of the BD-rates of single clips. Mean curve: BD-rate "
           "after averaging rate and quality of each setting over the clips.")


def bd_tables(comparison, metrics):
    """For each anchor and metric the BD-rates, one line a curve."""
    tables = []
    for anchor in comparison.anchors:
        for metric in metrics:
            head = ["codec", *(clip.path.stem for clip in comparison.clips), "mean of clips", "mean curve"]
            lines = []
            for curve in comparison.curves:
                if curve is not anchor:
                    each = bd_rates_of_sources(anchor, curve, metric)
                    means = bd_rates(anchor, curve, [metric]).get(metric.key, {})
                    rates = [*(each.get(clip.digest) for clip in comparison.clips), means.get("per_picture"),
                             means.get("mean_curve")]
                    lines.append([curve.title, *map(report.percent, rates)])
            tables.append((f"BD-rate against {anchor.title}, {metric.title}", head, lines))
    return tables


def cost_table(comparison, amount_key, by_clock, by_cpu):
    """Speed and memory of each codec over all its rows. row[amount_key]: what is coded, e.g. a number of frames; by_clock, by_cpu:
    what to call the amounts per second."""
    head = ["codec", *(f"{verb} {what}" for verb in ("encode", "decode") for what in (by_clock, by_cpu, "peak MiB"))]
    lines = []
    for curve in comparison.curves:
        rows = [row for row in comparison.rows if row["codec"] == curve.name]
        if rows:
            amount = sum(row[amount_key] for row in rows)
            cells = []
            for verb in ("encode", "decode"):
                seconds, cpu_seconds = (sum(row[f"{verb}_{kind}"] for row in rows) for kind in ("seconds", "cpu_seconds"))
                peak_mib = max(row[f"{verb}_peak_bytes"] for row in rows) / 2**20
                cells += [f"{amount / seconds:.1f}", f"{amount / max(cpu_seconds, 1e-6):.1f}", f"{peak_mib:.0f}"]
            lines.append([curve.title, *cells])
    return "Speed and memory", head, lines


def markdown(table):
    title, head, lines = table
    rows = [head, ["---", *["---:"] * (len(head) - 1)], *lines]
    return "\n".join([f"{title}:", "", *(f"| {' | '.join(cells)} |" for cells in rows)])


def points_table(points, columns):
    """HTML, one line a point; columns: [(title, key, format)], e.g. ("bpp", "bpp", ".4f"). Those that no point has are left out."""
    shown = [column for column in columns if any(column[1] in point for point in points)]
    lines = [[f"{point[key]:{form}}" if key in point else "" for _, key, form in shown] for point in points]
    return report.table([title for title, _, _ in shown], lines)


def points_of_curves(curves, columns):
    """HTML of each curve's points."""
    return [f"<p>{html.escape(curve.title)}</p>{points_table(curve.points, columns)}" for curve in curves]


def table_section(table):
    title, head, lines = table
    return section(2, title, report.table(head, lines))


def write_json(path, comparison, metrics, notes):
    names = {clip.digest: clip.path.name for clip in comparison.clips}
    rates = {}
    for anchor in comparison.anchors:
        of_anchor = rates[anchor.name] = {}
        for curve in comparison.curves:
            if curve is not anchor:
                of_anchor[curve.name] = {
                    key: {"mean_curve": rate["mean_curve"], "mean_of_clips": rate["per_picture"]}
                    for key, rate in bd_rates(anchor, curve, metrics).items()}
                for metric in metrics:
                    each = bd_rates_of_sources(anchor, curve, metric)
                    if each:
                        of_anchor[curve.name].setdefault(metric.key, {})["clips"] = {
                            names[digest]: rate for digest, rate in each.items()}
    summary = {
        "title": comparison.title, "notes": notes, "versions": comparison.versions, "bd_rates_percent": rates,
        "curves": {curve.name: curve.points for curve in comparison.curves}, "rows": comparison.rows,
    }
    path.write_text(json.dumps(summary, indent=1), encoding="utf-8")


def style_log_rates(axis):
    """Round numbers along an axis of rates in logarithmic scale."""
    axis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def plot_name(clip, key=""):
    """Of a clip's plot, without a suffix; key: of the metric, where there is more than one plot of a clip."""
    return f"rd-{clip.path.stem}-{clip.digest[:4]}{'-' if key else ''}{key}"  # two clips may have one name


def image(stem):
    return (f'<p><img class="plot" src="{html.escape(stem)}.svg" alt="{html.escape(stem)}"><br>'
            f'<a href="{html.escape(stem)}.png">PNG</a></p>')


def section(level, title, *parts):
    return "\n".join([f"<h{level}>{html.escape(title)}</h{level}>", *parts])


def means_section(comparison, columns):
    """Points of the mean curves, with the versions of the codecs."""
    return "\n".join(section(3, curve.title, f"<p>{html.escape(comparison.versions.get(curve.name, ''))}</p>",
                             points_table(curve.points, columns)) for curve in comparison.curves)


def page(title, *parts):
    body = "\n".join(parts)
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title><style>{report.STYLE}</style>
<h1>{html.escape(title)}</h1>
{body}
<p>Every row: <a href="rd.csv">rd.csv</a>, <a href="rd.json">rd.json</a>.</p>
</html>
"""
