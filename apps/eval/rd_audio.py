#!/usr/bin/env python3
"""Compares codecs on the same sounds: bytes of the sound stream, distance from the source, time and memory of whole processes.

    apps/install-deps.sh --eval
    /usr/bin/python3 apps/eval/rd_audio.py CLIPS... --codecs laconic,opus,aac,mp3,vorbis --anchor opus --out DIR
    ... --codecs laconic,laconic-q,opus --anchor opus,laconic
    ... --published ../shared/baselines/audio-measured.json:opus,aac

CLIPS are sounds or folders of them, best lossless; every codec gets them as 48 kHz stereo. laconic is told rates (--bitrate),
laconic-q qualities (-q). After a colon both take options of `laconic encode`, as OPTION=VALUE.
DIR gets report.html, rd.json, rd.csv and plots of every clip and of the mean (.png, .svg); rows.jsonl and spectrograms/ keep
every row as soon as it is measured, so the same command goes on where a run was stopped, and another codec, clip or new weights
only add what is missing. ViSQOL and Zimtohrli are measured where their programs (visqol, zimtohrli) are found. Encoded and decoded
sounds lie in the folder for temporary files (TMPDIR) meanwhile. Exit code: 0 done; 1 wrong usage or some codec failed;
130 interrupted.
"""
import functools
import sys

try:
    import audio_measure
    import audio_report
    import clip_comparison
    import command_line
    from audio_codecs import AUDIO_CODECS, LaconicAudio, LaconicConstantQuality
    from image_codecs import parse_codecs
    from kept_pictures import KeptPictures
except ModuleNotFoundError as error:
    sys.exit(f"rd_audio.py: Python at {sys.executable} has no {error.name}; "
             "run apps/install-deps.sh --eval and use /usr/bin/python3")

CLIP_SUFFIXES = {".aif", ".aiff", ".caf", ".flac", ".m4a", ".mp3", ".ogg", ".opus", ".w64", ".wav", ".wv"}


def parse_arguments(arguments):
    parser = command_line.new_parser(
        "rd_audio.py", __doc__, "clips", "laconic[:OPTION=VALUE...], laconic-q[:OPTION=VALUE...], "
        f"{', '.join(codec.name for codec in AUDIO_CODECS)}")
    parser.add_argument("--laconic-rates", type=command_line.numbers(1, 1000), default="12,16,24,32,48,64,96", metavar="K,K...",
                        help="kbit/s that laconic is told (12,16,24,32,48,64,96)")
    parser.add_argument("--laconic-qualities", type=command_line.numbers(0, 100), default="10,25,40,55,70,85", metavar="Q,Q...",
                        help="what laconic-q is measured at (10,25,40,55,70,85)")
    clip_comparison.add_arguments(parser, '"nominal": ..., "kbps": ..., "sisdr": ..., "mel": ..., "stft": ...')
    return parser.parse_args(arguments)


def find_clips(paths):
    return command_line.find_sources(paths, CLIP_SUFFIXES, "sound", audio_measure.open_clip)


def read_published(spec, clips):
    return clip_comparison.read_published(spec, clips, "nominal")


def compare(clips, codecs, published, anchors, folder, num_workers):
    spectrograms = KeptPictures(folder / "spectrograms")
    return clip_comparison.compare(clips, codecs, published, anchors, folder, num_workers,
                                   lambda *where: audio_measure.Workplace(*where, spectrograms), audio_report.write_report)


def main(arguments):
    chosen = parse_arguments(arguments)

    def measure_all():
        codecs = parse_codecs(chosen.codecs, {
            "laconic": functools.partial(LaconicAudio, chosen.program, chosen.laconic_rates),
            "laconic-q": functools.partial(LaconicConstantQuality, chosen.program, chosen.laconic_qualities)}, AUDIO_CODECS)
        clips = find_clips(chosen.clips)
        published = [curve for spec in chosen.published for curve in read_published(spec, clips)]
        return compare(clips, codecs, published, chosen.anchor, chosen.out, chosen.jobs)

    return command_line.run("rd_audio.py", measure_all)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
