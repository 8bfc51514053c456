// Fixed and alpha fields of a .lac file (FORMAT.md 4.1, 4.2), declared once and visited by reader, writer and printer.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "entropy/varint.h"

namespace laconic {

constexpr std::array<uint8_t, 4> kImageMagic = {0xB1, 'L', 'A', 'C'};
constexpr uint8_t kImageFormatVersion = 1;
constexpr uint32_t kMaxQualityStep = 2048;
constexpr uint32_t kQualityStepsPerAnchor = 256;

// First 8 bytes of the SHA-256 of the weights file (FORMAT.md 10).
using ModelId = std::array<uint8_t, 8>;
std::string model_id_to_hex(const ModelId& id);  // 16 digits, lower case
Result<ModelId> model_id_from_hex(const std::string& hex);

enum ImageFlag : uint8_t { kFlagGrey = 1, kFlagAlpha = 2, kFlag16Bit = 4, kFlagMetadata = 8 };

enum class AlphaCoding : uint8_t {
  kBitmap = 0,  // all samples 0 or the largest value; lossless
  kPlane = 1,   // a further grey plane at alpha_quality_step
};

struct ImageHeader {
  uint8_t format_version = kImageFormatVersion;
  uint8_t flags = 0;  // of ImageFlag
  uint32_t width_px = 0;
  uint32_t height_px = 0;
  ModelId model_id{};
  uint32_t quality_step = 0;        // 0..kMaxQualityStep
  uint8_t alpha_coding = 0;         // AlphaCoding; in the stream only with alpha
  uint32_t alpha_quality_step = 0;  // in the stream only with AlphaCoding::kPlane

  bool is_grey() const { return flags & kFlagGrey; }
  bool has_alpha() const { return flags & kFlagAlpha; }
  bool is_16_bit() const { return flags & kFlag16Bit; }
  bool has_metadata() const { return flags & kFlagMetadata; }
  bool has_alpha_bitmap() const { return has_alpha() && alpha_coding == static_cast<uint8_t>(AlphaCoding::kBitmap); }
  bool has_alpha_plane() const { return has_alpha() && alpha_coding == static_cast<uint8_t>(AlphaCoding::kPlane); }
  int num_channels() const { return (is_grey() ? 1 : 3) + (has_alpha() ? 1 : 0); }
  int bit_depth() const { return is_16_bit() ? 16 : 8; }
  void set_flag(ImageFlag flag, bool on) { flags = static_cast<uint8_t>(on ? flags | flag : flags & ~flag); }
};

// The one list of fields. Header is ImageHeader (reading) or const ImageHeader. A visitor has magic, version_and_flags,
// dimension, bytes, u8 and varint, each returning Status; the first error ends the visit.
template <typename Header, typename Visitor>
Status visit_image_header(Header& header, Visitor& visitor) {
  LACONIC_RETURN_IF_ERROR(visitor.magic(kImageMagic));
  LACONIC_RETURN_IF_ERROR(visitor.version_and_flags(header.format_version, header.flags));
  LACONIC_RETURN_IF_ERROR(visitor.dimension("width_px", header.width_px));
  LACONIC_RETURN_IF_ERROR(visitor.dimension("height_px", header.height_px));
  LACONIC_RETURN_IF_ERROR(visitor.bytes("model_id", header.model_id));
  LACONIC_RETURN_IF_ERROR(visitor.varint("quality_step", header.quality_step, kMaxQualityStep));
  if (!header.has_alpha()) return ok_status();
  LACONIC_RETURN_IF_ERROR(visitor.u8("alpha_coding", header.alpha_coding, uint8_t{1}));
  if (!header.has_alpha_plane()) return ok_status();
  return visitor.varint("alpha_quality_step", header.alpha_quality_step, kMaxQualityStep);
}

// Leaves the reader behind the last field. Fields are in range and the picture within limits.
Result<ImageHeader> read_image_header(ByteReader& reader, const Limits& limits);
// kInvalidArgument for a field out of range; bytes are then as before.
Status append_image_header(Bytes& bytes, const ImageHeader& header);
// "name: value" lines.
std::string print_image_header(const ImageHeader& header);

// quality 0..100 (the caller has checked) to the nearest step and back.
inline uint32_t quality_step_of(double quality) {
  return static_cast<uint32_t>(std::lround(quality * kMaxQualityStep / 100.0));
}
inline double quality_of_step(uint32_t step) { return step * 100.0 / kMaxQualityStep; }

// The anchor whose z tables a plane set uses, 0..8 (FORMAT.md 6.2).
constexpr int anchor_of_step(uint32_t step) {
  return static_cast<int>((step + kQualityStepsPerAnchor / 2) / kQualityStepsPerAnchor);
}

}  // namespace laconic
