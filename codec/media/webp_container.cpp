#include "codec/media/webp_container.h"

#include <string_view>

#include "codec/media/byte_order.h"
#include "codec/media/image_samples.h"

namespace laconic {
namespace {

constexpr uint64_t kRiffHeaderBytes = 12;
constexpr uint8_t kIccFlag = 0x20, kAlphaFlag = 0x10, kExifFlag = 0x08, kXmpFlag = 0x04;  // of VP8X
constexpr uint64_t kFrameHeaderBytes = 16;                                              // of ANMF

struct Chunk {
  std::string_view type;
  ByteSpan payload;
};

// The chunks in `bytes`, which begin at the first of them. A missing last padding byte is forgiven.
Result<std::vector<Chunk>> split_chunks(ByteSpan bytes) {
  std::vector<Chunk> chunks;
  uint64_t offset = 0;
  while (offset < bytes.size()) {
    const uint32_t size = load32(bytes, offset + 4, Endian::kLittle);
    if (!has_bytes(bytes, offset, 8ull + size)) {
      return need_more_data("the WebP is truncated: it ends inside a chunk");
    }
    const auto* type = reinterpret_cast<const char*>(bytes.data() + offset);
    chunks.push_back({std::string_view(type, 4), bytes.subspan(offset + 8, size)});
    offset += 8ull + size + (size & 1);
  }
  return chunks;
}

Result<std::vector<Chunk>> chunks_of_file(ByteSpan bytes) {
  if (bytes.size() < kRiffHeaderBytes) return need_more_data("the WebP is truncated: it ends inside its header");
  const uint64_t declared = 8ull + load32(bytes, 4, Endian::kLittle);
  if (declared > bytes.size()) {
    return need_more_data("the WebP is truncated: it has " + std::to_string(bytes.size()) + " bytes of " +
                          std::to_string(declared));
  }
  if (declared < kRiffHeaderBytes) return corrupt("the WebP declares fewer bytes than its header has");
  return split_chunks(bytes.subspan(kRiffHeaderBytes, declared - kRiffHeaderBytes));
}

// Size and alpha from the header of the coded picture itself (RFC 6386, 9.1; RFC 9649, 3.4).
Status parse_coded_header(const Chunk& chunk, WebpOutline& outline) {
  const ByteSpan bytes = chunk.payload;
  if (chunk.type == "VP8 ") {
    if (!has_bytes(bytes, 0, 10)) return corrupt("the WebP has a VP8 chunk that is too short");
    outline.width_px = load16(bytes, 6, Endian::kLittle) & 0x3FFF;
    outline.height_px = load16(bytes, 8, Endian::kLittle) & 0x3FFF;
    return ok_status();
  }
  if (!has_bytes(bytes, 0, 5) || bytes[0] != 0x2F) return corrupt("the WebP has a VP8L chunk that is damaged");
  const uint32_t bits = load32(bytes, 1, Endian::kLittle);
  outline.width_px = 1 + (bits & 0x3FFF);
  outline.height_px = 1 + ((bits >> 14) & 0x3FFF);
  outline.has_alpha = ((bits >> 28) & 1) != 0;
  return ok_status();
}

bool is_picture(const Chunk& chunk) { return chunk.type == "VP8 " || chunk.type == "VP8L"; }

void append_chunk(Bytes& out, std::string_view type, ByteSpan payload) {
  append_text(out, type);
  append_number(out, static_cast<uint32_t>(payload.size()), 4, Endian::kLittle);
  append_bytes(out, payload);
  if (payload.size() % 2 != 0) out.push_back(0);
}

struct StillPicture {
  uint32_t width_px;
  uint32_t height_px;
  bool has_alpha;
  std::vector<Chunk> coded;  // ALPH where there is one, then VP8 or VP8L
};

Bytes write_container(const StillPicture& picture, const ImageMetadata& metadata) {
  uint8_t flags = picture.has_alpha ? kAlphaFlag : 0;
  if (!metadata.icc.empty()) flags |= kIccFlag;
  if (!metadata.exif.empty()) flags |= kExifFlag;
  if (!metadata.xmp.empty()) flags |= kXmpFlag;
  Bytes extended;
  append_number(extended, flags, 4, Endian::kLittle);
  append_number(extended, picture.width_px - 1, 3, Endian::kLittle);
  append_number(extended, picture.height_px - 1, 3, Endian::kLittle);

  Bytes out;
  append_text(out, "RIFF....WEBP");
  append_chunk(out, "VP8X", extended);
  if (!metadata.icc.empty()) append_chunk(out, "ICCP", metadata.icc);
  for (const Chunk& chunk : picture.coded) append_chunk(out, chunk.type, chunk.payload);
  if (!metadata.exif.empty()) append_chunk(out, "EXIF", metadata.exif);
  if (!metadata.xmp.empty()) append_chunk(out, "XMP ", metadata.xmp);
  for (int i = 0; i < 4; ++i) out[4 + i] = static_cast<uint8_t>((out.size() - 8) >> (8 * i));
  return out;
}

Result<StillPicture> still_picture(const std::vector<Chunk>& chunks) {
  StillPicture picture = {};
  bool has_alpha_chunk = false;
  for (const Chunk& chunk : chunks) {
    if (chunk.type == "ALPH") {
      has_alpha_chunk = true;
      picture.coded.push_back(chunk);
    } else if (is_picture(chunk)) {
      WebpOutline outline;
      LACONIC_RETURN_IF_ERROR(parse_coded_header(chunk, outline));
      picture.width_px = outline.width_px;
      picture.height_px = outline.height_px;
      picture.has_alpha = outline.has_alpha || has_alpha_chunk;
      picture.coded.push_back(chunk);
      return picture;
    }
  }
  return corrupt("the WebP has no picture");
}

Result<WebpFrame> parse_frame(ByteSpan payload, const WebpOutline& canvas) {
  if (!has_bytes(payload, 0, kFrameHeaderBytes)) return corrupt("the WebP has a frame that is too short");
  WebpFrame frame;
  frame.x_px = 2 * load24(payload, 0, Endian::kLittle);
  frame.y_px = 2 * load24(payload, 3, Endian::kLittle);
  const ByteSpan rest = payload.subspan(kFrameHeaderBytes, payload.size() - kFrameHeaderBytes);
  LACONIC_ASSIGN_OR_RETURN(const std::vector<Chunk> chunks, split_chunks(rest));
  LACONIC_ASSIGN_OR_RETURN(const StillPicture picture, still_picture(chunks));
  frame.width_px = picture.width_px;
  frame.height_px = picture.height_px;
  const uint64_t right = static_cast<uint64_t>(frame.x_px) + frame.width_px;
  const uint64_t bottom = static_cast<uint64_t>(frame.y_px) + frame.height_px;
  if (right > canvas.width_px || bottom > canvas.height_px) {
    return corrupt("the WebP has a frame that does not fit its canvas");
  }
  frame.file = write_container(picture, {});
  return frame;
}

// From VP8X on, which comes first when it is there.
Status parse_chunk(const Chunk& chunk, WebpOutline& outline) {
  const auto keep = [&chunk](Bytes& block) {
    if (block.empty()) block.assign(chunk.payload.begin(), chunk.payload.end());
  };
  if (chunk.type == "VP8X") {
    if (!has_bytes(chunk.payload, 0, 10)) return corrupt("the WebP has a VP8X chunk that is too short");
    outline.has_alpha = (chunk.payload[0] & kAlphaFlag) != 0;
    outline.width_px = 1 + load24(chunk.payload, 4, Endian::kLittle);
    outline.height_px = 1 + load24(chunk.payload, 7, Endian::kLittle);
  } else if (is_picture(chunk)) {
    LACONIC_RETURN_IF_ERROR(parse_coded_header(chunk, outline));
  } else if (chunk.type == "ALPH") {
    outline.has_alpha = true;
  } else if (chunk.type == "ANMF" && !outline.first_frame) {
    LACONIC_ASSIGN_OR_RETURN(outline.first_frame, parse_frame(chunk.payload, outline));
  } else if (chunk.type == "ICCP") {
    keep(outline.metadata.icc);
  } else if (chunk.type == "EXIF") {
    keep(outline.metadata.exif);
  } else if (chunk.type == "XMP ") {
    keep(outline.metadata.xmp);
  }
  return ok_status();
}

}  // namespace

Result<WebpOutline> outline_webp(ByteSpan bytes, const Limits& limits) {
  using std::string_view_literals::operator""sv;
  LACONIC_ASSIGN_OR_RETURN(const std::vector<Chunk> chunks, chunks_of_file(bytes));
  WebpOutline outline;
  bool has_picture = false;
  for (const Chunk& chunk : chunks) {
    LACONIC_RETURN_IF_ERROR(parse_chunk(chunk, outline));
    has_picture = has_picture || is_picture(chunk) || outline.first_frame.has_value();
  }
  if (!has_picture) return corrupt("the WebP has no picture");
  LACONIC_RETURN_IF_ERROR(check_image_size(outline.width_px, outline.height_px, limits));
  Bytes& exif = outline.metadata.exif;
  if (starts_with(exif, "Exif\0\0"sv)) exif.erase(exif.begin(), exif.begin() + 6);  // some writers keep JPEG's prefix
  return outline;
}

Result<Bytes> with_webp_metadata(ByteSpan webp, const ImageMetadata& metadata) {
  LACONIC_ASSIGN_OR_RETURN(const std::vector<Chunk> chunks, chunks_of_file(webp));
  LACONIC_ASSIGN_OR_RETURN(const StillPicture picture, still_picture(chunks));
  Bytes out = write_container(picture, metadata);
  if (out.size() > 0xFFFFFFFEull)
    return invalid_argument("the WebP would be longer than the 4 GiB its container holds");
  return out;
}

}  // namespace laconic
