#include "codec/audio/packet_coder.h"

#include <gtest/gtest.h>

#include "tests/support/test_images.h"
#include "tests/support/tiny_audio_model.h"

namespace laconic {
namespace {

using models::kBandBins;
using models::kPlaneChannels;

const std::vector<bool> kIsPair = {true, false, true};

class PacketCoderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string path = test::temporary_path("audio.safetensors"), sparse = test::temporary_path("sparse.safetensors");
    ASSERT_TRUE(test::write_tiny_audio_model(path).ok());
    models::AudioNetwork network(test::tiny_audio_config());
    auto tables = models::load_trainable_audio(path, network);
    ASSERT_TRUE(tables.ok());
    tables->skip_below = 24;
    ASSERT_TRUE(models::save_audio_weights(sparse, network, *tables, "{}").ok());
    const auto model = AudioModel::load(path, {}), sparse_model = AudioModel::load(sparse, {});
    ASSERT_TRUE(model.ok() && sparse_model.ok());
    model_ = *model;
    sparse_model_ = *sparse_model;
    torch::manual_seed(11);
  }
  // Values of all sizes, up to such as need escapes.
  static torch::Tensor random_plane() {
    const torch::Tensor sizes = torch::pow(10, torch::randn({3, 1, 1, models::kNumBands}));
    torch::Tensor y = torch::randn({3, kPlaneChannels, 1, models::kNumBands}) * sizes;
    y[1].slice(0, kBandBins).zero_();
    return y;
  }
  static std::vector<ElementParameters> random_parameters() {
    std::vector<ElementParameters> elements;
    for (size_t e = 0; e < kIsPair.size(); ++e) {
      const auto draw = [](int64_t below) { return torch::randint(below, {1}).item<int>(); };
      elements.push_back({draw(4) == 0, 1 << draw(5), draw(models::kMaxStepIndex + 1)});
    }
    return elements;
  }

  std::shared_ptr<const AudioModel> model_;
  std::shared_ptr<const AudioModel> sparse_model_;  // about half of the symbols are skipped
  StageClock clock_;
};

TEST_F(PacketCoderTest, BothSidesHaveTheSameSymbolsValuesAndMemory) {
  PacketCoder encoder(model_->impl(), kIsPair, clock_), decoder(model_->impl(), kIsPair, clock_);
  for (int packet = 0; packet < 40; ++packet) {
    SCOPED_TRACE(packet);
    if (packet == 25) {  // a key packet
      encoder.reset();
      decoder.reset();
    }
    std::vector<ElementParameters> elements = random_parameters();
    if (packet % 7 == 3) elements.assign(kIsPair.size(), {});  // silence
    const torch::Tensor y = random_plane();
    const auto coded = encoder.encode(y, elements);
    ASSERT_TRUE(coded.ok()) << coded.status().message();
    const auto decoded = decoder.decode(coded->payload);
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    EXPECT_EQ(coded->symbol_hash, decoded->symbol_hash);
    EXPECT_TRUE(torch::equal(coded->y_hat, decoded->y_hat));
    for (size_t e = 0; e < kIsPair.size(); ++e) {
      EXPECT_EQ(decoded->elements[e].is_silent, elements[e].is_silent);
      const torch::Tensor found = decoded->y_hat[static_cast<int64_t>(e)], wanted = y[static_cast<int64_t>(e)];
      if (elements[e].is_silent) {
        EXPECT_TRUE((found == 0).all().item<bool>());
        continue;
      }
      EXPECT_EQ(decoded->elements[e].blocks, elements[e].blocks);
      EXPECT_EQ(decoded->elements[e].step_index, elements[e].step_index);
      EXPECT_LT((found - wanted).abs().mean().item<double>(), 0.8);
      const bool has_side = (found.slice(0, kBandBins) != 0).any().item<bool>();
      EXPECT_EQ(has_side, kIsPair[e]);
    }
  }
}

TEST_F(PacketCoderTest, BothSidesSkipTheSameSymbols) {
  PacketCoder encoder(sparse_model_->impl(), kIsPair, clock_), decoder(sparse_model_->impl(), kIsPair, clock_);
  for (int packet = 0; packet < 10; ++packet) {
    const auto coded = encoder.encode(random_plane(), random_parameters());
    ASSERT_TRUE(coded.ok()) << coded.status().message();
    const auto decoded = decoder.decode(coded->payload);
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    EXPECT_EQ(coded->symbol_hash, decoded->symbol_hash);
    EXPECT_TRUE(torch::equal(coded->y_hat, decoded->y_hat));
  }
}

TEST_F(PacketCoderTest, SilenceHasNoPayloadAndKeepsBlocksAndStepOfThePacketBefore) {
  PacketCoder coder(model_->impl(), {true}, clock_);
  const torch::Tensor y = random_plane().narrow(0, 0, 1);
  ASSERT_TRUE(coder.encode(y, {{false, 8, 77}}).ok());
  const auto silent = coder.encode(y, {{true, 1, 0}});
  ASSERT_TRUE(silent.ok());
  EXPECT_TRUE(silent->payload.empty());
  EXPECT_EQ(silent->elements[0].blocks, 8);
  EXPECT_EQ(silent->elements[0].step_index, 77);
}

TEST_F(PacketCoderTest, EveryCutIsCorrupt) {
  PacketCoder encoder(model_->impl(), {true}, clock_), decoder(model_->impl(), {true}, clock_);
  const auto coded = encoder.encode(random_plane().narrow(0, 0, 1) * 0.2, {{false, 2, 100}});
  ASSERT_TRUE(coded.ok());
  for (size_t size = 1; size < coded->payload.size(); size += 7) {
    decoder.reset();
    EXPECT_EQ(decoder.decode(ByteSpan(coded->payload).first(size)).status().code(), StatusCode::kCorrupt) << size;
  }
}

}  // namespace
}  // namespace laconic
