"""Tests of apps/eval/rd_video.py with drawn clips and encoders that every ffmpeg has. Exit code 77: skipped."""
import argparse
import contextlib
import io
import json
import math
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "apps" / "eval"))
try:
    import matplotlib  # noqa: F401
    import numpy as np
    import scipy  # noqa: F401
except ModuleNotFoundError as error:
    print(f"skipped: {sys.executable} has no {error.name}; apps/install-deps.sh --eval installs it for /usr/bin/python3")
    sys.exit(77)

import clip_comparison
import clip_report
import command_line
import rd_video
import rows
import video_measure
import video_metrics
from curves import Curve
from image_codecs import CodecError
from video_codecs import FfmpegCodec, LaconicIntra, LaconicVideo
from video_metrics import FrameError, Y4mReader
from video_report import MAIN_METRIC


def y4m(frames, tags="W4 H2 F25:1 C420jpeg"):
    """Bytes of a y4m stream; frames: each a list of planes."""
    return f"YUV4MPEG2 {tags}\n".encode() + b"".join(
        b"FRAME\n" + b"".join(plane.tobytes() for plane in frame) for frame in frames)


def flat_frame(value, dtype=np.uint8):
    return [np.full(shape, value, dtype) for shape in ((2, 4), (1, 2), (1, 2))]


def reader(stream):
    return Y4mReader(io.BytesIO(stream), "stream")


class Y4m(unittest.TestCase):
    def test_gives_the_planes_of_odd_sizes_and_of_ten_bits(self):
        frame = [np.arange(15, dtype="<u2").reshape(3, 5) + 900, np.full((2, 3), 7, "<u2"), np.full((2, 3), 1023, "<u2")]
        stream = reader(y4m([frame, frame], "W5 H3 F30000:1001 Ip A1:1 C420p10 XYSCSS=420P10 XCOLORRANGE=LIMITED"))
        self.assertEqual(str(stream.format), "5x3 4:2:0 of 10 bits")
        read = list(stream)
        self.assertEqual(len(read), 2)
        for plane, expected in zip(read[1], frame):
            np.testing.assert_array_equal(plane, expected)

    def test_knows_sampling_and_range(self):
        stream = reader(y4m([], "W5 H3 C422 XCOLORRANGE=FULL"))
        self.assertEqual(stream.format.plane_shapes(), ((3, 5), (3, 3), (3, 3)))
        self.assertTrue(stream.format.is_full_range)
        self.assertEqual(reader(y4m([], "W4 H2")).format.chroma, "420")

    def test_refuses_what_is_not_y4m_and_streams_cut_at_any_byte_within_a_frame(self):
        for header in (b"", b"RIFF", b"YUV4MPEG2 W4\n", b"YUV4MPEG2 W4 H0\n", b"YUV4MPEG2 W4 H2 Cmono\n",
                       b"YUV4MPEG2 W4 H2 C420p20\n"):
            with self.assertRaises(FrameError):
                reader(header)
        stream = y4m([flat_frame(1), flat_frame(2)])
        last_frame = len(stream) - len(b"FRAME\n") - 12
        for end in range(last_frame + 1, len(stream)):
            with self.assertRaises(FrameError):
                list(reader(stream[:end]))
        self.assertEqual(len(list(reader(stream[:last_frame]))), 1)


class Psnr(unittest.TestCase):
    def test_averages_the_error_over_the_clip_before_the_logarithm(self):
        changed = flat_frame(100)
        changed[0][0, 0] = 104  # 16 over 16 luma samples of two frames
        changed[1][0, 1] = 98   # 4 over 4 samples
        values = video_metrics.measure(reader(y4m([flat_frame(100)] * 2)), reader(y4m([changed, flat_frame(100)])))
        of_one = 20 * math.log10(255)
        self.assertEqual(values["num_frames"], 2)
        self.assertAlmostEqual(values["psnr_y"], of_one, places=9)
        self.assertAlmostEqual(values["psnr_u"], of_one, places=9)
        self.assertEqual(values["psnr_v"], 100)
        self.assertAlmostEqual(values["psnr611"], (7 * of_one + 100) / 8, places=9)

    def test_peak_follows_the_bit_depth(self):
        black, white = (reader(y4m([flat_frame(value, np.uint16)], "W4 H2 C420p10")) for value in (0, 1023))
        values = video_metrics.measure(black, white)
        self.assertAlmostEqual(values["psnr611"], 0, places=9)

    def test_refuses_other_numbers_of_frames_and_other_formats(self):
        two, three = y4m([flat_frame(1)] * 2), y4m([flat_frame(1)] * 3)
        for reference, decoded, words in ((two, three, "3 frames instead of 2"), (three, two, "2 frames instead of 3")):
            with self.assertRaisesRegex(FrameError, words):
                video_metrics.measure(reader(reference), reader(decoded))
        with self.assertRaisesRegex(FrameError, "no frame"):
            video_metrics.measure(reader(y4m([])), reader(y4m([])))
        with self.assertRaisesRegex(FrameError, "10 bits instead of 4x2 4:2:0 of 8 bits"):
            video_metrics.measure(reader(two), reader(y4m([], "W4 H2 C420p10")))


