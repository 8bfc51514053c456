"""The codecs that rd_video.py compares, each by two command lines of its own programs.

Another codec is one small subclass of VideoCodec (or FfmpegCodec), listed in VIDEO_CODECS.
"""
from image_codecs import Codec, Laconic

KEY_SECONDS = 2  # between key frames at most, for every codec: what laconic does unless told otherwise
_FFMPEG = ["ffmpeg", "-nostdin", "-y", "-loglevel", "error", "-noautorotate"]


def y4m_command(film, y4m):
    """Command that decodes the first video stream of a film, frame by frame as coded, to a .y4m file; "-": to a pipe."""
    return [*_FFMPEG, "-i", film, "-map", "0:v:0", "-fps_mode", "passthrough", "-strict", "-1", "-f", "yuv4mpegpipe", y4m]


class VideoCodec(Codec):
    """A codec under fixed settings. Streams lie in a container that ffprobe reads; paths are strings."""

    decoded_suffix = ".y4m"

    def encode_command(self, clip, fps, quality, stream):
        """Command that writes the clip's first video stream to `stream`, the same frames in the same format."""
        raise NotImplementedError

    def decode_command(self, stream, decoded):
        """Command that writes all frames to `decoded`, a .y4m file."""
        raise NotImplementedError

    def command_lines(self, quality):
        return [self.encode_command("CLIP", 25.0, quality, "STREAM"), self.decode_command("STREAM", "OUT")]


class LaconicVideo(Laconic, VideoCodec):
    """`settings` become options of `laconic encode`."""

    suffix = ".mov"
    weight_kinds = ("image", "video")

    def __init__(self, program, qualities, settings):
        super().__init__(program, settings)
        self.qualities = qualities

    def encode_command(self, clip, fps, quality, stream):
        return [self.program, "encode", "--quiet", *self._encode_options, "-q", f"{quality:g}", clip, stream]


class LaconicIntra(LaconicVideo):
    """Every frame a key frame, by the same weights: what prediction between frames is compared with."""

    base_name, base_title = "laconic-intra", "Laconic, all key frames"

    def __init__(self, program, qualities, settings):
        super().__init__(program, qualities, settings)
        self._encode_options += ["--gop", "1"]


class FfmpegCodec(VideoCodec):
    """An encoder within the program ffmpeg and what ffmpeg decodes that with."""

    encoder = ""  # ffmpeg's name
    programs = ("ffmpeg", "ffprobe")
    version_command = ("ffmpeg", "-version")
    suffix = ".mkv"

    def options(self, quality):
        """Options of ffmpeg for the encoder, beside that for key frames."""
        raise NotImplementedError

    def encode_command(self, clip, fps, quality, stream):
        return [*_FFMPEG, "-i", clip, "-map", "0:v:0", "-fps_mode", "passthrough", "-c:v", self.encoder,
                "-g", str(max(1, round(KEY_SECONDS * fps))), *self.options(quality), stream]

    def decode_command(self, stream, decoded):
        return y4m_command(stream, decoded)


class X264(FfmpegCodec):
    name = "x264"
    title = "x264 (medium, tune psnr)"
    qualities = (40, 35, 30, 26, 22)  # constant rate factor, 0..51
    encoder = "libx264"

    def options(self, quality):
        return ["-preset", "medium", "-tune", "psnr", "-crf", str(quality)]


class X265(FfmpegCodec):
    name = "x265"
    title = "x265 (medium, tune psnr)"
    qualities = (40, 35, 30, 26, 22)  # constant rate factor, 0..51
    encoder = "libx265"

    def options(self, quality):
        return ["-preset", "medium", "-tune", "psnr", "-crf", str(quality), "-x265-params", "log-level=none"]


class SvtAv1(FfmpegCodec):
    name = "svtav1"
    title = "SVT-AV1 (preset 6)"  # its tune is for PSNR unless told otherwise
    qualities = (58, 50, 42, 34, 26)  # constant rate factor, 0..63
    encoder = "libsvtav1"

    def options(self, quality):
        return ["-preset", "6", "-crf", str(quality)]


class Vp9(FfmpegCodec):
    name = "vp9"
    title = "VP9 (libvpx, cpu-used 2)"
    qualities = (58, 50, 42, 34, 26)  # constant quality, 0..63
    encoder = "libvpx-vp9"

    def options(self, quality):
        return ["-b:v", "0", "-crf", str(quality), "-cpu-used", "2", "-row-mt", "1"]


VIDEO_CODECS = (X264, X265, SvtAv1, Vp9)  # and those of Laconic, the only ones with settings
