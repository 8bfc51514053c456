// The bytes of an input: a mapped file where the system can map it, else a copy in memory (pipes, standard input).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic {

class InputFile {
 public:
  // "-" is standard input. More than max_bytes gives kLimitExceeded.
  static Result<InputFile> open(const std::string& path, uint64_t max_bytes);
  // Bytes of somebody else, which outlive this object.
  static InputFile borrow(ByteSpan bytes);

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  ByteSpan bytes() const { return bytes_; }
  // The reader is done with bytes before this offset: mapped pages stop counting as memory in use (they stay readable).
  void release_before(size_t offset) const;

 private:
  InputFile() = default;

  ByteSpan bytes_;
  void* mapping_ = nullptr;  // bytes_.size() long
  Bytes copy_;
};

}  // namespace laconic
