#include "models/video/filter_features.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "models/blocks.h"

namespace laconic::models {
namespace {

constexpr int kLumaFold = kFilterFold, kChromaFold = kFilterFold / 2;
constexpr int kLumaCorrections = kLumaFold * kLumaFold;
constexpr int kMeanReach = 4;    // of the mean around a sample: 9x9, as far as they lie inside
constexpr float kReach = 6;      // of features that count steps
constexpr int64_t kRowsPerTask = 4;

bool takes_plain_loops(const torch::Tensor& x) { return x.is_cpu() && !torch::GradMode::is_enabled(); }
bool is_chroma_whole(const FramePlanes& planes) { return planes.chroma.size(2) == planes.luma.size(2); }

// ---- in LibTorch's operations

torch::Tensor folded(const torch::Tensor& luma, const torch::Tensor& chroma) {
  const torch::Tensor half = chroma.size(2) == luma.size(2) ? torch::avg_pool2d(chroma, 2) : chroma;
  return torch::cat({fold(luma, kLumaFold), fold(half, kChromaFold)}, 1);
}

// By columns, then by rows, which is quicker than both at once.
torch::Tensor detail(const torch::Tensor& x) {
  const auto mean = [](const torch::Tensor& y, int64_t height, int64_t width) {
    return torch::avg_pool2d(y, {height, width}, /*stride=*/1, {height / 2, width / 2}, /*ceil_mode=*/false, /*count_include_pad=*/false);
  };
  constexpr int64_t kSide = 2 * kMeanReach + 1;
  return x - mean(mean(x, kSide, 1), 1, kSide);
}

torch::Tensor features_by_operations(const FramePlanes& coded, const FramePlanes& reference, const torch::Tensor& steps) {
  const torch::Tensor step = steps.view({-1, 1, 1, 1}), in_steps = step.reciprocal();
  const auto limited = [&](const torch::Tensor& x) { return (x * in_steps).clamp(-kReach, kReach); };
  const torch::Tensor level = folded(coded.luma / 128 - 1, coded.chroma / 64);
  const torch::Tensor shape = folded(limited(detail(coded.luma)), limited(detail(coded.chroma)));
  const torch::Tensor change = folded(limited(coded.luma - reference.luma), limited(coded.chroma - reference.chroma));
  const torch::Tensor how_coarse = (torch::log2(step) / 3 - 1).expand({-1, 1, level.size(2), level.size(3)});
  return torch::cat({level, shape, change, how_coarse}, 1).contiguous(torch::MemoryFormat::ChannelsLast);
}

FramePlanes correction_by_operations(const FramePlanes& coded, const torch::Tensor& correction, const torch::Tensor& steps) {
  const torch::Tensor samples = correction * steps.view({-1, 1, 1, 1});
  const torch::Tensor luma = torch::pixel_shuffle(samples.narrow(1, 0, kLumaCorrections), kLumaFold);
  torch::Tensor chroma = torch::pixel_shuffle(samples.narrow(1, kLumaCorrections, kCorrections - kLumaCorrections), kChromaFold);
  if (is_chroma_whole(coded)) chroma = torch::upsample_nearest2d(chroma, {coded.chroma.size(2), coded.chroma.size(3)});
  return {coded.luma + luma, coded.chroma + chroma};
}

// ---- as plain loops

// Features of the samples of a plane, row by row.
class PlaneFeatures {
 public:
  PlaneFeatures(int64_t height, int64_t width, float step)
      : height_(height), width_(width), in_steps_(1 / step), sums_(static_cast<size_t>(width + 2 * kMeanReach)), per_column_(static_cast<size_t>(width)),
        level(static_cast<size_t>(width)), shape(level), change(level) {
    for (int64_t x = 0; x < width; ++x) per_column_[static_cast<size_t>(x)] = 1 / static_cast<float>(std::min(width, x + kMeanReach + 1) - std::max<int64_t>(0, x - kMeanReach));
  }

