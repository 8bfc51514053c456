"""Tests of apps/eval/rd_audio.py with drawn sounds and encoders that every ffmpeg has. Exit code 77: skipped."""
import contextlib
import io
import json
import math
import pathlib
import shutil
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "apps" / "eval"))
try:
    import matplotlib  # noqa: F401
    import numpy as np
    import scipy.io.wavfile
    from PIL import Image
except ModuleNotFoundError as error:
    print(f"skipped: {sys.executable} has no {error.name}; apps/install-deps.sh --eval installs it for /usr/bin/python3")
    sys.exit(77)

import audio_measure
import audio_metrics
import audio_report
import rd_audio
import rows
from audio_codecs import AudioCodec, FfmpegSound, LaconicAudio, LaconicConstantQuality, Opus
from clip_comparison import Comparison
from curves import Curve
from image_codecs import CodecError


def noise(index):
    """The noise of tests/media/audio_metrics_test.cpp."""
    return (((index.astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)) >> np.uint64(16)) / 32768 - 1


def chirps(num_samples):
    index = np.arange(num_samples)
    t = index / 48000
    return np.stack([0.4 * np.sin(2 * np.pi * (200 * t + 4000 * t * t)) + 0.02 * noise(index),
                     0.3 * np.sin(2 * np.pi * (900 * t + 9000 * t * t)) + 0.02 * noise(index + 77)]).astype(np.float32)


def with_noise(sound, amplitude):
    index = np.arange(sound.shape[1])
    return sound + np.stack([amplitude * noise(3 * index + 1000 * c) for c in range(len(sound))]).astype(np.float32)


class Metrics(unittest.TestCase):
    def test_equal_the_values_of_the_c_plus_plus_twin(self):
        x = chirps(30000)
        values = audio_metrics.measure(x, with_noise(np.float32(0.8) * x, 0.05))
        for key, expected, delta in (("sisdr", 16.826904, 1e-5), ("mel", 0.43351425, 1e-7), ("stft", 0.22605343, 1e-7),
                                     ("segsnr", 12.746939, 1e-5), ("delay_samples", 0, 0)):
            self.assertAlmostEqual(values[key], expected, delta=delta, msg=key)
        np.testing.assert_allclose(values["sisdr_channels"], [17.908763, 15.385028], atol=1e-5)

    def test_si_sdr_is_that_of_a_known_error(self):
        x = np.full((1, 4800), 0.5)
        x_hat = x + np.where(np.arange(4800) % 2 == 0, 0.005, -0.005)
        self.assertAlmostEqual(audio_metrics.measure(x, x_hat)["sisdr"], 40, places=6)
        self.assertAlmostEqual(audio_metrics.measure(x, 3 * x_hat)["sisdr"], 40, places=6)

    def test_of_equal_and_of_silent_sounds_are_finite(self):
        x, silence = chirps(3000), np.zeros((2, 3000))
        equal = audio_metrics.measure(x, x)
        self.assertEqual((equal["sisdr"], equal["mel"], equal["stft"], equal["segsnr"]), (100, 0, 0, 35))
        for pair in ((silence, x), (x, silence)):
            self.assertEqual(audio_metrics.measure(*pair)["sisdr"], -100)
        values = audio_metrics.measure(silence, silence)
        self.assertEqual((values["sisdr"], values["stft"], values["segsnr"]), (100, 0, None))

    def test_a_small_delay_is_found(self):
        x = chirps(20000)
        for delay in (-4, 7):
            values = audio_metrics.measure(x, with_noise(np.roll(x, delay, axis=1), 0.05))
            self.assertEqual(values["delay_samples"], delay)
            self.assertGreater(values["sisdr"], 15)

    def test_programs_on_the_path_are_asked(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("visqol", "Options\\nMOS-LQO:\\t\\t4.25\\n"), ("zimtohrli", "3.5\\n")):
                program = pathlib.Path(folder) / name
                program.write_text(f"#!/bin/sh\nprintf '{text}'\n")
                program.chmod(0o755)
            with unittest.mock.patch.dict("os.environ", {"PATH": folder + ":/usr/bin:/bin"}):
                self.assertEqual(audio_metrics.scores_of_programs("a.wav", "b.wav"), {"visqol": 4.25, "zimtohrli": 3.5})
        with unittest.mock.patch.dict("os.environ", {"PATH": "/nowhere"}):
            self.assertEqual(audio_metrics.scores_of_programs("a.wav", "b.wav"), {})


