// The .lac container parser (FORMAT.md 3, 4) on arbitrary bytes: as they come, and with a right header check put where
// each byte may be its place, so that mutated headers get past the check. What is accepted must be written again to the
// same bytes.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "codec/format/crc24.h"
#include "codec/format/image_stream.h"

namespace {

using namespace laconic;

constexpr size_t kMaxInputBytes = 1 << 16;
constexpr size_t kMaxHealedBytes = 512;  // the second part costs size * size

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_inside(ByteSpan part, const uint8_t* begin, const uint8_t* end) {
  return part.empty() || (part.begin() >= begin && part.end() <= end);
}

void check_accepted(const ImageStreamView& view, ByteSpan stream) {
  ImageStream copy;
  copy.header = view.header;
  copy.metadata = copy_metadata(view.metadata);
  const uint8_t* const sections_begin = stream.data() + view.header_bytes;
  for (const ByteSpan part : {view.metadata.icc, view.metadata.exif, view.metadata.xmp}) {
    require(is_inside(part, stream.begin(), sections_begin));
  }
  for (const ByteSpan part : view.colour_sections) {
    require(is_inside(part, sections_begin, stream.end()));
    copy.colour_sections.emplace_back(part.begin(), part.end());
  }
  for (const ByteSpan part : view.alpha_sections) {
    require(is_inside(part, sections_begin, stream.end()));
    copy.alpha_sections.emplace_back(part.begin(), part.end());
  }
  const auto written = write_image_stream(copy);
  require(written.ok() && written->size() == stream.size());
  require(std::memcmp(written->data(), stream.data(), stream.size()) == 0);
}

void parse(ByteSpan stream, const Limits& limits) {
  const auto view = parse_image_stream(stream, limits);
  if (view.ok()) return check_accepted(*view, stream);
  const StatusCode code = view.status().code();
  require(code == StatusCode::kNeedMoreData || code == StatusCode::kCorrupt || code == StatusCode::kUnsupported ||
          code == StatusCode::kLimitExceeded);
  require(!view.status().message().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kMaxInputBytes) return 0;
  // Of exact size, so that the sanitizer sees a read behind the end.
  const auto copy = std::make_unique<uint8_t[]>(size);
  if (size > 0) std::memcpy(copy.get(), data, size);
  const ByteSpan stream(copy.get(), size);
  Limits unlimited;
  unlimited.max_pixels = unlimited.max_metadata_bytes = unlimited.max_stream_bytes = ~0ull;
  unlimited.max_dimension_px = ~0u;
  parse(stream, Limits());
  parse(stream, unlimited);
  if (size > kMaxHealedBytes) return 0;
  for (size_t end = 0; end + 3 <= size; ++end) {
    const uint32_t check = crc24(stream.first(end));
    for (int i = 0; i < 3; ++i) copy[end + i] = static_cast<uint8_t>(check >> (8 * i));
    parse(stream, unlimited);
    std::memcpy(copy.get() + end, data + end, 3);
  }
  return 0;
}
