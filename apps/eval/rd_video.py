#!/usr/bin/env python3
"""Compares codecs on the same clips: bytes of the video stream, PSNR of its planes, time and memory of whole processes.

    apps/install-deps.sh --eval
    /usr/bin/python3 apps/eval/rd_video.py CLIPS... --codecs laconic,x264,x265,svtav1,vp9 --anchor x265 --out DIR
    ... --codecs laconic,laconic-intra,x265 --anchor x265,laconic-intra
    ... --published ../shared/baselines/video-measured.json:x265-medium

CLIPS are films or folders of them, best lossless; 4:2:0 of 8 bits is what all codecs take. Every codec has a key frame every
two seconds at least; laconic-intra is laconic with --gop 1. After a colon both take options of `laconic encode`, as OPTION=VALUE.
DIR gets report.html, rd.json, rd.csv and plots of every clip and of the mean (.png, .svg); rows.jsonl keeps every row as soon as
it is measured, so the same command goes on where a run was stopped, and another codec, clip or new weights only add what is
missing. Encoded and decoded clips lie in the folder for temporary files (TMPDIR) meanwhile. Exit code: 0 done; 1 wrong usage or
some codec failed; 130 interrupted.
"""
import argparse
import functools
import json
import pathlib
import signal
import sys

try:
    import curves
    import rows
    import video_measure
    import video_report
    from image_codecs import CodecError, parse_codecs
    from video_codecs import VIDEO_CODECS, LaconicIntra, LaconicVideo
except ModuleNotFoundError as error:
    sys.exit(f"rd_video.py: Python at {sys.executable} has no {error.name}; "
             "run apps/install-deps.sh --eval and use /usr/bin/python3")

CLIP_SUFFIXES = {".avi", ".mkv", ".mov", ".mp4", ".nut", ".webm", ".y4m"}


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="rd_video.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=pathlib.Path, metavar="CLIPS")
    parser.add_argument("--codecs", required=True, help="comma-separated: laconic[:OPTION=VALUE...], "
                        f"laconic-intra[:OPTION=VALUE...], {', '.join(codec.name for codec in VIDEO_CODECS)}")
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("--program", default=str(pathlib.Path(__file__).resolve().parents[2] / "build" / "laconic"),
                        help="laconic's program (build/laconic)")
    parser.add_argument("--laconic-qualities", type=parse_qualities, default="10,25,40,55,70", metavar="Q,Q...",
                        help="what laconic is measured at (10,25,40,55,70)")
    parser.add_argument("--jobs", type=int, default=1, help="clips at a time (1: more make the measured seconds longer)")
    parser.add_argument("--anchor", help="comma-separated: curves that BD-rates refer to (the first that is not laconic's)")
    parser.add_argument("--published", action="append", default=[], metavar="FILE[:NAME,NAME...]",
                        help="adds curves of the same clips from a JSON file, all or those named: "
                        '{codec: {clip: [{"q": ..., "bpp": ..., "kbps": ..., "psnr611": ...}]}}, clip without its suffix')
    chosen = parser.parse_args(arguments)
    if chosen.jobs < 1:
        parser.error(f"--jobs is {chosen.jobs}; it must be at least 1")
    return chosen


def parse_qualities(text):
    try:
        qualities = tuple(float(word) for word in text.split(","))
    except ValueError:
        qualities = ()
    if not qualities or len(set(qualities)) != len(qualities) or not all(0 <= quality <= 100 for quality in qualities):
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of different numbers, 0 to 100, with commas between")
    return qualities


def find_clips(paths):
    """Clips named or lying directly in the folders named, in order. Raises CodecError."""
    files = []
    for path in paths:
        if path.is_dir():
            files += sorted(file for file in path.iterdir() if file.suffix.lower() in CLIP_SUFFIXES)
        else:
            files.append(path)
    if not files:
        raise CodecError(f"There is no film ({', '.join(sorted(CLIP_SUFFIXES))}) in {', '.join(map(str, paths))}.")
    return list({clip.digest: clip for clip in map(video_measure.open_clip, files)}.values())


def read_published(spec, clips):
    """Curves of FILE[:NAME,NAME...]; those that lack a clip have no mean. Raises CodecError."""
    path, _, names = spec.partition(":")
    try:
        stored = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        found = []
        for name in names.split(",") if names else stored:
            sources = {clip.digest: [{**point, "quality": point["q"]} for point in stored[name][clip.path.stem]]
                       for clip in clips if clip.path.stem in stored[name]}
            by_quality = {}
            for points in sources.values():
                for point in points:
                    by_quality.setdefault(point["quality"], []).append(point)
            points = [curves.mean_row(points) for points in by_quality.values() if len(points) == len(clips)]
            found.append(curves.published_curve(name, points, sources))
        return found
    except KeyError as error:
        raise CodecError(f"Published curves cannot be read from {path}: there is no {error}.") from error
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise CodecError(f"Published curves cannot be read from {path}: {error}") from error


def compare(clips, codecs, published, anchor_names, folder, num_workers):
    """Measures what is missing, writes the report into `folder`; returns {codec name: sentence} of codecs that failed."""
    store = rows.Store(folder)
    versions = {codec.name: codec.version() for codec in codecs}
    jobs = [job for clip in clips for codec in codecs for job in rows.jobs_for(clip, codec, versions[codec.name])]
    failures = rows.measure_all(jobs, store, num_workers, video_measure.Workplace, rows.show_progress)
    print(file=sys.stderr)
    measured = [curves.measured_curve(codec, jobs, store.rows) for codec in codecs]
    all_curves = [curve for curve in measured + published if curve.sources]
    if all_curves:
        anchors = [curves.choose_anchor(name, all_curves) for name in anchor_names]
        done = [store.rows[job.key] for job in jobs if job.key in store.rows]
        comparison = video_report.Comparison(clips, anchors, all_curves, versions, done)
        video_report.write_report(folder, comparison)
        for table in [*video_report.bd_tables(comparison), video_report.cost_table(comparison)]:
            print(video_report.markdown(table), end="\n\n")
        print(f"written: {folder}/report.html")
    return failures


def main(arguments):
    chosen = parse_arguments(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # kill, as Ctrl-C, ends after the rows begun
    try:
        codecs = parse_codecs(chosen.codecs, {
            codec.base_name: functools.partial(codec, chosen.program, chosen.laconic_qualities)
            for codec in (LaconicVideo, LaconicIntra)}, VIDEO_CODECS)
        clips = find_clips(chosen.clips)
        published = [curve for spec in chosen.published for curve in read_published(spec, clips)]
        chosen.out.mkdir(parents=True, exist_ok=True)
        anchor_names = chosen.anchor.split(",") if chosen.anchor else [None]
        failures = compare(clips, codecs, published, anchor_names, chosen.out, chosen.jobs)
    except CodecError as error:
        print(f"rd_video.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nrd_video.py: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    for sentence in failures.values():
        print(f"rd_video.py: {sentence}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
