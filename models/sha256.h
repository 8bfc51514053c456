// SHA-256 (FIPS 180-4). Weights files are named by it, and it must not cost a tenth of a second at every start: on x86
// processors that have them the SHA instructions are used.
#pragma once

#include <array>
#include <cstdint>

#include "codec/base/span.h"

namespace laconic {

using Sha256Digest = std::array<uint8_t, 32>;

enum class Sha256Path {
  kFastest,  // SHA instructions where the processor has them
  kPlain,    // the plain twin, for tests
};

Sha256Digest sha256(ByteSpan bytes, Sha256Path path = Sha256Path::kFastest);

bool has_sha_instructions();

}  // namespace laconic
