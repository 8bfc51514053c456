#include "codec/audio/channel_elements.h"

#include <gtest/gtest.h>

#include <utility>

namespace laconic {
namespace {

using Elements = std::vector<std::pair<int, int>>;

Elements elements_of(int num_channels, uint32_t channel_mask) {
  AudioFormat format;
  format.num_channels = num_channels;
  format.channel_mask = channel_mask;
  Elements found;
  for (const ChannelElement& element : channel_elements(format)) {
    EXPECT_EQ(element.is_pair(), element.second >= 0);
    found.emplace_back(element.first, element.second);
  }
  return found;
}

TEST(ChannelElements, PairChannelsThatAreLeftAndRightOfEachOther) {
  EXPECT_EQ(elements_of(1, 0x4), (Elements{{0, -1}}));                                              // mono: the centre
  EXPECT_EQ(elements_of(2, 0x3), (Elements{{0, 1}}));                                               // stereo
  EXPECT_EQ(elements_of(6, 0x3F), (Elements{{0, 1}, {2, -1}, {3, -1}, {4, 5}}));                    // 5.1, back
  EXPECT_EQ(elements_of(6, 0x60F), (Elements{{0, 1}, {2, -1}, {3, -1}, {4, 5}}));                   // 5.1, side
  EXPECT_EQ(elements_of(8, 0x63F), (Elements{{0, 1}, {2, -1}, {3, -1}, {4, 5}, {6, 7}}));           // 7.1
  EXPECT_EQ(elements_of(8, 0xFF), (Elements{{0, 1}, {2, -1}, {3, -1}, {4, 5}, {6, 7}}));            // 7.1, wide
  EXPECT_EQ(elements_of(6, 0x3F000), (Elements{{0, 2}, {1, -1}, {3, 5}, {4, -1}}));                 // six above
}

TEST(ChannelElements, ChannelsWithoutTheOtherSideStandAlone) {
  EXPECT_EQ(elements_of(1, 0x1), (Elements{{0, -1}}));
  EXPECT_EQ(elements_of(2, 0x22), (Elements{{0, -1}, {1, -1}}));   // front right, back right
  EXPECT_EQ(elements_of(3, 0x103), (Elements{{0, 1}, {2, -1}}));   // back centre
  EXPECT_EQ(elements_of(2, 0xC0000000), (Elements{{0, -1}, {1, -1}}));
}

TEST(ChannelElements, ArePairsInOrderWhereTheMaskIsNotKnown) {
  EXPECT_EQ(elements_of(1, 0), (Elements{{0, -1}}));
  EXPECT_EQ(elements_of(2, 0), (Elements{{0, 1}}));
  EXPECT_EQ(elements_of(5, 0), (Elements{{0, 1}, {2, 3}, {4, -1}}));
  EXPECT_EQ(elements_of(8, 0), (Elements{{0, 1}, {2, 3}, {4, 5}, {6, 7}}));
}

}  // namespace
}  // namespace laconic
