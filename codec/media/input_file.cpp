#include "codec/media/input_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace laconic {
namespace {

constexpr size_t kChunkBytes = 1u << 20;
constexpr size_t kPageBytes = 4096;  // madvise() refuses, harmlessly, where pages are larger

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd, bool owned) : fd_(fd), owned_(owned) {}
  ~FileDescriptor() {
    if (owned_ && fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
  bool owned_;
};

Status cannot_read(const std::string& name, int error) {
  if (error == ENOENT) return io_error(name + " does not exist");
  if (error == EISDIR) return io_error(name + " is a directory, not a file");
  return io_error("cannot read " + name + ": " + std::strerror(error));
}

Status too_long(const std::string& name, uint64_t max_bytes) {
  return limit_exceeded(name + " is longer than the " + std::to_string(max_bytes) + " bytes allowed");
}

Result<Bytes> read_to_end(int fd, const std::string& name, uint64_t max_bytes) {
  Bytes bytes;
  while (true) {
    const size_t used = bytes.size();
    bytes.resize(used + std::max(kChunkBytes, used / 2));
    const ssize_t count = ::read(fd, bytes.data() + used, bytes.size() - used);
    const int error = errno;
    bytes.resize(used + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && error == EINTR) continue;
    if (count < 0) return cannot_read(name, error);
    if (count == 0) return bytes;
    if (bytes.size() > max_bytes) return too_long(name, max_bytes);
  }
}

}  // namespace

Result<InputFile> InputFile::open(const std::string& path, uint64_t max_bytes) try {
  const bool is_stdin = path == "-";
  const std::string name = is_stdin ? "standard input" : "'" + path + "'";
  const FileDescriptor fd(is_stdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC), !is_stdin);
  if (fd.get() < 0) return cannot_read(name, errno);
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return cannot_read(name, errno);
  if (S_ISDIR(status.st_mode)) return cannot_read(name, EISDIR);

  InputFile file;
  // Files of /proc say 0 bytes, and standard input may stand in the middle of its file: both are read instead.
  if (S_ISREG(status.st_mode) && status.st_size > 0 && !is_stdin) {
    const auto size = static_cast<uint64_t>(status.st_size);
    if (size > max_bytes) return too_long(name, max_bytes);
    void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (mapping != MAP_FAILED) {
      file.mapping_ = mapping;
      file.bytes_ = ByteSpan(static_cast<const uint8_t*>(mapping), size);
      return file;
    }
  }
  LACONIC_ASSIGN_OR_RETURN(file.copy_, read_to_end(fd.get(), name, max_bytes));
  file.bytes_ = file.copy_;
  return file;
} catch (const std::bad_alloc&) {
  return limit_exceeded("there is not enough memory to read '" + path + "'");
}

InputFile InputFile::borrow(ByteSpan bytes) {
  InputFile file;
  file.bytes_ = bytes;
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : bytes_(other.bytes_), mapping_(other.mapping_), copy_(std::move(other.copy_)) {
  other.mapping_ = nullptr;
  other.bytes_ = {};
}

InputFile::~InputFile() {
  if (mapping_ != nullptr) ::munmap(mapping_, bytes_.size());
}

void InputFile::release_before(size_t offset) const {
  const size_t whole_pages = std::min(offset, bytes_.size()) / kPageBytes * kPageBytes;
  if (mapping_ != nullptr && whole_pages > 0) ::madvise(mapping_, whole_pages, MADV_DONTNEED);
}

}  // namespace laconic
