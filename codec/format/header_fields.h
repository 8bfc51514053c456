// Visitors that read, write and print the fields of a stream's header; the headers list their fields once (visit_...).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/status.h"
#include "codec/format/geometry.h"
#include "codec/format/image_header.h"
#include "entropy/varint.h"

namespace laconic {

inline std::string quoted_range(const char* name, uint64_t value, uint64_t min, uint64_t max) {
  return std::string(name) + " is " + std::to_string(value) + ", allowed are " + std::to_string(min) + ".." +
         std::to_string(max);
}

// Refuses with the classes of FORMAT.md 4.1, 4.2 and 15.
class FieldReader {
 public:
  // what: for the error of a wrong magic, "a .lac picture".
  FieldReader(ByteReader& reader, const Limits& limits, uint8_t format_version, const char* what)
      : reader_(reader), limits_(limits), format_version_(format_version), what_(what) {}

  Status magic(const std::array<uint8_t, 4>& expected) {
    for (const uint8_t byte : expected) {  // byte by byte: "\xB1LA" is cut off, "\xFF" is no .lac at all
      LACONIC_ASSIGN_OR_RETURN(const uint8_t found, reader_.read_u8());
      if (found != byte) return corrupt(std::string("not ") + what_ + ": the first bytes are not those of its magic number");
    }
    return ok_status();
  }

  Status version_and_flags(uint8_t& version, uint8_t& flags) {
    LACONIC_ASSIGN_OR_RETURN(const uint8_t byte, reader_.read_u8());
    version = byte >> 4;
    flags = byte & 15;
    if (version == format_version_) return ok_status();
    return unsupported("format version " + std::to_string(version) + "; this build reads version " +
                       std::to_string(format_version_));
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
  const uint8_t format_version_;
  const char* const what_;
};

class FieldWriter {
 public:
  FieldWriter(Bytes& bytes, uint8_t format_version) : bytes_(bytes), format_version_(format_version) {}

  Status magic(const std::array<uint8_t, 4>& value) { return bytes("magic", value); }

  Status version_and_flags(uint8_t version, uint8_t flags) {
    if (version != format_version_ || flags > 15) {
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
  const uint8_t format_version_;
};

class FieldPrinter {
 public:
  // flag_names: of bit 0 upwards.
  explicit FieldPrinter(std::vector<const char*> flag_names) : flag_names_(std::move(flag_names)) {}

  Status magic(const std::array<uint8_t, 4>&) { return ok_status(); }

  Status version_and_flags(uint8_t version, uint8_t flags) {
    LACONIC_RETURN_IF_ERROR(line("format_version", std::to_string(version)));
    for (size_t bit = 0; bit < flag_names_.size(); ++bit) {
      LACONIC_RETURN_IF_ERROR(line(flag_names_[bit], flags >> bit & 1 ? "1" : "0"));
    }
    return ok_status();
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

  const std::vector<const char*> flag_names_;
  std::string text_;
};

}  // namespace laconic
