// Binary decisions whose probability is mixed from several learning models, each with a context of its own, by weights that learn as
// well. For data that no network predicts and of which there is little (motion and residuals of films).
//
// Note [Mixing]
// Logistic mixing as in PAQ (Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005). In the domain
// t = 256 ln(p / (1 - p)), as integers within -2047..2047, with inputs t_i and weights w_i (65536 means 1):
//   t = floor(sum of w_i t_i / 65536), limited;   p = squash(t);   after the bit:  w_i += floor((t_i e + 2^15) / 2^16),  e = 65536 bit - p
// squash() is a table of its values at multiples of 64 with straight lines between; spread() is its inverse. Integers throughout, so
// both sides reach the same probabilities on every machine (FORMAT.md 7.6).
#pragma once

#include <cstdint>
#include <vector>

#include "codec/base/status.h"
#include "entropy/adaptive_bit.h"
#include "entropy/range_coder.h"

namespace laconic {

class ContextMixer {
 public:
  static constexpr int kBits = 16;

  // num_contexts: of each input, how many values its context has. num_decisions: how many kinds of decision there are; each kind has
  // its own models and weights.
  ContextMixer(const std::vector<size_t>& num_contexts, int num_decisions);

  // The context of one input, for all decisions until it is chosen anew; below its num_contexts.
  void choose(size_t input, size_t context) { inputs_[input].context = context; }

  // Of a 1, out of 1 << kBits: 32..65504.
  uint32_t count_of_one(int decision);
  // The bit that the last count_of_one() was for.
  void update(bool bit);

 private:
  struct Input {
    std::vector<AdaptiveBit> models;  // by context, then decision
    size_t context = 0;
    int spread = 0;  // in the last count_of_one()
  };

  std::vector<Input> inputs_;
  int num_decisions_;
  std::vector<int32_t> weights_;  // by decision, then input
  int decision_ = 0;              // of the last count_of_one(), and what it gave
  uint32_t count_ = 0;
};

void encode_bit(bool bit, ContextMixer& mixer, int decision, RangeEncoder& encoder);
Status decode_bit(ContextMixer& mixer, int decision, RangeDecoder& decoder, bool& bit);

}  // namespace laconic
