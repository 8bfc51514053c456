#include "models/audio/network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/image/config.h"
#include "tests/support/tiny_audio_model.h"

namespace laconic::models {
namespace {

bool is_integer(const torch::Tensor& t) { return (t == torch::floor(t)).all().item<bool>(); }
bool is_within(const torch::Tensor& t, double low, double high) { return t.min().item<double>() >= low && t.max().item<double>() <= high; }

// Residuals as a loud packet has them: mostly small, some huge.
torch::Tensor random_residuals(int64_t num_elements, int64_t num_packets) {
  const std::vector<int64_t> sizes = {num_elements, kPlaneChannels, num_packets, kNumBands};
  return torch::round(torch::pow(10, torch::randn(sizes)) * torch::randn(sizes)).clamp(-32768, 32767);
}

torch::Tensor random_conditions(int64_t num_elements, int64_t num_packets) {
  std::vector<torch::Tensor> rows;
  for (int64_t i = 0; i < num_elements * num_packets; ++i) {
    const auto draw = [](int64_t below) { return torch::randint(below, {1}).item<int>(); };
    rows.push_back(torch::tensor(condition_values({1 << draw(5), draw(192), draw(2) * (1 << draw(5)), draw(192), draw(2) == 0})));
  }
  return torch::stack(rows).view({num_elements, num_packets, kNumConditions, 1}).transpose(1, 2);
}

TEST(Plane, HoldsSixteenNeighbouringBinsInEachBand) {
  const torch::Tensor coefficients = torch::arange(2 * kSignals * 3 * kHop, torch::kFloat).view({2, kSignals, 3, kHop});
  const torch::Tensor plane = plane_of(coefficients);
  EXPECT_EQ(plane.sizes(), (std::vector<int64_t>{2, kPlaneChannels, 3, kNumBands}));
  for (const int bin : {0, 15, 16, 1000, kBins - 1}) {
    EXPECT_EQ(plane[1][kBandBins + bin % kBandBins][2][bin / kBandBins].item<float>(), coefficients[1][1][2][bin].item<float>()) << bin;
  }
}

TEST(Plane, GoesToCoefficientsAndBack) {
  const torch::Tensor plane = torch::randn({2, kPlaneChannels, 3, kNumBands}), coefficients = coefficients_of(plane);
  EXPECT_EQ(coefficients.sizes(), (std::vector<int64_t>{2, kSignals, 3, kHop}));
  EXPECT_TRUE(torch::equal(plane_of(coefficients), plane));
  EXPECT_TRUE((coefficients.slice(3, kBins) == 0).all().item<bool>());
}

TEST(Plane, PassesAreEvenAndOddBinsOfMidAndSide) {
  const torch::Tensor plane = torch::randn({2, kPlaneChannels, 3, kNumBands});
  std::vector<torch::Tensor> passes;
  for (int pass = 0; pass < kAudioPasses; ++pass) {
    passes.push_back(pass_of(plane, pass));
    EXPECT_EQ(passes.back().sizes(), (std::vector<int64_t>{2, kPassBins, 3, kNumBands}));
    EXPECT_TRUE(torch::equal(passes.back().select(1, 3), plane.select(1, pass / 2 * kBandBins + 2 * 3 + pass % 2)));
  }
  EXPECT_TRUE(torch::equal(merge_plane(passes), plane));
  EXPECT_TRUE(torch::equal(merge_signal(passes[2], passes[3]), plane.narrow(1, kBandBins, kBandBins)));
}

TEST(Conditions, AreTheNumbersOfTheSpecification) {
  EXPECT_EQ(condition_values({8, 100, 2, 97, true}), (std::vector<float>{180, 60, 0, 8, 48, 255}));
  EXPECT_EQ(condition_values({1, 0, 0, 50, false}), (std::vector<float>{0, 0, 255, -192, 0, 0}));  // a key packet
  EXPECT_EQ(condition_values({16, 191, 1, 0, false}), (std::vector<float>{240, 0, 0, 190, 255, 0}));
  EXPECT_EQ(step_size(160), 1.0);
  EXPECT_EQ(step_size(168), 2.0);
}

TEST(PerceptualWeights, RiseFromOneToEightKilohertzAndFallFromFourteen) {
  const torch::Tensor decibels = 20 * torch::log10(perceptual_weights());
  const auto at = [&](double khz) { return decibels[static_cast<int64_t>(khz * kHop / 24)].item<double>(); };
  EXPECT_NEAR(at(0.1), 0, 1e-3);
  EXPECT_NEAR(at(2), 1.5, 0.01);
  EXPECT_NEAR(at(13), 4.5, 1e-3);
  EXPECT_NEAR(at(19.8), 4.5 - 6, 0.02);
}

// The plain twin of FORMAT.md 22.2, one number at a time.
TEST(PacketHistory, KeepsTheIntegersOfTheSpecification) {
  torch::manual_seed(5);
  const AudioConfig config = test::tiny_audio_config();
  PacketHistory history(2, config, torch::kCPU);
  int64_t last = 0, before_last = 0, fast = 0, slow = 0;  // of one place in the plane
  torch::Tensor z_last = torch::zeros({2, config.hyper_latents, 1, kHyperPositions}), z_before_last = z_last;
  for (int packet = 0; packet < 60; ++packet) {
    const torch::Tensor m = history.magnitudes();
    ASSERT_TRUE(is_integer(m) && is_within(m, 0, kActivationMax)) << packet;
    const std::vector<int64_t> expected = {last, before_last, std::min<int64_t>(fast / 4, 255), std::min<int64_t>(slow / 16, 255)};
    for (int64_t group = 0; group < 4; ++group) {
      EXPECT_EQ(m[1][group * kPlaneChannels + 7][0][50].item<int64_t>(), expected[static_cast<size_t>(group)]) << packet;
    }
    EXPECT_TRUE(torch::equal(history.hyper(), torch::cat({z_last, z_before_last}, 1)));

    const torch::Tensor r = packet < 30 ? torch::full({2, kPlaneChannels, 1, kNumBands}, -32768.0) : random_residuals(2, 1);
    const torch::Tensor z = torch::randint(-100, 101, z_last.sizes()).to(torch::kFloat);
    history.learn(r, z);
    const int64_t magnitude = std::min<int64_t>(std::abs(r[1][7][0][50].item<int64_t>()), 510);
    before_last = last;
    last = std::min<int64_t>(256 * magnitude / (magnitude + 2), 255);
    fast += last - fast / 4;
    slow += last - slow / 16;
    z_before_last = z_last;
    z_last = z;
  }
}

TEST(StereoPrediction, LearnsHowTheSideFollowsTheMid) {
  torch::manual_seed(6);
  StereoPrediction prediction(1, torch::kCPU);
  const torch::Tensor mid = torch::round(8 * torch::randn({1, kBandBins, 1, kNumBands}));
  EXPECT_TRUE((prediction.predict(mid) == 0).all().item<bool>());  // nothing is known yet
  for (int packet = 0; packet < 3; ++packet) prediction.learn(mid, -0.5 * mid);
  EXPECT_TRUE(torch::allclose(prediction.predict(mid), -0.5 * mid, 1e-3, 1e-3));
  prediction.learn(mid, 1e4 * mid);
  EXPECT_TRUE(torch::allclose(prediction.predict(mid), 4 * mid));  // never more
}

class AudioScales : public ::testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(9);
    network_ = AudioNetwork(test::tiny_audio_config());
    network_->named_parameters()["scales_band_embedding"].data().normal_(0, 1);
    r_ = random_residuals(2, kNumPackets);
    history_ = torch::randint(0, kActivationMax + 1, {2, 4 * kPlaneChannels, kNumPackets, kNumBands}).to(torch::kFloat);
    hyper_ = torch::randint(-400, 401, {2, 3 * network_->config().hyper_latents, kNumPackets, kHyperPositions}).to(torch::kFloat);
    conditions_ = random_conditions(2, kNumPackets);
  }
  // Scale indexes of the packets [first, first + count), all passes.
  torch::Tensor indexes(const AudioScaleNetworks& networks, int64_t first, int64_t count) const {
    const auto part = [&](const torch::Tensor& t) { return t.narrow(2, first, count); };
    const torch::Tensor base = network_->base(networks, part(history_), part(hyper_), part(conditions_));
    std::vector<torch::Tensor> all, known;
    for (int pass = 0; pass < kAudioPasses; ++pass) {
      all.push_back(network_->scale_indexes(networks, base, known));
      known.push_back(pass_of(part(r_), pass));
    }
    return merge_plane(all);
  }

