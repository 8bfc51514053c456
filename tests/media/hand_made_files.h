// Picture files put together byte by byte, for what our own writers never write.
#pragma once

#include <zlib.h>

#include <string>

#include "codec/base/crc32.h"
#include "tests/media/test_pictures.h"

namespace laconic {

inline void append_png_chunk(Bytes& png, const std::string& type, const Bytes& payload) {
  append_be(png, static_cast<uint32_t>(payload.size()), 4);
  Bytes checked;
  append_string(checked, type);
  checked.insert(checked.end(), payload.begin(), payload.end());
  png.insert(png.end(), checked.begin(), checked.end());
  append_be(png, crc32(checked), 4);
}

inline Bytes png_header(uint32_t width, uint32_t height, int bit_depth, int colour_type, bool is_interlaced = false) {
  Bytes png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  Bytes header;
  append_be(header, width, 4);
  append_be(header, height, 4);
  for (const int field : {bit_depth, colour_type, 0, 0, is_interlaced ? 1 : 0}) {
    header.push_back(static_cast<uint8_t>(field));
  }
  append_png_chunk(png, "IHDR", header);
  return png;
}

inline Bytes deflated(const Bytes& bytes) {
  uLongf size = compressBound(bytes.size());
  Bytes packed(size);
  compress(packed.data(), &size, bytes.data(), bytes.size());
  packed.resize(size);
  return packed;
}

// rows: filter byte and packed samples of each.
inline void finish_png(Bytes& png, const Bytes& rows) {
  append_png_chunk(png, "IDAT", deflated(rows));
  append_png_chunk(png, "IEND", {});
}

// A frame of a GIF: the palette's index of each pixel, coded without compression (a clear code before the table grows).
inline void append_gif_frame(Bytes& gif, int width, int height, const Bytes& indexes, int transparent_index) {
  if (transparent_index >= 0) {
    const Bytes control = {0x21, 0xF9, 4, 1, 0, 0, static_cast<uint8_t>(transparent_index), 0};
    gif.insert(gif.end(), control.begin(), control.end());
  }
  gif.push_back(0x2C);
  for (const int field : {0, 0, width, height}) append_le(gif, static_cast<uint32_t>(field), 2);
  gif.push_back(0);
  gif.push_back(7);  // codes of 8 bits: 0..127 colours, 128 clear, 129 end
  Bytes codes;
  for (size_t i = 0; i < indexes.size(); ++i) {
    if (i % 100 == 0) codes.push_back(128);
    codes.push_back(indexes[i]);
  }
  codes.push_back(129);
  for (size_t at = 0; at < codes.size(); at += 255) {
    const size_t size = std::min<size_t>(255, codes.size() - at);
    gif.push_back(static_cast<uint8_t>(size));
    gif.insert(gif.end(), codes.begin() + at, codes.begin() + at + size);
  }
  gif.push_back(0);
}

// 128 colours: i gives (2i, 255 - i, i).
inline Bytes gif_header(int width, int height) {
  Bytes gif;
  append_string(gif, "GIF89a");
  append_le(gif, static_cast<uint32_t>(width), 2);
  append_le(gif, static_cast<uint32_t>(height), 2);
  gif.insert(gif.end(), {0x86, 0, 0});
  for (int i = 0; i < 128; ++i) {
    gif.insert(gif.end(), {static_cast<uint8_t>(2 * i), static_cast<uint8_t>(255 - i), static_cast<uint8_t>(i)});
  }
  return gif;
}

// File and info header; the caller appends masks, palette and pixels. offset: of the pixels.
inline Bytes bmp_header(int32_t width, int32_t height, int bits, uint32_t compression, uint32_t offset) {
  Bytes bmp;
  append_string(bmp, "BM");
  append_le(bmp, 0, 4), append_le(bmp, 0, 4), append_le(bmp, offset, 4);
  append_le(bmp, 40, 4);
  append_le(bmp, static_cast<uint32_t>(width), 4), append_le(bmp, static_cast<uint32_t>(height), 4);
  append_le(bmp, 1, 2), append_le(bmp, static_cast<uint32_t>(bits), 2), append_le(bmp, compression, 4);
  for (int i = 0; i < 5; ++i) append_le(bmp, 0, 4);
  return bmp;
}

inline Bytes from_hex(const std::string& hex) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// 16 x 16 CMYK JPEG, written by Pillow from four flat quarters. Ink: (255, 0, 0, 0), (0, 255, 0, 64), (0, 0, 255, 128),
// (40, 80, 120, 200), stored inverted as the Adobe marker at offset 2 (16 bytes) says.
inline Bytes cmyk_jpeg() {
  return from_hex(
      "ffd8ffee000e41646f626500640000000000ffdb0043000201010101010201010102020202020403020202020504040304060506"
      "060605060606070908060709070606080b08090a0a0a0a0a06080b0c0b0a0c090a0a0affc000140800100010044311004d110059"
      "11004b1100ffc400170001010101000000000000000000000000090a0008ffc40014100100000000000000000000000000000000"
      "ffda000e0443004d0059004b00003f009ff3f87f0fe2ff001006c3fd97f88031fee5f17ea1c1beffd9");
}

}  // namespace laconic
