#include <algorithm>
#include <cstring>
#include <iterator>

#include "apps/plugin/gstreamer/type_finders.h"

namespace laconic::gstreamer {
namespace {

constexpr int kMaxAtoms = 4096;               // looked at in all; a film has about 30 a stream, and a few beside
constexpr guint kMaxDescriptionBytes = 65536;  // of the stsd atom

uint32_t read_u32(const uint8_t* bytes) {
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 | static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

bool is_type(const uint8_t* bytes, const char* type) { return std::memcmp(bytes, type, 4) == 0; }

class Atoms {
 public:
  explicit Atoms(GstTypeFind* find) : find_(find) {}

  // Goes through the atoms of [offset, end) and into those that lead to sample descriptions.
  void walk(uint64_t offset, uint64_t end, int depth);
  StreamHeaders take() { return std::move(headers_); }

 private:
  const uint8_t* peek(uint64_t offset, guint size) {
    return offset > G_MAXINT64 ? nullptr : gst_type_find_peek(find_, static_cast<gint64>(offset), size);
  }
  void read_descriptions(uint64_t offset, uint64_t size);
  void read_entry(const uint8_t* entry, size_t size);

  GstTypeFind* const find_;
  int num_atoms_ = 0;
  StreamHeaders headers_;
};

void Atoms::walk(uint64_t offset, uint64_t end, int depth) {
  static constexpr const char* kPath[] = {"moov", "trak", "mdia", "minf", "stbl", "stsd"};
  while (offset < end && end - offset >= 8 && num_atoms_++ < kMaxAtoms) {
    const uint8_t* const head = peek(offset, 8);
    if (head == nullptr || (depth == 0 && is_type(head + 4, "moof"))) return;
    const bool is_on_path = is_type(head + 4, kPath[depth]);
    uint64_t size = read_u32(head);
    uint64_t head_bytes = 8;
    if (size == 1) {
      const uint8_t* const long_size = peek(offset + 8, 8);
      if (long_size == nullptr) return;
      size = static_cast<uint64_t>(read_u32(long_size)) << 32 | read_u32(long_size + 4);
      head_bytes = 16;
    } else if (size == 0) {  // to the end of what it is in
      size = end - offset;
    }
    if (size < head_bytes || size > end - offset) return;
    if (is_on_path && depth + 1 == static_cast<int>(std::size(kPath))) {
      read_descriptions(offset + head_bytes, size - head_bytes);
    } else if (is_on_path) {
      walk(offset + head_bytes, offset + size, depth + 1);
      if (depth == 0) return;  // one moov is all
    }
    offset += size;
  }
}

void Atoms::read_descriptions(uint64_t offset, uint64_t size) {
  if (size < 8 || size > kMaxDescriptionBytes) return;
  const uint8_t* const bytes = peek(offset, static_cast<guint>(size));
  if (bytes == nullptr) return;
  for (uint64_t at = 8; size - at >= 8;) {  // after version, flags and count
    const uint64_t entry_bytes = read_u32(bytes + at);
    if (entry_bytes < 8 || entry_bytes > size - at) return;
    if (is_type(bytes + at + 4, "LACV") || is_type(bytes + at + 4, "LACA")) read_entry(bytes + at, entry_bytes);
    at += entry_bytes;
  }
}

// The header is in a glbl atom, whose place depends on the version of the entry; it is found by its magic instead.
void Atoms::read_entry(const uint8_t* entry, size_t size) {
  static constexpr uint8_t kBegin[] = {'g', 'l', 'b', 'l', 0xB1, 'L', 'A', 0};
  const uint8_t* const end = entry + size;
  const uint8_t* const type = std::search(entry + 8, end, std::begin(kBegin), std::end(kBegin) - 1);
  if (type == end || type - entry < 12) return;
  const uint32_t atom_bytes = read_u32(type - 4);
  if (atom_bytes < 8 || atom_bytes - 4 > static_cast<size_t>(end - type)) return;
  std::vector<uint8_t> header(type + 4, type - 4 + atom_bytes);
  if (std::find(headers_.begin(), headers_.end(), header) == headers_.end()) headers_.push_back(std::move(header));
}

}  // namespace

StreamHeaders quicktime_headers(GstTypeFind* find) {
  const uint8_t* const start = gst_type_find_peek(find, 0, 8);
  if (start == nullptr) return {};
  static constexpr const char* kFirst[] = {"ftyp", "moov", "wide", "free", "skip", "mdat"};
  if (std::none_of(std::begin(kFirst), std::end(kFirst), [&](const char* type) { return is_type(start + 4, type); })) return {};
  const guint64 length = gst_type_find_get_length(find);
  Atoms atoms(find);
  atoms.walk(0, length != 0 ? length : G_MAXINT64, 0);
  return atoms.take();
}

}  // namespace laconic::gstreamer
