"""The codecs that rd_audio.py compares, each by two command lines of its own programs.

Another codec is one small subclass of AudioCodec (or FfmpegSound), listed in AUDIO_CODECS.
"""
from image_codecs import Codec, Laconic

_FFMPEG = ["ffmpeg", "-nostdin", "-y", "-loglevel", "error"]
_STEREO_48_KHZ = ["-ac", "2", "-ar", "48000"]


def stereo_command(sound, samples, *options):
    """Command that writes a file's first sound as 48 kHz stereo, in float: to a .wav file, or with "-f f32le" to a pipe."""
    return [*_FFMPEG, "-i", sound, "-map", "0:a:0", "-c:a", "pcm_f32le", *_STEREO_48_KHZ, *options, samples]


class AudioCodec(Codec):
    """A codec under fixed settings. Streams lie in a container that ffprobe reads; paths are strings."""

    decoded_suffix = ".wav"
    has_nominal_rates = True  # its qualities are kbit/s that it is told to aim at

    def encode_command(self, clip, wav, quality, stream):
        """Command that writes the first sound of `clip` as 48 kHz stereo to `stream`; `wav` is that already, in float."""
        raise NotImplementedError

    def decode_command(self, stream, decoded):
        """Command that writes the sound to `decoded`, a .wav file, in float: the noise of rounding to 16 bits would halve many mel
        distances, for it fills the bands that codecs leave empty."""
        raise NotImplementedError

    def command_lines(self, quality):
        return [self.encode_command("CLIP", "WAV", quality, "STREAM"), self.decode_command("STREAM", "OUT")]


class LaconicAudio(Laconic, AudioCodec):
    """Told the rate. `settings` become options of `laconic encode`. What is encoded from float is decoded to float."""

    suffix = ".mov"
    weight_kinds = ("audio",)

    def __init__(self, program, qualities, settings):
        super().__init__(program, settings)
        self.qualities = qualities

    def rate_options(self, quality):
        return ["--bitrate", f"{quality:g}k"]

    def encode_command(self, clip, wav, quality, stream):
        return [self.program, "encode", "--quiet", *self._encode_options, *self.rate_options(quality), wav, stream]


class LaconicConstantQuality(LaconicAudio):
    """Told the quality: what aiming at a rate is compared with."""

    base_name, base_title = "laconic-q", "Laconic, constant quality"
    has_nominal_rates = False

    def rate_options(self, quality):
        return ["-q", f"{quality:g}"]


class FfmpegSound(AudioCodec):
    """An encoder within the program ffmpeg, fed with samples as the clip has them, and what ffmpeg decodes that with."""

    encoder = ""  # ffmpeg's name
    programs = ("ffmpeg", "ffprobe")
    version_command = ("ffmpeg", "-version")

    def encode_command(self, clip, wav, quality, stream):
        return [*_FFMPEG, "-i", clip, "-map", "0:a:0", "-c:a", self.encoder, "-b:a", f"{quality}k", *_STEREO_48_KHZ, stream]

    def decode_command(self, stream, decoded):
        return stereo_command(stream, decoded)


class Opus(FfmpegSound):
    name = "opus"
    title = "Opus (libopus)"
    qualities = (8, 12, 16, 24, 32, 48, 64, 96)
    encoder = "libopus"
    suffix = ".ogg"


class Aac(FfmpegSound):
    """In MP4: the packets of .aac files have 2.6 kbit/s of headers, which the container makes unnecessary."""

    name = "aac"
    title = "AAC (FFmpeg)"
    qualities = (24, 32, 48, 64, 96, 128)
    encoder = "aac"
    suffix = ".m4a"


class Mp3(FfmpegSound):
    name = "mp3"
    title = "MP3 (LAME)"
    qualities = (24, 32, 48, 64, 96, 128)
    encoder = "libmp3lame"
    suffix = ".mp3"


class Vorbis(FfmpegSound):
    name = "vorbis"
    title = "Vorbis (libvorbis)"
    qualities = (48, 64, 96, 128)
    encoder = "libvorbis"
    suffix = ".ogg"


AUDIO_CODECS = (Opus, Aac, Mp3, Vorbis)  # and those of Laconic, the only ones with settings
