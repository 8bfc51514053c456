#include "apps/plugin/gstreamer/audio_format.h"

#include <algorithm>
#include <iterator>

namespace laconic::gstreamer {
namespace {

// By bits of WAVE_FORMAT_EXTENSIBLE's mask. GStreamer's own mask has the same first nine bits and then other ones.
constexpr GstAudioChannelPosition kPositionOfBit[] = {
    GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT,       GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT,
    GST_AUDIO_CHANNEL_POSITION_FRONT_CENTER,     GST_AUDIO_CHANNEL_POSITION_LFE1,
    GST_AUDIO_CHANNEL_POSITION_REAR_LEFT,        GST_AUDIO_CHANNEL_POSITION_REAR_RIGHT,
    GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT_OF_CENTER, GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT_OF_CENTER,
    GST_AUDIO_CHANNEL_POSITION_REAR_CENTER,      GST_AUDIO_CHANNEL_POSITION_SIDE_LEFT,
    GST_AUDIO_CHANNEL_POSITION_SIDE_RIGHT,       GST_AUDIO_CHANNEL_POSITION_TOP_CENTER,
    GST_AUDIO_CHANNEL_POSITION_TOP_FRONT_LEFT,   GST_AUDIO_CHANNEL_POSITION_TOP_FRONT_CENTER,
    GST_AUDIO_CHANNEL_POSITION_TOP_FRONT_RIGHT,  GST_AUDIO_CHANNEL_POSITION_TOP_REAR_LEFT,
    GST_AUDIO_CHANNEL_POSITION_TOP_REAR_CENTER,  GST_AUDIO_CHANNEL_POSITION_TOP_REAR_RIGHT,
};
constexpr int kNumBits = static_cast<int>(std::size(kPositionOfBit));

int bit_of(GstAudioChannelPosition position) {
  if (position == GST_AUDIO_CHANNEL_POSITION_MONO) position = GST_AUDIO_CHANNEL_POSITION_FRONT_CENTER;
  const auto* const found = std::find(std::begin(kPositionOfBit), std::end(kPositionOfBit), position);
  return found != std::end(kPositionOfBit) ? static_cast<int>(found - kPositionOfBit) : -1;
}

}  // namespace

Positions positions_of(uint32_t channel_mask, int num_channels) {
  Positions positions;
  positions.fill(GST_AUDIO_CHANNEL_POSITION_NONE);
  if (num_channels == 1) {
    positions[0] = GST_AUDIO_CHANNEL_POSITION_MONO;
    return positions;
  }
  if (channel_mask == 0 && num_channels == 2) channel_mask = 3;
  int num_found = 0;
  for (int bit = 0; bit < 32 && num_found < num_channels; ++bit) {
    if ((channel_mask >> bit & 1) == 0) continue;
    if (bit >= kNumBits) {
      positions.fill(GST_AUDIO_CHANNEL_POSITION_NONE);  // either all are known or none
      return positions;
    }
    positions[static_cast<size_t>(num_found++)] = kPositionOfBit[bit];
  }
  return positions;
}

bool mask_of(const GstAudioInfo& info, uint32_t& channel_mask, Positions& positions) {
  channel_mask = 0;
  for (int c = 0; c < GST_AUDIO_INFO_CHANNELS(&info); ++c) {
    const int bit = bit_of(GST_AUDIO_INFO_POSITION(&info, c));
    if (bit < 0 || (channel_mask >> bit & 1) != 0) {
      channel_mask = 0;
      return false;
    }
    channel_mask |= 1u << bit;
  }
  positions = positions_of(channel_mask, GST_AUDIO_INFO_CHANNELS(&info));
  return true;
}

}  // namespace laconic::gstreamer
