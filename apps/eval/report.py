"""Writes what was measured: rd.json, rd.csv, a plot for each metric (PNG and SVG) and report.html with crops side by side."""
import csv
import html
import json
import math

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from curves import bd_rates, scaled
from metrics import METRICS

CROP_BPP = 0.3         # crops are shown at each codec's rate nearest to this
NUM_CROP_PICTURES = 6  # evenly spaced in the list

_BD_NOTE = ("BD-rate: percent of bytes more (less, if negative) for the same quality, over the range of quality that both "
            "curves reach; logarithm of the rate, PCHIP. Mean curve: bpp and metric are averaged over the pictures first, as "
            "CompressAI does; the only kind that published curves allow, and those mean something only if they are of the same "
            "pictures. Per picture: mean of the BD-rates of single pictures.")
_COST_NOTE = ("Bytes are those of whole files; seconds, CPU seconds and peak memory are those of whole processes, their start "
              "included, as the machine was at the time; peaks below 10 MiB or so cannot be seen.")
STYLE = """body { font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 }
th, td { padding: .2em .8em; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left } .crops { display: flex; flex-wrap: wrap; gap: 12px }
figure { margin: 0; width: 192px; font-size: 12px } figure img { display: block; image-rendering: pixelated }
.plot { max-width: 100% }"""


def write_report(folder, title, anchor, curves, versions, rows, crops):
    """Writes all files of the report into `folder`.

    curves: measured and published ones, `anchor` among them; versions: {codec name: text}; rows: of every picture, codec and
    quality; crops: [(picture name, path of the original crop, {codec name: [(row, path of its crop)]})].
    """
    rates = {curve.name: bd_rates(anchor, curve) for curve in curves if curve is not anchor}
    _write_json(folder / "rd.json", title, anchor, curves, versions, rows, rates)
    write_csv(folder / "rd.csv", rows)
    plotted = [metric for metric in METRICS if sum(len(scaled(curve.points, metric)) > 1 for curve in curves) > 0]
    for metric in plotted:
        plot(folder / f"rd-{metric.key}", metric, curves, title, _style_rate_axis)
    page = _page(folder, title, anchor, curves, versions, rates, plotted, crops)
    (folder / "report.html").write_text(page, encoding="utf-8")
    return rates


def _write_json(path, title, anchor, curves, versions, rows, rates):
    summary = {
        "title": title, "anchor": anchor.name, "bd_rate_note": _BD_NOTE, "versions": versions, "bd_rates_percent": rates,
        "curves": {curve.name: curve.points for curve in curves}, "rows": rows,
    }
    path.write_text(json.dumps(summary, indent=1), encoding="utf-8")


def write_csv(path, rows):
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _style_rate_axis(axes):
    axes.set(xlabel="bits per pixel (bytes of whole files)", xlim=(0, 2.5))


def plot(stem, metric, curves, title, style_rate_axis):
    """Draws the curves of one metric over bpp to `stem`.png and .svg; style_rate_axis(axes) labels and scales that axis."""
    figure, axes = plt.subplots(figsize=(9, 6), dpi=110)
    colours = plt.get_cmap("tab20" if len(curves) > 10 else "tab10")
    drawn = [curve for curve in curves if len(scaled(curve.points, metric)) > 1]
    for index, curve in enumerate(drawn):
        is_ours = curve.name.startswith("laconic")
        bpp, quality = zip(*scaled(curve.points, metric))
        axes.plot(bpp, quality, color=colours(index % colours.N), label=curve.title, marker="o" if is_ours else ".",
                  linewidth=2.5 if is_ours else 1.3, linestyle="--" if curve.is_published else "-", zorder=3 if is_ours else 2)
    axes.set(ylabel=metric.title, title=title)
    style_rate_axis(axes)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="lower right")
    figure.tight_layout()
    for suffix in (".png", ".svg"):
        figure.savefig(stem.with_suffix(suffix))
    plt.close(figure)