  static constexpr int64_t kNumPackets = 3;
  AudioNetwork network_{nullptr};
  torch::Tensor r_, history_, hyper_, conditions_;
};

TEST_F(AudioScales, AreIntegersWithProvenBounds) {
  const torch::NoGradGuard no_grad;
  AudioScaleNetworks networks = network_->prepare();
  for (const ExactConv* layer : networks.layers()) EXPECT_EQ(layer->prove_bound(), "");
  const torch::Tensor base = network_->base(networks, history_, hyper_, conditions_), found = indexes(networks, 0, kNumPackets);
  EXPECT_TRUE(is_integer(networks.band_embedding) && is_within(networks.band_embedding, -kActivationMax, kActivationMax));
  EXPECT_TRUE(is_integer(base) && is_within(base, -kActivationMax, kActivationMax));
  EXPECT_TRUE(is_integer(found) && is_within(found, 0, kNumScales - 1));
  EXPECT_GT(found.max().item<double>(), found.min().item<double>());
}

// Training sees all packets of a stretch at once, a coder one after the other.
TEST_F(AudioScales, OfAllPacketsAtOnceAreThoseOfEachPacket) {
  const torch::NoGradGuard no_grad;
  const AudioScaleNetworks networks = network_->prepare();
  const torch::Tensor all = indexes(networks, 0, kNumPackets);
  for (int64_t t = 0; t < kNumPackets; ++t) EXPECT_TRUE(torch::equal(all.narrow(2, t, 1), indexes(networks, t, 1))) << t;
}

