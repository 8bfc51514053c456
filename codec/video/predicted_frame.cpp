#include "codec/video/predicted_frame.h"

#include <algorithm>

#include "codec/image/parallel.h"

namespace laconic {
namespace {

const std::vector<size_t> kNumMapContexts = {1, 9, 2, 8};

// Note [Tiles of the loop filter]
// The filter runs over tiles of the frame, each on one thread: their activations stay in the processor's caches. The halo is what the filter
// sees around: 4 pixels by each token mixer, and the mean over 9x9 of chroma of half the size.
constexpr int64_t kMaxTileHeightPx = 256, kMaxTileWidthPx = 640;
int64_t halo_px(const models::LoopFilterConfig& config) { return (4 * config.blocks + 8 + 7) / 8 * 8; }

// How many tiles of at most that side make up a length: a multiple of `multiple`.
int64_t parts(int64_t length, int64_t max_side, int64_t multiple) { return ((length + max_side - 1) / max_side + multiple - 1) / multiple * multiple; }
int64_t tile_side(int64_t length, int64_t num_parts) {
  constexpr int64_t kMultiple = models::kResidualBlockPx;
  return ((length + num_parts - 1) / num_parts + kMultiple - 1) / kMultiple * kMultiple;
}
// One side of a tile, and with its halo.
struct Range {
  int64_t begin, end, first, last;
  Range(int64_t index, int64_t side, int64_t length, int64_t halo)
      : begin(index * side), end(std::min(length, begin + side)), first(std::max<int64_t>(0, begin - halo)), last(std::min(length, end + halo)) {}
};

}  // namespace

FilterMap::FilterMap(int height_px, int width_px)
    : rows((height_px + kFilterBlockPx - 1) / kFilterBlockPx), columns((width_px + kFilterBlockPx - 1) / kFilterBlockPx),
      is_filtered(static_cast<size_t>(rows) * columns) {}

PredictionCoders::PredictionCoders(const models::FramePlanes& planes)
    : motion_(static_cast<int>(planes.luma.size(2)) / models::kMotionBlockPx, static_cast<int>(planes.luma.size(3)) / models::kMotionBlockPx),
      bi_motion_(static_cast<int>(planes.luma.size(2)) / models::kMotionBlockPx, static_cast<int>(planes.luma.size(3)) / models::kMotionBlockPx),
      residual_(static_cast<int>(planes.luma.size(2)) / models::kResidualBlockPx, static_cast<int>(planes.luma.size(3)) / models::kResidualBlockPx,
                planes.chroma.size(2) == planes.luma.size(2) ? models::kResidualBlockPx : models::kResidualBlockPx / 2),
      filter_before_(static_cast<int>(planes.luma.size(2)), static_cast<int>(planes.luma.size(3))), filter_mixer_(kNumMapContexts, 1) {}

template <typename Coder>
bool PredictionCoders::walk(FilterMap& map, Coder& coder) {
  for (int row = 0; row < map.rows; ++row) {
    for (int column = 0; column < map.columns; ++column) {
      const auto at = [&](int r, int c) -> size_t { return r < 0 || c < 0 ? 2 : map.is_filtered[static_cast<size_t>(r) * map.columns + c]; };
      const size_t i = static_cast<size_t>(row) * map.columns + column, before = filter_before_.is_filtered[i];
      filter_mixer_.choose(0, 0);
      filter_mixer_.choose(1, 3 * at(row - 1, column) + at(row, column - 1));
      filter_mixer_.choose(2, before);
      filter_mixer_.choose(3, 4 * before + 2 * (at(row - 1, column) == 1) + (at(row, column - 1) == 1));
      bool is_filtered = map.is_filtered[i] != 0;
      if (!coder.bit(is_filtered, filter_mixer_, 0)) return false;
      map.is_filtered[i] = is_filtered;
    }
  }
  filter_before_ = map;
  return true;
}

Status PredictionCoders::encode(const PredictedFrame& frame, const models::BiMotion* direct, int quality_step, RangeEncoder& encoder) {
  LACONIC_RETURN_IF_ERROR(direct != nullptr ? bi_motion_.encode(frame.motion, *direct, encoder) : motion_.encode(frame.motion.past, encoder));
  LACONIC_RETURN_IF_ERROR(residual_.encode(frame.residual, frame.motion.past, quality_step, encoder));
  MixedWriter writer(encoder);
  FilterMap walked = frame.filter;
  return walk(walked, writer) ? ok_status() : writer.status();
}

Result<PredictedFrame> PredictionCoders::decode(const models::BiMotion* direct, int quality_step, RangeDecoder& decoder) {
  PredictedFrame frame;
  if (direct != nullptr) {
    LACONIC_ASSIGN_OR_RETURN(frame.motion, bi_motion_.decode(*direct, decoder));
  } else {
    LACONIC_ASSIGN_OR_RETURN(frame.motion.past, motion_.decode(decoder));
  }
  LACONIC_ASSIGN_OR_RETURN(frame.residual, residual_.decode(frame.motion.past, quality_step, decoder));
  MixedReader reader(decoder);
  frame.filter = filter_before_;
  if (!walk(frame.filter, reader)) return reader.status();
  return frame;
}

models::FramePlanes predict(const PredictedFrame& frame, const models::FramePlanes& past, const models::FramePlanes* future) {
  if (frame.is_bipredicted()) return models::bipredict(past, *future, frame.motion);
  return {models::compensate(past.luma, frame.motion.past), models::compensate(past.chroma, frame.motion.past)};
}

models::FramePlanes filter_frame(models::LoopFilter filter, const torch::Device& device, const models::FramePlanes& coded, const models::FramePlanes& reference, double step,
                                 int num_threads) {
  const int64_t halo = halo_px(filter->config()), height = coded.luma.size(2), width = coded.luma.size(3), chroma_shrink = height / coded.chroma.size(2);
  const int64_t tile_width = tile_side(width, parts(width, kMaxTileWidthPx, 1)), columns = parts(width, tile_width, 1);
  const int64_t tile_height = tile_side(height, parts(height, kMaxTileHeightPx, num_threads)), rows = parts(height, tile_height, 1);
  const torch::Tensor steps = torch::full({1}, step, torch::TensorOptions().dtype(torch::kFloat).device(device));
  models::FramePlanes result{torch::empty_like(coded.luma), torch::empty_like(coded.chroma)};
  (void)run_parallel(num_threads, static_cast<size_t>(rows * columns), [&](size_t index) {
    torch::NoGradGuard no_grad;
    const Range y(static_cast<int64_t>(index) / columns, tile_height, height, halo), x(static_cast<int64_t>(index) % columns, tile_width, width, halo);
    const auto cut = [](const torch::Tensor& plane, int64_t top, int64_t bottom, int64_t left, int64_t right, int64_t shrink) {
      return plane.slice(2, top / shrink, bottom / shrink).slice(3, left / shrink, right / shrink);
    };
    const auto with_halo = [&](const models::FramePlanes& planes) {
      return models::FramePlanes{cut(planes.luma, y.first, y.last, x.first, x.last, 1).to(device), cut(planes.chroma, y.first, y.last, x.first, x.last, chroma_shrink).to(device)};
    };
    const models::FramePlanes filtered = filter->forward(with_halo(coded), with_halo(reference), steps);
    const auto put = [&](const torch::Tensor& from, torch::Tensor& to, int64_t shrink) {
      cut(to, y.begin, y.end, x.begin, x.end, shrink).copy_(cut(from, y.begin - y.first, y.end - y.first, x.begin - x.first, x.end - x.first, shrink));
    };
    put(filtered.luma, result.luma, 1);
    put(filtered.chroma, result.chroma, chroma_shrink);
    return ok_status();
  });
  use_threads(num_threads);
  return result;
}

models::FramePlanes merge_filtered(const models::FramePlanes& coded, const models::FramePlanes& filtered, const FilterMap& map) {
  if (std::all_of(map.is_filtered.begin(), map.is_filtered.end(), [](uint8_t f) { return f != 0; })) return filtered;
  models::FramePlanes result{coded.luma.clone(), coded.chroma.clone()};
  const int64_t chroma_px = kFilterBlockPx * coded.chroma.size(2) / coded.luma.size(2);
  for (int row = 0; row < map.rows; ++row) {
    for (int column = 0; column < map.columns; ++column) {
      if (!map.is_filtered[static_cast<size_t>(row) * map.columns + column]) continue;
      const auto square = [&](const torch::Tensor& plane, int64_t side) {
        return plane.slice(2, row * side, (row + 1) * side).slice(3, column * side, (column + 1) * side);
      };
      square(result.luma, kFilterBlockPx).copy_(square(filtered.luma, kFilterBlockPx));
      square(result.chroma, chroma_px).copy_(square(filtered.chroma, chroma_px));
    }
  }
  return result;
}

void add_symbols(const PredictedFrame& frame, std::vector<int16_t>& symbols) {
  for (const models::Prediction p : frame.motion.predictions) symbols.push_back(static_cast<int16_t>(p));
  for (const models::MotionField* field : {&frame.motion.past, &frame.motion.future}) {
    for (const models::MotionVector& v : field->vectors) symbols.insert(symbols.end(), {v.x, v.y});
  }
  for (const models::Transform t : frame.residual.transforms) symbols.push_back(static_cast<int16_t>(t));
  symbols.insert(symbols.end(), frame.residual.luma.begin(), frame.residual.luma.end());
  symbols.insert(symbols.end(), frame.residual.chroma.begin(), frame.residual.chroma.end());
  symbols.insert(symbols.end(), frame.filter.is_filtered.begin(), frame.filter.is_filtered.end());
}

}  // namespace laconic
