// Tensors in a .safetensors file: u64 header length | JSON header | tensor bytes, everything little-endian.
// https://github.com/huggingface/safetensors describes the format; what it forbids (holes, overlaps, names twice) and what
// we do not need (depth, other types, huge headers) is refused.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <string>

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "models/sha256.h"

namespace laconic {

constexpr uint64_t kMaxSafetensorsHeaderBytes = 4u << 20;
constexpr uint64_t kMaxSafetensorsFileBytes = 1ull << 30;
constexpr size_t kMaxSafetensorsDims = 8;

struct SafetensorsFile {
  std::map<std::string, torch::Tensor> tensors;  // on the CPU, contiguous; they share one private block of memory
  std::map<std::string, std::string> metadata;
  Sha256Digest sha256;  // of the whole file
};

// Types: F16, F32, I8, U8, I16, I32, I64. kNeedMoreData: the file is cut; kCorrupt, kUnsupported, kLimitExceeded, kIo.
Result<SafetensorsFile> read_safetensors(const std::string& path);
// The same from bytes in memory, which are copied.
Result<SafetensorsFile> parse_safetensors(ByteSpan bytes);

// Writes a temporary file beside `path` and renames it. The bytes depend on the arguments alone; every tensor lies at a
// multiple of its element size. Tensors may be on any device and not contiguous.
Status write_safetensors(const std::string& path, const std::map<std::string, torch::Tensor>& tensors,
                         const std::map<std::string, std::string>& metadata);

}  // namespace laconic
