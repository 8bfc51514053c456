#include "codec/media/sound_resampler.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>
#include <numeric>

#include "codec/media/sound.h"
#include "codec/media/sound_ffmpeg.h"

namespace laconic {
namespace {

// Twice libswresample's default: the pass band reaches 21 kHz at 44.1 kHz, images stay below -100 dB.
constexpr int kFilterTaps = 64;
constexpr double kCutoff = 0.97;  // of the lower rate's half
constexpr int kMinPhaseBits = 10;

}  // namespace

// Note [Edges]
// Sound x[0..n) is extended at both ends by point reflection, x[-k] = 2 x[0] - x[k], which goes on without a step or a bend.
// The extension in front is a whole number of blocks, a block being the shortest stretch with a whole number of samples at both
// rates, so that dropping its output leaves the rest where it was. It needs to reach as far as the filter does; the part
// of the blocks that lies further out has no influence and stays constant.
struct SoundResampler::Impl {
  int from_hz = 1, to_hz = 1;
  size_t num_channels = 0;
  size_t reach = 0;        // input samples on which an output sample depends, on either side
  size_t lead_in = 0;      // input samples in front
  size_t lead_out = 0;     // what they become
  OwnedResampler context;
  SoundPlanes held;        // before the start: until there is enough to reflect; then the last `reach` + 1 samples given
  bool has_started = false;
  uint64_t num_taken = 0;
  uint64_t num_given = 0;  // counting what was dropped in front