class Spectrogram(unittest.TestCase):
    def test_shows_a_sine_where_it_is(self):
        sine = np.sin(2 * np.pi * 6000 * np.arange(96000) / 48000)
        picture = np.asarray(audio_measure.spectrogram(np.stack([sine, sine])))
        self.assertEqual(picture.shape, (256, 320))
        self.assertEqual(set(np.argmax(picture, axis=0)[5:-5]), {255 - 63})  # a quarter of the way up from 0 to 24 kHz
        self.assertEqual(picture[:, 100].max(), 255)


def made_up_comparison():
    def points(factor):
        return [{"quality": k, "nominal": k, "kbps": factor * k, "sisdr": 10 * math.log10(k), "mel": 1 / k} for k in (16, 32, 64)]

    clip = audio_measure.Clip(pathlib.Path("a.flac"), "a")
    found = [Curve(name, name, points(factor), {"a": points(factor)}) for name, factor in (("anchor", 1), ("half", 0.5))]
    return Comparison([clip], [found[0]], found, {}, [])


class Tables(unittest.TestCase):
    def test_nominal_rates_show_what_was_really_taken(self):
        _, head, lines = audio_report.nominal_table(made_up_comparison())
        self.assertEqual(head, ["told", "kbit/s", "SI-SDR dB", "mel"])
        self.assertEqual(lines[:2], [["32 anchor", "32.00", "15.051", "0.0312"], ["32 half", "16.00", "15.051", "0.0312"]])

    def test_equal_rates_are_interpolated_and_empty_outside_the_curve(self):
        _, head, lines = audio_report.equal_rate_table(made_up_comparison())
        anchor, half = (dict(zip(head, line)) for line in lines)
        self.assertEqual((anchor["32: SI-SDR dB"], half["32: SI-SDR dB"]), ("15.051", "18.062"))
        self.assertEqual((anchor["64: mel"], half["64: mel"]), ("0.0156", ""))

    def test_fewer_bits_for_less_mel_distance_are_a_gain(self):
        rates = audio_report.clip_report.bd_tables(made_up_comparison(), audio_report.MAIN_METRICS)
        self.assertEqual([table[2] for table in rates], [[["half", "-50.00 %", "-50.00 %", "-50.00 %"]]] * 2)


