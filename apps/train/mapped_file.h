// A file mapped into memory: bytes are read when they are touched.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "codec/base/status.h"

namespace laconic::train {

struct MappedFile {
  std::shared_ptr<const uint8_t> bytes;
  uint64_t size_bytes = 0;  // at least 1
};

// kNeedMoreData for an empty file.
Result<MappedFile> map_file(const std::string& path);

}  // namespace laconic::train
