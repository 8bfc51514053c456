"""What the commands rd.py, rd_video.py and rd_audio.py have in common: arguments, sources, exit codes."""
import argparse
import pathlib
import signal
import sys

from image_codecs import CodecError


def new_parser(name, text, sources, codecs):
    """Parser of the arguments that all commands have; sources: what is compared on, e.g. "clips"; codecs: help on --codecs."""
    parser = argparse.ArgumentParser(prog=name, description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(sources, nargs="+", type=pathlib.Path, metavar=sources.upper())
    parser.add_argument("--codecs", required=True, help=f"comma-separated: {codecs}")
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("--program", default=str(pathlib.Path(__file__).resolve().parents[2] / "build" / "laconic"),
                        help="laconic's program (build/laconic)")
    parser.add_argument("--jobs", type=_job_count, default=1,
                        help=f"{sources} at a time (1: more make the measured seconds longer)")
    return parser


def _job_count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of at least 1")
    return int(text)


def numbers(low, high):
    """Function that parses a list of different numbers in low..high with commas between, for add_argument's `type`."""
    def parse(text):
        try:
            values = tuple(float(word) for word in text.split(","))
        except ValueError:
            values = ()
        if not values or len(set(values)) != len(values) or not all(low <= value <= high for value in values):
            raise argparse.ArgumentTypeError(f"'{text}' is not a list of different numbers, {low} to {high}, with commas between")
        return values

    return parse


def find_sources(paths, suffixes, kind, open_source):
    """Sources named or lying directly in the folders named, in order, each once. kind: "picture", ...; open_source(path) gives an
    object with `digest`. Raises CodecError."""
    files = []
    for path in paths:
        if path.is_dir():
            files += sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes)
        else:
            files.append(path)
    if not files:
        raise CodecError(f"There is no {kind} ({', '.join(sorted(suffixes))}) in {', '.join(map(str, paths))}.")
    return list({source.digest: source for source in map(open_source, files)}.values())


def run(name, compare):
    """Calls compare(), which returns {codec name: sentence} of the codecs that failed. Says on standard error what went wrong and
    returns the exit code: 0 done; 1 wrong usage or some codec failed; 130 interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # kill, as Ctrl-C, ends after the rows begun
    try:
        failures = compare()
    except CodecError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{name}: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    for sentence in failures.values():
        print(f"{name}: {sentence}", file=sys.stderr)
    return 1 if failures else 0
