// Files in and out for the command line and the picture writers: a target is either complete or untouched.
#pragma once

#include <cstdint>
#include <string>

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/media/byte_sink.h"

namespace laconic {

// Collects bytes in a temporary file beside the target and renames it over the target in commit(). Until then the file has
// no name where the file system can do that (O_TMPFILE), so that even a killed process leaves nothing behind.
//   - Symbolic links stay: what they point to is replaced. An existing file keeps its permissions.
//   - An existing target that is not a regular file (/dev/null, a named pipe) is written straight to.
//   - "-" is standard output, also written straight to.
// Destroyed without commit(): the temporary file is removed, the target is as before. One thread at a time.
class AtomicFile : public ByteSink {
 public:
  static Result<AtomicFile> create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile() override;

  Status append(ByteSpan bytes) override;
  // After this no more may be appended. On failure the temporary file is gone.
  Status commit();

 private:
  AtomicFile() = default;
  int open_temporary();  // these two: 0 or an errno
  int give_name();
  void abandon();

  int fd_ = -1;
  bool owns_fd_ = true;
  std::string target_;     // links resolved; as given for what is written straight to
  std::string temporary_;  // empty when written straight to, without a name yet, and after commit()
  bool is_nameless_ = false;
};

Status write_file_atomically(const std::string& path, ByteSpan bytes);

// The whole file, "-" for standard input. More than max_bytes gives kLimitExceeded before they are read into memory.
// An empty file gives an empty result.
Result<Bytes> read_file(const std::string& path, uint64_t max_bytes);

}  // namespace laconic
