// Pictures, metadata blocks and files that the tests of codec/media draw for themselves.
#pragma once

#include <stdlib.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "codec/image.h"

namespace laconic {

// Smooth ramps, different in each channel, with a hard edge; alpha goes from 0 to opaque. Same on every machine.
inline Image draw_picture(int width_px, int height_px, int num_channels, int bit_depth) {
  Image image;
  image.width_px = width_px;
  image.height_px = height_px;
  image.num_channels = num_channels;
  image.bit_depth = bit_depth;
  image.samples.resize(image.size_bytes());
  size_t index = 0;
  for (int y = 0; y < height_px; ++y) {
    for (int x = 0; x < width_px; ++x) {
      for (int c = 0; c < num_channels; ++c, ++index) {
        const bool is_alpha = (num_channels == 2 || num_channels == 4) && c + 1 == num_channels;
        int value = (x * 3 + y * (2 + c) + c * 50 + (x > width_px / 2 ? 40 : 0)) % 256;
        if (is_alpha) value = 255 - (x + y) % 200;
        if (bit_depth == 8) {
          image.samples[index] = static_cast<uint8_t>(value);
        } else {
          const auto wide = static_cast<uint16_t>(value * 257 ^ (x * 7 + y * 13) % 256);  // low bits of their own
          std::memcpy(image.samples.data() + 2 * index, &wide, 2);
        }
      }
    }
  }
  return image;
}

inline uint32_t sample_of(const Image& image, int x, int y, int channel) {
  const size_t index = (static_cast<size_t>(y) * image.width_px + x) * image.num_channels + channel;
  if (image.bit_depth == 8) return image.samples[index];
  uint16_t value;
  std::memcpy(&value, image.samples.data() + 2 * index, 2);
  return value;
}

inline void append_be(Bytes& bytes, uint32_t value, int count) {
  for (int i = count - 1; i >= 0; --i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
inline void append_le(Bytes& bytes, uint32_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
inline void append_string(Bytes& bytes, const std::string& text) {
  for (const char c : text) bytes.push_back(static_cast<uint8_t>(c));
}

// Two entries: ImageWidth, then Orientation. The value of the latter lies at kOrientationOffset.
constexpr size_t kOrientationOffset = 30;
inline Bytes exif_with_orientation(int orientation, bool is_big_endian) {
  Bytes exif;
  const auto append = is_big_endian ? append_be : append_le;
  append_string(exif, is_big_endian ? "MM" : "II");
  append(exif, 42, 2);
  append(exif, 8, 4);
  append(exif, 2, 2);
  append(exif, 256, 2), append(exif, 4, 2), append(exif, 1, 4), append(exif, 1234, 4);
  append(exif, 274, 2), append(exif, 3, 2), append(exif, 1, 4);
  append(exif, static_cast<uint32_t>(orientation), 2), append(exif, 0xABCD, 2);  // the unused half is not to be touched
  append(exif, 0, 4);
  return exif;
}

// Bytes without meaning beyond the colour space at 16; no two neighbours alike.
inline Bytes noise_block(size_t size, uint32_t seed) {
  Bytes block(size);
  for (uint8_t& byte : block) {
    seed = seed * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>(seed >> 24);
  }
  if (size >= 20) std::memcpy(block.data() + 16, "RGB ", 4);
  return block;
}

inline ImageMetadata full_metadata(size_t icc_bytes = 700) {
  ImageMetadata metadata;
  metadata.icc = noise_block(icc_bytes, 1);
  metadata.exif = exif_with_orientation(1, true);
  append_string(metadata.xmp, "<x:xmpmeta xmlns:x='adobe:ns:meta/'>\xC3\xA4</x:xmpmeta>");
  return metadata;
}

// An empty folder, gone at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "laconic-test-XXXXXX").string();
    const char* made = ::mkdtemp(pattern.data());
    path_ = made != nullptr ? made : "";
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  size_t num_files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

inline void put_file(const std::string& path, const Bytes& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return;
  if (!bytes.empty()) std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
}

inline Bytes get_file(const std::string& path) {
  Bytes bytes;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return bytes;
  for (int byte = std::fgetc(file); byte != EOF; byte = std::fgetc(file)) bytes.push_back(static_cast<uint8_t>(byte));
  std::fclose(file);
  return bytes;
}

}  // namespace laconic
