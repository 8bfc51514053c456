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
import functools
import sys

try:
    import clip_comparison
    import command_line
    import video_measure
    import video_report
    from image_codecs import parse_codecs
    from video_codecs import VIDEO_CODECS, LaconicIntra, LaconicVideo
except ModuleNotFoundError as error:
    sys.exit(f"rd_video.py: Python at {sys.executable} has no {error.name}; "
             "run apps/install-deps.sh --eval and use /usr/bin/python3")

CLIP_SUFFIXES = {".avi", ".mkv", ".mov", ".mp4", ".nut", ".webm", ".y4m"}


def parse_arguments(arguments):
    parser = command_line.new_parser(
        "rd_video.py", __doc__, "clips", "laconic[:OPTION=VALUE...], laconic-intra[:OPTION=VALUE...], "
        f"{', '.join(codec.name for codec in VIDEO_CODECS)}")
    parser.add_argument("--laconic-qualities", type=command_line.numbers(0, 100), default="10,25,40,55,70", metavar="Q,Q...",
                        help="what laconic is measured at (10,25,40,55,70)")
    clip_comparison.add_arguments(parser, '"q": ..., "bpp": ..., "kbps": ..., "psnr611": ...')
    return parser.parse_args(arguments)


def find_clips(paths):
    return command_line.find_sources(paths, CLIP_SUFFIXES, "film", video_measure.open_clip)


def read_published(spec, clips):
    return clip_comparison.read_published(spec, clips, "q")


def compare(clips, codecs, published, anchors, folder, num_workers):
    return clip_comparison.compare(clips, codecs, published, anchors, folder, num_workers, video_measure.Workplace,
                                   video_report.write_report)


def main(arguments):
    chosen = parse_arguments(arguments)

    def measure_all():
        codecs = parse_codecs(chosen.codecs, {
            codec.base_name: functools.partial(codec, chosen.program, chosen.laconic_qualities)
            for codec in (LaconicVideo, LaconicIntra)}, VIDEO_CODECS)
        clips = find_clips(chosen.clips)
        published = [curve for spec in chosen.published for curve in read_published(spec, clips)]
        return compare(clips, codecs, published, chosen.anchor, chosen.out, chosen.jobs)

    return command_line.run("rd_video.py", measure_all)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
