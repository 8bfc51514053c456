// What the program does with wrong input: the exit codes of README.md, one line on stderr, no file left behind.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/format/image_stream.h"
#include "entropy/section.h"
#include "tests/apps/cli/run_program.h"

namespace laconic::cli {
namespace {

using Names = std::vector<std::string>;

void expect_error(const Outcome& outcome, int exit_code, const std::string& part_of_sentence) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_TRUE(is_one_error_line(outcome.err)) << outcome.err;
  EXPECT_NE(outcome.err.find(part_of_sentence), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

// A stream whose header is valid, of a model that nobody has.
std::string foreign_stream() {
  ImageStream stream;
  stream.header.width_px = 16;
  stream.header.height_px = 16;
  stream.header.model_id = {0xfe, 0xed, 0xfa, 0xce, 0, 1, 2, 3};
  stream.header.quality_step = 1000;
  stream.colour_sections.push_back(seal_section({1, 2, 3, 4}));
  const auto bytes = write_image_stream(stream);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : "";
}

TEST(LaconicUsage, HelpSaysTheExitCodes) {
  const Outcome outcome = run_laconic({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.out.find("Exit codes: 0"), std::string::npos);
}

TEST(LaconicUsage, VersionNamesLibTorchAndBlas) {
  const Outcome outcome = run_laconic({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.out.find("LibTorch"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("BLAS"), std::string::npos) << outcome.out;
}

TEST(LaconicUsage, NoCommandShowsHelpAndFails) {
  const Outcome outcome = run_laconic({});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("encode"), std::string::npos);
}

TEST(LaconicUsage, UnknownOptionIsNamed) {
  expect_error(run_laconic({"encode", "a.png", "a.lac", "--nope"}), 1, "--nope");
}

TEST(LaconicUsage, UnknownCommandIsNamed) { expect_error(run_laconic({"frobnicate"}), 1, "frobnicate"); }

TEST(LaconicUsage, QualityOutOfRangeIsRefused) {
  expect_error(run_laconic({"encode", "a.png", "a.lac", "-q", "101"}), 1, "101");
  expect_error(run_laconic({"encode", "a.png", "a.lac", "-q", "high"}), 1, "high");
}

TEST(LaconicUsage, TwoTargetsAreRefused) {
  expect_error(run_laconic({"encode", "a.png", "a.lac", "-q", "50", "--size", "9k"}), 1, "--size");
}

TEST(LaconicUsage, BadSizeIsRefused) {
  expect_error(run_laconic({"encode", "a.png", "a.lac", "--size", "5q"}), 1, "5q");
}

TEST(LaconicUsage, BadRegionIsRefused) {
  expect_error(run_laconic({"decode", "a.lac", "a.png", "--region", "1,2,3"}), 1, "1,2,3");
}

TEST(LaconicUsage, MissingOutputIsExplained) { expect_error(run_laconic({"encode", "a.png"}), 1, "--out-dir"); }

TEST(LaconicUsage, PictureForStandardOutputNeedsAFormat) {
  const TestFolder folder;
  write_text(folder / "a.lac", foreign_stream());
  expect_error(run_laconic({"decode", folder / "a.lac", "-"}), 1, "--format");
}

TEST(LaconicUsage, EncodeRefusesAnOutputNamedLikeAPicture) {
  const TestFolder folder;
  write_picture(draw_picture(16, 16), folder / "a.png");
  write_text(folder / "b.jpg", "precious");
  expect_error(run_laconic({"encode", folder / "a.png", folder / "b.jpg"}), 1, "b.jpg");
  EXPECT_EQ(read_text(folder / "b.jpg"), "precious");
}

TEST(LaconicUsage, EncodeRefusesToOverwriteItsInput) {
  const TestFolder folder;
  write_picture(draw_picture(16, 16), folder / "a.png");
  const std::string before = read_text(folder / "a.png");
  ASSERT_EQ(::symlink((folder / "a.png").c_str(), (folder / "link").c_str()), 0);
  expect_error(run_laconic({"encode", folder / "a.png", folder / "link"}), 1, "same file");
  EXPECT_EQ(read_text(folder / "a.png"), before);
}

TEST(LaconicDecode, EmptyFileIsCalledEmpty) {
  const TestFolder folder;
  write_text(folder / "a.lac", "");
  expect_error(run_laconic({"decode", folder / "a.lac", folder / "a.png"}), 3, "empty");
  EXPECT_EQ(folder.names(), Names({"a.lac"}));
}

TEST(LaconicDecode, JpegIsCalledAJpeg) {
  const TestFolder folder;
  write_picture(draw_picture(32, 32), folder / "a.jpg");
  expect_error(run_laconic({"decode", folder / "a.jpg", folder / "a.png"}), 3, "JPEG");
  EXPECT_EQ(folder.names(), Names({"a.jpg"}));
}

TEST(LaconicDecode, UnknownBytesAreRefused) {
  const TestFolder folder;
  write_text(folder / "a.lac", std::string("\x01\x02\x03\x00\xff\xfe", 6));
  expect_error(run_laconic({"decode", folder / "a.lac", folder / "a.png"}), 3, "laconic: ");
  EXPECT_EQ(folder.names(), Names({"a.lac"}));
}

TEST(LaconicDecode, EveryThirdCutOfAStreamIsRefused) {
  const TestFolder folder;
  const std::string whole = foreign_stream();
  for (size_t size = 1; size < whole.size(); size += 3) {
    write_text(folder / "a.lac", whole.substr(0, size));
    expect_error(run_laconic({"decode", folder / "a.lac", folder / "a.png"}), 3, "a.lac");
  }
  EXPECT_EQ(folder.names(), Names({"a.lac"}));
}

TEST(LaconicDecode, MissingFileIsAnIoError) {
  const TestFolder folder;
  expect_error(run_laconic({"decode", folder / "a.lac", folder / "a.png"}), 2, "does not exist");
  EXPECT_EQ(folder.names(), Names());
}

TEST(LaconicDecode, UnknownModelIsNamed) {
  const TestFolder folder;
  write_text(folder / "a.lac", foreign_stream());
  const Outcome outcome = run_laconic({"decode", folder / "a.lac", folder / "a.png"});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_TRUE(is_one_error_line(outcome.err)) << outcome.err;
  // Without any weights the sentence is about those.
  EXPECT_NE(outcome.err.find(has_weights() ? "feedface00010203" : "no weights"), std::string::npos) << outcome.err;
  EXPECT_EQ(folder.names(), Names({"a.lac"}));
}

TEST(LaconicDecode, InfoNeedsNoModel) {
  const TestFolder folder;
  write_text(folder / "a.lac", foreign_stream());
  const Outcome outcome = run_laconic({"info", folder / "a.lac", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\"model_id\": \"feedface00010203\""), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\"width_px\": 16"), std::string::npos) << outcome.out;
}

TEST(LaconicModel, MissingWeightsAreTold) {
  const TestFolder folder;
  write_picture(draw_picture(16, 16), folder / "a.png");
  const std::string nowhere = folder / "none.safetensors";
  expect_error(run_laconic({"encode", folder / "a.png", folder / "a.lac", "--model", nowhere}), 4, nowhere);
  expect_error(run_laconic({"encode", folder / "a.png", folder / "a.lac"}, {"", {{"LACONIC_MODEL", nowhere}}}), 4,
               nowhere);
  EXPECT_EQ(folder.names(), Names({"a.png"}));
}

TEST(LaconicModel, VariableThatNamesMissingWeightsIsToldEvenWhereOthersFit) {
  const TestFolder folder;
  write_text(folder / "a.lac", foreign_stream());
  const std::string nowhere = folder / "none.safetensors";
  const Surroundings surroundings{"", {{"LACONIC_MODEL", nowhere}}};
  expect_error(run_laconic({"decode", folder / "a.lac", folder / "a.png"}, surroundings), 4, nowhere + "' named by");
  expect_error(run_laconic({"models"}, surroundings), 4, nowhere + "' named by");
  EXPECT_EQ(folder.names(), Names({"a.lac"}));
}

TEST(LaconicModel, DamagedWeightsAreTold) {
  const TestFolder folder;
  write_picture(draw_picture(16, 16), folder / "a.png");
  write_text(folder / "image-x.safetensors", "these are no weights");
  expect_error(run_laconic({"encode", folder / "a.png", folder / "a.lac", "--model", folder / "image-x.safetensors"}),
               4, "image-x.safetensors");
  EXPECT_EQ(folder.names(), Names({"a.png", "image-x.safetensors"}));
}

TEST(LaconicModel, EmptyFolderOfWeightsIsTold) {
  const TestFolder folder;
  expect_error(run_laconic({"models", "--model", folder.path()}), 4, folder.path());
}

// The rest needs weights to get as far as the failure it tries.

// A header within all limits over sections of one byte with the right check: 1.6 GB of samples if it were believed.
std::string large_header_over_worthless_sections(const std::string& honest_stream) {
  const auto honest = parse_image_stream({reinterpret_cast<const uint8_t*>(honest_stream.data()), honest_stream.size()}, {});
  EXPECT_TRUE(honest.ok()) << honest.status().message();
  ImageStream stream;
  stream.header = honest->header;
  stream.header.width_px = stream.header.height_px = 23040;
  stream.colour_sections.assign(45 * 45, seal_section({0}));
  const auto bytes = write_image_stream(stream);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : "";
}

TEST(LaconicDecode, HostileHeaderTakesLittleMemory) {
  if (!has_weights()) GTEST_SKIP() << "no weights in data/weights";
  const TestFolder folder;
  write_picture(draw_picture(16, 16), folder / "a.png");
  ASSERT_EQ(run_laconic({"encode", folder / "a.png", folder / "a.lac", "--effort", "0"}).exit_code, 0);
  write_text(folder / "b.lac", large_header_over_worthless_sections(read_text(folder / "a.lac")));
  const Outcome outcome = run_laconic({"decode", folder / "b.lac", folder / "b.png"});
  expect_error(outcome, 3, "damaged");
  EXPECT_EQ(folder.names(), Names({"a.lac", "a.png", "b.lac"}));
#ifndef __SANITIZE_ADDRESS__  // its shadow memory counts too
  EXPECT_LE(outcome.max_rss_kib, 256 * 1024);  // LibTorch alone is 165 MiB of it
#endif
}

TEST(LaconicEncode, PictureThatIsNoneIsRefused) {
  if (!has_weights()) GTEST_SKIP() << "no weights in data/weights";
  const TestFolder folder;
  write_text(folder / "a.png", "this is no picture");
  expect_error(run_laconic({"encode", folder / "a.png", folder / "a.lac"}), 3, "a.png");
  write_text(folder / "b.png", "");
  expect_error(run_laconic({"encode", folder / "b.png", folder / "a.lac"}), 3, "empty");
  EXPECT_EQ(folder.names(), Names({"a.png", "b.png"}));
}

TEST(LaconicEncode, LaconicStreamIsRefused) {
  if (!has_weights()) GTEST_SKIP() << "no weights in data/weights";
  const TestFolder folder;
  write_text(folder / "a.lac", foreign_stream());
  expect_error(run_laconic({"encode", folder / "a.lac", folder / "b.lac"}), 3, "Laconic stream already");
}

TEST(LaconicEncode, TargetThatCannotBeWrittenIsAnIoError) {
  if (!has_weights()) GTEST_SKIP() << "no weights in data/weights";
  const TestFolder folder;
  write_picture(draw_picture(16, 16), folder / "a.png");
  expect_error(run_laconic({"encode", folder / "a.png", folder / "none/a.lac"}), 2, "none/a.lac");
  expect_error(run_laconic({"encode", folder / "a.png", "/proc/a.lac"}), 2, "/proc/a.lac");
  EXPECT_EQ(folder.names(), Names({"a.png"}));
}

TEST(LaconicEncode, ReadOnlyFolderIsAnIoError) {
  if (!has_weights()) GTEST_SKIP() << "no weights in data/weights";
  if (::geteuid() == 0) GTEST_SKIP() << "permissions do not hold root back; see TargetThatCannotBeWrittenIsAnIoError";
  const TestFolder folder;
  write_picture(draw_picture(16, 16), folder / "a.png");
  ASSERT_EQ(::mkdir((folder / "locked").c_str(), 0500), 0);
  expect_error(run_laconic({"encode", folder / "a.png", folder / "locked/a.lac"}), 2, "Permission denied");
}

TEST(LaconicEncode, SizeThatCannotBeReachedIsToldAndLeavesTheTarget) {
  if (!has_weights()) GTEST_SKIP() << "no weights in data/weights";
  const TestFolder folder;
  write_picture(draw_picture(256, 192), folder / "a.png");
  write_text(folder / "a.lac", "before");
  expect_error(run_laconic({"encode", folder / "a.png", folder / "a.lac", "--size", "20"}), 5, "target of 20");
  EXPECT_EQ(read_text(folder / "a.lac"), "before");
}

TEST(LaconicEncode, InterruptLeavesNothingBehind) {
  if (!has_weights()) GTEST_SKIP() << "no weights in data/weights";
  const TestFolder folder;
  write_picture(draw_picture(1600, 1200), folder / "a.png");
  Surroundings surroundings;
  surroundings.interrupt_after_ms = 400;
  // A PSNR search over 2 Mpx runs for many seconds.
  const Outcome outcome = run_laconic({"encode", folder / "a.png", folder / "a.lac", "--psnr", "33.33"}, surroundings);
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_EQ(folder.names(), Names({"a.png"}));
}

}  // namespace
}  // namespace laconic::cli
