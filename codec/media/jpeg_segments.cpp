#include "codec/media/jpeg_segments.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "codec/media/byte_order.h"
#include "codec/media/image_samples.h"

namespace laconic {
namespace {

using std::string_view_literals::operator""sv;

constexpr uint8_t kApp0 = 0xE0, kApp1 = 0xE1, kApp2 = 0xE2, kApp14 = 0xEE;
constexpr uint8_t kEndOfImage = 0xD9, kStartOfScan = 0xDA;
constexpr std::string_view kExifPrefix = "Exif\0\0"sv;
constexpr std::string_view kXmpPrefix = "http://ns.adobe.com/xap/1.0/\0"sv;
constexpr std::string_view kLongXmpPrefix = "http://ns.adobe.com/xmp/extension/\0"sv;
constexpr std::string_view kIccPrefix = "ICC_PROFILE\0"sv;  // then: number of this chunk from 1, number of chunks
constexpr size_t kMaxSegmentBytes = 65533;                  // 16-bit length, which counts its own 2 bytes
constexpr size_t kMaxIccChunks = 255;

struct Segment {
  uint8_t marker = 0;
  ByteSpan payload;
};

bool stands_alone(uint8_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8); }

// SOF0..SOF15 without DHT, JPG and DAC, which share the range.
bool is_frame_header(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

Status truncated(ByteSpan bytes) {
  return need_more_data("the JPEG is truncated: it ends after " + std::to_string(bytes.size()) +
                        " bytes, without its end marker");
}

// Steps from marker to marker; entropy-coded bytes in between are passed over.
class SegmentReader {
 public:
  explicit SegmentReader(ByteSpan bytes) : bytes_(bytes), offset_(2) {}

  Result<Segment> next() {
    while (true) {
      if (!find_marker()) return truncated(bytes_);
      Segment segment;
      segment.marker = bytes_[offset_ + 1];
      offset_ += 2;
      if (segment.marker == kEndOfImage) return segment;
      if (stands_alone(segment.marker)) continue;
      const uint16_t size = load16(bytes_, offset_, Endian::kBig);
      if (!has_bytes(bytes_, offset_, 2) || !has_bytes(bytes_, offset_, size)) return truncated(bytes_);
      if (size < 2) return corrupt("the JPEG has a segment shorter than its own length field");
      segment.payload = bytes_.subspan(offset_ + 2, size - 2u);
      offset_ += size;
      return segment;
    }
  }
  uint64_t offset() const { return offset_; }

 private:
  // 0xFF followed by 0x00 is a coded byte, by 0xFF a fill byte.
  bool find_marker() {
    while (has_bytes(bytes_, offset_, 2)) {
      const void* found = std::memchr(bytes_.data() + offset_, 0xFF, bytes_.size() - 1 - offset_);
      if (found == nullptr) return false;
      offset_ = static_cast<uint64_t>(static_cast<const uint8_t*>(found) - bytes_.data());
      const uint8_t second = bytes_[offset_ + 1];
      if (second != 0x00 && second != 0xFF) return true;
      offset_ += second == 0x00 ? 2 : 1;
    }
    return false;
  }

  ByteSpan bytes_;
  uint64_t offset_;
};

Status parse_frame(const Segment& segment, JpegOutline& outline) {
  if (segment.payload.size() < 6) return corrupt("the JPEG frame header is too short");
  if (outline.num_components != 0) return corrupt("the JPEG has two frame headers");
  outline.bit_depth = segment.payload[0];
  outline.height_px = load16(segment.payload, 1, Endian::kBig);
  outline.width_px = load16(segment.payload, 3, Endian::kBig);
  outline.num_components = segment.payload[5];
  const int kind = segment.marker & 0x0F;
  // 0 baseline, 1 extended, 2 progressive; 9 and 10 the same with arithmetic coding
  const bool is_kind_read = kind <= 2 || kind == 9 || kind == 10;
  if (!is_kind_read) return unsupported("lossless and hierarchical JPEG are not read");
  if (outline.bit_depth != 8) {
    return unsupported("JPEG with " + std::to_string(outline.bit_depth) + " bits a sample is not read, only 8");
  }
  if (outline.height_px == 0) return unsupported("JPEG that gives its height after its pixels is not read");
  if (outline.num_components != 1 && outline.num_components != 3 && outline.num_components != 4) {
    return unsupported("JPEG with " + std::to_string(outline.num_components) +
                       " components is not read, only grey, colour and Adobe CMYK");
  }
  return ok_status();
}

// ICC.1:2010, B.4. Chunks may come in any order.
class IccChunks {
 public:
  void add(ByteSpan payload) {
    if (payload.size() < 2) return;
    chunks_.push_back({payload[0], payload[1], payload.subspan(2, payload.size() - 2)});
  }
  // Empty when there is none, or when chunks are missing or double.
  Bytes join(std::vector<std::string>* warnings) {
    std::sort(chunks_.begin(), chunks_.end(), [](const Chunk& a, const Chunk& b) { return a.number < b.number; });
    Bytes profile;
    for (size_t i = 0; i < chunks_.size(); ++i) {
      if (chunks_[i].number != i + 1 || chunks_[i].count != chunks_.size()) {
        add_warning(warnings, "the JPEG's ICC profile is incomplete: it was dropped");
        return {};
      }
      append_bytes(profile, chunks_[i].payload);
    }
    return profile;
  }

 private:
  struct Chunk {
    uint8_t number;
    uint8_t count;
    ByteSpan payload;
  };
  std::vector<Chunk> chunks_;
};

bool take_payload(ByteSpan payload, std::string_view prefix, Bytes& block) {
  if (!starts_with(payload, prefix)) return false;
  if (block.empty()) block.assign(payload.begin() + prefix.size(), payload.end());  // the first counts
  return true;
}

void append_segment(Bytes& out, uint8_t marker, ByteSpan prefix, ByteSpan payload) {
  out.push_back(0xFF);
  out.push_back(marker);
  append_number(out, static_cast<uint32_t>(2 + prefix.size() + payload.size()), 2, Endian::kBig);
  append_bytes(out, prefix);
  append_bytes(out, payload);
}

ByteSpan as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

void append_block(Bytes& out, std::string_view prefix, const Bytes& block, const char* what,
                  std::vector<std::string>* warnings) {
  if (block.empty()) return;
  if (prefix.size() + block.size() <= kMaxSegmentBytes) return append_segment(out, kApp1, as_bytes(prefix), block);
  add_warning(warnings, std::string(what) + " of " + std::to_string(block.size()) +
                            " bytes is too long for JPEG: it was dropped");
}

void append_icc(Bytes& out, const Bytes& icc, std::vector<std::string>* warnings) {
  const size_t chunk_bytes = kMaxSegmentBytes - kIccPrefix.size() - 2;
  const size_t num_chunks = (icc.size() + chunk_bytes - 1) / chunk_bytes;
  if (num_chunks > kMaxIccChunks) {
    add_warning(warnings, "an ICC profile of " + std::to_string(icc.size()) +
                              " bytes is too long for JPEG: it was dropped");
    return;
  }
  for (size_t i = 0; i < num_chunks; ++i) {
    Bytes prefix;
    append_text(prefix, kIccPrefix);
    prefix.push_back(static_cast<uint8_t>(i + 1));
    prefix.push_back(static_cast<uint8_t>(num_chunks));
    const size_t offset = i * chunk_bytes;
    append_segment(out, kApp2, prefix, ByteSpan(icc).subspan(offset, std::min(chunk_bytes, icc.size() - offset)));
  }
}

}  // namespace

Result<JpegOutline> outline_jpeg(ByteSpan bytes, const Limits& limits, std::vector<std::string>* warnings) {
  JpegOutline outline;
  IccChunks icc;
  SegmentReader reader(bytes);
  uint64_t first_scan = 0;
  bool has_long_xmp = false;
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const Segment segment, reader.next());
    const ByteSpan payload = segment.payload;
    if (segment.marker == kEndOfImage) break;
    if (is_frame_header(segment.marker)) LACONIC_RETURN_IF_ERROR(parse_frame(segment, outline));
    if (segment.marker == kStartOfScan && first_scan == 0) first_scan = reader.offset();
    if (segment.marker == kApp14 && starts_with(payload, "Adobe"sv)) outline.has_adobe_marker = true;
    if (segment.marker == kApp1) {
      if (!take_payload(payload, kExifPrefix, outline.metadata.exif)) {
        take_payload(payload, kXmpPrefix, outline.metadata.xmp);
      }
      has_long_xmp = has_long_xmp || starts_with(payload, kLongXmpPrefix);
    }
    if (segment.marker == kApp2 && starts_with(payload, kIccPrefix)) {
      icc.add(payload.subspan(kIccPrefix.size(), payload.size() - kIccPrefix.size()));
    }
  }
  if (outline.num_components == 0 || first_scan == 0) return corrupt("the JPEG has no picture");
  LACONIC_RETURN_IF_ERROR(check_image_size(outline.width_px, outline.height_px, limits));
  outline.entropy_bytes = reader.offset() - first_scan;
  outline.metadata.icc = icc.join(warnings);
  if (has_long_xmp) add_warning(warnings, "the extended XMP packet of the JPEG was dropped");
  return outline;
}

Result<Bytes> with_jpeg_metadata(ByteSpan jpeg, const ImageMetadata& metadata, std::vector<std::string>* warnings) {
  LACONIC_CHECK(starts_with(jpeg, "\xFF\xD8"sv));
  // After JFIF's own segment, which wants to be the first (T.871, 10.1).
  size_t offset = 2;
  if (has_bytes(jpeg, 2, 4) && jpeg[2] == 0xFF && jpeg[3] == kApp0) offset += 2u + load16(jpeg, 4, Endian::kBig);
  LACONIC_CHECK(offset <= jpeg.size());
  Bytes out(jpeg.begin(), jpeg.begin() + offset);
  append_block(out, kExifPrefix, metadata.exif, "an Exif block", warnings);
  append_block(out, kXmpPrefix, metadata.xmp, "an XMP packet", warnings);
  append_icc(out, metadata.icc, warnings);
  append_bytes(out, jpeg.subspan(offset, jpeg.size() - offset));
  return out;
}

}  // namespace laconic
