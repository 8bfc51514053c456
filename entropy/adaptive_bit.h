// Binary models that learn while they code, for data without stored tables (bitmaps).
#pragma once

#include <algorithm>
#include <cstdint>

#include "codec/base/status.h"
#include "entropy/range_coder.h"

namespace laconic {

// The probability of a 1, learnt from the bits coded with it: about their average at first, later a shift-update that
// forgets at a rate of 1/128.
class AdaptiveBit {
 public:
  static constexpr int kBits = 15;

  // Out of 1 << kBits; never 0 or 1 << kBits.
  uint32_t count_of_one() const { return std::clamp<uint32_t>(state_ >> (32 - kBits), 1, (1u << kBits) - 1); }

  void update(bool bit) {
    const uint32_t num_seen = state_ & kSeenMask;
    const uint32_t probability = state_ >> kSeenBits;
    const uint32_t shift = kShifts[num_seen];
    const uint32_t moved = bit ? probability + ((kOne - probability) >> shift) : probability - (probability >> shift);
    state_ = moved << kSeenBits | (num_seen == kSeenMask ? num_seen : num_seen + 1);
  }

 private:
  // Upper 27 bits: the probability of a 1 (below kOne); lower 5: number of bits seen, stopping at 31.
  static constexpr int kSeenBits = 5;
  static constexpr uint32_t kSeenMask = (1u << kSeenBits) - 1;
  static constexpr uint32_t kOne = (1u << (32 - kSeenBits)) - 1;
  // The first updates weigh about 1 / (seen + 1.5), as an average does.
  static constexpr uint8_t kShifts[kSeenMask + 1] = {1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4,
                                                     4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 7};
  uint32_t state_ = 1u << 31;
};

void encode_bit(bool bit, AdaptiveBit& model, RangeEncoder& encoder);
Status decode_bit(AdaptiveBit& model, RangeDecoder& decoder, bool& bit);

}  // namespace laconic
