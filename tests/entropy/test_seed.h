// Seeds of random tests: printed, and taken back from the environment (LACONIC_TEST_SEED=123 ctest ...).
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace laconic::testing {

inline uint64_t test_seed() {
  const char* const given = std::getenv("LACONIC_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("LACONIC_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace laconic::testing
