#include "codec/format/image_header.h"

#include <algorithm>

#include "codec/base/checked.h"
#include "codec/format/geometry.h"

namespace laconic {
namespace {

std::string quoted_range(const char* name, uint64_t value, uint64_t min, uint64_t max) {
  return std::string(name) + " is " + std::to_string(value) + ", allowed are " + std::to_string(min) + ".." +
         std::to_string(max);
}

// Refuses with the classes of FORMAT.md 4.1 and 4.2.
class FieldReader {
 public:
  FieldReader(ByteReader& reader, const Limits& limits) : reader_(reader), limits_(limits) {}

  Status magic(const std::array<uint8_t, 4>& expected) {
    for (const uint8_t byte : expected) {  // byte by byte: "\xB1LA" is cut off, "\xFF" is no .lac at all
      LACONIC_ASSIGN_OR_RETURN(const uint8_t found, reader_.read_u8());
      if (found != byte) return corrupt("not a .lac picture: the first bytes are not B1 4C 41 43");
    }
    return ok_status();
  }

  Status version_and_flags(uint8_t& version, uint8_t& flags) {
    LACONIC_ASSIGN_OR_RETURN(const uint8_t byte, reader_.read_u8());
    version = byte >> 4;
    flags = byte & 15;
    if (version == kImageFormatVersion) return ok_status();
    return unsupported("format version " + std::to_string(version) + "; this build reads version " +
                       std::to_string(kImageFormatVersion));
  }

  Status dimension(const char* name, uint32_t& value) {
    LACONIC_ASSIGN_OR_RETURN(const uint64_t found, reader_.read_varint());
    const uint64_t max = std::min<uint64_t>(limits_.max_dimension_px, kMaxFormatDimensionPx);
    if (found == 0) return corrupt(quoted_range(name, found, 1, max));
    if (found > max) return limit_exceeded(quoted_range(name, found, 1, max));
    value = static_cast<uint32_t>(found);
    return ok_status();
  }

  template <size_t kSize>
  Status bytes(const char*, std::array<uint8_t, kSize>& value) {
    LACONIC_ASSIGN_OR_RETURN(const ByteSpan found, reader_.read_bytes(kSize));
    std::copy(found.begin(), found.end(), value.begin());
    return ok_status();
  }

  Status u8(const char* name, uint8_t& value, uint8_t max) {
    LACONIC_ASSIGN_OR_RETURN(value, reader_.read_u8());
    if (value > max) return corrupt(quoted_range(name, value, 0, max));
    return ok_status();
  }

  Status varint(const char* name, uint32_t& value, uint32_t max) {
    LACONIC_ASSIGN_OR_RETURN(const uint64_t found, reader_.read_varint());
    if (found > max) return corrupt(quoted_range(name, found, 0, max));
    value = static_cast<uint32_t>(found);
    return ok_status();
  }

 private:
  ByteReader& reader_;
  const Limits& limits_;
};

class FieldWriter {
 public:
  explicit FieldWriter(Bytes& bytes) : bytes_(bytes) {}

  Status magic(const std::array<uint8_t, 4>& value) { return bytes("magic", value); }

  Status version_and_flags(uint8_t version, uint8_t flags) {
    if (version != kImageFormatVersion || flags > 15) {
      return invalid_argument("format version " + std::to_string(version) + " or flags " + std::to_string(flags) +
                              " cannot be written");
    }
    bytes_.push_back(static_cast<uint8_t>(version << 4 | flags));
    return ok_status();
  }

  Status dimension(const char* name, uint32_t value) {
    if (value < 1 || value > kMaxFormatDimensionPx) {
      return invalid_argument(quoted_range(name, value, 1, kMaxFormatDimensionPx));
    }
    append_varint(bytes_, value);
    return ok_status();
  }

  template <size_t kSize>
  Status bytes(const char*, const std::array<uint8_t, kSize>& value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return ok_status();
  }

  Status u8(const char* name, uint8_t value, uint8_t max) {
    if (value > max) return invalid_argument(quoted_range(name, value, 0, max));
    bytes_.push_back(value);
    return ok_status();
  }

  Status varint(const char* name, uint32_t value, uint32_t max) {
    if (value > max) return invalid_argument(quoted_range(name, value, 0, max));
    append_varint(bytes_, value);
    return ok_status();
  }

 private:
  Bytes& bytes_;
};

class FieldPrinter {
 public:
  Status magic(const std::array<uint8_t, 4>&) { return ok_status(); }

  Status version_and_flags(uint8_t version, uint8_t flags) {
    const auto digit = [&](ImageFlag flag) { return flags & flag ? "1" : "0"; };
    LACONIC_RETURN_IF_ERROR(line("format_version", std::to_string(version)));
    LACONIC_RETURN_IF_ERROR(line("is_grey", digit(kFlagGrey)));
    LACONIC_RETURN_IF_ERROR(line("has_alpha", digit(kFlagAlpha)));
    LACONIC_RETURN_IF_ERROR(line("is_16_bit", digit(kFlag16Bit)));
    return line("has_metadata", digit(kFlagMetadata));
  }

  Status dimension(const char* name, uint32_t value) { return line(name, std::to_string(value)); }
  Status bytes(const char* name, const ModelId& value) { return line(name, model_id_to_hex(value)); }
  Status u8(const char* name, uint8_t value, uint8_t) { return line(name, std::to_string(value)); }
  Status varint(const char* name, uint32_t value, uint32_t) { return line(name, std::to_string(value)); }

  const std::string& text() const { return text_; }

 private:
  Status line(const char* name, const std::string& value) {
    text_ += std::string(name) + ": " + value + "\n";
    return ok_status();
  }

  std::string text_;
};

}  // namespace

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
  FieldReader fields(reader, limits);
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
  FieldWriter fields(bytes);
  const Status status = visit_image_header(header, fields);
  if (!status.ok()) bytes.resize(size_before);
  return status;
}

std::string print_image_header(const ImageHeader& header) {
  FieldPrinter fields;
  const Status status = visit_image_header(header, fields);
  return status.ok() ? fields.text() : status.message();
}

}  // namespace laconic
