"""Tests of apps/eval with drawn pictures and codecs made of Python one-liners. Exit code 77: skipped."""
import contextlib
import functools
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "apps" / "eval"))
try:
    import matplotlib  # noqa: F401
    import numpy as np
    import scipy  # noqa: F401
    from PIL import Image
except ModuleNotFoundError as error:
    print(f"skipped: {sys.executable} has no {error.name}; apps/install-deps.sh --eval installs it for /usr/bin/python3")
    sys.exit(77)

import metrics
import rd
import rows
from bd import bd_rate
from curves import published_curves
from image_codecs import Codec, CodecError, Laconic, parse_codecs


class CopyingCodec(Codec):
    """Drops the low bits of the samples; notes each encoding in `log`."""

    name = "copy"
    title = "Copy"
    qualities = (5, 3, 1)  # bits dropped
    suffix = ".png"

    def __init__(self, log):
        self.log = log

    def version(self):
        return "1"

    def encode_command(self, png, ppm, quality, stream):
        script = ("import sys; from PIL import Image; bits = int(sys.argv[3]); open(sys.argv[4], 'a').write('x'); "
                  "Image.open(sys.argv[1]).point(lambda v: v >> bits << bits).save(sys.argv[2])")
        return [sys.executable, "-c", script, png, stream, str(quality), str(self.log)]

    def decode_command(self, stream, decoded):
        return [sys.executable, "-c", "import shutil, sys; shutil.copy(*sys.argv[1:])", stream, decoded]


