"""Measures a codec on a clip: the row of one clip, codec and quality."""
import dataclasses
import fractions
import hashlib
import json
import pathlib
import subprocess
import time

import video_metrics
from image_codecs import CodecError, last_line
from rows import run_codec
from video_codecs import y4m_command


@dataclasses.dataclass(frozen=True)
class Clip:
    path: pathlib.Path
    digest: str  # of the file
    width_px: int
    height_px: int
    fps: float  # average


def _ffprobe(path, *options):
    """What ffprobe tells of the first video stream of a file. Raises CodecError."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", *options, str(path)]
    try:
        return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    except OSError as error:
        raise CodecError(f"Clips cannot be read: ffprobe: {error.strerror}; apps/install-deps.sh --eval installs it.") from error
    except subprocess.CalledProcessError as error:
        raise CodecError(f"{path} cannot be read as a film: {last_line(error.stderr)}") from error


def open_clip(path):
    """The clip in a file. Raises CodecError."""
    streams = json.loads(_ffprobe(path, "-show_entries", "stream=width,height,avg_frame_rate", "-of", "json"))["streams"]
    if not streams or not streams[0].get("width"):
        raise CodecError(f"{path} cannot be read as a film: it has no video stream.")
    try:
        fps = float(fractions.Fraction(streams[0]["avg_frame_rate"]))
    except (KeyError, ValueError, ZeroDivisionError):
        raise CodecError(f"{path} has no frame rate.") from None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return Clip(path, digest, streams[0]["width"], streams[0]["height"], fps)


def stream_bytes(film):
    """Bytes of all packets of a film's first video stream, without the container. Raises CodecError."""
    listed = _ffprobe(film, "-show_entries", "packet=size", "-of", "default=noprint_wrappers=1:nokey=1")
    return sum(int(line) for line in listed.split())


def _quality(clip, decoded):
    """video_metrics.measure of a decoded .y4m file against the clip. Raises CodecError."""
    source = subprocess.Popen(y4m_command(str(clip.path), "-"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, process_group=0)  # see process.py: an interrupt is not for it
    try:
        with decoded.open("rb") as file:
            return video_metrics.measure(video_metrics.Y4mReader(source.stdout, str(clip.path)),
                                         video_metrics.Y4mReader(file, "the decoded film"))
    finally:
        source.stdout.close()
        source.kill()
        source.wait()


class Workplace:
    """Where rows of one clip are measured; folder: temporary, holds one decoded clip (12 MB a second of 640x360)."""

    def __init__(self, clip, folder):
        self.clip, self.folder = clip, pathlib.Path(folder)

    def measure(self, job):
        """The row of one job. Raises CodecError."""
        start = time.monotonic()
        codec, clip = job.codec, self.clip
        stream, decoded = self.folder / f"stream{codec.suffix}", self.folder / f"decoded{codec.decoded_suffix}"
        for path in (stream, decoded):
            path.unlink(missing_ok=True)
        cost_file = str(self.folder / "cost.json")
        encode_command = codec.encode_command(str(clip.path), clip.fps, job.quality, str(stream))
        cost = run_codec("encode", job, encode_command, stream, cost_file)
        cost |= run_codec("decode", job, codec.decode_command(str(stream), str(decoded)), decoded, cost_file)
        try:
            quality = _quality(clip, decoded)
        except video_metrics.FrameError as error:
            raise CodecError(f"{codec.name} decoded {clip.path.name} at quality {job.quality} wrongly: {error}.") from error
        num_frames, size_bytes = quality["num_frames"], stream_bytes(stream)
        row = {
            "key": job.key, "clip": clip.path.name, "codec": codec.name, "quality": job.quality, "width_px": clip.width_px,
            "height_px": clip.height_px, "fps": clip.fps, "bytes": size_bytes,
            "bpp": 8 * size_bytes / (clip.width_px * clip.height_px * num_frames),
            "kbps": 8 * size_bytes * clip.fps / num_frames / 1000, **quality,
            **{f"{verb}_fps": num_frames / cost[f"{verb}_seconds"] for verb in ("encode", "decode")}, **cost,
        }
        return {**row, "row_seconds": time.monotonic() - start}