def made_up_curve(name, factors):
    """A curve on clips a, b, ... with ln rate linear in PSNR, times a factor for each clip."""
    def points(factor):
        return [{"quality": q, "bpp": factor * math.exp(0.2 * (q - 40)), "kbps": 1, "psnr611": q} for q in (30, 35, 40)]

    return Curve(name, name, points(sum(factors) / len(factors)), {"ab"[i]: points(factor) for i, factor in enumerate(factors)})


def made_up_clip(name):
    return video_measure.Clip(pathlib.Path(f"{name}.mkv"), name, 64, 48, 25.0)


class BdTable(unittest.TestCase):
    def test_has_every_clip_the_mean_of_clips_and_the_mean_curve_for_each_anchor(self):
        anchor, test = made_up_curve("anchor", [1, 1]), made_up_curve("test", [0.5, 0.9])
        comparison = clip_comparison.Comparison([made_up_clip("a"), made_up_clip("b")], [anchor, test], [anchor, test], {}, [])
        first, second = clip_report.bd_tables(comparison, [MAIN_METRIC])
        self.assertEqual(first[2], [["test", "-50.00 %", "-10.00 %", "-30.00 %", "-30.00 %"]])
        self.assertEqual(second[2][0][:3], ["anchor", "+100.00 %", "+11.11 %"])
        self.assertIn("| test | -50.00 % |", clip_report.markdown(first))

    def test_a_clip_that_lacks_a_curve_stays_empty(self):
        anchor, test = made_up_curve("anchor", [1, 1]), made_up_curve("test", [0.5])
        comparison = clip_comparison.Comparison([made_up_clip("a"), made_up_clip("b")], [anchor], [anchor, test], {}, [])
        self.assertEqual(clip_report.bd_tables(comparison, [MAIN_METRIC])[0][2][0][1:4], ["-50.00 %", "", "-50.00 %"])