def table(head, lines):
    cells = [f"<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr>"]
    cells += [f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in line)}</tr>" for line in lines]
    return "<table>" + "\n".join(cells) + "</table>"


def percent(value):
    return "" if value is None else f"{value:+.2f} %"


def bd_table(rates, curves, metrics, kind_of_mean):
    """rates: {curve name: what curves.bd_rates gave}; kind_of_mean: what to call the mean of single BD-rates."""
    titles = {curve.name: curve.title for curve in curves}
    head = ["codec", *(f"{metric.title}, {kind}" for metric in metrics for kind in ("mean curve", kind_of_mean))]
    lines = [[titles[name], *(percent(of_codec.get(metric.key, {}).get(kind)) for metric in metrics
                              for kind in ("mean_curve", "per_picture"))] for name, of_codec in rates.items()]
    return table(head, lines)


def _curve_table(curve, plotted):
    shown = [metric for metric in plotted if any(metric.key in point for point in curve.points)]
    head = ["quality", "bpp", *(metric.key for metric in shown), "encode s", "encode CPU s", "encode peak MiB", "decode s",
            "decode CPU s", "decode peak MiB"]
    lines = []
    for point in curve.points:
        costs = [point[f"{verb}_{what}"] / unit for verb in ("encode", "decode")
                 for what, unit in (("seconds", 1), ("cpu_seconds", 1), ("peak_bytes", 2**20))]
        values = ["" if metric.key not in point else f"{point[metric.key]:.4f}" for metric in shown]
        lines.append([f"{point['quality']:g}", f"{point['bpp']:.4f}", *values, *(f"{cost:.2f}" for cost in costs)])
    return table(head, lines)


def figure(folder, path, caption):
    return (f'<figure><img src="{html.escape(path.relative_to(folder).as_posix())}" alt="" loading="lazy">'
            f"<figcaption>{html.escape(caption)}</figcaption></figure>")


def _crop_section(folder, curves, crops):
    step = max(1, math.ceil(len(crops) / NUM_CROP_PICTURES))
    titles = {curve.name: curve.title for curve in curves}
    parts = []
    for picture_name, original, of_codecs in crops[::step]:
        figures = [figure(folder, original, "original")]
        for name, choices in of_codecs.items():
            row, path = min(choices, key=lambda choice: abs(math.log(choice[0]["bpp"] / CROP_BPP)))
            figures.append(figure(folder, path, f"{titles[name]}: {row['bpp']:.3f} bpp, {row['psnr']:.2f} dB"))
        parts.append(f'<h3>{html.escape(picture_name)}</h3><div class="crops">{"".join(figures)}</div>')
    return "\n".join(parts)


def _page(folder, title, anchor, curves, versions, rates, plotted, crops):
    plots = "\n".join(f'<p><img class="plot" src="rd-{metric.key}.svg" alt="{html.escape(metric.title)}"><br>'
                      f'<a href="rd-{metric.key}.png">PNG</a></p>' for metric in plotted)
    measured = "\n".join(f"<h3>{html.escape(curve.title)}</h3><p>{html.escape(versions.get(curve.name, ''))}</p>"
                         f"{_curve_table(curve, plotted)}" for curve in curves if not curve.is_published)
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>
<h1>{html.escape(title)}</h1>
{plots}
<h2>BD-rate against {html.escape(anchor.title)}</h2>
<p>{_BD_NOTE}</p>
{bd_table(rates, curves, plotted, "per picture")}
<h2>Side by side</h2>
<p>The part with the most detail, at the rate nearest to {CROP_BPP} bpp.</p>
{_crop_section(folder, curves, crops)}
<h2>Mean curves</h2>
<p>{_COST_NOTE}</p>
{measured}
<p>Every row: <a href="rd.csv">rd.csv</a>, <a href="rd.json">rd.json</a>.</p>
</html>
"""
