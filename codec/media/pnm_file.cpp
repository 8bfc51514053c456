#include "codec/media/pnm_file.h"

#include <cctype>
#include <cstring>
#include <optional>
#include <string>

#include "codec/media/byte_order.h"
#include "codec/media/image_samples.h"

namespace laconic {
namespace {

struct PnmHeader {
  int kind = 0;  // 1..6
  uint32_t width_px = 0;
  uint32_t height_px = 0;
  uint32_t max_value = 1;
  size_t end = 0;  // where the samples begin

  bool is_bitmap() const { return kind == 1 || kind == 4; }
  bool is_raw() const { return kind >= 4; }
  int num_channels() const { return kind == 3 || kind == 6 ? 3 : 1; }
};

Status truncated(ByteSpan bytes) {
  return need_more_data("the PNM is truncated: it ends after " + std::to_string(bytes.size()) + " bytes");
}

// Whitespace, and comments from # to the end of their line.
size_t skip_blank(ByteSpan bytes, size_t at) {
  while (at < bytes.size()) {
    if (bytes[at] == '#') {
      while (at < bytes.size() && bytes[at] != '\n') ++at;
    } else if (std::isspace(bytes[at]) != 0) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

// Moves `at` behind the number. Numbers of more than 9 digits are beyond any limit.
Result<uint32_t> read_number(ByteSpan bytes, size_t& at) {
  at = skip_blank(bytes, at);
  if (at >= bytes.size()) return truncated(bytes);
  uint32_t value = 0;
  int num_digits = 0;
  for (; at < bytes.size() && std::isdigit(bytes[at]) != 0; ++at) {
    if (++num_digits > 9) return limit_exceeded("the PNM has a number of more than 9 digits");
    value = value * 10 + (bytes[at] - '0');
  }
  if (num_digits == 0) return corrupt("the PNM has a character where a number is due");
  return value;
}

Result<PnmHeader> read_header(ByteSpan bytes) {
  PnmHeader header;
  header.kind = bytes[1] - '0';
  size_t at = 2;
  LACONIC_ASSIGN_OR_RETURN(header.width_px, read_number(bytes, at));
  LACONIC_ASSIGN_OR_RETURN(header.height_px, read_number(bytes, at));
  if (!header.is_bitmap()) {
    LACONIC_ASSIGN_OR_RETURN(header.max_value, read_number(bytes, at));
  }
  if (header.max_value == 0 || header.max_value > 65535) {
    return corrupt("the PNM says that its largest sample is " + std::to_string(header.max_value) + ", not 1..65535");
  }
  header.end = at + 1;  // one whitespace
  return header;
}

class SampleWriter {
 public:
  SampleWriter(const PnmHeader& header, Image& image)
      : max_value_(header.max_value), is_wide_(image.bit_depth == 16), full_(is_wide_ ? 65535 : 255), image_(image) {}

  bool put(size_t index, uint32_t value) {
    if (value > max_value_) return false;
    const uint32_t scaled = static_cast<uint32_t>((static_cast<uint64_t>(value) * full_ + max_value_ / 2) / max_value_);
    if (is_wide_) {
      const auto sample = static_cast<uint16_t>(scaled);
      std::memcpy(image_.samples.data() + 2 * index, &sample, 2);
    } else {
      image_.samples[index] = static_cast<uint8_t>(scaled);
    }
    return true;
  }

 private:
  uint32_t max_value_;
  bool is_wide_;
  uint32_t full_;
  Image& image_;
};

Status too_bright(uint32_t max_value) {
  return corrupt("the PNM has a sample above its declared largest, " + std::to_string(max_value));
}

size_t num_samples(const Image& image) { return image.samples.size() / static_cast<size_t>(image.bytes_per_sample()); }

Status read_plain(ByteSpan bytes, const PnmHeader& header, Image& image) {
  SampleWriter writer(header, image);
  size_t at = header.end;
  for (size_t i = 0; i < num_samples(image); ++i) {
    uint32_t value = 0;
    if (header.is_bitmap()) {  // digits need no space between them; 1 is black
      at = skip_blank(bytes, at);
      if (at >= bytes.size()) return truncated(bytes);
      if (bytes[at] != '0' && bytes[at] != '1') return corrupt("the PBM has a character other than 0 and 1");
      value = bytes[at++] == '0' ? 1 : 0;
    } else {
      LACONIC_ASSIGN_OR_RETURN(value, read_number(bytes, at));
    }
    if (!writer.put(i, value)) return too_bright(header.max_value);
  }
  return ok_status();
}

// The caller has seen that all samples are there.
Status read_raw(ByteSpan bytes, const PnmHeader& header, Image& image) {
  SampleWriter writer(header, image);
  const size_t file_sample_bytes = header.max_value > 255 ? 2 : 1;
  for (size_t i = 0; i < num_samples(image); ++i) {
    const size_t at = header.end + i * file_sample_bytes;
    const uint32_t value = file_sample_bytes == 2 ? load16(bytes, at, Endian::kBig) : bytes[at];
    if (!writer.put(i, value)) return too_bright(header.max_value);
  }
  return ok_status();
}

void read_raw_bitmap(ByteSpan bytes, const PnmHeader& header, Image& image) {
  const size_t row_bytes = (header.width_px + 7) / 8;
  for (size_t y = 0; y < header.height_px; ++y) {
    for (size_t x = 0; x < header.width_px; ++x) {
      const bool is_black = ((bytes[header.end + y * row_bytes + x / 8] >> (7 - x % 8)) & 1) != 0;
      image.samples[y * header.width_px + x] = is_black ? 0 : 255;
    }
  }
}

// At least this many bytes follow the header.
uint64_t least_sample_bytes(const PnmHeader& header) {
  const uint64_t num_pixels = static_cast<uint64_t>(header.width_px) * header.height_px;
  if (header.kind == 4) return (header.width_px + 7ull) / 8 * header.height_px;
  if (header.kind == 1) return num_pixels;
  const uint64_t samples = num_pixels * static_cast<uint64_t>(header.num_channels());
  if (header.is_raw()) return samples * (header.max_value > 255 ? 2 : 1);
  return 2 * samples - 1;  // a digit and a space each
}

}  // namespace

Result<Image> read_pnm(ByteSpan bytes, const ImageReadOptions& options) {
  LACONIC_ASSIGN_OR_RETURN(const PnmHeader header, read_header(bytes));
  LACONIC_RETURN_IF_ERROR(check_image_size(header.width_px, header.height_px, options.limits));
  if (!has_bytes(bytes, header.end, least_sample_bytes(header))) return truncated(bytes);
  LACONIC_ASSIGN_OR_RETURN(Image image, allocate_image(header.width_px, header.height_px, header.num_channels(),
                                                       header.max_value > 255 ? 16 : 8, options.limits));
  if (!header.is_raw()) {
    LACONIC_RETURN_IF_ERROR(read_plain(bytes, header, image));
  } else if (header.is_bitmap()) {
    read_raw_bitmap(bytes, header, image);
  } else {
    LACONIC_RETURN_IF_ERROR(read_raw(bytes, header, image));
  }
  return image;
}

Status write_pnm(const Image& image, ByteSink& sink) {
  const std::string header = std::string(image.num_channels == 1 ? "P5" : "P6") + "\n" +
                             std::to_string(image.width_px) + " " + std::to_string(image.height_px) + "\n" +
                             (image.bit_depth == 16 ? "65535" : "255") + "\n";
  LACONIC_RETURN_IF_ERROR(sink.append({reinterpret_cast<const uint8_t*>(header.data()), header.size()}));
  if (image.bit_depth == 8) return sink.append(image.samples);
  Bytes row;
  for (int y = 0; y < image.height_px; ++y) {
    row.clear();
    const uint8_t* samples = image.samples.data() + static_cast<size_t>(y) * image.row_bytes();
    for (size_t i = 0; i < image.row_bytes(); i += 2) {
      uint16_t sample;
      std::memcpy(&sample, samples + i, 2);
      append_number(row, sample, 2, Endian::kBig);
    }
    LACONIC_RETURN_IF_ERROR(sink.append(row));
  }
  return ok_status();
}

}  // namespace laconic
