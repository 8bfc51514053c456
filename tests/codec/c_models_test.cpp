// Finding weights through the C interface, in a folder of tiny models.
#include <cstdlib>
#include <string>

#include "tests/codec/c_support.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/shipped_weights.h"
#include "tests/support/tiny_audio_model.h"
#include "tests/support/tiny_model.h"

namespace laconic {
namespace {

using test::CAudioModel;
using test::CModel;
using test::CModels;
using test::CVideoModel;
using test::made;

class CModelsTest : public test::ScratchFolder {
 protected:
  void SetUp() override {
    ScratchFolder::SetUp();
    unsetenv("LACONIC_MODEL");
    ASSERT_TRUE(test::write_tiny_model(path("image-a.safetensors"), 1).ok());
    ASSERT_TRUE(test::write_tiny_model(path("image-b.safetensors"), 2).ok());
    ASSERT_TRUE(test::write_tiny_video_model(path("video-a.safetensors"), path("image-b.safetensors")).ok());
    ASSERT_TRUE(test::write_tiny_audio_model(path("audio-a.safetensors")).ok());
    const std::string manifest = R"({"image": "image-b.safetensors"})";
    write("manifest.json", Bytes(manifest.begin(), manifest.end()));
  }
  void TearDown() override {
    unsetenv("LACONIC_MODEL");
    ScratchFolder::TearDown();
  }
  CModels open(const char* where) {
    return made<CModels>([&](auto** models, auto* error) { return laconic_models_open(where, nullptr, models, error); });
  }
  static CModel image(const CModels& models, const char* id, laconic_status expected = LACONIC_OK) {
    return made<CModel>([&](auto** model, auto* error) { return laconic_models_image(models.get(), id, model, error); }, expected);
  }
  static CVideoModel video(const CModels& models, const char* id, const char* image_id, laconic_status expected = LACONIC_OK) {
    return made<CVideoModel>([&](auto** model, auto* error) { return laconic_models_video(models.get(), id, image_id, model, error); }, expected);
  }
  static CAudioModel audio(const CModels& models, const char* id, laconic_status expected = LACONIC_OK) {
    return made<CAudioModel>([&](auto** model, auto* error) { return laconic_models_audio(models.get(), id, model, error); }, expected);
  }
  std::string id_of(const std::string& name) {
    const CModel model = made<CModel>([&](auto** made, auto* error) { return laconic_model_load(path(name).c_str(), "cpu", made, error); });
    return laconic_model_id(model.get());
  }
};

TEST_F(CModelsTest, TheDefaultIsTheOneOfTheManifestAndOthersAreFoundById) {
  CModels models = open(folder_.c_str());
  const CModel by_default = image(models, nullptr);
  const std::string id_a = id_of("image-a.safetensors"), id_b = id_of("image-b.safetensors");
  EXPECT_EQ(laconic_model_id(by_default.get()), id_b);
  const CModel other = image(models, id_a.c_str());
  EXPECT_EQ(laconic_model_id(other.get()), id_a);
  const CVideoModel film = video(models, nullptr, nullptr);
  const std::string film_id = laconic_video_model_id(film.get());
  EXPECT_TRUE(video(models, film_id.c_str(), id_b.c_str()));
  EXPECT_FALSE(video(models, film_id.c_str(), id_a.c_str(), LACONIC_MODEL_MISMATCH));
  const CAudioModel sound = audio(models, nullptr);
  EXPECT_TRUE(audio(models, laconic_audio_model_id(sound.get())));
  models.reset();
  EXPECT_STREQ(laconic_model_id(other.get()), id_a.c_str());  // outlives the collection
}

TEST_F(CModelsTest, NamesTheIdWantedAndThoseFound) {
  const CModels models = open(folder_.c_str());
  laconic_error error;
  laconic_model* model = nullptr;
  EXPECT_EQ(laconic_models_image(models.get(), "0123456789abcdef", &model, &error), LACONIC_MODEL_MISMATCH);
  EXPECT_NE(std::string(error.message).find("0123456789abcdef"), std::string::npos) << error.message;
  EXPECT_NE(std::string(error.message).find(id_of("image-b.safetensors")), std::string::npos) << error.message;
  audio(models, "not an id", LACONIC_MODEL_MISMATCH);
  image(open(path("missing").c_str()), nullptr, LACONIC_MODEL_MISMATCH);
  audio(open(path("image-a.safetensors").c_str()), nullptr, LACONIC_MODEL_MISMATCH);
}

TEST_F(CModelsTest, ReportsDamagedWeights) {
  Bytes bytes = read("audio-a.safetensors");
  bytes.resize(bytes.size() / 2);
  write("audio-a.safetensors", bytes);
  audio(open(folder_.c_str()), nullptr, LACONIC_MODEL_MISMATCH);
}

TEST_F(CModelsTest, LooksWhereTheEnvironmentSays) {
  setenv("LACONIC_MODEL", folder_.c_str(), 1);
  EXPECT_EQ(laconic_model_id(image(open(nullptr), nullptr).get()), id_of("image-b.safetensors"));
}

// This test runs from the build tree.
TEST_F(CModelsTest, FindsTheWeightsOfTheSourceTree) {
  if (test::shipped_weights().empty()) GTEST_SKIP() << "skipped: no weights in data/weights";
  const CModels models = open(nullptr);
  const CModel model = image(models, nullptr);
  EXPECT_TRUE(image(models, laconic_model_id(model.get())));
}

TEST_F(CModelsTest, TakesNullEverywhereWithoutCrashing) {
  const CModels models = open(folder_.c_str());
  laconic_model* image = nullptr;
  laconic_video_model* film = nullptr;
  laconic_audio_model* sound = nullptr;
  const auto refused = [](laconic_status status) { EXPECT_EQ(status, LACONIC_INVALID_ARGUMENT); };
  refused(laconic_models_open(nullptr, nullptr, nullptr, nullptr));
  refused(laconic_models_image(nullptr, nullptr, &image, nullptr));
  refused(laconic_models_image(models.get(), nullptr, nullptr, nullptr));
  refused(laconic_models_video(nullptr, nullptr, nullptr, &film, nullptr));
  refused(laconic_models_video(models.get(), nullptr, nullptr, nullptr, nullptr));
  refused(laconic_models_video(models.get(), "0123456789abcdef", nullptr, &film, nullptr));
  refused(laconic_models_video(models.get(), nullptr, "0123456789abcdef", &film, nullptr));
  refused(laconic_models_audio(nullptr, nullptr, &sound, nullptr));
  refused(laconic_models_audio(models.get(), nullptr, nullptr, nullptr));
  laconic_models_free(nullptr);
}

}  // namespace
}  // namespace laconic
