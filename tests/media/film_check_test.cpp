// Files changed after they were finished.
#include <gtest/gtest.h>

#include "tests/media/film_clips.h"

namespace laconic {
namespace {

using test::FilmFolder;
using test::read_film;
using test::WholeFilm;

class Checked : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const Status status = test::write_fake_film(test::write_options(path()), 60);
    ASSERT_TRUE(status.ok()) << status.message();
    whole_ = test::read_text(path());
  }
  std::string path() const { return folder_ / (std::string("a.") + GetParam()); }
  WholeFilm read_changed(const std::string& bytes) {
    test::write_text(path(), bytes);
    return read_film(path());
  }

  const FilmFolder folder_;
  std::string whole_;
};
INSTANTIATE_TEST_SUITE_P(Containers, Checked, ::testing::Values("mov", "mkv"));

TEST_P(Checked, AnUnchangedFileIsGood) {
  const WholeFilm film = read_film(path());
  EXPECT_TRUE(film.status.ok()) << film.status.message();
  EXPECT_EQ(film.packets.size(), 60u);
}

// The packets here have no checks of their own, as the codec's have. What is not noticed harms nothing: padding, and the check itself.
TEST_P(Checked, AFlippedBitIsNoticedOrHarmless) {
  const auto packets = test::fake_packets(60);
  size_t num_unnoticed = 0;
  for (size_t i = 0; i < whole_.size(); i += 11) {
    std::string changed = whole_;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    const WholeFilm film = read_changed(changed);
    if (!film.status.ok()) continue;
    ++num_unnoticed;
    ASSERT_EQ(film.packets.size(), packets.size()) << i;
    for (size_t k = 0; k < packets.size(); ++k) {
      ASSERT_EQ(film.packets[k].bytes, packets[k].bytes) << i;
      ASSERT_EQ(film.seconds_of(film.packets[k].pts_ticks), 1e-3 * static_cast<double>(packets[k].pts_ticks)) << i;
    }
  }
  EXPECT_LT(num_unnoticed, whole_.size() / 11 / 10);
}

TEST_P(Checked, AFileThatEndsEarlySaysSo) {
  for (size_t size = 0; size < whole_.size() * 9 / 10; size += 89) {
    const WholeFilm film = read_changed(whole_.substr(0, size));
    const StatusCode code = film.status.code();
    const bool is_between_parts = film.status.ok() && !film.packets.empty();
    EXPECT_TRUE(code == StatusCode::kNeedMoreData || code == StatusCode::kCorrupt || is_between_parts) << size << ": " << film.status.message();
  }
}

TEST_P(Checked, AfterTheErrorComesTheEnd) {
  whole_[whole_.size() / 2] ^= 1;
  test::write_text(path(), whole_);
  const auto reader = FilmReader::open(path(), {});
  ASSERT_TRUE(reader.ok());
  const WholeFilm film = test::read_on(**reader);
  EXPECT_EQ(film.status.code(), StatusCode::kCorrupt) << film.status.message();
  const auto after = (*reader)->read();
  ASSERT_TRUE(after.ok());
  EXPECT_FALSE(after->has_value());
}

TEST(FilmCheck, FilmsOfOthersAreNotChecked) {
  const FilmFolder folder;
  test::run_ffmpeg(std::string(test::kPicture) + "-c:v mpeg4 -movflags frag_keyframe+empty_moov " + folder / "a.mov");
  std::string bytes = test::read_text(folder / "a.mov");
  test::write_text(folder / "a.mov", bytes + std::string("\0\0\0\x0cnope1234", 12));
  EXPECT_TRUE(read_film(folder / "a.mov").status.ok());
}

}  // namespace
}  // namespace laconic
