"""Measures a codec on a sound: the row of one clip, codec and quality, and a spectrogram for the report."""
import dataclasses
import pathlib
import subprocess
import time

import matplotlib
import numpy as np
from PIL import Image

import audio_metrics
import probe
import rows
from audio_codecs import stereo_command
from image_codecs import CodecError, last_line

_MAX_MISSING_SAMPLES = audio_metrics.RATE_HZ // 20  # at the end of a decoded sound; they count as silence
_SPECTROGRAM_WINDOW = 1024
_SPECTROGRAM_COLUMNS = 320
_QUIETEST_DB = -100  # of a spectrogram; 0: a sine of full scale


@dataclasses.dataclass(frozen=True)
class Clip:
    path: pathlib.Path
    digest: str  # of the file


def open_clip(path):
    """The clip in a file. Raises CodecError."""
    if int(probe.stream_properties(path, "a:0", "sound", "sample_rate").get("sample_rate", 0)) == 0:
        raise CodecError(f"{path} cannot be read as a sound: it has no audio stream.")
    return Clip(path, probe.file_digest(path))


def read_sound(path):
    """float32 [2, samples] at 48 kHz of any file with sound. Raises CodecError."""
    process = subprocess.run(stereo_command(str(path), "-", "-f", "f32le"), stdin=subprocess.DEVNULL, capture_output=True)
    if process.returncode != 0:
        raise CodecError(f"{path} cannot be read as a sound: {last_line(process.stderr.decode(errors='replace'))}")
    return np.frombuffer(process.stdout, "<f4").reshape(-1, 2).T


def spectrogram(sound):
    """Picture of the mean of the channels: time to the right, 0 to 24 kHz upwards, brightness in dB."""
    spectra = np.concatenate(list(audio_metrics.magnitudes(sound.mean(axis=0), _SPECTROGRAM_WINDOW)))
    spectra = spectra[:, 1:].reshape(len(spectra), -1, 2).max(axis=2)  # half the height
    columns = np.array_split(spectra, min(_SPECTROGRAM_COLUMNS, len(spectra)))
    full_scale = _SPECTROGRAM_WINDOW / 4  # what a sine of amplitude 1 gives under a Hann window
    level_db = 20 * np.log10(np.maximum([column.mean(axis=0) for column in columns], 1e-9) / full_scale)
    brightness = np.clip((level_db / -_QUIETEST_DB + 1) * 255, 0, 255).astype(np.uint8)
    image = Image.fromarray(brightness.T[::-1], "P")
    image.putpalette((matplotlib.colormaps["magma"](np.arange(256))[:, :3] * 255).astype(np.uint8).tobytes())
    return image


class Workplace:
    """A clip's sound and files while its rows are measured; folder: temporary."""

    def __init__(self, clip, folder, spectrograms):
        self.clip, self.folder, self.spectrograms = clip, pathlib.Path(folder), spectrograms
        self.sound = read_sound(clip.path)
        if self.sound.size == 0:
            raise CodecError(f"{clip.path} has no sound in it.")
        self.wav = f"{folder}/source.wav"
        subprocess.run(stereo_command(str(clip.path), self.wav), check=True, stdin=subprocess.DEVNULL)
        if not spectrograms.path(clip.digest).exists():
            spectrograms.add(clip.digest, spectrogram(self.sound))

    def measure(self, job):
        """The row of one job; its spectrogram is kept before the row is there. Raises CodecError."""
        start = time.monotonic()
        codec, num_samples = job.codec, self.sound.shape[1]
        stream, decoded, cost = rows.code(job, self.folder, str(self.clip.path), self.wav)
        decoded_sound = self._same_length(job, read_sound(decoded))
        self.spectrograms.add(job.key, spectrogram(decoded_sound))
        seconds, size_bytes = num_samples / audio_metrics.RATE_HZ, probe.stream_bytes(stream, "a:0", "sound")
        quality = audio_metrics.measure(self.sound, decoded_sound) | audio_metrics.scores_of_programs(self.wav, str(decoded))
        row = {
            "key": job.key, "clip": job.source.path.name, "codec": codec.name, "quality": job.quality,
            **({"nominal": job.quality} if codec.has_nominal_rates else {}), "seconds": seconds, "bytes": size_bytes,
            "kbps": 8 * size_bytes / seconds / 1000, **{key: value for key, value in quality.items() if value is not None},
            **{f"{verb}_speed": seconds / cost[f"{verb}_seconds"] for verb in ("encode", "decode")}, **cost,
        }
        return {**row, "row_seconds": time.monotonic() - start}

    def _same_length(self, job, decoded):
        """The decoded sound, cut or with silence at its end: what a codec adds to fill its last packet is no fault."""
        num_samples = self.sound.shape[1]
        if decoded.shape[1] < num_samples - _MAX_MISSING_SAMPLES:
            raise CodecError(f"{job.codec.name} decoded {job.source.path.name} at quality {job.quality} to "
                             f"{decoded.shape[1]} samples instead of {num_samples}.")
        return np.pad(decoded[:, :num_samples], ((0, 0), (0, max(0, num_samples - decoded.shape[1]))))
