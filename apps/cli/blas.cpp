#include "apps/cli/blas.h"

#include <link.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace laconic::cli {
namespace {

int append_path(dl_phdr_info* library, size_t, void* paths) {
  static_cast<std::vector<std::string>*>(paths)->push_back(library->dlpi_name);
  return 0;
}

// Links followed: Debian's libblas.so.3 is one that leads to the chosen implementation.
std::vector<std::string> loaded_libraries() {
  std::vector<std::string> paths;
  dl_iterate_phdr(append_path, &paths);
  for (std::string& path : paths) {
    std::error_code error;
    const auto real_path = std::filesystem::canonical(path, error);
    if (!error) path = real_path.string();
  }
  return paths;
}

}  // namespace

BlasLibrary find_blas() {
  static constexpr std::pair<std::string_view, const char*> kKnown[] = {
      {"openblas", "OpenBLAS"}, {"libmkl", "MKL"}, {"blis", "BLIS"}, {"atlas", "ATLAS"}};
  std::vector<std::string> paths = loaded_libraries();
  // LAPACK often comes from the same folder: name the BLAS itself where both match.
  std::stable_partition(paths.begin(), paths.end(),
                        [](const std::string& p) { return p.find("libblas") != std::string::npos; });
  for (const auto& [part, name] : kKnown) {
    for (const std::string& path : paths) {
      if (path.find(part) != std::string::npos) return {name, path, false};
    }
  }
  for (const std::string& path : paths) {
    if (path.find("libblas.so") != std::string::npos) return {"reference BLAS", path, true};
  }
  return {"BLAS built into LibTorch", "", false};
}

}  // namespace laconic::cli
