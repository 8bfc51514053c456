#include "apps/train/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace laconic::train {

Result<MappedFile> map_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return io_error("cannot open " + path + ": " + std::string(std::strerror(errno)));
  struct stat about = {};
  void* address = MAP_FAILED;
  const bool is_sized = ::fstat(file, &about) == 0;
  const size_t size = is_sized ? static_cast<size_t>(about.st_size) : 0;
  if (size > 0) address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  const std::string reason = std::string(std::strerror(errno));
  ::close(file);  // the mapping outlives the descriptor
  if (is_sized && size == 0) return need_more_data(path + " is empty");
  if (address == MAP_FAILED) return io_error("cannot map " + path + ": " + reason);
  const auto* bytes = static_cast<const uint8_t*>(address);
  return MappedFile{std::shared_ptr<const uint8_t>(bytes, [address, size](const uint8_t*) { ::munmap(address, size); }), size};
}

}  // namespace laconic::train
