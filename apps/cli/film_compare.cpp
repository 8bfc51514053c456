#include "apps/cli/film_compare.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "apps/cli/film_frames.h"
#include "codec/media/film_reader.h"
#include "codec/media/image_file.h"
#include "codec/media/line_plot.h"
#include "codec/video_metrics.h"

namespace laconic::cli {
namespace {

struct FilmComparison {
  std::vector<PlaneErrors> frames;
  bool has_rest = false;  // one film goes on

  PlaneErrors mean() const {
    PlaneErrors sum{};
    for (const PlaneErrors& frame : frames) {
      for (size_t p = 0; p < 3; ++p) sum[p] += frame[p] / static_cast<double>(frames.size());
    }
    return sum;
  }
};

Result<std::unique_ptr<FilmFrames>> open_frames(const std::string& path, const CommonOptions& common, ModelStore& store) {
  FilmFramesOptions options;
  options.num_threads = common.num_threads;
  options.is_video_only = true;
  auto frames = FilmFrames::open(path, options, store);
  if (!frames.ok()) return Status(frames.status().code(), path + ": " + frames.status().message());
  return frames;
}

Result<std::optional<VideoFrame>> next_frame(FilmFrames& frames, const std::string& path) {
  auto item = frames.read();
  if (!item.ok()) return Status(item.status().code(), path + ": " + item.status().message());
  if (!item->has_value()) return std::optional<VideoFrame>();
  return std::optional<VideoFrame>(std::move(std::get<VideoFrame>(**item)));
}

Result<FilmComparison> measure(const FilmCompareOptions& options, Reporter& reporter) {
  ModelStore store(store_options(options.common));
  LACONIC_ASSIGN_OR_RETURN(const auto reference, open_frames(options.reference, options.common, store));
  LACONIC_ASSIGN_OR_RETURN(const auto distorted, open_frames(options.distorted, options.common, store));
  const double duration = reference->film().duration_seconds;
  FilmComparison comparison;
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const auto a, next_frame(*reference, options.reference));
    LACONIC_ASSIGN_OR_RETURN(const auto b, next_frame(*distorted, options.distorted));
    comparison.has_rest = a.has_value() != b.has_value();
    if (!a || !b) break;
    LACONIC_ASSIGN_OR_RETURN(const PlaneErrors errors, plane_errors(*a, *b));
    comparison.frames.push_back(errors);
    const double seconds = static_cast<double>(a->pts_ticks) * reference->video().time_base.value();
    if (!reporter.progress()(duration > 0 ? seconds / duration : 0)) return invalid_argument("interrupted");
  }
  if (comparison.frames.empty()) return corrupt("one of the films has no frame");
  if (comparison.has_rest) {
    reporter.warning("compare", fmt::format("the films differ in length; only the first {} frames are measured",
                                            comparison.frames.size()));
  }
  return comparison;
}

Status draw(const FilmComparison& comparison, const FilmCompareOptions& options) {
  LinePlot plot;
  plot.title = fmt::format("PSNR in dB of {} against {}", options.distorted, options.reference);
  plot.x_label = "frame";
  const char* names[] = {"Y", "Cb", "Cr"};
  for (size_t p = 0; p < 3; ++p) {
    plot.curves.push_back({names[p], {}});
    for (const PlaneErrors& frame : comparison.frames) plot.curves.back().values.push_back(psnr_of_error(frame[p]));
  }
  return write_image(draw_plot(plot), options.plot_path, {});
}

std::string to_json(const FilmComparison& comparison) {
  const auto finite_or_null = [](double v) { return std::isfinite(v) ? nlohmann::ordered_json(v) : nlohmann::ordered_json(); };
  const PlaneErrors mean = comparison.mean();
  auto frames = nlohmann::ordered_json::array();
  for (const PlaneErrors& frame : comparison.frames) frames.push_back(finite_or_null(psnr_of_error(frame[0])));
  const nlohmann::ordered_json json = {{"num_frames", comparison.frames.size()},
                                       {"same_length", !comparison.has_rest},
                                       {"identical", mean == PlaneErrors{} && !comparison.has_rest},
                                       {"psnr_y_db", finite_or_null(psnr_of_error(mean[0]))},
                                       {"psnr_cb_db", finite_or_null(psnr_of_error(mean[1]))},
                                       {"psnr_cr_db", finite_or_null(psnr_of_error(mean[2]))},
                                       {"psnr_yuv_db", finite_or_null(yuv_psnr(mean))},
                                       {"frame_psnr_y_db", frames}};
  return json.dump(2);
}

std::string psnr_text(double psnr_db) { return std::isinf(psnr_db) ? "infinite" : fmt::format("{:.3f} dB", psnr_db); }

std::string to_text(const FilmComparison& comparison) {
  const PlaneErrors mean = comparison.mean();
  return fmt::format("PSNR Y   {}\nPSNR Cb  {}\nPSNR Cr  {}\nPSNR YUV {} (6:1:1)\nframes   {}", psnr_text(psnr_of_error(mean[0])),
                     psnr_text(psnr_of_error(mean[1])), psnr_text(psnr_of_error(mean[2])), psnr_text(yuv_psnr(mean)),
                     comparison.frames.size());
}

}  // namespace

Result<std::string> compare_films(const FilmCompareOptions& options, Reporter& reporter) {
  LACONIC_ASSIGN_OR_RETURN(const FilmComparison comparison, measure(options, reporter));
  if (!options.plot_path.empty()) LACONIC_RETURN_IF_ERROR(draw(comparison, options));
  return options.is_json ? to_json(comparison) : to_text(comparison);
}

}  // namespace laconic::cli
