#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "apps/train/audio_task.h"
#include "codec/audio_codec.h"
#include "tests/support/test_images.h"
#include "tests/support/test_sounds.h"
#include "tests/support/tiny_audio_model.h"

namespace laconic::train {
namespace {

// Two recordings, mono and stereo, of a second each.
std::string write_sound_shards() {
  const std::string folder = test::temporary_path("sound_shards");
  auto writer = SoundShardWriter::create(folder, 1 << 20);
  if (!writer.ok()) return folder;  // written by an earlier test of this process
  for (const int num_channels : {1, 2}) {
    const test::Channels sound = test::draw_sound(num_channels, kCodingRateHz);
    std::vector<int16_t> samples;
    for (size_t i = 0; i < sound[0].size(); ++i) {
      for (const auto& channel : sound) samples.push_back(static_cast<int16_t>(std::lround(channel[i] * 32767)));
    }
    if (!writer->add(samples, num_channels).ok()) return {};
  }
  return writer->finish().ok() ? folder : std::string();
}

TrainConfig small_config(int64_t steps) {
  TrainConfig config;
  config.audio_network = test::tiny_audio_config();
  config.steps = steps;
  config.batch_size = 3;
  config.num_frames = 4;
  config.warmup_steps = 2;
  config.log_every = 1;
  config.checkpoint_every = config.validate_every = 1000;
  return config;
}

TrainerOptions options_of(const std::string& out) {
  TrainerOptions options;
  options.data_dir = write_sound_shards();
  options.out_dir = test::temporary_path(out);
  options.resume = true;
  return options;
}

// step,loss,bits_y,bits_z,error_bits,envelope,snr,lr of each line: without the speed.
std::vector<std::string> curve_of(const std::string& folder) {
  std::ifstream log(folder + "/log.csv");
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) {
    std::istringstream fields(line);
    std::string kept, field;
    for (int i = 0; i < 8 && std::getline(fields, field, ','); ++i) kept += field + ",";
    lines.push_back(kept);
  }
  return lines;
}

// Trains from where the folder's checkpoint stands to `stop_at`; the schedule is that of `config`.
void train(const TrainConfig& config, const TrainerOptions& options, int64_t stop_at) {
  TrainConfig limited = config;
  limited.validate_every = stop_at;  // validation is the place to stop
  auto task = AudioTask::create(limited, options);
  ASSERT_TRUE(task.ok()) << task.status().message();
  auto trainer = Trainer::create(limited, options, std::move(*task));
  ASSERT_TRUE(trainer.ok()) << trainer.status().message();
  const Status status = (*trainer)->run([&](int64_t step) {
    return step >= stop_at ? Status(StatusCode::kInvalidArgument, "stop") : ok_status();
  });
  EXPECT_EQ(status.message(), "stop");
}

TEST(AudioTask, TrainsAndItsWeightsCodeSound) {
  const TrainConfig config = small_config(2);
  TrainerOptions options = options_of("audio_out");
  auto owned = AudioTask::create(config, options);
  ASSERT_TRUE(owned.ok()) << owned.status().message();
  AudioTask& task = **owned;
  EXPECT_EQ(task.num_recordings(), 2u);
  auto trainer = Trainer::create(config, options, std::move(*owned));
  ASSERT_TRUE(trainer.ok()) << trainer.status().message();
  std::vector<torch::Tensor> before;
  for (const torch::Tensor& parameter : task.audio_network()->parameters()) before.push_back(parameter.clone());
  ASSERT_TRUE((*trainer)->run([](int64_t) { return ok_status(); }).ok());
  const auto after = task.audio_network()->named_parameters();
  for (size_t i = 0; i < before.size(); ++i) EXPECT_FALSE(torch::equal(before[i], after[i].value())) << after[i].key();
  for (const auto& parameter : after) EXPECT_TRUE(torch::isfinite(parameter.value()).all().item<bool>()) << parameter.key();

  const std::string path = test::temporary_path("audio.safetensors");
  ASSERT_TRUE(models::save_audio_weights(path, task.audio_network(), task.count_tables(4), R"({"steps": 2})").ok());
  const auto model = AudioModel::load(path, {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_NE((*model)->record_json().find("\"steps\": 2"), std::string::npos) << (*model)->record_json();
  auto encoder = AudioEncoder::create(*model, AudioFormat(), {});
  ASSERT_TRUE(encoder.ok());
  ASSERT_TRUE((*encoder)->send_frame(test::frame_of(test::draw_sound(2, 6000), 0, 6000)).ok());
  ASSERT_TRUE((*encoder)->drain(6000).ok());
  auto decoder = AudioDecoder::create(*model, (*encoder)->extradata(), {});
  ASSERT_TRUE(decoder.ok());
  for (int n = 0; n < 4; ++n) {
    ASSERT_TRUE((*decoder)->send_packet(**(*encoder)->receive_packet()).ok());
    ASSERT_TRUE((*decoder)->receive_frame().ok());
  }

  options.from_weights = path;  // training goes on from what was exported
  const auto again = AudioTask::create(config, options);
  ASSERT_TRUE(again.ok()) << again.status().message();
  TrainConfig wider = config;
  wider.audio_network->synthesis_width = 9;
  EXPECT_FALSE(AudioTask::create(wider, options).ok());
}

TEST(AudioTask, InterruptedRunHasTheSameLossCurve) {
  TrainConfig config = small_config(6);
  config.checkpoint_every = 3;  // also of the run that is not interrupted
  const TrainerOptions whole = options_of("audio_whole"), parts = options_of("audio_parts");
  train(config, whole, 6);
  train(config, parts, 3);
  ASSERT_EQ(curve_of(parts.out_dir).size(), 4u);  // the heading and three steps
  train(config, parts, 6);
  EXPECT_EQ(curve_of(whole.out_dir), curve_of(parts.out_dir));
  EXPECT_EQ(curve_of(whole.out_dir).size(), 7u);
}

TEST(AudioTask, SamplesAreAFunctionOfSeedAndStep) {
  const TrainConfig config = small_config(2);
  const auto sums_of = [](const TrainConfig& c, int64_t step) {
    auto task = AudioTask::create(c, options_of("audio_sums"));
    EXPECT_TRUE(task.ok());
    torch::manual_seed(1);
    (*task)->draw_batch(step);
    return (*task)->run_part(1, 2).sums;
  };
  EXPECT_TRUE(torch::equal(sums_of(config, 5), sums_of(config, 5)));
  EXPECT_FALSE(torch::equal(sums_of(config, 5), sums_of(config, 6)));
  TrainConfig other = config;
  other.seed = 2;
  EXPECT_FALSE(torch::equal(sums_of(config, 5), sums_of(other, 5)));
}

TEST(AudioTask, NeedsRecordings) {
  TrainerOptions options;
  options.data_dir = test::temporary_path("nothing_here");
  EXPECT_FALSE(AudioTask::create(small_config(1), options).ok());
}

}  // namespace
}  // namespace laconic::train
