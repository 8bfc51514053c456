#include "codec/video/hyper_coder.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace laconic {
namespace {

// Kinds of decision.
constexpr int kIsNotZero = 0, kIsNegative = 1, kIsLarger = 2;
constexpr int kNumUnary = 12;
constexpr int kNumDecisions = kIsLarger + kNumUnary;
constexpr int kRestBits = 11;  // magnitudes beyond the unary part: raw
constexpr int kMaxSize = 3;    // what one symbol adds to the size of its position

// Contexts: see FORMAT.md 18.1.
std::vector<size_t> num_contexts(size_t channels) {
  return {channels, channels * 7, channels * 25, channels * 19, 7 * 7 * 25, 25 * 7, channels * 7, channels * 13, channels * 30};
}

size_t limited(int value, int reach) { return static_cast<size_t>(std::clamp(value, -reach, reach) + reach); }

template <size_t kNumBounds>
size_t class_of(int size, const int (&bounds)[kNumBounds]) {
  return static_cast<size_t>(std::upper_bound(bounds, bounds + kNumBounds, size) - bounds);
}

}  // namespace

HyperCoder::HyperCoder(int channels, int height, int width)
    : channels_(channels), height_(height), width_(width), mixer_(num_contexts(static_cast<size_t>(channels)), kNumDecisions) {}

void HyperCoder::choose_contexts(const std::vector<int16_t>& z, const std::vector<int>& sizes, int channel, int row, int column) {
  static constexpr int kSizeBounds[] = {1, 3, 6, 12, 24, 40}, kSizeBoundsBefore[] = {8, 16, 24, 36, 50};
  const auto at = [&](const std::vector<int16_t>& from, int c, int y, int x) {
    return c < 0 || y < 0 || x < 0 || y >= height_ || x >= width_ ? 0 : int{from[(static_cast<size_t>(c) * height_ + y) * width_ + x]};
  };
  const size_t position = static_cast<size_t>(row) * width_ + column, c = static_cast<size_t>(channel);
  const int before = at(before_, channel, row, column), before_that = at(before_that_, channel, row, column);
  const int left = at(z, channel, row, column - 1), above = at(z, channel, row - 1, column);
  const int around_before = at(before_, channel, row, column - 1) + at(before_, channel, row, column + 1) + at(before_, channel, row - 1, column) +
                            at(before_, channel, row + 1, column);
  const size_t size = class_of(sizes[position], kSizeBounds), size_before = class_of(sizes[sizes.size() / 2 + position], kSizeBoundsBefore);
  mixer_.choose(0, c);
  mixer_.choose(1, c * 7 + limited(before, 3));
  mixer_.choose(2, (c * 5 + limited(left, 2)) * 5 + limited(above, 2));
  mixer_.choose(3, c * 19 + limited(before + before_that + left + above, 9));
  mixer_.choose(4, ((limited(before, 3) * 7 + limited(before_that, 3)) * 5 + limited(left, 2)) * 5 + limited(above, 2));
  mixer_.choose(5, (limited(at(z, channel - 1, row, column), 2) * 5 + limited(at(z, channel - 2, row, column), 2)) * 7 + size);
  mixer_.choose(6, c * 7 + size);
  mixer_.choose(7, c * 13 + limited(around_before, 6));
  mixer_.choose(8, (c * 6 + size_before) * 5 + limited(before, 2));
}

// code.bit(bool&, decision) and code.raw(uint32_t&, bits) write what they are given, or put what they read in its place.
template <typename Code>
Status HyperCoder::walk(Span<int16_t> z, const Code& code) {
  const size_t num_positions = static_cast<size_t>(height_) * width_;
  if (before_.empty()) before_.assign(z.size(), 0);
  if (before_that_.empty()) before_that_.assign(z.size(), 0);
  std::vector<int16_t> now(z.size());
  // By position: how large the symbols of this frame are so far, then those of the frame before.
  std::vector<int> sizes(2 * num_positions);
  for (size_t i = 0; i < z.size(); ++i) sizes[num_positions + i % num_positions] += std::min(std::abs(int{before_[i]}), kMaxSize);
  for (int channel = 0; channel < channels_; ++channel) {
    for (int row = 0; row < height_; ++row) {
      for (int column = 0; column < width_; ++column) {
        const size_t position = static_cast<size_t>(row) * width_ + column, i = static_cast<size_t>(channel) * num_positions + position;
        choose_contexts(now, sizes, channel, row, column);
        int magnitude = std::abs(int{z[i]}), coded = 0;
        bool more = magnitude > 0, is_negative = z[i] < 0;
        LACONIC_RETURN_IF_ERROR(code.bit(more, kIsNotZero));
        if (more) LACONIC_RETURN_IF_ERROR(code.bit(is_negative, kIsNegative));
        while (more && ++coded <= kNumUnary) {
          more = magnitude > coded;
          LACONIC_RETURN_IF_ERROR(code.bit(more, kIsLarger + coded - 1));
        }
        if (more) {
          uint32_t rest = static_cast<uint32_t>(std::max(0, magnitude - coded));
          LACONIC_RETURN_IF_ERROR(code.raw(rest, kRestBits));
          coded += static_cast<int>(rest);
        }
        if (coded > kMaxSymbol) return corrupt("a symbol of the hyperprior is larger than " + std::to_string(kMaxSymbol));
        now[i] = static_cast<int16_t>(is_negative ? -coded : coded);
        sizes[position] += std::min(coded, kMaxSize);
      }
    }
  }
  std::copy(now.begin(), now.end(), z.begin());
  before_that_ = std::move(before_);
  before_ = std::move(now);
  return ok_status();
}

namespace {

struct Writing {
  ContextMixer& mixer;
  RangeEncoder& encoder;
  Status bit(bool& value, int decision) const {
    encode_bit(value, mixer, decision, encoder);
    return ok_status();
  }
  Status raw(uint32_t& value, int num_bits) const { return encoder.encode_bypass(value, num_bits); }
};

struct Reading {
  ContextMixer& mixer;
  RangeDecoder& decoder;
  Status bit(bool& value, int decision) const { return decode_bit(mixer, decision, decoder, value); }
  Status raw(uint32_t& value, int num_bits) const {
    LACONIC_ASSIGN_OR_RETURN(value, decoder.decode_bypass(num_bits));
    return ok_status();
  }
};

}  // namespace

Status HyperCoder::encode(Span<const int16_t> z, RangeEncoder& encoder) {
  std::vector<int16_t> walked(z.begin(), z.end());
  return walk(walked, Writing{mixer_, encoder});
}

Status HyperCoder::decode(RangeDecoder& decoder, Span<int16_t> z) {
  std::fill(z.begin(), z.end(), int16_t{0});
  return walk(z, Reading{mixer_, decoder});
}

}  // namespace laconic
