// One range-coder run of mixed decisions and raw bits, written and read by the same code: a walk over what is coded calls bit() and raw(),
// which write what they are given, or put what they read in its place.
#pragma once

#include <cstdint>

#include "codec/base/status.h"
#include "entropy/context_mixer.h"
#include "entropy/range_coder.h"

namespace laconic {

// After the first false, nothing counts but status().
class MixedWriter {
 public:
  explicit MixedWriter(RangeEncoder& encoder) : encoder_(encoder) {}
  bool bit(bool& value, ContextMixer& mixer, int decision) {
    encode_bit(value, mixer, decision, encoder_);
    return true;
  }
  bool raw(uint32_t& value, int num_bits) {
    status_ = encoder_.encode_bypass(value, num_bits);
    return status_.ok();
  }
  const Status& status() const { return status_; }

 private:
  RangeEncoder& encoder_;
  Status status_;
};

class MixedReader {
 public:
  explicit MixedReader(RangeDecoder& decoder) : decoder_(decoder) {}
  bool bit(bool& value, ContextMixer& mixer, int decision) {
    status_ = decode_bit(mixer, decision, decoder_, value);
    return status_.ok();
  }
  bool raw(uint32_t& value, int num_bits) {
    const Result<uint32_t> found = decoder_.decode_bypass(num_bits);
    if (found.ok()) value = *found;
    else status_ = found.status();
    return found.ok();
  }
  const Status& status() const { return status_; }

 private:
  RangeDecoder& decoder_;
  Status status_;
};

}  // namespace laconic
