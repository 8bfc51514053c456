#include <algorithm>
#include <cstring>

#include "apps/plugin/gstreamer/type_finders.h"

namespace laconic::gstreamer {
namespace {

constexpr int kMaxElements = 4096;          // looked at in all
constexpr guint kMaxPrivateBytes = 65536;
constexpr size_t kBitmapHeaderBytes = 40;   // BITMAPINFOHEADER: what V_MS/VFW/FOURCC puts before a codec's own bytes
constexpr uint64_t kUnknownSize = G_MAXUINT64;

enum ElementId : uint32_t {
  kSegment = 0x18538067,
  kCluster = 0x1F43B675,
  kTracks = 0x1654AE6B,
  kTrackEntry = 0xAE,
  kCodecPrivate = 0x63A2,
};

struct Element {
  uint32_t id = 0;
  uint64_t body = 0;  // where it begins
  uint64_t size = 0;  // of the body, or kUnknownSize
};

class Elements {
 public:
  explicit Elements(GstTypeFind* find) : find_(find) {}

  // Goes through the elements of [offset, end) and into those that lead to private data.
  void walk(uint64_t offset, uint64_t end, int depth);
  StreamHeaders take() { return std::move(headers_); }

 private:
  const uint8_t* peek(uint64_t offset, guint size) {
    return offset > G_MAXINT64 ? nullptr : gst_type_find_peek(find_, static_cast<gint64>(offset), size);
  }
  bool read_number(uint64_t& offset, bool keeps_marker, int max_bytes, uint64_t& number);
  bool read_element(uint64_t offset, uint64_t end, Element& element);
  void read_private(const Element& element);

  GstTypeFind* const find_;
  int num_elements_ = 0;
  StreamHeaders headers_;
};

// EBML's numbers: as many zero bits at the start as bytes follow, then a one, the marker.
bool Elements::read_number(uint64_t& offset, bool keeps_marker, int max_bytes, uint64_t& number) {
  const uint8_t* first = peek(offset, 1);
  if (first == nullptr || *first == 0) return false;
  int num_bytes = 1;
  while ((*first & (0x80 >> (num_bytes - 1))) == 0) ++num_bytes;
  if (num_bytes > max_bytes) return false;
  const uint8_t* const bytes = peek(offset, static_cast<guint>(num_bytes));
  if (bytes == nullptr) return false;
  const uint8_t marker = static_cast<uint8_t>(0x80 >> (num_bytes - 1));
  number = keeps_marker ? bytes[0] : bytes[0] & (marker - 1);
  bool is_all_ones = (bytes[0] & (marker - 1)) == marker - 1;
  for (int i = 1; i < num_bytes; ++i) {
    number = number << 8 | bytes[i];
    is_all_ones = is_all_ones && bytes[i] == 0xFF;
  }
  if (is_all_ones && !keeps_marker) number = kUnknownSize;
  offset += static_cast<uint64_t>(num_bytes);
  return true;
}

bool Elements::read_element(uint64_t offset, uint64_t end, Element& element) {
  uint64_t id = 0;
  if (!read_number(offset, /*keeps_marker=*/true, 4, id) || !read_number(offset, /*keeps_marker=*/false, 8, element.size)) return false;
  element.id = static_cast<uint32_t>(id);
  element.body = offset;
  return offset <= end && (element.size == kUnknownSize || element.size <= end - offset);
}

void Elements::walk(uint64_t offset, uint64_t end, int depth) {
  static constexpr uint32_t kPath[] = {kSegment, kTracks, kTrackEntry, kCodecPrivate};
  Element element;
  while (offset < end && num_elements_++ < kMaxElements && read_element(offset, end, element)) {
    if (element.id == kCluster) return;  // what a player needs comes before the pictures
    const uint64_t body_end = element.size == kUnknownSize ? end : element.body + element.size;
    if (element.id == kPath[depth] && element.id == kCodecPrivate) {
      read_private(element);
    } else if (element.id == kPath[depth]) {
      walk(element.body, body_end, depth + 1);
      if (depth < 2) return;  // one segment, one list of tracks
    }
    offset = body_end;
  }
}

void Elements::read_private(const Element& element) {
  if (element.size <= kBitmapHeaderBytes || element.size > kMaxPrivateBytes) return;
  const uint8_t* const bytes = peek(element.body, static_cast<guint>(element.size));
  if (bytes == nullptr || std::memcmp(bytes + 16, "LACV", 4) != 0) return;
  // FFmpeg pads to an even size, and says the true one at the start.
  const uint32_t size = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<uint32_t>(bytes[3]) << 24;
  if (size <= kBitmapHeaderBytes || size > element.size) return;
  std::vector<uint8_t> header(bytes + kBitmapHeaderBytes, bytes + size);
  if (std::find(headers_.begin(), headers_.end(), header) == headers_.end()) headers_.push_back(std::move(header));
}

}  // namespace

StreamHeaders matroska_headers(GstTypeFind* find) {
  const uint8_t* const start = gst_type_find_peek(find, 0, 4);
  if (start == nullptr || std::memcmp(start, "\x1A\x45\xDF\xA3", 4) != 0) return {};
  const guint64 length = gst_type_find_get_length(find);
  Elements elements(find);
  elements.walk(0, length != 0 ? length : G_MAXINT64, 0);
  return elements.take();
}

}  // namespace laconic::gstreamer