TEST_F(AudioScales, AreTheSameWhileTrainingAndOnAnyNumberOfThreads) {
  const torch::Tensor training = indexes(network_->prepare(), 0, kNumPackets);
  EXPECT_TRUE(training.requires_grad());
  const torch::NoGradGuard no_grad;
  const AudioScaleNetworks networks = network_->prepare();
  for (const int num_threads : {1, 2}) {
    at::set_num_threads(num_threads);
    EXPECT_TRUE(torch::equal(training, indexes(networks, 0, kNumPackets))) << num_threads;
  }
}

TEST_F(AudioScales, DependOnNothingThatIsDecodedLater) {
  const torch::NoGradGuard no_grad;
  const AudioScaleNetworks networks = network_->prepare();
  const torch::Tensor before = indexes(networks, 0, kNumPackets);
  r_.narrow(1, kBandBins, kBandBins).mul_(-1).add_(5);  // the side
  const torch::Tensor after = indexes(networks, 0, kNumPackets);
  EXPECT_TRUE(torch::equal(before.narrow(1, 0, kBandBins), after.narrow(1, 0, kBandBins)));
  EXPECT_TRUE(torch::equal(pass_of(before, 2), pass_of(after, 2)));
  EXPECT_FALSE(torch::equal(pass_of(before, 3), pass_of(after, 3)));
}

TEST_F(AudioScales, SwitchedOffReferencesAreNotSeen) {
  const torch::NoGradGuard no_grad;
  AudioConfig config = test::tiny_audio_config();
  config.time_reference = config.local_reference = config.hyper_reference = false;
  network_ = AudioNetwork(config);
  const AudioScaleNetworks networks = network_->prepare();
  const torch::Tensor before = indexes(networks, 0, kNumPackets);
  history_.zero_();
  hyper_.zero_();
  r_.zero_();
  EXPECT_TRUE(torch::equal(before, indexes(networks, 0, kNumPackets)));
}

TEST(Synthesis, DrawsValuesTowardsZeroAndFillsZerosWithNoise) {
  const torch::Tensor r = torch::tensor({-3.f, 0.f, 2.f}), means = torch::tensor({0.5f, 0.25f, 0.f});
  const torch::Tensor unit_noise = torch::tensor({1.f, -2.f, 1.f});
  const torch::Tensor y_hat = AudioNetworkImpl::reconstruct(means, r, {torch::full({3}, 0.125f), torch::full({3}, 0.5f)}, unit_noise);
  EXPECT_TRUE(torch::equal(y_hat, torch::tensor({-2.375f, -0.75f, 1.875f})));
}

TEST(TableBits, AreThoseOfTheTableWithItsSlopeAsGradient) {
  const torch::Tensor table = laplacian_symbol_bits();
  const int64_t reach = table.size(1) / 2;
  for (const auto& [symbol, index] : {std::pair{0, 5}, std::pair{-7, 20}, std::pair{300, 63}, std::pair{2, 0}, std::pair{20000, 40}}) {
    const torch::Tensor indexes = torch::full({1}, static_cast<float>(index)).requires_grad_(true);
    const torch::Tensor bits = table_bits(table, torch::full({1}, static_cast<float>(symbol)), indexes);
    const auto at = [&](int i) { return table[i][std::clamp<int64_t>(symbol, -reach, reach) + reach].item<double>(); };
    EXPECT_NEAR(bits.item<double>(), at(index), 1e-5);
    bits.backward();
    const int above = std::min(index + 1, kNumScales - 1), below = std::max(index - 1, 0);
    EXPECT_NEAR(indexes.grad().item<double>(), (at(above) - at(below)) / (above - below), 1e-5) << symbol << " at " << index;
  }
}

TEST(TableBits, StartFromLaplacianDistributions) {
  const torch::Tensor probabilities = torch::exp2(-laplacian_symbol_bits().to(torch::kDouble));
  for (int i = 0; i < kNumScales; ++i) EXPECT_NEAR(probabilities[i].sum().item<double>(), 1, 0.02) << i;
}

TEST(Synthesis, SpreadsNoiseEvenlyOverTheBinsOfABandAndBlockWhereRIsZero) {
  torch::manual_seed(5);
  for (const int blocks : {1, 4, 16}) {
    const torch::Tensor before = torch::rand({1, kPlaneChannels, 1, kNumBands});
    const torch::Tensor r = torch::randint(0, 2, {1, kPlaneChannels, 1, kNumBands}).to(torch::kFloat);
    torch::Tensor noise = before.clone();
    AudioNetworkImpl::spread_noise(noise, r, blocks);
    const auto energies = [&](const torch::Tensor& n) {
      return (n.square() * (r == 0)).view({kSignals, kBandBins / blocks, blocks, kNumBands}).sum(1);
    };
    EXPECT_LT((energies(noise) - energies(before)).abs().max().item<double>(), 1e-5);
    const torch::Tensor by_block = noise.view({kSignals, kBandBins / blocks, blocks, kNumBands});
    EXPECT_EQ((by_block - by_block.slice(1, 0, 1)).abs().max().item<double>(), 0);
  }
}

}  // namespace
}  // namespace laconic::models
