"""How far a decoded sound is from its source; the twin of codec/audio_metrics.h, which holds the definitions.

Sounds are float arrays [channels, samples] at 48 kHz, full scale at 1.
"""
import functools
import math
import re
import shutil
import subprocess

import numpy as np

from metrics import Metric

RATE_HZ = 48000
SI_SDR_OF_EQUAL_SOUNDS = 100.0  # dB; stands for infinity, so that means and files stay finite. Its negative likewise
MAX_DELAY_SAMPLES = 32
_DELAY_GAIN_DB = 0.1
_WINDOWS = ((512, 40), (1024, 80), (2048, 128))  # samples, mel bands
_MEL_FLOOR = 1e-4
_SEGMENT_SAMPLES = 960
_SILENT_POWER = 1e-7
_SEGMENT_LIMITS_DB = (-10, 35)
_FRAMES_AT_A_TIME = 1024  # bounds the memory that spectra take


def _si_sdr(x, x_hat):
    energy = np.sum(x * x)
    product = np.sum(x * x_hat)
    if np.array_equal(x, x_hat):
        return SI_SDR_OF_EQUAL_SOUNDS
    if energy == 0 or product == 0:
        return -SI_SDR_OF_EQUAL_SOUNDS
    target = product / energy * x
    noise = np.sum((target - x_hat) ** 2)
    if noise == 0:
        return SI_SDR_OF_EQUAL_SOUNDS
    value = 10 * math.log10(np.sum(target * target) / noise)
    return min(max(value, -SI_SDR_OF_EQUAL_SOUNDS), SI_SDR_OF_EQUAL_SOUNDS)


def _shifted(x_hat, delay):
    """x_hat, `delay` samples earlier (later, if negative), zeros where it has none."""
    shifted = np.zeros_like(x_hat)
    if delay >= 0:
        shifted[:, :x_hat.shape[1] - delay] = x_hat[:, delay:]
    else:
        shifted[:, -delay:] = x_hat[:, :delay]
    return shifted


def _best_delay(x, x_hat):
    def product(delay):
        end = x.shape[1] - abs(delay)
        first, first_hat = max(0, -delay), max(0, delay)
        return abs(sum(np.dot(a[first:first + end], b[first_hat:first_hat + end]) for a, b in zip(x, x_hat)))

    # Shifts hardly change the energies, so the largest product gives the largest SI-SDR.
    most = min(MAX_DELAY_SAMPLES, x.shape[1] - 1)
    best = max(range(-most, most + 1), key=product)
    return best if _si_sdr(x, _shifted(x_hat, best)) > _si_sdr(x, x_hat) + _DELAY_GAIN_DB else 0


def _segmental_snr(x, x_hat):
    """None where x is silent."""
    values = []
    for start in range(0, x.shape[1], _SEGMENT_SAMPLES):
        segment = x[:, start:start + _SEGMENT_SAMPLES]
        error = segment - x_hat[:, start:start + _SEGMENT_SAMPLES]
        power, error_power = np.mean(segment * segment), np.mean(error * error)
        if power >= _SILENT_POWER:
            ratio_db = 10 * math.log10(power / error_power) if error_power > 0 else math.inf
            values.append(min(max(ratio_db, _SEGMENT_LIMITS_DB[0]), _SEGMENT_LIMITS_DB[1]))
    return sum(values) / len(values) if values else None


@functools.lru_cache
def _mel_weights(window, num_bands):
    """[bins, bands]."""
    corners = 700 * (10 ** (np.linspace(0, 2595 * math.log10(1 + RATE_HZ / 2 / 700), num_bands + 2) / 2595) - 1)
    low, middle, high = (corners[i:i + num_bands] for i in range(3))
    f = np.arange(window // 2 + 1)[:, None] * RATE_HZ / window
    return np.maximum(0, np.minimum((f - low) / (middle - low), (high - f) / (high - middle)))


def magnitudes(channel, window):
    """|STFT| of one channel, [frames, bins], some frames at a time."""
    taper = 0.5 - 0.5 * np.cos(2 * math.pi * np.arange(window) / window)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(channel, window // 2), window)[::window // 4]
    for start in range(0, len(frames), _FRAMES_AT_A_TIME):
        yield np.abs(np.fft.rfft(frames[start:start + _FRAMES_AT_A_TIME] * taper))


def _spectral_distances(x, x_hat):
    """(mel distance, STFT distance)."""
    mel, stft = [], []
    for window, num_bands in _WINDOWS:
        weights = _mel_weights(window, num_bands)
        squared_difference = squared_reference = log_difference = num_logs = 0
        for channel, channel_hat in zip(x, x_hat):
            for spectra, spectra_hat in zip(magnitudes(channel, window), magnitudes(channel_hat, window)):
                squared_difference += np.sum((spectra - spectra_hat) ** 2)
                squared_reference += np.sum(spectra**2)
                logs, logs_hat = (np.log10(np.maximum(one @ weights, _MEL_FLOOR)) for one in (spectra, spectra_hat))
                log_difference += np.sum(np.abs(logs - logs_hat))
                num_logs += logs.size
        mel.append(log_difference / num_logs)
        stft.append(math.sqrt(squared_difference / max(squared_reference, 1e-10)))  # finite where x is silent
    return float(np.mean(mel)), float(np.mean(stft))


def measure(x, x_hat):
    """{"sisdr", "sisdr_channels": [...], "delay_samples", "mel", "stft", "segsnr"} of two sounds of the same shape."""
    x, x_hat = np.asarray(x, np.float64), np.asarray(x_hat, np.float64)
    delay = _best_delay(x, x_hat)
    aligned = _shifted(x_hat, delay)
    mel, stft = _spectral_distances(x, x_hat)
    return {"sisdr": _si_sdr(x, aligned), "sisdr_channels": [_si_sdr(x[c:c + 1], aligned[c:c + 1]) for c in range(len(x))],
            "delay_samples": delay, "mel": mel, "stft": stft, "segsnr": _segmental_snr(x, aligned)}


def _score_of_program(command, pattern):
    """The number behind `pattern` in what the command prints; None where its program is not installed or fails."""
    if shutil.which(command[0]) is None:
        return None
    process = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    number = re.search(pattern + r"\s*(-?\d+(\.\d+)?)", process.stdout)
    return float(number[1]) if process.returncode == 0 and number else None


def scores_of_programs(reference_wav, decoded_wav):
    """{key: value} of the perceptual measures whose programs are on PATH: two WAV files of 48 kHz."""
    zimtohrli = "zimtohrli" if shutil.which("zimtohrli") else "zimtohrli_compare"
    scores = {
        "visqol": _score_of_program(
            ["visqol", "--reference_file", reference_wav, "--degraded_file", decoded_wav, "--verbose"], "MOS-LQO:"),
        "zimtohrli": _score_of_program([zimtohrli, "--path_a", reference_wav, "--path_b", decoded_wav], "^"),
    }
    return {key: value for key, value in scores.items() if value is not None}


AUDIO_METRICS = (
    Metric("sisdr", "SI-SDR (dB)", lambda value: value),
    Metric("mel", "log mel distance (-10 log10)", lambda value: -10 * math.log10(max(value, 1e-10))),
    Metric("stft", "STFT distance (-20 log10)", lambda value: -20 * math.log10(max(value, 1e-10))),
    Metric("segsnr", "segmental SNR (dB)", lambda value: value),
    Metric("visqol", "ViSQOL (MOS-LQO)", lambda value: value),
    Metric("zimtohrli", "Zimtohrli (MOS)", lambda value: value),
)