class Inputs(unittest.TestCase):
    def test_laconic_takes_its_qualities_and_intra_is_one_more_option(self):
        film, intra = LaconicVideo("/bin/laconic", (5.0, 60.5), {"threads": "1"}), LaconicIntra("/bin/laconic", (5.0,), {})
        self.assertEqual(film.qualities, (5.0, 60.5))
        self.assertEqual(film.encode_command("a.mkv", 25.0, 5.0, "a.mov"),
                         ["/bin/laconic", "encode", "--quiet", "--threads", "1", "-q", "5", "a.mkv", "a.mov"])
        self.assertEqual(film.decode_command("a.mov", "a.y4m")[-4:], ["--threads", "1", "a.mov", "a.y4m"])
        self.assertIn("--gop 1", " ".join(intra.encode_command("a.mkv", 25.0, 5.0, "a.mov")))
        self.assertEqual((film.name, intra.name), ("laconic:threads=1", "laconic-intra"))

    def test_rivals_have_a_key_frame_every_two_seconds_at_least(self):
        self.assertIn("-g 60 ", " ".join(Mpeg4().encode_command("a.mkv", 29.97, 6, "a.mkv")))

    def test_qualities_are_different_numbers(self):
        parse = command_line.numbers(0, 100)
        self.assertEqual(parse("10,62.5"), (10, 62.5))
        for text in ("", "10,10", "1,x", "101", "nan"):
            with self.assertRaises(argparse.ArgumentTypeError):
                parse(text)

    def test_published_curves_are_matched_by_the_names_of_clips(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "published.json"
            points = [{"q": 30, "bpp": 2.0, "psnr611": 40.0}, {"q": 40, "bpp": 1.0, "psnr611": 30.0}]
            path.write_text(json.dumps({"x": {"a": points, "b": points, "other": points}, "y": {}}))
            curve, = rd_video.read_published(f"{path}:x", [made_up_clip("a"), made_up_clip("b")])
            self.assertEqual((curve.name, curve.is_published, sorted(curve.sources)), ("x (published)", True, ["a", "b"]))
            self.assertEqual([point["bpp"] for point in curve.points], [1, 2])
            with self.assertRaisesRegex(CodecError, "there is no 'z'"):
                rd_video.read_published(f"{path}:z", [made_up_clip("a")])


class Mpeg4(FfmpegCodec):
    name = "mpeg4"
    title = "MPEG-4 part 2"
    qualities = (20, 6, 2)
    encoder = "mpeg4"

    def options(self, quality):
        return ["-q:v", str(quality)]


class Raw(FfmpegCodec):
    name = "raw"
    title = "Uncompressed"
    qualities = (0,)
    encoder = "rawvideo"
    suffix = ".nut"

    def options(self, quality):
        return []


class Dropping(Raw):
    name = "dropping"

    def options(self, quality):
        return ["-frames:v", "3"]


@unittest.skipUnless(shutil.which("ffmpeg") and shutil.which("ffprobe"), "skipped: ffmpeg is not installed")
class WholeComparison(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        y, x = np.mgrid[0:48, 0:64]
        frames = [[((x * 3 + y * 2 + 5 * t) % 200 + 20 + (x * y + t) % 9).astype(np.uint8),
                   (100 + x[::2, ::2] // 4).astype(np.uint8), (140 - y[::2, ::2] // 3 - t).astype(np.uint8)] for t in range(5)]
        (self.folder / "ramps.y4m").write_bytes(y4m(frames, "W64 H48 F25:1 C420jpeg"))
        self.clips = rd_video.find_clips([self.folder])

    def compare(self, codecs):
        with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()):
            failures = rd_video.compare(self.clips, codecs, [], None, self.folder, 1)
        return failures, printed.getvalue()

    def test_counts_the_bytes_of_the_stream_alone(self):
        self.compare([Raw()])
        row, = rows.Store(self.folder).rows.values()
        self.assertEqual((row["bytes"], row["num_frames"], row["bpp"], row["psnr611"]), (5 * 64 * 48 * 3 // 2, 5, 12, 100))
        self.assertAlmostEqual(row["kbps"], 12 * 64 * 48 * 25 / 1000)

    def test_writes_a_report_and_goes_on_where_it_stopped(self):
        failures, printed = self.compare([Mpeg4()])
        self.assertEqual(failures, {})
        self.assertIn("| MPEG-4 part 2 |", printed)
        points = json.loads((self.folder / "rd.json").read_text())["curves"]["mpeg4"]
        self.assertEqual([point["quality"] for point in points], [20, 6, 2])
        self.assertEqual([point["psnr611"] for point in points], sorted(point["psnr611"] for point in points))
        for name in ("rd.csv", "rd-psnr611.png", "rd-psnr_v.svg", f"rd-ramps-{self.clips[0].digest[:4]}.svg", "report.html"):
            self.assertGreater((self.folder / name).stat().st_size, 0, name)
        kept = (self.folder / "rows.jsonl").read_bytes()
        self.compare([Mpeg4()])
        self.assertEqual((self.folder / "rows.jsonl").read_bytes(), kept)

    def test_frames_that_are_missing_are_an_error(self):
        failures, _ = self.compare([Dropping()])
        self.assertEqual(failures, {"dropping": "dropping decoded ramps.y4m at quality 0 wrongly: "
                                                "there are 3 frames instead of 5."})

    def test_what_is_not_a_film_gives_one_clear_sentence(self):
        path = self.folder / "text.mkv"
        path.write_text("no film")
        with self.assertRaisesRegex(CodecError, "text.mkv cannot be read as a film"):
            rd_video.find_clips([path])


if __name__ == "__main__":
    unittest.main()
