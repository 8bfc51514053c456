// Where writers put their bytes, in order: a file or memory.
#pragma once

#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Status append(ByteSpan bytes) = 0;
};

class MemorySink : public ByteSink {
 public:
  Status append(ByteSpan bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return ok_status();
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace laconic
