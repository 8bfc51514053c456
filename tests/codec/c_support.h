// The C interface in tests: handles that free themselves, and calls that must succeed.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "codec/laconic.h"

namespace laconic::test {

template <auto kFree>
struct Freeing {
  template <typename Handle>
  void operator()(Handle* handle) const {
    kFree(handle);
  }
};

using CModels = std::unique_ptr<laconic_models, Freeing<laconic_models_free>>;
using CModel = std::unique_ptr<laconic_model, Freeing<laconic_model_free>>;
using CPacket = std::unique_ptr<laconic_packet, Freeing<laconic_packet_free>>;
using CVideoModel = std::unique_ptr<laconic_video_model, Freeing<laconic_video_model_free>>;
using CVideoEncoder = std::unique_ptr<laconic_video_encoder, Freeing<laconic_video_encoder_free>>;
using CVideoDecoder = std::unique_ptr<laconic_video_decoder, Freeing<laconic_video_decoder_free>>;
using CVideoFrame = std::unique_ptr<laconic_video_frame, Freeing<laconic_video_frame_free>>;
using CAudioModel = std::unique_ptr<laconic_audio_model, Freeing<laconic_audio_model_free>>;
using CAudioEncoder = std::unique_ptr<laconic_audio_encoder, Freeing<laconic_audio_encoder_free>>;
using CAudioDecoder = std::unique_ptr<laconic_audio_decoder, Freeing<laconic_audio_decoder_free>>;
using CAudioFrame = std::unique_ptr<laconic_audio_frame, Freeing<laconic_audio_frame_free>>;

// make: (Handle**, laconic_error*) -> laconic_status. What it made; a failure, and a result or an error text that does not go with
// the status, fail the test.
template <typename Owner, typename Make>
Owner made(Make make, laconic_status expected = LACONIC_OK) {
  laconic_error error;
  typename Owner::pointer handle = nullptr;
  const laconic_status status = make(&handle, &error);
  EXPECT_EQ(status, expected) << error.message;
  EXPECT_EQ(error.code, status);
  EXPECT_EQ(error.message[0] == '\0', status == LACONIC_OK);
  EXPECT_TRUE(status == LACONIC_OK || handle == nullptr);
  return Owner(handle);
}

}  // namespace laconic::test
