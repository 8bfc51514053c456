// Random numbers that are a pure function of their stream, the same on every machine: the standard library's distributions
// differ between implementations. SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cstdint>

namespace laconic::train {

inline uint64_t mix_bits(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// The stream of one sample of one step.
inline uint64_t sample_stream(uint64_t seed, int64_t step, int64_t sample) {
  return mix_bits(mix_bits(mix_bits(seed) ^ static_cast<uint64_t>(step)) ^ static_cast<uint64_t>(sample));
}

class Random {
 public:
  explicit Random(uint64_t stream) : state_(stream) {}
  uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15ull;
    return mix_bits(state_);
  }
  // 0 .. bound - 1; bound < 2^32, the bias is below 2^-32
  int64_t below(int64_t bound) { return static_cast<int64_t>(((bits() >> 32) * static_cast<uint64_t>(bound)) >> 32); }

 private:
  uint64_t state_;
};

}  // namespace laconic::train
