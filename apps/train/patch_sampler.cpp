#include "apps/train/patch_sampler.h"

#include <algorithm>
#include <utility>

#include "apps/train/random.h"
#include "codec/base/checked.h"

namespace laconic::train {
namespace {

constexpr uint64_t kGreyPercent = 4;

// Index into a line of `size` samples mirrored without end: 0 1 2 2 1 0 0 1 ...
int64_t mirrored(int64_t i, int64_t size) {
  const int64_t phase = i % (2 * size);
  return phase < size ? phase : 2 * size - 1 - phase;
}

// Interleaved RGB [crop, crop, 3] from the place (x0, y0), without scaling.
void copy_window(const Picture& picture, int64_t x0, int64_t y0, int crop_px, uint8_t* out) {
  std::vector<int64_t> column(crop_px);
  for (int x = 0; x < crop_px; ++x) column[x] = 3 * mirrored(x0 + x, picture.width_px);
  for (int y = 0; y < crop_px; ++y) {
    const uint8_t* row = picture.rgb.get() + 3 * picture.width_px * mirrored(y0 + y, picture.height_px);
    for (int x = 0; x < crop_px; ++x, out += 3) {
      out[0] = row[column[x]];
      out[1] = row[column[x] + 1];
      out[2] = row[column[x] + 2];
    }
  }
}

// Scaling is done in integers, so that the bytes are the same whatever a compiler does to floating point.
constexpr int64_t kOne = 1 << 16;      // factors and places: 1 << 16 is one pixel
constexpr int64_t kWeightOne = 1 << 12;  // the weights of one output sample sum to this

// Output sample i averages the input over [i * factor, (i + 1) * factor): at most three taps for a factor below 2.
struct AreaTaps {
  int first;
  uint32_t weights[3];
};

std::vector<AreaTaps> area_taps(int num_out, int64_t factor, int num_in) {
  std::vector<AreaTaps> taps(num_out);
  for (int i = 0; i < num_out; ++i) {
    const int64_t begin = i * factor, end = begin + factor;
    // The three taps stay inside the window; one that the interval does not touch gets weight 0.
    taps[i].first = static_cast<int>(std::min<int64_t>(begin / kOne, std::max(0, num_in - 3)));
    int64_t before = 0;  // weight up to the tap; differences of rounded sums, so that they sum to kWeightOne
    for (int k = 0; k < 3; ++k) {
      const int64_t covered = std::clamp<int64_t>((taps[i].first + k + 1) * kOne, begin, end) - begin;
      const int64_t up_to_here = (covered * kWeightOne + factor / 2) / factor;
      taps[i].weights[k] = static_cast<uint32_t>(up_to_here - before);
      before = up_to_here;
    }
  }
  return taps;
}

// Interleaved RGB [crop, crop, 3]: the square of `side` >= 3 pixels at (x0, y0), all inside, reduced by `factor`.
void reduce_window(const Picture& picture, int64_t x0, int64_t y0, int side, int64_t factor, int crop_px, uint8_t* out) {
  const auto taps = area_taps(crop_px, factor, side);
  const int row_values = 3 * crop_px;
  std::vector<uint32_t> lines(static_cast<size_t>(side) * row_values);  // reduced in x only, times kWeightOne
  for (int y = 0; y < side; ++y) {
    const uint8_t* row = picture.rgb.get() + 3 * (picture.width_px * (y0 + y) + x0);
    uint32_t* line = lines.data() + static_cast<size_t>(y) * row_values;
    for (int x = 0; x < crop_px; ++x) {
      const uint8_t* p = row + 3 * taps[x].first;
      const uint32_t* w = taps[x].weights;
      for (int c = 0; c < 3; ++c) line[3 * x + c] = w[0] * p[c] + w[1] * p[c + 3] + w[2] * p[c + 6];
    }
  }
  for (int y = 0; y < crop_px; ++y, out += row_values) {
    const uint32_t* line = lines.data() + static_cast<size_t>(taps[y].first) * row_values;
    const uint32_t* w = taps[y].weights;
    for (int i = 0; i < row_values; ++i) {  // at most 255 << 24, with the rounding below 2^32
      const uint32_t sum = w[0] * line[i] + w[1] * line[i + row_values] + w[2] * line[i + 2 * row_values];
      out[i] = static_cast<uint8_t>((sum + (1u << 23)) >> 24);
    }
  }
}

}  // namespace

PatchSampler::PatchSampler(std::vector<Picture> pictures, uint64_t seed) : pictures_(std::move(pictures)), seed_(seed) {
  TORCH_CHECK(!pictures_.empty(), "PatchSampler needs at least one picture");
}

torch::Tensor PatchSampler::batch(int64_t step, int batch_size, int crop_px) const {
  auto out = torch::empty({batch_size, 3, crop_px, crop_px}, torch::kUInt8);
  const int64_t patch_bytes = int64_t{3} * crop_px * crop_px;
  for (int i = 0; i < batch_size; ++i) {
    const uint64_t stream = sample_stream(seed_, step, i);
    write_patch(stream, crop_px, out.data_ptr<uint8_t>() + i * patch_bytes);
  }
  return out;
}

void PatchSampler::write_patch(uint64_t stream, int crop_px, uint8_t* planes) const {
  Random random(stream);
  const Picture& picture = pictures_[random.below(static_cast<int64_t>(pictures_.size()))];
  std::vector<uint8_t> rgb(size_t{3} * crop_px * crop_px);

  const bool wants_scale = random.bits() >> 63;
  const int64_t factor = kOne + random.below(kOne);
  const int side = static_cast<int>(ceil_div(crop_px * factor, kOne));
  const bool scales = wants_scale && side >= 3 && side <= std::min(picture.width_px, picture.height_px);
  const int64_t window = scales ? side : crop_px;
  // Where the picture is smaller than the window any start inside the picture will do: it is mirrored.
  const auto place = [&](int64_t size) { return random.below(size >= window ? size - window + 1 : size); };
  const int64_t x0 = place(picture.width_px);
  const int64_t y0 = place(picture.height_px);
  if (scales) {
    reduce_window(picture, x0, y0, side, factor, crop_px, rgb.data());
  } else {
    copy_window(picture, x0, y0, crop_px, rgb.data());
  }

  const uint64_t turns = random.bits();
  const bool flips_x = turns & 1, flips_y = turns & 2, transposes = turns & 4;  // together the eight symmetries
  const bool is_grey = random.below(100) < static_cast<int64_t>(kGreyPercent);
  // Source offset = start + x * step_x + y * step_y, in bytes
  int64_t step_x = 3, step_y = int64_t{3} * crop_px, start = 0;
  if (transposes) std::swap(step_x, step_y);
  if (flips_x) start += step_x * (crop_px - 1), step_x = -step_x;
  if (flips_y) start += step_y * (crop_px - 1), step_y = -step_y;

  const int64_t plane = int64_t{crop_px} * crop_px;
  for (int y = 0; y < crop_px; ++y) {
    const uint8_t* p = rgb.data() + start + y * step_y;
    uint8_t* out = planes + int64_t{y} * crop_px;
    for (int x = 0; x < crop_px; ++x, ++out, p += step_x) {
      if (is_grey) {
        const int luma = (77 * p[0] + 150 * p[1] + 29 * p[2] + 128) >> 8;  // Rec. 601
        out[0] = out[plane] = out[2 * plane] = static_cast<uint8_t>(luma);
      } else {
        out[0] = p[0], out[plane] = p[1], out[2 * plane] = p[2];
      }
    }
  }
}

PrefetchingSampler::PrefetchingSampler(const PatchSampler& sampler, int batch_size, int crop_px, int64_t first_step,
                                       int depth, int num_threads)
    : sampler_(sampler),
      batch_size_(batch_size),
      crop_px_(crop_px),
      depth_(std::max(1, depth)),
      next_claimed_(first_step),
      next_delivered_(first_step) {
  for (int i = 0; i < std::max(1, num_threads); ++i) workers_.emplace_back([this] { work(); });
}

PrefetchingSampler::~PrefetchingSampler() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stops_ = true;
  }
  changed_.notify_all();
  for (auto& worker : workers_) worker.join();
}

torch::Tensor PrefetchingSampler::next() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || ready_.count(next_delivered_) > 0; });
  if (failure_) std::rethrow_exception(failure_);
  torch::Tensor batch = std::move(ready_.extract(next_delivered_).mapped());
  ++next_delivered_;
  changed_.notify_all();
  return batch;
}

void PrefetchingSampler::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stops_ || next_claimed_ - next_delivered_ < depth_; });
    if (stops_) return;
    const int64_t step = next_claimed_++;
    lock.unlock();
    torch::Tensor batch;
    std::exception_ptr failure;
    try {
      batch = sampler_.batch(step, batch_size_, crop_px_);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) failure_ = failure;
    if (!failure) ready_.emplace(step, std::move(batch));
    changed_.notify_all();
    if (failure) return;
  }
}

}  // namespace laconic::train