class FailingCodec(CopyingCodec):
    name = "broken"

    def encode_command(self, png, ppm, quality, stream):
        return ["sh", "-c", f"echo x >> '{self.log}'; echo first >&2; echo no room left >&2; exit 3"]


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        y, x = np.mgrid[0:170, 0:200]
        ramps = np.stack([x + y // 2, 255 - x, (x * y // 50) % 256], axis=2).clip(0, 255).astype(np.uint8)
        Image.fromarray(ramps).save(self.folder / "ramps.png")
        self.pictures = rd.find_pictures([self.folder])
        self.log = self.folder / "log"

    def compare(self, codecs):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return rd.compare(self.pictures, codecs, [], None, self.folder, 1)

    def num_encodings(self):
        return self.log.read_text().count("x") if self.log.exists() else 0


class BdRate(unittest.TestCase):
    ANCHOR = [(0.1, 27.0), (0.25, 30.0), (0.6, 34.0), (1.3, 38.0), (2.0, 41.0)]

    def test_is_minus_ten_for_the_same_curve_at_ten_percent_fewer_bytes(self):
        self.assertAlmostEqual(bd_rate(self.ANCHOR, [(0.9 * rate, quality) for rate, quality in self.ANCHOR]), -10, places=9)

    def test_averages_log_rate_over_the_common_qualities(self):
        # ln rate is linear in quality: 0.1 q and 0.1 q + 0.01 (q - 30); over 30..40 the difference averages 0.05.
        anchor = [(float(np.exp(0.1 * q)), q) for q in (20, 25, 30, 35, 40)]
        test = [(float(np.exp(0.1 * q + 0.01 * (q - 30))), q) for q in (50, 45, 40, 35, 30)]
        self.assertAlmostEqual(bd_rate(anchor, test), (np.exp(0.05) - 1) * 100, places=9)

    def test_is_none_without_a_common_quality(self):
        self.assertIsNone(bd_rate(self.ANCHOR, [(1, 50), (2, 60)]))


class Metrics(unittest.TestCase):
    def test_psnr_equals_a_value_computed_by_hand(self):
        reference = np.full((2, 2, 3), 100, np.uint8)
        decoded = reference.copy()
        decoded[0, 0, 0], decoded[1, 0, 1] = 103, 96  # squared errors 9 + 16 over 12 samples
        self.assertAlmostEqual(metrics.psnr(reference, decoded), 44.94321597, places=6)
        self.assertEqual(metrics.psnr(reference, reference), metrics.PSNR_OF_EQUAL_PICTURES)

    def test_ms_ssim_equals_the_value_of_the_c_plus_plus_twin(self):
        # The pair of tests/media/metrics_test.cpp, both sides odd at several scales.
        y, x, c = np.mgrid[0:187, 0:203, 0:3]
        reference = (x * 3 + y * 2 + c * 40 + (x // 16 + y // 12) % 2 * 60).astype(np.uint8)
        index = np.arange(reference.size, dtype=np.uint64).reshape(reference.shape)
        noise = (((index * 2654435761) % 2**32) >> 16).astype(np.int64) % 33 - 16
        decoded = (reference.astype(np.int64) + noise).clip(0, 255).astype(np.uint8)
        self.assertAlmostEqual(metrics.ms_ssim(reference, decoded), 0.98616197, delta=2e-6)
        self.assertAlmostEqual(metrics.ms_ssim(reference, reference), 1, places=9)
        self.assertIsNone(metrics.ms_ssim(reference[:160], decoded[:160]))


class Comparison(WithFolder):
    def test_writes_rows_curves_and_a_report(self):
        self.assertEqual(self.compare([CopyingCodec(self.log)]), {})
        summary = json.loads((self.folder / "rd.json").read_text())
        self.assertEqual([point["quality"] for point in summary["curves"]["copy"]], [5, 3, 1])
        row = summary["rows"][0]
        self.assertAlmostEqual(row["bpp"], 8 * row["bytes"] / (200 * 170))
        self.assertGreater(row["encode_peak_bytes"], 2**20)
        for name in ("rd.csv", "rd-psnr.png", "rd-psnr.svg", "report.html"):
            self.assertGreater((self.folder / name).stat().st_size, 0, name)

    def test_goes_on_where_it_stopped(self):
        self.compare([CopyingCodec(self.log)])
        self.assertEqual(self.num_encodings(), 3)
        self.compare([CopyingCodec(self.log)])
        self.assertEqual(self.num_encodings(), 3)
        kept = self.folder / "rows.jsonl"
        kept.write_bytes(kept.read_bytes()[:-20])  # as if stopped while writing
        self.compare([CopyingCodec(self.log)])
        self.assertEqual(self.num_encodings(), 4)
        self.assertEqual(len(rows.Store(self.folder).rows), 3)

    def test_a_failing_codec_gives_one_clear_sentence_and_the_others_go_on(self):
        failures = self.compare([FailingCodec(self.log), CopyingCodec(self.folder / "other_log")])
        self.assertEqual(failures, {
            "broken": "broken could not encode ramps.png at quality 5: sh ended with code 3: no room left."})
        self.assertEqual(self.num_encodings(), 1)
        self.assertEqual(list(json.loads((self.folder / "rd.json").read_text())["curves"]), ["copy"])

    def test_a_program_that_is_not_installed_gives_one_clear_sentence(self):
        class Missing(Codec):
            name, programs = "missing", ("laconic-no-such-program",)

        with self.assertRaisesRegex(CodecError, "laconic-no-such-program is not installed"):
            self.compare([Missing()])


class Inputs(WithFolder):
    def parse(self, text):
        return parse_codecs(text, {"laconic": functools.partial(Laconic, "/bin/laconic")})

    def test_laconic_settings_become_options_of_the_encoder(self):
        fast, best = self.parse("laconic:effort=0,laconic:effort=9")
        self.assertIn("--effort 0", " ".join(fast.encode_command("a.png", "a.ppm", 50, "a.lac")))
        self.assertEqual((fast.name, best.name), ("laconic:effort=0", "laconic:effort=9"))
        self.assertNotIn("effort", " ".join(best.decode_command("a.lac", "b.png")))
        self.assertNotIn("effort", " ".join(self.parse("laconic")[0].encode_command("a.png", "a.ppm", 50, "a.lac")))

    def test_an_unknown_codec_is_named(self):
        for spec in ("gif", "laconic:effort", "jpeg:effort=9", "jpeg,jpeg"):
            with self.assertRaises(CodecError):
                self.parse(spec)

    def test_published_curves_may_be_columns_or_points(self):
        path = self.folder / "published.json"
        path.write_text(json.dumps({"curves": {"a": {"bpp": [2, 1], "psnr": [40, 30]}, "no metric": {"bpp": [1]},
                                               "b": [{"bpp": 1, "psnr": 33, "msssim": 0.9}]}}))
        a, b = published_curves(path, [])
        self.assertEqual((a.name, a.points[0]), ("a (published)", {"bpp": 1, "psnr": 30}))
        self.assertEqual(b.points[0]["msssim"], 0.9)
        with self.assertRaisesRegex(ValueError, "no curve 'c'"):
            published_curves(path, ["c"])


if __name__ == "__main__":
    unittest.main()
