#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "apps/train/image_task.h"
#include "apps/train/trainer.h"
#include "tests/support/test_images.h"
#include "tests/support/tiny_model.h"

namespace laconic::train {
namespace {

std::string write_shards() {
  const std::string folder = test::temporary_path("shards");
  auto writer = ShardWriter::create(folder, 1 << 20);
  for (int i = 0; i < 3; ++i) {
    const Image image = test::draw_image(80 + 20 * i, 100, 3, 8);
    if (!writer.ok() || !writer->add(image.samples, image.width_px, image.height_px).ok()) return {};
  }
  return writer->finish().ok() ? folder : std::string();
}

TrainConfig small_config(int64_t steps) {
  TrainConfig config;
  config.network = test::tiny_config();
  config.steps = steps;
  config.batch_size = 3;
  config.crop_px = 64;
  config.warmup_steps = 2;
  config.log_every = 1;
  config.checkpoint_every = config.validate_every = 1000;
  return config;
}

// step,loss,bpp_y,bpp_z,psnr,lr of each line: without the speed.
std::vector<std::string> curve_of(const std::string& folder) {
  std::ifstream log(folder + "/log.csv");
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) {
    std::istringstream fields(line);
    std::string kept, field;
    for (int i = 0; i < 6 && std::getline(fields, field, ','); ++i) kept += field + ",";
    lines.push_back(kept);
  }
  return lines;
}

// Trains from where the folder's checkpoint stands to `stop_at`; the schedule is that of `config`.
void train(const TrainConfig& config, const std::string& data, const std::string& out, int64_t stop_at) {
  TrainerOptions options;
  options.data_dir = data;
  options.out_dir = out;
  options.resume = true;
  TrainConfig limited = config;
  limited.validate_every = stop_at;  // validation is the place to stop
  auto task = ImageTask::create(limited, options);
  ASSERT_TRUE(task.ok()) << task.status().message();
  auto trainer = Trainer::create(limited, options, std::move(*task));
  ASSERT_TRUE(trainer.ok()) << trainer.status().message();
  const Status status = (*trainer)->run([&](int64_t step) { return step >= stop_at ? Status(StatusCode::kInvalidArgument, "stop") : ok_status(); });
  EXPECT_EQ(status.message(), "stop");
}

TEST(TrainResume, InterruptedRunHasTheSameLossCurve) {
  const std::string data = write_shards();
  ASSERT_FALSE(data.empty());
  TrainConfig config = small_config(8);
  config.checkpoint_every = 4;  // also of the run that is not interrupted
  const std::string whole = test::temporary_path("whole"), parts = test::temporary_path("parts");
  train(config, data, whole, 8);
  train(config, data, parts, 4);
  ASSERT_EQ(curve_of(parts).size(), 5u);  // the heading and four steps
  train(config, data, parts, 8);
  EXPECT_EQ(curve_of(whole), curve_of(parts));
  EXPECT_EQ(curve_of(whole).size(), 9u);
}

TEST(TrainResume, RefusesACheckpointOfAnotherNetwork) {
  const std::string data = test::temporary_path("shards"), out = test::temporary_path("other");
  TrainConfig config = small_config(1);
  config.checkpoint_every = 1;
  train(config, data, out, 1);
  TrainConfig wider = small_config(2);
  wider.network.width_8 = 24;
  TrainerOptions options;
  options.data_dir = data;
  options.out_dir = out;
  options.resume = true;
  auto task = ImageTask::create(wider, options);
  ASSERT_TRUE(task.ok());
  const auto trainer = Trainer::create(wider, options, std::move(*task));
  ASSERT_FALSE(trainer.ok());
}

}  // namespace
}  // namespace laconic::train
