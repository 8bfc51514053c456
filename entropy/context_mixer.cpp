#include "entropy/context_mixer.h"

#include <algorithm>
#include <array>

namespace laconic {
namespace {

constexpr int kReach = 2047;  // of t
constexpr int kSegmentBits = 6;
constexpr int kMinCount = 32;
constexpr int kFirstWeight = 10500;
constexpr int kMaxWeight = 1 << 22;
constexpr int kLearningBits = 16;

// round(65536 / (1 + exp(-64 k / 256))).
constexpr std::array<int, 33> kSquash = {32768, 36843, 40793, 44511, 47911, 50941, 53581, 55834, 57724, 59287, 60565,
                                         61598, 62428, 63090, 63615, 64030, 64357, 64614, 64816, 64974, 65097, 65194,
                                         65269, 65328, 65374, 65410, 65438, 65459, 65476, 65489, 65500, 65508, 65514};

// Right shifts of negative numbers are the compiler's own before C++20.
int64_t floor_shift(int64_t value, int bits) { return value >= 0 ? value >> bits : -((-value + (int64_t{1} << bits) - 1) >> bits); }

int squash_magnitude(int magnitude) {
  const int segment = magnitude >> kSegmentBits, rest = magnitude & ((1 << kSegmentBits) - 1);
  return kSquash[segment] + (((kSquash[segment + 1] - kSquash[segment]) * rest) >> kSegmentBits);
}

int squash(int t) {
  const int count = t >= 0 ? squash_magnitude(t) : (1 << ContextMixer::kBits) - squash_magnitude(-t);
  return std::clamp(count, kMinCount, (1 << ContextMixer::kBits) - kMinCount);
}

// By the upper 12 bits of an AdaptiveBit's count: the smallest t whose squash() reaches the middle of what they stand for.
std::array<int, 4096> make_spread_table() {
  std::array<int, 4096> table;
  int t = -kReach;
  for (int i = 0; i < 4096; ++i) {
    while (t < kReach && squash(t) < i * 16 + 8) ++t;
    table[i] = t;
  }
  return table;
}

const std::array<int, 4096> kSpread = make_spread_table();

}  // namespace

ContextMixer::ContextMixer(const std::vector<size_t>& num_contexts, int num_decisions)
    : inputs_(num_contexts.size()), num_decisions_(num_decisions), weights_(num_contexts.size() * num_decisions, kFirstWeight) {
  for (size_t i = 0; i < inputs_.size(); ++i) inputs_[i].models.resize(num_contexts[i] * num_decisions);
}

uint32_t ContextMixer::count_of_one(int decision) {
  decision_ = decision;
  const int32_t* weights = weights_.data() + static_cast<size_t>(decision) * inputs_.size();
  int64_t sum = 0;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    Input& input = inputs_[i];
    input.spread = kSpread[input.models[input.context * num_decisions_ + decision].count_of_one() >> (AdaptiveBit::kBits - 12)];
    sum += static_cast<int64_t>(weights[i]) * input.spread;
  }
  count_ = static_cast<uint32_t>(squash(static_cast<int>(std::clamp<int64_t>(floor_shift(sum, 16), -kReach, kReach))));
  return count_;
}

void ContextMixer::update(bool bit) {
  const int error = (bit ? 1 << kBits : 0) - static_cast<int>(count_);
  int32_t* weights = weights_.data() + static_cast<size_t>(decision_) * inputs_.size();
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const int64_t moved = static_cast<int64_t>(inputs_[i].spread) * error + (1 << (kLearningBits - 1));
    weights[i] = std::clamp(weights[i] + static_cast<int32_t>(floor_shift(moved, kLearningBits)), -kMaxWeight, kMaxWeight);
    inputs_[i].models[inputs_[i].context * num_decisions_ + decision_].update(bit);
  }
}

void encode_bit(bool bit, ContextMixer& mixer, int decision, RangeEncoder& encoder) {
  encoder.encode_binary(bit, mixer.count_of_one(decision), ContextMixer::kBits);
  mixer.update(bit);
}

Status decode_bit(ContextMixer& mixer, int decision, RangeDecoder& decoder, bool& bit) {
  if (!decoder.decode_binary(mixer.count_of_one(decision), ContextMixer::kBits, bit)) return decoder.binary_error();
  mixer.update(bit);
  return ok_status();
}

}  // namespace laconic
