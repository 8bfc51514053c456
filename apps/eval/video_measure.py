"""Measures a codec on a clip: the row of one clip, codec and quality."""
import dataclasses
import fractions
import pathlib
import subprocess
import time

import probe
import rows
import video_metrics
from image_codecs import CodecError
from video_codecs import y4m_command


@dataclasses.dataclass(frozen=True)
class Clip:
    path: pathlib.Path
    digest: str  # of the file
    width_px: int
    height_px: int
    fps: float  # average


def open_clip(path):
    """The clip in a file. Raises CodecError."""
    stream = probe.stream_properties(path, "v:0", "film", "width", "height", "avg_frame_rate")
    if not stream.get("width"):
        raise CodecError(f"{path} cannot be read as a film: it has no video stream.")
    try:
        fps = float(fractions.Fraction(stream["avg_frame_rate"]))
    except (KeyError, ValueError, ZeroDivisionError):
        raise CodecError(f"{path} has no frame rate.") from None
    return Clip(path, probe.file_digest(path), stream["width"], stream["height"], fps)


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
        stream, decoded, cost = rows.code(job, self.folder, str(clip.path), clip.fps)
        try:
            quality = _quality(clip, decoded)
        except video_metrics.FrameError as error:
            raise CodecError(f"{codec.name} decoded {clip.path.name} at quality {job.quality} wrongly: {error}.") from error
        num_frames, size_bytes = quality["num_frames"], probe.stream_bytes(stream, "v:0", "film")
        row = {
            "key": job.key, "clip": clip.path.name, "codec": codec.name, "quality": job.quality, "width_px": clip.width_px,
            "height_px": clip.height_px, "fps": clip.fps, "bytes": size_bytes,
            "bpp": 8 * size_bytes / (clip.width_px * clip.height_px * num_frames),
            "kbps": 8 * size_bytes * clip.fps / num_frames / 1000, **quality,
            **{f"{verb}_fps": num_frames / cost[f"{verb}_seconds"] for verb in ("encode", "decode")}, **cost,
        }
        return {**row, "row_seconds": time.monotonic() - start}
