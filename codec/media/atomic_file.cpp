#include "codec/media/atomic_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "codec/media/input_file.h"

namespace laconic {
namespace {

constexpr int kMaxLinks = 40;  // as Linux itself
constexpr int kNameAttempts = 16;

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status cannot_write(const std::string& path, int error) {
  return io_error("cannot write '" + path + "': " + std::strerror(error));
}

// Follows links by hand, since the end of the chain need not exist yet.
Result<std::string> resolve_links(const std::string& path) {
  std::string current = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    char target[PATH_MAX];
    const ssize_t size = ::readlink(current.c_str(), target, sizeof(target));
    if (size < 0) {
      if (errno == EINVAL || errno == ENOENT) return current;  // not a link, or nothing there yet
      return cannot_write(path, errno);
    }
    if (static_cast<size_t>(size) == sizeof(target)) return cannot_write(path, ENAMETOOLONG);
    const std::string next(target, static_cast<size_t>(size));
    current = next.empty() || next[0] == '/' ? next : parent_of(current) + "/" + next;
  }
  return cannot_write(path, ELOOP);
}

// Independent of the target's name, which may already be as long as the file system allows.
std::string temporary_name() {
  uint64_t number = 0;
  if (::getrandom(&number, sizeof(number), 0) != static_cast<ssize_t>(sizeof(number))) {
    static uint64_t counter = 0;
    number = (static_cast<uint64_t>(::getpid()) << 32) + ++counter;
  }
  char name[40];
  std::snprintf(name, sizeof(name), ".laconic-%016llx.part", static_cast<unsigned long long>(number));
  return name;
}

// linkat() by descriptor needs a privilege; by this link it does not.
std::string link_to(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

Status write_all(int fd, ByteSpan bytes, const std::string& path) {
  size_t done = 0;
  while (done < bytes.size()) {
    const size_t count = std::min<size_t>(bytes.size() - done, 1u << 30);  // Linux writes less than 2 GiB at a time
    const ssize_t written = ::write(fd, bytes.data() + done, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot_write(path, errno);
    done += static_cast<size_t>(written);
  }
  return ok_status();
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  AtomicFile file;
  file.target_ = path;
  if (path.empty()) return invalid_argument("the name of the output file is empty");
  if (path == "-") {
    file.fd_ = STDOUT_FILENO;
    file.owns_fd_ = false;
    return file;
  }

  struct stat existing = {};
  const bool exists = ::stat(path.c_str(), &existing) == 0;
  if (!exists && errno != ENOENT) return cannot_write(path, errno);
  if (exists && S_ISDIR(existing.st_mode)) return cannot_write(path, EISDIR);
  if (exists && !S_ISREG(existing.st_mode)) {
    file.fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file.fd_ < 0) return cannot_write(path, errno);
    return file;
  }
  // rename() would not mind a target that forbids writing; its owner would.
  if (exists && ::access(path.c_str(), W_OK) != 0) return cannot_write(path, errno);

  LACONIC_ASSIGN_OR_RETURN(file.target_, resolve_links(path));
  if (const int error = file.open_temporary(); error != 0) return cannot_write(path, error);
  if (exists && ::fchmod(file.fd_, existing.st_mode & 07777) != 0) return cannot_write(path, errno);
  return file;
}

int AtomicFile::open_temporary() {
  const std::string folder = parent_of(target_);
  fd_ = ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
  is_nameless_ = fd_ >= 0 && ::access(link_to(fd_).c_str(), F_OK) == 0;  // no /proc, no way to a name
  if (is_nameless_) return 0;
  if (fd_ >= 0) ::close(fd_);
  for (int i = 0; i < kNameAttempts; ++i) {
    const std::string name = folder + "/" + temporary_name();
    fd_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ >= 0) temporary_ = name;
    if (fd_ >= 0 || errno != EEXIST) break;
  }
  return fd_ >= 0 ? 0 : errno;
}

// linkat() does not replace, rename() does: the target gets the file by way of a temporary name.
int AtomicFile::give_name() {
  for (int i = 0; i < kNameAttempts; ++i) {
    const std::string name = parent_of(target_) + "/" + temporary_name();
    if (::linkat(AT_FDCWD, link_to(fd_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = name;
      return 0;
    }
    if (errno != EEXIST) break;
  }
  return errno;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : fd_(other.fd_),
      owns_fd_(other.owns_fd_),
      target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      is_nameless_(other.is_nameless_) {
  other.fd_ = -1;
  other.temporary_.clear();
}

AtomicFile::~AtomicFile() { abandon(); }

void AtomicFile::abandon() {
  if (fd_ >= 0 && owns_fd_) ::close(fd_);
  fd_ = -1;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

Status AtomicFile::append(ByteSpan bytes) {
  LACONIC_CHECK(fd_ >= 0);
  return write_all(fd_, bytes, target_);
}

Status AtomicFile::commit() {
  LACONIC_CHECK(fd_ >= 0);
  int error = is_nameless_ ? give_name() : 0;
  const int fd = fd_;
  fd_ = -1;
  if (owns_fd_ && ::close(fd) != 0 && errno != EINTR) error = errno;  // network file systems report a full disk here
  if (error == 0 && !temporary_.empty()) {
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
      error = errno;
    } else {
      temporary_.clear();
    }
  }
  abandon();
  return error == 0 ? ok_status() : cannot_write(target_, error);
}

Status write_file_atomically(const std::string& path, ByteSpan bytes) {
  LACONIC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  LACONIC_RETURN_IF_ERROR(file.append(bytes));
  return file.commit();
}

Result<Bytes> read_file(const std::string& path, uint64_t max_bytes) {
  LACONIC_ASSIGN_OR_RETURN(const InputFile file, InputFile::open(path, max_bytes));
  return Bytes(file.bytes().begin(), file.bytes().end());
}

}  // namespace laconic
