#!/usr/bin/env python3
"""Compares codecs on the same pictures: bytes of files, quality, time and memory of whole processes.

    apps/install-deps.sh --eval
    /usr/bin/python3 apps/eval/rd.py PICTURES... --codecs laconic,jpeg,webp,avif,jxl,x265 --out DIR
    ... --codecs laconic:effort=0,laconic:effort=9,jpeg --anchor jpeg
    ... --published ../shared/baselines/kodak-published.json:vtm,paper-elic2022_mse --anchor "vtm (published)"

PICTURES are lossless pictures or folders of them; they are compared as 8-bit RGB without metadata. After a colon laconic takes
options of `laconic encode`, as OPTION=VALUE. DIR gets report.html, rd.json, rd.csv, rd-METRIC.png and .svg; rows.jsonl and
crops/ keep every row as soon as it is measured, so the same command goes on where a run was stopped, and another codec, picture
or new weights only add what is missing. Exit code: 0 done; 1 wrong usage or some codec failed; 130 interrupted.
"""
import functools
import pathlib
import sys

try:
    import command_line
    import curves
    import measure
    import report
    import rows
    from image_codecs import CodecError, Laconic, parse_codecs
    from kept_pictures import KeptPictures
except ModuleNotFoundError as error:
    sys.exit(f"rd.py: Python at {sys.executable} has no {error.name}; "
             "run apps/install-deps.sh --eval and use /usr/bin/python3")

PICTURE_SUFFIXES = {".bmp", ".png", ".pnm", ".ppm", ".tif", ".tiff"}


def parse_arguments(arguments):
    parser = command_line.new_parser("rd.py", __doc__, "pictures", "laconic[:OPTION=VALUE...], jpeg, webp, avif, jxl, x265")
    parser.add_argument("--anchor", help="curve that BD-rates refer to (the first that is not laconic's)")
    parser.add_argument("--published", action="append", default=[], metavar="FILE[:NAME,NAME...]",
                        help="adds published curves: all in the JSON file, or those named")
    return parser.parse_args(arguments)


def find_pictures(paths):
    return command_line.find_sources(paths, PICTURE_SUFFIXES, "picture", measure.open_picture)


def read_published(specs):
    found = []
    for spec in specs:
        path, _, names = spec.partition(":")
        try:
            found += curves.published_curves(pathlib.Path(path), [name for name in names.split(",") if name])
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise CodecError(f"Published curves cannot be read from {path}: {error}") from error
    return found


def crops_of(pictures, jobs, measured_rows, crops):
    """What report.write_report wants to show side by side."""
    shown = []
    for picture in pictures:
        of_codecs = {}
        for job in jobs:
            if job.source is picture and job.key in measured_rows and crops.path(job.key).exists():
                of_codecs.setdefault(job.codec.name, []).append((measured_rows[job.key], crops.path(job.key)))
        if crops.path(picture.digest).exists():
            shown.append((picture.path.name, crops.path(picture.digest), of_codecs))
    return shown


def print_summary(anchor, rates):
    print(f"BD-rate against {anchor.title}, mean curve (per-picture mean in brackets):")
    for name, of_codec in rates.items():
        texts = []
        for key, rate in of_codec.items():
            per_picture = "" if rate["per_picture"] is None else f" ({rate['per_picture']:+.2f} %)"
            texts.append(f"{key} {rate['mean_curve']:+.2f} %{per_picture}")
        print(f"  {name}: {', '.join(texts) or 'no quality in common'}")


def compare(pictures, codecs, published, anchor_name, folder, num_workers):
    """Measures what is missing, writes the report into `folder`; returns {codec name: sentence} of codecs that failed."""
    store, crops = rows.Store(folder), KeptPictures(folder / "crops")
    versions = {codec.name: codec.version() for codec in codecs}
    jobs = [job for picture in pictures for codec in codecs
            for job in rows.jobs_for(picture, codec, versions[codec.name])]
    failures = rows.measure_all(jobs, store, num_workers, lambda *where: measure.Workplace(*where, crops), rows.show_progress)
    print(file=sys.stderr)
    measured = [curves.measured_curve(codec, jobs, store.rows) for codec in codecs]
    all_curves = [curve for curve in measured + published if curve.points]
    if all_curves:
        anchor = curves.choose_anchor(anchor_name, all_curves)
        done = [store.rows[job.key] for job in jobs if job.key in store.rows]
        title = f"Rate and distortion, {len(pictures)} picture{'s' if len(pictures) > 1 else ''}"
        shown = crops_of(pictures, jobs, store.rows, crops)
        print_summary(anchor, report.write_report(folder, title, anchor, all_curves, versions, done, shown))
        print(f"written: {folder}/report.html")
    return failures


def main(arguments):
    chosen = parse_arguments(arguments)

    def measure_all():
        codecs = parse_codecs(chosen.codecs, {"laconic": functools.partial(Laconic, chosen.program)})
        published = read_published(chosen.published)
        return compare(find_pictures(chosen.pictures), codecs, published, chosen.anchor, chosen.out, chosen.jobs)

    return command_line.run("rd.py", measure_all)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
