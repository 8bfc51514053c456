#include "codec/media/png_chunks.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "codec/media/byte_order.h"
#include "codec/media/image_samples.h"

namespace laconic {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kSignatureBytes = 8;
constexpr size_t kHeaderBytes = 13;
constexpr uint32_t kMaxChunkBytes = 0x7FFFFFFF;
constexpr uint64_t kMaxInflation = 1032;  // deflate: 258 bytes from 2 bits
constexpr std::string_view kXmpKeyword = "XML:com.adobe.xmp\0"sv;

// Inflates until the end of the stream; at most max_bytes come out.
Result<Bytes> inflate_all(ByteSpan packed, uint64_t max_bytes) {
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) return internal_error("zlib does not start");
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());  // a chunk: below 2^31
  Bytes out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= max_bytes) {
    const size_t used = out.size();
    out.resize(used + (1u << 16));
    stream.next_out = out.data() + used;
    stream.avail_out = 1u << 16;
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > max_bytes) {
    return limit_exceeded("a compressed metadata block holds more than the " + std::to_string(max_bytes) +
                          " bytes allowed");
  }
  if (state != Z_STREAM_END) return corrupt("a compressed metadata block is damaged");
  return out;
}

size_t find_zero(ByteSpan bytes, size_t from) {
  while (from < bytes.size() && bytes[from] != 0) ++from;
  return from;
}

ByteSpan tail(ByteSpan bytes, size_t from) { return bytes.subspan(from, bytes.size() - from); }

// 11.3.2.3: name, 0, compression method 0, deflated profile.
Result<Bytes> parse_iccp(ByteSpan chunk, uint64_t max_bytes) {
  const size_t zero = find_zero(chunk, 0);
  if (!has_bytes(chunk, zero, 2) || chunk[zero + 1] != 0) return corrupt("the iCCP chunk has no profile");
  return inflate_all(tail(chunk, zero + 2), max_bytes);
}

// 11.3.3.4: keyword, 0, compression flag, method, language, 0, translated keyword, 0, text.
Result<Bytes> parse_xmp(ByteSpan chunk, uint64_t max_bytes) {
  if (!has_bytes(chunk, kXmpKeyword.size(), 2)) return corrupt("the XMP chunk is cut off");
  const bool is_compressed = chunk[kXmpKeyword.size()] != 0;
  const size_t language_end = find_zero(chunk, kXmpKeyword.size() + 2);
  const size_t translated_end = find_zero(chunk, language_end + 1);
  if (translated_end >= chunk.size()) return corrupt("the XMP chunk is cut off");
  const ByteSpan text = tail(chunk, translated_end + 1);
  if (is_compressed) return inflate_all(text, max_bytes);
  return Bytes(text.begin(), text.end());
}

Result<PngOutline> parse_header(ByteSpan bytes) {
  if (!has_bytes(bytes, kSignatureBytes, 8 + kHeaderBytes)) {
    return need_more_data("the PNG is truncated: it ends inside its header");
  }
  const ByteSpan chunk = tail(bytes, kSignatureBytes);
  if (load32(chunk, 0, Endian::kBig) != kHeaderBytes || std::memcmp(chunk.data() + 4, "IHDR", 4) != 0) {
    return corrupt("the PNG does not begin with its header");
  }
  PngOutline outline;
  outline.width_px = load32(chunk, 8, Endian::kBig);
  outline.height_px = load32(chunk, 12, Endian::kBig);
  outline.bit_depth = chunk[16];
  outline.colour_type = chunk[17];
  return outline;
}

// A broken metadata block is no reason to refuse the pixels. The checksum is libpng's business.
Status keep_metadata(std::string_view type, ByteSpan chunk, const Limits& limits, ImageMetadata& metadata,
                     std::vector<std::string>* warnings) {
  const uint64_t used = metadata.icc.size() + metadata.exif.size() + metadata.xmp.size();
  const uint64_t left = limits.max_metadata_bytes - std::min(used, limits.max_metadata_bytes);
  Bytes* block = nullptr;
  Result<Bytes> parsed = Bytes();
  if (type == "iCCP") {
    block = &metadata.icc;
    parsed = parse_iccp(chunk, left);
  } else if (type == "eXIf") {
    // Some writers keep JPEG's prefix.
    const ByteSpan exif = starts_with(chunk, "Exif\0\0"sv) ? tail(chunk, 6) : chunk;
    block = &metadata.exif;
    parsed = Bytes(exif.begin(), exif.end());
  } else if (type == "iTXt" && starts_with(chunk, kXmpKeyword)) {
    block = &metadata.xmp;
    parsed = parse_xmp(chunk, left);
  }
  if (block == nullptr || !block->empty()) return ok_status();  // the first of a kind counts
  if (parsed.ok() && parsed->size() > left) parsed = limit_exceeded("the metadata is longer than allowed");
  if (parsed.status().code() == StatusCode::kLimitExceeded) return parsed.status();
  if (!parsed.ok()) {
    add_warning(warnings, parsed.status().message() + ": it was dropped");
    return ok_status();
  }
  *block = std::move(*parsed);
  return ok_status();
}