  Status start(SoundPlanes& out);
  Status push(const SoundPlanes& samples, SoundPlanes& out);
  Status pull(const SoundPlanes* samples, SoundPlanes& out);
};

SoundResampler::SoundResampler(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SoundResampler::~SoundResampler() = default;

void append_samples(const SoundPlanes& from, SoundPlanes& to) {
  to.resize(from.size());
  for (size_t c = 0; c < from.size(); ++c) to[c].insert(to[c].end(), from[c].begin(), from[c].end());
}

void drop_first_samples(size_t num_samples, SoundPlanes& planes) {
  for (auto& plane : planes) {
    plane.erase(plane.begin(), plane.begin() + static_cast<ptrdiff_t>(std::min(num_samples, plane.size())));
  }
}

Result<std::unique_ptr<SoundResampler>> SoundResampler::create(int from_hz, int to_hz, int num_channels) {
  auto impl = std::make_unique<Impl>();
  impl->from_hz = from_hz;
  impl->to_hz = to_hz;
  impl->num_channels = static_cast<size_t>(num_channels);
  impl->held.resize(impl->num_channels);
  if (from_hz == to_hz) return std::unique_ptr<SoundResampler>(new SoundResampler(std::move(impl)));

  AVChannelLayout layout = {};  // which channels these are does not matter here
  av_channel_layout_default(&layout, num_channels);
  SwrContext* context = nullptr;
  const int error =
      swr_alloc_set_opts2(&context, &layout, AV_SAMPLE_FMT_FLTP, to_hz, &layout, AV_SAMPLE_FMT_FLTP, from_hz, 0, nullptr);
  impl->context.reset(context);
  if (error < 0) return no_memory_for_sound();
  const int block_in = from_hz / std::gcd(from_hz, to_hz);
  const int block_out = to_hz / std::gcd(from_hz, to_hz);
  int phase_bits = kMinPhaseBits;
  while (1 << phase_bits < block_out) ++phase_bits;  // a filter for each distance that occurs: nothing is interpolated
  av_opt_set_int(context, "filter_size", kFilterTaps, 0);
  av_opt_set_double(context, "cutoff", kCutoff, 0);
  av_opt_set_int(context, "phase_shift", phase_bits, 0);
  av_opt_set_int(context, "exact_rational", 1, 0);
  if (swr_init(context) < 0) {
    return unsupported("libswresample cannot convert from " + std::to_string(from_hz) + " to " + std::to_string(to_hz) + " Hz");
  }
  impl->reach = static_cast<size_t>(kFilterTaps) * static_cast<size_t>(std::max(from_hz, to_hz)) / static_cast<size_t>(to_hz);
  const size_t num_blocks = impl->reach / static_cast<size_t>(block_in) + 1;
  impl->lead_in = num_blocks * static_cast<size_t>(block_in);
  impl->lead_out = num_blocks * static_cast<size_t>(block_out);
  return std::unique_ptr<SoundResampler>(new SoundResampler(std::move(impl)));
}

Status SoundResampler::convert(const SoundPlanes& samples, SoundPlanes& out) {
  LACONIC_CHECK(samples.size() == impl_->num_channels);
  out.resize(impl_->num_channels);
  impl_->num_taken += num_samples_in(samples);
  if (!impl_->context) {
    append_samples(samples, out);
    return ok_status();
  }
  append_samples(samples, impl_->held);
  if (impl_->has_started) return impl_->push(samples, out);
  return num_samples_in(impl_->held) > impl_->reach ? impl_->start(out) : ok_status();
}

// What is held, with its reflection in front.
Status SoundResampler::Impl::start(SoundPlanes& out) {
  has_started = true;
  SoundPlanes extended(num_channels);
  for (size_t c = 0; c < num_channels; ++c) {
    const std::vector<float>& x = held[c];
    extended[c].reserve(lead_in + x.size());
    for (size_t k = lead_in; k > 0; --k) extended[c].push_back(2 * x[0] - x[std::min({k, reach, x.size() - 1})]);
    extended[c].insert(extended[c].end(), x.begin(), x.end());
  }
  return push(extended, out);
}

Status SoundResampler::Impl::push(const SoundPlanes& samples, SoundPlanes& out) {
  const size_t num_held = num_samples_in(held);
  if (num_held > reach + 1) drop_first_samples(num_held - reach - 1, held);
  return pull(&samples, out);
}

// Null: what libswresample still holds.
Status SoundResampler::Impl::pull(const SoundPlanes* samples, SoundPlanes& out) {
  const auto num_in = static_cast<int>(samples != nullptr ? num_samples_in(*samples) : 0);
  const int room = swr_get_out_samples(context.get(), num_in);
  if (room < 0) return no_memory_for_sound();
  SoundPlanes made(num_channels, std::vector<float>(static_cast<size_t>(room) + kFilterTaps));
  std::vector<uint8_t*> to;
  std::vector<const uint8_t*> from;
  for (auto& plane : made) to.push_back(reinterpret_cast<uint8_t*>(plane.data()));
  if (samples != nullptr) {
    for (const auto& plane : *samples) from.push_back(reinterpret_cast<const uint8_t*>(plane.data()));
  }
  const int num_out = swr_convert(context.get(), to.data(), static_cast<int>(num_samples_in(made)),
                                  samples != nullptr ? from.data() : nullptr, num_in);
  if (num_out < 0) return internal_error("libswresample fails: " + ffmpeg_error(num_out));
  for (auto& plane : made) plane.resize(static_cast<size_t>(num_out));
  if (num_given < lead_out) drop_first_samples(lead_out - static_cast<size_t>(num_given), made);
  num_given += static_cast<uint64_t>(num_out);
  append_samples(made, out);
  return ok_status();
}

Status SoundResampler::finish(SoundPlanes& out) {
  Impl& self = *impl_;
  out.resize(self.num_channels);
  if (!self.context || self.num_taken == 0) return ok_status();
  const size_t num_before = num_samples_in(out);
  const uint64_t num_given_before = self.num_given > self.lead_out ? self.num_given - self.lead_out : 0;
  if (!self.has_started) LACONIC_RETURN_IF_ERROR(self.start(out));
  SoundPlanes tail(self.num_channels);
  for (size_t c = 0; c < self.num_channels; ++c) {
    const std::vector<float>& x = self.held[c];
    for (size_t k = 1; k <= self.reach; ++k) tail[c].push_back(2 * x.back() - x[x.size() - 1 - std::min(k, x.size() - 1)]);
  }
  LACONIC_RETURN_IF_ERROR(self.pull(&tail, out));
  LACONIC_RETURN_IF_ERROR(self.pull(nullptr, out));
  const uint64_t wanted = samples_at_rate(self.num_taken, self.from_hz, self.to_hz) - num_given_before;
  for (auto& plane : out) plane.resize(num_before + static_cast<size_t>(wanted));
  return ok_status();
}

}  // namespace laconic
