// Where the weights that the project ships are.
#pragma once

#include <filesystem>
#include <string>

namespace laconic::test {

// data/weights/KIND-*.safetensors of this source tree; empty if there is none.
inline std::string shipped_weights(const std::string& kind = "image") {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(LACONIC_SOURCE_DIR) + "/data/weights", ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kind + "-", 0) == 0 && entry.path().extension() == ".safetensors") return entry.path().string();
  }
  return {};
}

}  // namespace laconic::test