Status check_pixel_bytes(const PngOutline& outline) {
  constexpr int kSamples[7] = {1, 0, 3, 1, 2, 0, 4};
  const int samples = outline.colour_type < 7 ? kSamples[outline.colour_type] : 0;
  const uint64_t row_bits =
      static_cast<uint64_t>(outline.width_px) * static_cast<uint64_t>(samples * outline.bit_depth);
  const uint64_t needed = row_bits / 8 * outline.height_px;
  if (needed / kMaxInflation <= outline.idat_bytes) return ok_status();
  return corrupt("the PNG has " + std::to_string(outline.idat_bytes) + " bytes of pixels, too few for " +
                 std::to_string(outline.width_px) + " x " + std::to_string(outline.height_px));
}

}  // namespace

int PngOutline::num_channels() const {
  const bool has_colour = (colour_type & 2) != 0;
  const bool has_alpha = (colour_type & 4) != 0 || has_transparency;
  return (has_colour ? 3 : 1) + (has_alpha ? 1 : 0);
}

Result<PngOutline> outline_png(ByteSpan bytes, const Limits& limits, std::vector<std::string>* warnings) {
  LACONIC_ASSIGN_OR_RETURN(PngOutline outline, parse_header(bytes));
  LACONIC_RETURN_IF_ERROR(check_image_size(outline.width_px, outline.height_px, limits));
  uint64_t offset = kSignatureBytes;
  while (true) {
    const uint32_t size = load32(bytes, offset, Endian::kBig);
    if (!has_bytes(bytes, offset, 12) || !has_bytes(bytes, offset, 12ull + size)) {
      return need_more_data("the PNG is truncated: it ends after " + std::to_string(bytes.size()) +
                            " bytes, before its last chunk");
    }
    const std::string_view type(reinterpret_cast<const char*>(bytes.data()) + offset + 4, 4);
    const ByteSpan chunk = bytes.subspan(offset + 8, size);
    if (type == "IEND") break;
    if (type == "IDAT") outline.idat_bytes += size;
    if (type == "tRNS" && outline.idat_bytes == 0) outline.has_transparency = true;
    if (type == "acTL") outline.is_animated = true;
    LACONIC_RETURN_IF_ERROR(keep_metadata(type, chunk, limits, outline.metadata, warnings));
    offset += 12ull + size;
  }
  LACONIC_RETURN_IF_ERROR(check_pixel_bytes(outline));
  return outline;
}

Result<std::vector<PngChunk>> metadata_chunks(const ImageMetadata& metadata) {
  std::vector<PngChunk> chunks;
  if (!metadata.icc.empty()) {
    uLongf packed_size = compressBound(metadata.icc.size());
    Bytes packed(packed_size);
    const int state = compress2(packed.data(), &packed_size, metadata.icc.data(), metadata.icc.size(), 9);
    if (state != Z_OK) return internal_error("zlib does not compress the ICC profile");
    packed.resize(packed_size);
    PngChunk chunk = {"iCCP", {}};
    append_text(chunk.payload, "icc\0\0"sv);  // name, its end, compression method 0
    append_bytes(chunk.payload, packed);
    chunks.push_back(std::move(chunk));
  }
  if (!metadata.exif.empty()) chunks.push_back({"eXIf", metadata.exif});
  if (!metadata.xmp.empty()) {
    PngChunk chunk = {"iTXt", {}};
    append_text(chunk.payload, kXmpKeyword);
    append_text(chunk.payload, "\0\0\0\0"sv);  // not compressed, no language, no translated keyword
    append_bytes(chunk.payload, metadata.xmp);
    chunks.push_back(std::move(chunk));
  }
  for (const PngChunk& chunk : chunks) {
    if (chunk.payload.size() > kMaxChunkBytes) return invalid_argument("a metadata block is too long for PNG");
  }
  return chunks;
}

}  // namespace laconic