class Inputs(unittest.TestCase):
    def test_laconic_is_told_rates_or_qualities(self):
        rate = LaconicAudio("/bin/laconic", (24.0,), {"threads": "1"})
        quality = LaconicConstantQuality("/bin/laconic", (62.5,), {})
        self.assertEqual(rate.encode_command("a.flac", "a.wav", 24.0, "a.mov"),
                         ["/bin/laconic", "encode", "--quiet", "--threads", "1", "--bitrate", "24k", "a.wav", "a.mov"])
        self.assertEqual(rate.decode_command("a.mov", "b.wav")[-4:], ["--threads", "1", "a.mov", "b.wav"])
        self.assertIn("-q 62.5 a.wav", " ".join(quality.encode_command("a.flac", "a.wav", 62.5, "a.mov")))
        self.assertEqual((rate.name, quality.name), ("laconic:threads=1", "laconic-q"))

    def test_opus_is_told_as_for_the_stored_curves(self):
        self.assertIn("-i a.flac -map 0:a:0 -c:a libopus -b:a 24k -ac 2 -ar 48000",
                      " ".join(Opus().encode_command("a.flac", "a.wav", 24, "a.ogg")))

    def test_published_curves_are_matched_by_the_names_of_clips(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "published.json"
            points = [{"nominal": 32, "kbps": 30.0, "sisdr": 9.0}, {"nominal": 16, "kbps": 15.0, "sisdr": 5.0}]
            path.write_text(json.dumps({"x": {"a": points, "mean": points}}))
            curve, = rd_audio.read_published(f"{path}:x", [audio_measure.Clip(pathlib.Path("a.flac"), "a")])
            self.assertEqual([(point["kbps"], point["nominal"]) for point in curve.points], [(15, 16), (30, 32)])


class Flac(FfmpegSound):
    """Encodes the 16 bits of the clip without loss; its rates are only told."""

    name = "flac"
    title = "FLAC"
    qualities = (24,)
    encoder = "flac"
    suffix = ".mka"


class Quantising(AudioCodec):
    """Fewer bits a sample in a .wav file; notes each encoding in `log`."""

    name = "steps"
    title = "Steps"
    qualities = (8, 16)
    suffix = ".wav"

    def __init__(self, log):
        self.log = log

    def version(self):
        return "1"

    def encode_command(self, clip, wav, quality, stream):
        encoder = {8: "pcm_u8", 16: "pcm_s16le"}[quality]
        return ["sh", "-c", f"echo x >> '{self.log}'; exec ffmpeg -v error -y -i '{wav}' -c:a {encoder} '{stream}'"]

    def decode_command(self, stream, decoded):
        return ["ffmpeg", "-v", "error", "-y", "-i", stream, "-c:a", "pcm_f32le", decoded]


class Cutting(Flac):
    name = "cutting"

    def decode_command(self, stream, decoded):
        return ["ffmpeg", "-v", "error", "-y", "-i", stream, "-t", "0.5", decoded]


@unittest.skipUnless(shutil.which("ffmpeg") and shutil.which("ffprobe"), "skipped: ffmpeg is not installed")
class WholeComparison(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        samples = (with_noise(chirps(48000), 0.05) * 32767).astype(np.int16)
        scipy.io.wavfile.write(self.folder / "chirps.wav", 48000, samples.T)
        self.clips = rd_audio.find_clips([self.folder])

    def compare(self, codecs):
        with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()):
            failures = rd_audio.compare(self.clips, codecs, [], None, self.folder / "out", 1)
        return failures, printed.getvalue()

    def test_counts_the_bytes_of_the_stream_alone(self):
        self.assertEqual(self.compare([Quantising(self.folder / "log")])[0], {})
        row = max(rows.Store(self.folder / "out").rows.values(), key=lambda row: row["quality"])
        self.assertEqual((row["bytes"], row["seconds"], row["kbps"], row["nominal"]), (4 * 48000, 1, 1536, 16))
        self.assertGreater(row["sisdr"], 80)

    def test_without_loss_there_is_no_distance(self):
        self.compare([Flac()])
        row, = rows.Store(self.folder / "out").rows.values()
        self.assertEqual((row["sisdr"], row["mel"], row["stft"], row["segsnr"]), (100, 0, 0, 35))

    def test_writes_a_report_and_goes_on_where_it_stopped(self):
        codec, out = Quantising(self.folder / "log"), self.folder / "out"
        failures, printed = self.compare([codec])
        self.assertEqual(failures, {})
        self.assertIn("| Steps |", printed)
        points = json.loads((out / "rd.json").read_text())["curves"]["steps"]
        self.assertEqual([point["quality"] for point in points], [8, 16])
        self.assertGreater(points[0]["mel"], points[1]["mel"])
        clip, = self.clips
        for name in ("rd.csv", "rd-sisdr.png", "rd-mel.svg", "rd-segsnr.svg", f"rd-chirps-{clip.digest[:4]}-mel.svg", "report.html",
                     f"spectrograms/{clip.digest}.png"):
            self.assertGreater((out / name).stat().st_size, 0, name)
        page = (out / "report.html").read_text()
        shown = [path for path in (out / "spectrograms").iterdir() if f"spectrograms/{path.name}" in page]
        self.assertEqual(len(shown), 2)  # the original and the row nearest to 32 kbit/s
        for path in shown:
            with Image.open(path) as picture:
                self.assertEqual(picture.size, (188, 256))
        self.compare([codec])
        self.assertEqual((self.folder / "log").read_text().count("x"), 2)

    def test_sound_that_is_missing_is_an_error(self):
        failures, _ = self.compare([Cutting()])
        self.assertEqual(failures, {"cutting": "cutting decoded chirps.wav at quality 24 to 24000 samples instead of 48000."})

    def test_what_is_not_a_sound_gives_one_clear_sentence(self):
        path = self.folder / "text.flac"
        path.write_text("no sound")
        with self.assertRaisesRegex(CodecError, "text.flac cannot be read as a sound"):
            rd_audio.find_clips([path])


if __name__ == "__main__":
    unittest.main()
