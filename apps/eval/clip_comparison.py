"""Comparison of codecs on clips, which are films or sounds: from measuring what is missing to a report's files."""
import dataclasses
import json
import pathlib
import sys

import clip_report
import curves
import rows
from image_codecs import CodecError


def add_arguments(parser, example):
    """Arguments of comparisons on clips alone; example: the keys of a published point beside its quality."""
    parser.add_argument("--anchor", help="comma-separated: curves that BD-rates refer to (the first that is not laconic's)")
    parser.add_argument("--published", action="append", default=[], metavar="FILE[:NAME,NAME...]",
                        help="adds curves of the same clips from a JSON file, all or those named: "
                        f"{{codec: {{clip: [{{{example}}}]}}}}, clip without its suffix")


@dataclasses.dataclass
class Comparison:
    """What the report shows. anchors: among the curves; versions: {codec name: text}; rows: of every clip, codec, quality."""

    clips: list  # each has `path` and `digest`
    anchors: list
    curves: list
    versions: dict
    rows: list
    title: str = ""

    def __post_init__(self):
        self.title = f"Rate and distortion, {len(self.clips)} clip{'s' if len(self.clips) > 1 else ''}"

    def of_clip(self, clip):
        """The curves on one clip."""
        of_clip = [dataclasses.replace(curve, points=sorted(curve.sources.get(clip.digest, []), key=curves.rate))
                   for curve in self.curves]
        return [curve for curve in of_clip if curve.points]


def read_published(spec, clips, quality_key):
    """Curves of FILE[:NAME,NAME...]; those that lack a clip have no mean. quality_key: of the codec's own number in the file's
    points. Raises CodecError."""
    path, _, names = spec.partition(":")
    try:
        stored = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        found = []
        for name in names.split(",") if names else stored:
            sources = {clip.digest: [{**point, "quality": point[quality_key]} for point in stored[name][clip.path.stem]]
                       for clip in clips if clip.path.stem in stored[name]}
            by_quality = {}
            for points in sources.values():
                for point in points:
                    by_quality.setdefault(point["quality"], []).append(point)
            points = [curves.mean_row(points) for points in by_quality.values() if len(points) == len(clips)]
            found.append(curves.published_curve(name, points, sources))
        return found
    except KeyError as error:
        raise CodecError(f"Published curves cannot be read from {path}: there is no {error}.") from error
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise CodecError(f"Published curves cannot be read from {path}: {error}") from error


def compare(clips, codecs, published, anchors, folder, num_workers, open_workplace, write_report):
    """Measures what is missing and writes the report into `folder`; returns {codec name: sentence} of codecs that failed.

    anchors: names with commas between, or None; open_workplace: as rows.measure_all wants it; write_report(folder, comparison)
    returns the tables that are printed too.
    """
    store = rows.Store(folder)
    versions = {codec.name: codec.version() for codec in codecs}
    jobs = [job for clip in clips for codec in codecs for job in rows.jobs_for(clip, codec, versions[codec.name])]
    failures = rows.measure_all(jobs, store, num_workers, open_workplace, rows.show_progress)
    print(file=sys.stderr)
    measured = [curves.measured_curve(codec, jobs, store.rows) for codec in codecs]
    all_curves = [curve for curve in measured + published if curve.sources]
    if all_curves:
        anchor_curves = [curves.choose_anchor(name, all_curves) for name in (anchors.split(",") if anchors else [None])]
        done = [store.rows[job.key] for job in jobs if job.key in store.rows]
        for table in write_report(folder, Comparison(clips, anchor_curves, all_curves, versions, done)):
            print(clip_report.markdown(table), end="\n\n")
        print(f"written: {folder}/report.html")
    return failures
