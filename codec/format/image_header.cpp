#include "codec/format/image_header.h"

#include "codec/base/checked.h"
#include "codec/format/header_fields.h"

namespace laconic {
std::string model_id_to_hex(const ModelId& id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const uint8_t byte : id) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

Result<ModelId> model_id_from_hex(const std::string& hex) {
  ModelId id{};
  if (hex.size() != 2 * id.size()) return invalid_argument("model id '" + hex + "' is not 16 hex digits");
  for (size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return invalid_argument("model id '" + hex + "' is not 16 hex digits");
    id[i / 2] = static_cast<uint8_t>(id[i / 2] << 4 | digit);
  }
  return id;
}

Result<ImageHeader> read_image_header(ByteReader& reader, const Limits& limits) {
  ImageHeader header;
  FieldReader fields(reader, limits, kImageFormatVersion, "a .lac picture");
  LACONIC_RETURN_IF_ERROR(visit_image_header(header, fields));
  const auto num_pixels = checked_mul(header.width_px, header.height_px);
  if (!num_pixels || *num_pixels > limits.max_pixels) {
    return limit_exceeded("picture of " + std::to_string(header.width_px) + " x " + std::to_string(header.height_px) +
                          " pixels, allowed are " + std::to_string(limits.max_pixels) + " in all");
  }
  return header;
}

Status append_image_header(Bytes& bytes, const ImageHeader& header) {
  const size_t size_before = bytes.size();
  FieldWriter fields(bytes, kImageFormatVersion);
  const Status status = visit_image_header(header, fields);
  if (!status.ok()) bytes.resize(size_before);
  return status;
}

std::string print_image_header(const ImageHeader& header) {
  FieldPrinter fields({"is_grey", "has_alpha", "is_16_bit", "has_metadata"});
  const Status status = visit_image_header(header, fields);
  return status.ok() ? fields.text() : status.message();
}

}  // namespace laconic
