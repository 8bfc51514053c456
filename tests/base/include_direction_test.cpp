// Folders may include only what style allows: entropy and models do not know each other, public headers name no library.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Rule {
  const char* folder;
  std::vector<std::string> forbidden;  // beginnings of what stands in an #include
};

const Rule kRules[] = {
    {"codec/base", {"entropy/", "models/", "codec/image", "codec/media", "codec/format", "apps/", "tests/", "torch/", "ATen/", "c10/", "opencv2/", "png"}},
    {"entropy", {"models/", "codec/image", "codec/media", "codec/format", "apps/", "tests/", "torch/", "ATen/", "c10/", "cmath"}},
    {"models", {"entropy/", "codec/image", "codec/media", "codec/format", "apps/", "tests/"}},
    {"codec/format", {"models/", "codec/media", "apps/", "tests/", "torch/", "ATen/", "c10/", "opencv2/"}},
    {"codec/image", {"codec/media", "apps/", "tests/", "opencv2/", "png", "libav"}},
    {"codec/c", {"models/", "entropy/", "codec/media", "codec/format", "codec/image/", "apps/", "tests/", "torch/", "ATen/", "c10/"}},
    {"codec/media", {"models/", "entropy/", "apps/", "tests/", "torch/", "ATen/", "c10/"}},
    {"apps/plugin", {"models/", "entropy/", "codec/format", "codec/image/", "codec/video/", "codec/audio/", "apps/cli", "tests/", "torch/", "ATen/", "c10/", "opencv2/", "png", "libav"}},
    {"apps/cli", {"models/", "entropy/", "tests/", "torch/", "ATen/", "c10/", "opencv2/", "png", "libav"}},
};

std::vector<std::string> includes_of(const fs::path& file) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re");
  std::ifstream stream(file);
  std::vector<std::string> includes;
  for (std::string line; std::getline(stream, line);) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) includes.push_back(match[1]);
  }
  return includes;
}

bool is_source(const fs::path& path) { return path.extension() == ".h" || path.extension() == ".cpp"; }

void expect_none(const fs::path& file, const std::vector<std::string>& forbidden) {
  for (const std::string& include : includes_of(file)) {
    for (const std::string& beginning : forbidden) EXPECT_NE(include.rfind(beginning, 0), 0u) << file << " includes " << include;
  }
}

TEST(IncludeDirection, FoldersIncludeOnlyWhatLiesBelowThem) {
  int num_files = 0;
  for (const Rule& rule : kRules) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(LACONIC_SOURCE_DIR) / rule.folder)) {
      if (!is_source(entry.path())) continue;
      expect_none(entry.path(), rule.forbidden);
      ++num_files;
    }
  }
  EXPECT_GT(num_files, 50);
}

TEST(IncludeDirection, PublicHeadersNameNoLibrary) {
  for (const auto& entry : fs::directory_iterator(fs::path(LACONIC_SOURCE_DIR) / "codec")) {
    if (entry.path().extension() == ".h") expect_none(entry.path(), {"torch/", "ATen/", "c10/", "libav", "opencv2/", "png", "models/", "entropy/", "codec/image/"});
  }
}

}  // namespace
