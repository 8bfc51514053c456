// z_hat of one superblock of predicted frames (FORMAT.md 18.1).
#pragma once

#include <cstdint>
#include <vector>

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "entropy/context_mixer.h"
#include "entropy/range_coder.h"

namespace laconic {

// Codes z_hat of one frame after another, and learns from each: a new one from every key frame on, and after an error.
class HyperCoder {
 public:
  static constexpr int kMaxSymbol = 2000;  // of either sign

  HyperCoder(int channels, int height, int width);

  // z: channels * height * width values -kMaxSymbol..kMaxSymbol, channel, row, column.
  Status encode(Span<const int16_t> z, RangeEncoder& encoder);
  Status decode(RangeDecoder& decoder, Span<int16_t> z);

  // z of the frame before; empty before the first.
  const std::vector<int16_t>& before() const { return before_; }

 private:
  template <typename Code>
  Status walk(Span<int16_t> z, const Code& code);
  void choose_contexts(const std::vector<int16_t>& z, const std::vector<int>& sizes, int channel, int row, int column);

  const int channels_, height_, width_;
  std::vector<int16_t> before_, before_that_;
  ContextMixer mixer_;
};

}  // namespace laconic
