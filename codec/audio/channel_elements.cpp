#include "codec/audio/channel_elements.h"

#include <array>

namespace laconic {
namespace {

// Bits of channel_mask that are left and right of each other.
constexpr std::array<std::array<int, 2>, 6> kPairs = {{{0, 1}, {4, 5}, {6, 7}, {9, 10}, {12, 14}, {15, 17}}};

int partner_of(int bit) {
  for (const auto& pair : kPairs) {
    if (pair[0] == bit) return pair[1];
  }
  return -1;
}

}  // namespace

std::vector<ChannelElement> channel_elements(const AudioFormat& format) {
  std::vector<ChannelElement> elements;
  if (format.channel_mask == 0) {  // not known: two make a pair, more are taken as pairs in their order
    for (int c = 0; c < format.num_channels; c += 2) elements.push_back({c, c + 1 < format.num_channels ? c + 1 : -1});
    return elements;
  }
  std::array<int, 32> channel_of{};  // by bit; -1: not there, or in a pair already
  int channel = 0;
  for (int bit = 0; bit < 32; ++bit) channel_of[static_cast<size_t>(bit)] = format.channel_mask >> bit & 1 ? channel++ : -1;
  for (int bit = 0; bit < 32; ++bit) {
    const int first = channel_of[static_cast<size_t>(bit)];
    if (first < 0) continue;
    const int partner = partner_of(bit), second = partner < 0 ? -1 : channel_of[static_cast<size_t>(partner)];
    elements.push_back({first, second});
    if (second >= 0) channel_of[static_cast<size_t>(partner)] = -1;
  }
  return elements;
}

}  // namespace laconic