  void read(const float* coded, const float* reference, int64_t y, float level_scale, float level_offset) {
    const int64_t first = std::max<int64_t>(0, y - kMeanReach), last = std::min(height_, y + kMeanReach + 1);
    float* inner = sums_.data() + kMeanReach;  // what lies around it stays zero
    std::fill(inner, inner + width_, 0.0f);
    for (int64_t row = first; row < last; ++row) {
      for (int64_t x = 0; x < width_; ++x) inner[x] += coded[row * width_ + x];
    }
    const float per_row = 1 / static_cast<float>(last - first);
    const float* now = coded + y * width_;
    const float* before = reference + y * width_;
    for (int64_t x = 0; x < width_; ++x) {
      const float* around = sums_.data() + x;
      float sum = 0;
      for (int k = 0; k <= 2 * kMeanReach; ++k) sum += around[k];
      level[x] = now[x] * level_scale + level_offset;
      shape[x] = limited((now[x] - sum * per_row * per_column_[x]) * in_steps_);
      change[x] = limited((now[x] - before[x]) * in_steps_);
    }
  }

 private:
  static float limited(float x) { return std::min(std::max(x, -kReach), kReach); }

  const int64_t height_, width_;
  const float in_steps_;
  std::vector<float> sums_, per_column_;

 public:
  std::vector<float> level, shape, change;  // [width], of the row read last
};

// Values of a row, `fold` by `fold`, to the positions of a row of features.
void put(const std::vector<float>& values, int fold, int64_t num_positions, float* to) {
  for (int64_t i = 0; i < num_positions; ++i) {
    for (int k = 0; k < fold; ++k) to[i * kFilterFeatures + k] = values[static_cast<size_t>(i * fold + k)];
  }
}
// Means of pairs of columns of a row, half of each of two such rows.
void add_halved(std::vector<float>& values, int fold, int64_t num_positions, float* to) {
  for (int64_t i = 0; i < num_positions; ++i) {
    for (int k = 0; k < fold; ++k) {
      const size_t x = static_cast<size_t>(2 * (i * fold + k));
      to[i * kFilterFeatures + k] += 0.25f * (values[x] + values[x + 1]);
    }
  }
}

torch::Tensor features_by_loops(const FramePlanes& coded, const FramePlanes& reference, const torch::Tensor& steps) {
  const torch::Tensor luma = coded.luma.contiguous(), chroma = coded.chroma.contiguous(), luma_before = reference.luma.contiguous(), chroma_before = reference.chroma.contiguous();
  const int64_t num_frames = luma.size(0), rows = luma.size(2) / kLumaFold, columns = luma.size(3) / kLumaFold;
  const int64_t chroma_height = chroma.size(2), chroma_width = chroma.size(3);
  const bool is_whole = is_chroma_whole(coded);
  torch::Tensor features = torch::empty({num_frames, kFilterFeatures, rows, columns}, luma.options(), torch::MemoryFormat::ChannelsLast);
  const auto read_frame_rows = [&](int64_t frame, int64_t first, int64_t last) {
    const float step = steps.data_ptr<float>()[frame], how_coarse = std::log2(step) / 3 - 1;
    PlaneFeatures of_luma(luma.size(2), luma.size(3), step), of_chroma(chroma_height, chroma_width, step);
    for (int64_t row = first; row < last; ++row) {
      float* to = features.data_ptr<float>() + (frame * rows + row) * columns * kFilterFeatures;
      for (int64_t i = 0; i < columns; ++i) {
        if (is_whole) std::fill(to + i * kFilterFeatures, to + (i + 1) * kFilterFeatures, 0.0f);
        to[(i + 1) * kFilterFeatures - 1] = how_coarse;
      }
      for (int dy = 0; dy < kLumaFold; ++dy) {
        const int64_t plane = frame * luma.size(2) * luma.size(3);
        of_luma.read(luma.data_ptr<float>() + plane, luma_before.data_ptr<float>() + plane, row * kLumaFold + dy, 1 / 128.0f, -1);
        float* at = to + dy * kLumaFold;
        put(of_luma.level, kLumaFold, columns, at);
        put(of_luma.shape, kLumaFold, columns, at + kCorrections);
        put(of_luma.change, kLumaFold, columns, at + 2 * kCorrections);
      }
      for (int c = 0; c < 2; ++c) {
        const int64_t plane = (2 * frame + c) * chroma_height * chroma_width;
        const int rows_per_row = is_whole ? 2 : 1;
        for (int dy = 0; dy < kChromaFold * rows_per_row; ++dy) {
          of_chroma.read(chroma.data_ptr<float>() + plane, chroma_before.data_ptr<float>() + plane, row * kChromaFold * rows_per_row + dy, 1 / 64.0f, 0);
          float* at = to + kLumaCorrections + (c * kChromaFold + dy / rows_per_row) * kChromaFold;
          const auto place = is_whole ? add_halved : [](std::vector<float>& values, int fold, int64_t n, float* p) { put(values, fold, n, p); };
          place(of_chroma.level, kChromaFold, columns, at);
          place(of_chroma.shape, kChromaFold, columns, at + kCorrections);
          place(of_chroma.change, kChromaFold, columns, at + 2 * kCorrections);
        }
      }
    }
  };
  at::parallel_for(0, num_frames * rows, kRowsPerTask, [&](int64_t begin, int64_t end) {
    while (begin < end) {  // a task's rows may be of several frames
      const int64_t frame = begin / rows, last = std::min(end, (frame + 1) * rows);
      read_frame_rows(frame, begin - frame * rows, last - frame * rows);
      begin = last;
    }
  });
  return features;
}

// The corrections of a plane begin at channel `first`; each stands for `repeat` by `repeat` samples.
torch::Tensor corrected(const torch::Tensor& plane, const torch::Tensor& correction, const torch::Tensor& steps, int first, int fold, int repeat) {
  const torch::Tensor from = plane.contiguous();
  torch::Tensor to = torch::empty_like(from);
  const int64_t planes = from.size(1), height = from.size(2), width = from.size(3), columns = correction.size(3), side = static_cast<int64_t>(fold) * repeat;
  at::parallel_for(0, from.size(0) * planes * height, kRowsPerTask * side, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t frame = row / (planes * height), p = row / height % planes, y = row % height;
      const float step = steps.data_ptr<float>()[frame];
      const float* samples = from.data_ptr<float>() + row * width;
      float* sums = to.data_ptr<float>() + row * width;
      const float* c = correction.data_ptr<float>() + ((frame * correction.size(2) + y / side) * columns) * kCorrections + first + (p * fold + y % side / repeat) * fold;
      for (int64_t i = 0; i < columns; ++i) {
        for (int64_t k = 0; k < side; ++k) {
          sums[i * side + k] = samples[i * side + k] + step * c[i * kCorrections + k / repeat];
        }
      }
    }
  });
  return to;
}

FramePlanes correction_by_loops(const FramePlanes& coded, const torch::Tensor& correction, const torch::Tensor& steps) {
  const torch::Tensor c = correction.contiguous(torch::MemoryFormat::ChannelsLast);
  return {corrected(coded.luma, c, steps, 0, kLumaFold, 1), corrected(coded.chroma, c, steps, kLumaCorrections, kChromaFold, is_chroma_whole(coded) ? 2 : 1)};
}

}  // namespace

torch::Tensor filter_features(const FramePlanes& coded, const FramePlanes& reference, const torch::Tensor& steps) {
  return takes_plain_loops(coded.luma) ? features_by_loops(coded, reference, steps) : features_by_operations(coded, reference, steps);
}

FramePlanes add_correction(const FramePlanes& coded, const torch::Tensor& correction, const torch::Tensor& steps) {
  return takes_plain_loops(coded.luma) ? correction_by_loops(coded, correction, steps) : correction_by_operations(coded, correction, steps);
}

}  // namespace laconic::models
