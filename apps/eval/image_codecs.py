"""The codecs that rd.py compares, each by two command lines of its own programs.

Another codec is one small subclass of Codec, listed in CODECS.
"""
import hashlib
import json
import pathlib
import shutil
import subprocess


class CodecError(Exception):
    """One sentence on why a codec cannot be measured."""


class Codec:
    """A codec under fixed settings. Paths are strings; the programs may write only `stream` and `decoded`."""

    name = ""        # in --codecs
    title = ""       # in plots and tables: the settings that matter
    qualities = ()   # the codec's own numbers, from the fewest bytes to the most
    programs = ()    # found on PATH, or paths
    version_command = ()  # the first line it prints is kept with the results
    suffix = ""      # of the stream
    decoded_suffix = ".png"  # what `decode_command` writes; any format that Pillow reads

    def encode_command(self, png, ppm, quality, stream):
        """Command that reads the picture, 8-bit RGB (the same samples in both files), and writes the stream."""
        raise NotImplementedError

    def decode_command(self, stream, decoded):
        raise NotImplementedError

    def command_lines(self, quality):
        """Both commands with stand-ins for the paths: what a row depends on beside the version."""
        return [self.encode_command("PNG", "PPM", quality, "STREAM"), self.decode_command("STREAM", "OUT")]

    def version(self):
        """Text that changes when the same command line may give another stream. Raises CodecError if not installed."""
        for program in self.programs:
            if shutil.which(program) is None:
                raise CodecError(f"{self.name} cannot be measured: {program} is not installed; "
                                 "apps/install-deps.sh --eval installs all that the comparison needs.")
        process = subprocess.run(self.version_command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        lines = [line.strip() for line in (process.stdout + process.stderr).splitlines() if line.strip()]
        return lines[0] if lines else ""


class Laconic(Codec):
    """`settings` become options of `laconic encode`: {"effort": "9"} is --effort 9."""

    qualities = (0, 12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100)
    suffix = ".lac"
    _OF_DECODER_TOO = ("model", "device", "threads")

    base_name, base_title = "laconic", "Laconic"  # before the settings
    weight_kinds = ("image",)  # of `laconic models`, that the codec works with

    def __init__(self, program, settings):
        self.program = program
        self.name = ":".join([self.base_name, *(f"{key}={value}" for key, value in settings.items())])
        self.title = " ".join([self.base_title, *(f"{key} {pathlib.Path(value).stem}" for key, value in settings.items())])
        self._encode_options = [text for key, value in settings.items() for text in (f"--{key}", value)]
        self._decode_options = [text for key, value in settings.items() if key in self._OF_DECODER_TOO
                                for text in (f"--{key}", value)]
        self._model = settings.get("model")

    def encode_command(self, png, ppm, quality, stream):
        return [self.program, "encode", "--quiet", *self._encode_options, "-q", str(quality), png, stream]

    def decode_command(self, stream, decoded):
        return [self.program, "decode", "--quiet", *self._decode_options, stream, decoded]

    def version(self):
        """Hash of the program, which is still changing, and name of the weights it takes."""
        path = shutil.which(self.program)
        if path is None:
            raise CodecError(f"laconic cannot be measured: there is no program {self.program}; "
                             "build it or name another with --program.")
        digest = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()[:16]
        model = ["--model", self._model] if self._model else []
        listed = subprocess.run([self.program, "models", "--json", *model], capture_output=True, text=True)
        if listed.returncode != 0:
            raise CodecError(f"{self.name} cannot be measured: {last_line(listed.stderr)}")
        weights = [entry["id"] for entry in json.loads(listed.stdout)
                   if entry["is_default"] and entry.get("kind", "image") in self.weight_kinds]
        return f"program {digest}, weights {' '.join(weights) or 'unknown'}"


class Jpeg(Codec):
    name = "jpeg"
    title = "JPEG (progressive, optimised)"
    qualities = (5, 10, 20, 35, 50, 70, 85, 92)
    programs = ("cjpeg", "djpeg")
    version_command = ("cjpeg", "-version")
    suffix = ".jpg"
    decoded_suffix = ".ppm"

    def encode_command(self, png, ppm, quality, stream):
        return ["cjpeg", "-quality", str(quality), "-progressive", "-optimize", "-outfile", stream, ppm]

    def decode_command(self, stream, decoded):
        return ["djpeg", "-outfile", decoded, stream]


class Webp(Codec):
    name = "webp"
    title = "WebP (method 6)"
    qualities = (1, 10, 30, 50, 70, 85, 93, 97)
    programs = ("cwebp", "dwebp")
    version_command = ("cwebp", "-version")
    suffix = ".webp"

    def encode_command(self, png, ppm, quality, stream):
        return ["cwebp", "-quiet", "-m", "6", "-q", str(quality), png, "-o", stream]

    def decode_command(self, stream, decoded):
        return ["dwebp", "-quiet", stream, "-o", decoded]


class Avif(Codec):
    name = "avif"
    title = "AVIF (libaom speed 3, 4:4:4, tune psnr)"
    qualities = (60, 54, 48, 42, 36, 28, 20, 12)  # quantiser, 0..63
    programs = ("avifenc", "avifdec")
    version_command = ("avifenc", "--version")
    suffix = ".avif"

    def encode_command(self, png, ppm, quality, stream):
        return ["avifenc", "-c", "aom", "-s", "3", "-y", "444", "-a", "tune=psnr", "--min", str(quality), "--max", str(quality),
                png, stream]

    def decode_command(self, stream, decoded):
        return ["avifdec", stream, decoded]


class JpegXl(Codec):
    name = "jxl"
    title = "JPEG XL (effort 7)"
    qualities = (14, 8, 6, 4, 3, 2, 1.2, 0.7)  # Butteraugli distance
    programs = ("cjxl", "djxl")
    version_command = ("cjxl", "--version")
    suffix = ".jxl"

    def encode_command(self, png, ppm, quality, stream):
        return ["cjxl", "--quiet", "-e", "7", "-d", str(quality), png, stream]

    def decode_command(self, stream, decoded):
        return ["djxl", "--quiet", stream, decoded]


class X265(Codec):
    """One intra frame, full range. info=0 leaves out the comment with x265's options, 2 kB a picture."""

    name = "x265"
    title = "x265 intra (4:4:4, veryslow, tune psnr)"
    qualities = (46, 42, 38, 34, 30, 26, 22, 18)  # quantiser, 0..51
    programs = ("ffmpeg",)
    version_command = ("ffmpeg", "-version")
    suffix = ".hevc"

    def encode_command(self, png, ppm, quality, stream):
        return ["ffmpeg", "-y", "-loglevel", "error", "-i", png, "-frames:v", "1", "-c:v", "libx265", "-preset", "veryslow",
                "-tune", "psnr", "-pix_fmt", "yuvj444p", "-x265-params", f"qp={quality}:keyint=1:info=0:log-level=none", stream]

    def decode_command(self, stream, decoded):
        return ["ffmpeg", "-y", "-loglevel", "error", "-i", stream, "-frames:v", "1", decoded]


CODECS = (Jpeg, Webp, Avif, JpegXl, X265)  # and Laconic, the only one with settings


def last_line(text):
    """Last line of what a program wrote to standard error: the one that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"


def parse_codecs(text, with_settings, codecs=CODECS):
    """Codecs named by e.g. "laconic:effort=0,laconic:effort=9,jpeg". Raises CodecError.

    with_settings: {name: function from the settings {option: value} to the codec}.
    """
    by_name = {codec.name: codec for codec in codecs}
    chosen = []
    for spec in text.split(","):
        name, *settings = spec.strip().split(":")
        if name in with_settings:
            pairs = [setting.partition("=") for setting in settings]
            if not all(key and value for key, _, value in pairs):
                raise CodecError(f"'{spec}' is not {name}:OPTION=VALUE[:OPTION=VALUE...].")
            chosen.append(with_settings[name]({key: value for key, _, value in pairs}))
        elif name in by_name and not settings:
            chosen.append(by_name[name]())
        else:
            known = [*(f"{name}[:OPTION=VALUE...]" for name in with_settings), *by_name]
            raise CodecError(f"'{spec}' is not a codec; there are {', '.join(known)}.")
    names = [codec.name for codec in chosen]
    for name in names:
        if names.count(name) > 1:
            raise CodecError(f"'{name}' is named twice.")
    return chosen
