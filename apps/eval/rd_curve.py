#!/usr/bin/env python3
"""Rate-distortion curve of the built program against optimised progressive JPEG, from bytes of files on disk.

    python3 apps/eval/rd_curve.py PICTURES... --out DIR [--program build/laconic] [--qualities 0,10,...] [--curves FILE]

PICTURES are lossless pictures or folders of them. Writes DIR/rd.json (per picture and mean), DIR/rd.png and prints the
mean curve and BD-rates (PCHIP on log rate). --curves adds published curves: a JSON object {codec: {"bpp": [...], "psnr": [...]}}
or {codec: [{"bpp": ..., "psnr": ...}, ...]}. A run that was interrupted goes on where it stopped. Needs Debian's python3-numpy,
python3-scipy, python3-pil, python3-matplotlib.
"""
import argparse
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image
from scipy.interpolate import PchipInterpolator

JPEG_QUALITIES = [5, 8, 10, 15, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95]


def psnr(reference, path_or_file):
    decoded = np.asarray(Image.open(path_or_file).convert("RGB"), dtype=np.float64)
    return float(10 * np.log10(255.0**2 / max(np.mean((decoded - reference) ** 2), 1e-9)))


def bd_rate(anchor, test):
    """Bjontegaard delta rate of `test` against `anchor` in percent; both lists of (bpp, quality)."""

    def log_rate(points):
        rising = []
        for rate, quality in sorted(points, key=lambda p: p[1]):
            if not rising or quality > rising[-1][1] + 1e-6:
                rising.append((rate, quality))
        rate, quality = np.array(rising).T
        return quality, PchipInterpolator(quality, np.log(rate))

    (qa, a), (qt, t) = log_rate(anchor), log_rate(test)
    low, high = max(qa[0], qt[0]), min(qa[-1], qt[-1])
    if high <= low:
        return float("nan")
    return float((np.exp((t.integrate(low, high) - a.integrate(low, high)) / (high - low)) - 1) * 100)


def run_laconic(program, picture, reference, quality, folder):
    stream, decoded = os.path.join(folder, "a.lac"), os.path.join(folder, "a.png")
    start = time.time()
    subprocess.run([program, "encode", "--quiet", "-q", str(quality), picture, stream], check=True)
    middle = time.time()
    subprocess.run([program, "decode", "--quiet", stream, decoded], check=True)
    seconds = {"encode_s": middle - start, "decode_s": time.time() - middle}
    return {"bytes": os.path.getsize(stream), "psnr": psnr(reference, decoded), **seconds}


def run_jpeg(picture, reference, quality):
    encoded = io.BytesIO()
    Image.open(picture).convert("RGB").save(encoded, "JPEG", quality=quality, optimize=True, progressive=True)
    return {"bytes": len(encoded.getvalue()), "psnr": psnr(reference, encoded)}


def measure(arguments, pictures):
    results_path = arguments.out / "rd.json"
    results = json.loads(results_path.read_text()) if results_path.exists() else {}
    todo = [("laconic", q) for q in arguments.qualities] + [("jpeg", q) for q in JPEG_QUALITIES]
    start, done, total = time.time(), 0, len(pictures) * len(todo)
    with tempfile.TemporaryDirectory() as folder:
        for picture in pictures:
            image = Image.open(picture).convert("RGB")
            reference = np.asarray(image, dtype=np.float64)
            for codec, quality in todo:
                key = f"{picture.name}|{codec}|{quality}"
                if key not in results:
                    row = (run_laconic(arguments.program, str(picture), reference, quality, folder) if codec == "laconic"
                           else run_jpeg(picture, reference, quality))
                    results[key] = {**row, "pixels": image.width * image.height}
                done += 1
            results_path.write_text(json.dumps(results))
            left = (time.time() - start) / done * (total - done)
            print(f"\r{done}/{total}, {left:.0f} s left   ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return results


def mean_curve(results, pictures, codec, qualities):
    curve = []
    for quality in qualities:
        rows = [results[f"{p.name}|{codec}|{quality}"] for p in pictures]
        curve.append((float(np.mean([8 * r["bytes"] / r["pixels"] for r in rows])), float(np.mean([r["psnr"] for r in rows]))))
    return curve


def read_curves(path):
    curves = {}
    for name, curve in json.loads(path.read_text()).items():
        if isinstance(curve, dict) and "bpp" in curve and "psnr" in curve:
            curves[name] = list(zip(curve["bpp"], curve["psnr"]))
        elif isinstance(curve, list):
            curves[name] = [(p["bpp"], p["psnr"]) for p in curve]
    return curves


def plot(curves, path, title):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 5), dpi=110)
    for name, curve in curves.items():
        bpp, quality = zip(*sorted(curve))
        is_ours = name == "laconic"
        axes.plot(bpp, quality, marker="o" if is_ours else ".", linewidth=2.5 if is_ours else 1.3, label=name)
    axes.set(xlabel="bits per pixel (bytes of files)", ylabel="RGB PSNR (dB)", title=title, xlim=(0, 2.5))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--program", default=str(pathlib.Path(__file__).resolve().parents[2] / "build" / "laconic"))
    parser.add_argument("--qualities", type=lambda t: [float(q) for q in t.split(",")], default=[0, 12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100])
    parser.add_argument("--curves", type=pathlib.Path)
    parser.add_argument("--title", default="")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    pictures = [f for p in arguments.pictures for f in (sorted(p.glob("*.png")) if p.is_dir() else [p])]
    if not pictures:
        parser.error("no pictures found")
    results = measure(arguments, pictures)
    curves = {"laconic": mean_curve(results, pictures, "laconic", arguments.qualities),
              "JPEG (optimised, progressive)": mean_curve(results, pictures, "jpeg", JPEG_QUALITIES)}
    if arguments.curves:
        curves.update(read_curves(arguments.curves))
    for quality, (bpp, value) in zip(arguments.qualities, curves["laconic"]):
        print(f"quality {quality:5.1f}: {bpp:.4f} bpp, {value:.3f} dB")
    for name, curve in curves.items():
        if name != "laconic":
            print(f"BD-rate of laconic against {name}: {bd_rate(curve, curves['laconic']):+.2f} %")
    (arguments.out / "curves.json").write_text(json.dumps(curves))
    plot(curves, arguments.out / "rd.png", arguments.title or f"{len(pictures)} pictures")
    print(f"written: {arguments.out}/rd.json, curves.json, rd.png")


if __name__ == "__main__":
    main()
