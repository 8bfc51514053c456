// Runs the two packers as a user would. LACONIC_PACK_PROGRAM, LACONIC_PACK_SCRIPT and LACONIC_PYTHON come from CMake.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "apps/train/shards.h"
#include "tests/support/scratch_folder.h"

namespace laconic::train {
namespace {

namespace fs = std::filesystem;

class Pack : public test::ScratchFolder {
 protected:
  void SetUp() override {
    ScratchFolder::SetUp();
    fs::create_directories(path("in/nested"));
    write_ppm("in/b.ppm", 40, 30, 1);
    write_ppm("in/a.PPM", 7, 90, 2);
    write_ppm("in/nested/c.ppm", 300, 200, 3);
    write_ppm("in/nested.ppm", 1, 1, 4);
    std::ofstream(path("in/notes.txt")) << "no picture";
  }

  void write_ppm(const std::string& name, int width_px, int height_px, unsigned seed) const {
    std::ofstream file(path(name), std::ios::binary);
    file << "P6\n" << width_px << " " << height_px << "\n255\n";
    std::mt19937 random(seed);
    for (int i = 0; i < 3 * width_px * height_px; ++i) file.put(static_cast<char>(random()));
  }

  static int run(const std::string& command) {
    const int status = std::system((command + " >/dev/null 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int pack(const std::string& arguments) const { return run(std::string(LACONIC_PACK_PROGRAM) + " " + arguments); }
  static bool has_python_opencv() { return run(std::string(LACONIC_PYTHON) + " -c 'import cv2'") == 0; }
  int pack_by_script(const std::string& arguments) const {
    return run(std::string(LACONIC_PYTHON) + " " + LACONIC_PACK_SCRIPT + " " + arguments);
  }
};

TEST_F(Pack, PacksAllPicturesInTheOrderOfTheirPaths) {
  ASSERT_EQ(pack(path("in") + " -o " + path("out")), 0);
  const auto pictures = open_shards(path("out"));
  ASSERT_TRUE(pictures.ok()) << pictures.status().message();
  ASSERT_EQ(pictures->size(), 4u);
  const int widths[] = {7, 40, 1, 300};  // a.PPM, b.ppm, nested.ppm, nested/c.ppm
  for (int i = 0; i < 4; ++i) EXPECT_EQ((*pictures)[i].width_px, widths[i]);
  std::mt19937 random(1);
  for (int i = 0; i < 3 * 40 * 30; ++i) {
    ASSERT_EQ((*pictures)[1].rgb.get()[i], static_cast<uint8_t>(random())) << "RGB order, byte " << i;
  }
}

TEST_F(Pack, ReducesLongSides) {
  ASSERT_EQ(pack(path("in") + " -o " + path("out") + " --max-side 60"), 0);
  const auto pictures = open_shards(path("out"));
  ASSERT_TRUE(pictures.ok());
  EXPECT_EQ((*pictures)[0].width_px, 5);
  EXPECT_EQ((*pictures)[0].height_px, 60);
  EXPECT_EQ((*pictures)[1].width_px, 40);
  EXPECT_EQ((*pictures)[3].width_px, 60);
  EXPECT_EQ((*pictures)[3].height_px, 40);
}

TEST_F(Pack, TellsOfUnreadablePicturesAndWrongUsage) {
  EXPECT_EQ(pack(path("in")), 2);
  EXPECT_EQ(pack(path("absent") + " -o " + path("out")), 2);
  fs::create_directories(path("empty"));
  EXPECT_EQ(pack(path("empty") + " -o " + path("out")), 4);
  std::ofstream(path("in/broken.png")) << "not a PNG";
  EXPECT_EQ(pack(path("in") + " -o " + path("out")), 1);
  EXPECT_EQ(open_shards(path("out"))->size(), 4u);
  EXPECT_EQ(pack(path("in") + " -o " + path("out")), 2) << "shards are there already";
  std::ofstream(path("file")) << "x";
  EXPECT_EQ(pack(path("in") + " -o " + path("file/out")), 3);
}

TEST_F(Pack, GivesTheSameBytesAsThePythonScript) {
  if (!has_python_opencv()) GTEST_SKIP() << "Python has no cv2 here";
  std::ofstream(path("in/broken.png")) << "not a PNG";
  write_ppm("in/nested/d.ppm", 900, 500, 5);  // 1.3 MB: closes a shard of 1 MiB
  for (const std::string options : {"", " --shard-mb 1", " --max-side 61"}) {
    EXPECT_EQ(pack(path("in") + " -o " + path("ours") + options), 1);
    EXPECT_EQ(pack_by_script(path("in") + " -o " + path("theirs") + options), 1);
    int num_files = 0;
    for (const auto& entry : fs::directory_iterator(path("ours"))) {
      ++num_files;
      const std::string name = entry.path().filename().string();
      EXPECT_EQ(read("ours/" + name), read("theirs/" + name)) << name << options;
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(path("theirs")), fs::directory_iterator()), num_files);
    EXPECT_EQ(num_files, options == " --shard-mb 1" ? 2 : 1);
    fs::remove_all(path("ours"));
    fs::remove_all(path("theirs"));
  }
}

}  // namespace
}  // namespace laconic::train
