#include "models/sha256.h"

#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#define LACONIC_HAS_X86_SHA 1
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace laconic {
namespace {

constexpr size_t kBlockBytes = 64;

// FIPS 180-4 §4.2.2
alignas(16) constexpr uint32_t kRounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using State = std::array<uint32_t, 8>;  // a .. h
// FIPS 180-4 §5.3.3
constexpr State kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

constexpr uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }

void add_blocks_plain(State* state, const uint8_t* bytes, size_t num_blocks) {
  for (; num_blocks > 0; --num_blocks, bytes += kBlockBytes) {
    uint32_t w[64];
    for (int t = 0; t < 16; ++t) {
      const uint8_t* p = bytes + 4 * t;
      w[t] = uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
    }
    for (int t = 16; t < 64; ++t) {
      const uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
      const uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = *state;
    for (int t = 0; t < 64; ++t) {
      const uint32_t t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + kRounds[t] + w[t];
      const uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const State worked = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i) (*state)[i] += worked[i];
  }
}

#ifdef LACONIC_HAS_X86_SHA

// Two rounds an instruction. The instructions want the state as two registers, (a b e f) and (c d g h) from the high
// lane to the low one, and four message words in a register, earliest in the low lane.
__attribute__((target("sha,sse4.1,ssse3"))) void add_blocks_x86(State* state, const uint8_t* bytes, size_t num_blocks) {
  const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);  // big-endian words
  const State& s = *state;
  __m128i abef = _mm_set_epi32(static_cast<int>(s[0]), static_cast<int>(s[1]), static_cast<int>(s[4]), static_cast<int>(s[5]));
  __m128i cdgh = _mm_set_epi32(static_cast<int>(s[2]), static_cast<int>(s[3]), static_cast<int>(s[6]), static_cast<int>(s[7]));
  for (; num_blocks > 0; --num_blocks, bytes += kBlockBytes) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];
    for (int i = 0; i < 4; ++i) {
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * i)), swap);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {  // rounds 4i .. 4i + 3
      const __m128i sum = _mm_add_epi32(w[i % 4], _mm_load_si128(reinterpret_cast<const __m128i*>(kRounds + 4 * i)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (i < 12) {  // words 4i + 16 .. 4i + 19
        const __m128i w12 = w[(i + 3) % 4];
        const __m128i sigma0 = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
        const __m128i w9 = _mm_alignr_epi8(w12, w[(i + 2) % 4], 4);
        w[i % 4] = _mm_sha256msg2_epu32(_mm_add_epi32(sigma0, w9), w12);
      }
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  alignas(16) uint32_t high[4], low[4];
  _mm_store_si128(reinterpret_cast<__m128i*>(high), abef);
  _mm_store_si128(reinterpret_cast<__m128i*>(low), cdgh);
  *state = {high[3], high[2], low[3], low[2], high[1], high[0], low[1], low[0]};
}

bool detect_sha_instructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const bool has_ssse3 = c >> 9 & 1, has_sse41 = c >> 19 & 1;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  return has_ssse3 && has_sse41 && (b >> 29 & 1);
}

#else

void add_blocks_x86(State* state, const uint8_t* bytes, size_t num_blocks) { add_blocks_plain(state, bytes, num_blocks); }
bool detect_sha_instructions() { return false; }

#endif

}  // namespace

bool has_sha_instructions() {
  static const bool has = detect_sha_instructions();
  return has;
}

Sha256Digest sha256(ByteSpan bytes, Sha256Path path) {
  const auto add_blocks = path == Sha256Path::kFastest && has_sha_instructions() ? add_blocks_x86 : add_blocks_plain;
  State state = kInitial;
  const size_t num_whole = bytes.size() / kBlockBytes;
  add_blocks(&state, bytes.data(), num_whole);

  // FIPS 180-4 §5.1.1: a one bit, zeros, the length in bits as 64 bits big-endian; one or two blocks
  uint8_t tail[2 * kBlockBytes] = {};
  const size_t rest = bytes.size() % kBlockBytes;
  if (rest > 0) std::memcpy(tail, bytes.data() + num_whole * kBlockBytes, rest);
  tail[rest] = 0x80;
  const size_t num_tail = rest + 9 <= kBlockBytes ? 1 : 2;
  const uint64_t size_bits = uint64_t{bytes.size()} * 8;
  for (int i = 0; i < 8; ++i) tail[num_tail * kBlockBytes - 1 - i] = static_cast<uint8_t>(size_bits >> (8 * i));
  add_blocks(&state, tail, num_tail);

  Sha256Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

}  // namespace laconic
