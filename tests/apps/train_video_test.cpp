#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "apps/train/clips.h"
#include "apps/train/video_task.h"
#include "tests/support/test_films.h"
#include "tests/support/test_images.h"
#include "tests/support/tiny_model.h"

namespace laconic::train {
namespace {

std::string write_clips(int num_frames) {
  const std::string folder = test::temporary_path("clips" + std::to_string(num_frames));
  std::filesystem::create_directories(folder);
  for (const int width : {80, 100}) {
    const VideoFormat format = test::format_of(width, 72);
    std::ofstream file(folder + "/" + std::to_string(width) + ".y4m", std::ios::binary);
    file << "YUV4MPEG2 W" << width << " H72 F25:1 Ip A1:1 C420jpeg\n";
    for (int t = 0; t < num_frames; ++t) {
      const VideoFrame frame = test::draw_frame(format, t);
      file << "FRAME\n";
      file.write(reinterpret_cast<const char*>(frame.samples.data()), static_cast<std::streamsize>(frame.samples.size()));
    }
  }
  return folder;
}

TEST(Clips, AreReadFrameByFrame) {
  const auto clips = open_clips(write_clips(5));
  ASSERT_TRUE(clips.ok()) << clips.status().message();
  ASSERT_EQ(clips->size(), 2u);
  EXPECT_EQ((*clips)[0].width_px, 100);  // by name
  EXPECT_EQ((*clips)[0].frames.size(), 5u);
  const VideoFrame expected = test::draw_frame(test::format_of(100, 72), 3);
  EXPECT_TRUE(std::equal(expected.samples.begin(), expected.samples.end(), (*clips)[0].frames[3].get()));
}

TEST(Clips, SamplesAreAFunctionOfSeedStepAndSample) {
  const ClipSampler sampler(*open_clips(write_clips(5)), 7), same(*open_clips(write_clips(5)), 7);
  const models::FramePlanes x = sampler.sample(3, 1, 4, 64);
  EXPECT_EQ(x.luma.sizes(), (std::vector<int64_t>{4, 1, 64, 64}));
  EXPECT_EQ(x.chroma.sizes(), (std::vector<int64_t>{4, 2, 32, 32}));
  EXPECT_TRUE(torch::equal(x.luma, same.sample(3, 1, 4, 64).luma));
  EXPECT_FALSE(torch::equal(x.luma, sampler.sample(4, 1, 4, 64).luma));
  EXPECT_GT(x.luma.min().item<double>(), -20);
  EXPECT_LT(x.luma.max().item<double>(), 280);
  EXPECT_LT(x.chroma.abs().max().item<double>(), 150);
}

TEST(Clips, RefuseWhatIsCutOrOfAnotherFormat) {
  const std::string folder = write_clips(2), path = folder + "/100.y4m";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_EQ(open_clips(folder).status().code(), StatusCode::kCorrupt);
  std::ofstream(path) << "YUV4MPEG2 W100 H72 F25:1 C444\nFRAME\n";
  EXPECT_EQ(open_clips(folder).status().code(), StatusCode::kUnsupported);
  std::ofstream(path) << "RIFF";
  EXPECT_EQ(open_clips(folder).status().code(), StatusCode::kCorrupt);
}

TEST(VideoTask, TrainsAndItsWeightsLoadAgain) {
  TrainConfig config;
  config.steps = 3;
  config.batch_size = 2;
  config.crop_px = 64;
  config.num_frames = 3;
  config.log_every = 1;
  config.checkpoint_every = config.validate_every = 1000;
  TrainerOptions options;
  options.data_dir = write_clips(5);
  options.out_dir = test::temporary_path("video_out");
  options.image_weights = test::temporary_path("image.safetensors");
  ASSERT_TRUE(test::write_tiny_model(options.image_weights).ok());
  auto owned = VideoTask::create(config, options);
  ASSERT_TRUE(owned.ok()) << owned.status().message();
  VideoTask& task = **owned;
  auto trainer = Trainer::create(config, options, std::move(*owned));
  ASSERT_TRUE(trainer.ok()) << trainer.status().message();
  const torch::Tensor before = task.filter()->parameters()[3].clone();
  ASSERT_TRUE((*trainer)->run([](int64_t) { return ok_status(); }).ok());
  EXPECT_FALSE(torch::equal(before, task.filter()->parameters()[3]));

  const std::string path = test::temporary_path("video.safetensors");
  ASSERT_TRUE(models::save_video_weights(path, task.filter(), models::model_id_text(task.image().model_id), "{}").ok());
  const auto loaded = models::load_video_weights(path, "cpu");
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ((*loaded)->image_model_id, models::model_id_text(task.image().model_id));
  EXPECT_FALSE(models::load_weights(path, "cpu").ok());  // of another kind
}

}  // namespace
}  // namespace laconic::train
