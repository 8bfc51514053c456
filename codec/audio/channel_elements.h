// Which channels are coded together: pairs as mid and side, the others alone (FORMAT.md 22).
#pragma once

#include <vector>

#include "codec/audio.h"

namespace laconic {

struct ChannelElement {
  int first = 0;    // channel
  int second = -1;  // the channel on the other side, or -1: one channel alone
  bool is_pair() const { return second >= 0; }
};

// In the order of their first channels.
std::vector<ChannelElement> channel_elements(const AudioFormat& format);

}  // namespace laconic
