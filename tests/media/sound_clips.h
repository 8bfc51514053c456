// Sound for the tests, drawn by code, in WAV files that are written and read here byte by byte; and all of a file in memory.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "codec/media/sound_file_writer.h"
#include "codec/media/sound_reader.h"
#include "codec/media/sound_writer.h"
#include "tests/media/film_clips.h"

namespace laconic::test {

using Planes = std::vector<std::vector<float>>;

// Three tones a channel, other ones in each, all below 0.35 of the lower of rate_hz and 48 kHz.
inline double sound_at(double seconds, int channel, int rate_hz) {
  const double top_hz = 0.35 * std::min(rate_hz, kCodingRateHz) - 40 * channel;
  const double phase = 2 * 3.14159265358979323846 * seconds;
  return 0.3 * std::sin(phase * 0.05 * top_hz + channel) + 0.2 * std::sin(phase * 0.4 * top_hz + 1) +
         0.2 * std::sin(phase * top_hz + 2);
}

inline Planes draw_sound(int rate_hz, int num_channels, size_t num_samples) {
  Planes planes(static_cast<size_t>(num_channels), std::vector<float>(num_samples));
  for (int c = 0; c < num_channels; ++c) {
    for (size_t i = 0; i < num_samples; ++i) {
      planes[static_cast<size_t>(c)][i] = static_cast<float>(sound_at(static_cast<double>(i) / rate_hz, c, rate_hz));
    }
  }
  return planes;
}

// In dB, over all channels, leaving out so many samples at both ends.
inline double snr_db(const Planes& reference, const Planes& other, size_t num_left_out = 0) {
  double signal = 0, noise = 0;
  for (size_t c = 0; c < reference.size(); ++c) {
    for (size_t i = num_left_out; i + num_left_out < reference[c].size(); ++i) {
      const double error = other[c][i] - reference[c][i];
      signal += static_cast<double>(reference[c][i]) * reference[c][i];
      noise += error * error;
    }
  }
  return 10 * std::log10((signal + 1e-30) / (noise + 1e-30));
}

inline void put(std::string& bytes, uint64_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 255));
}

// A WAV file of 16 or 24 bits, or 32 (float), WAVE_FORMAT_EXTENSIBLE.
inline void write_wav(const std::string& path, const Planes& planes, int rate_hz, int bits, uint32_t mask) {
  const size_t num_samples = planes.empty() ? 0 : planes[0].size();
  const auto block = static_cast<uint64_t>(planes.size()) * static_cast<uint64_t>(bits) / 8;
  std::string bytes = "RIFF";
  put(bytes, 60 + block * num_samples, 4);
  bytes += "WAVEfmt ";
  put(bytes, 40, 4);
  put(bytes, 0xfffe, 2);
  put(bytes, planes.size(), 2);
  put(bytes, static_cast<uint64_t>(rate_hz), 4);
  put(bytes, block * static_cast<uint64_t>(rate_hz), 4);
  put(bytes, block, 2);
  put(bytes, static_cast<uint64_t>(bits), 2);
  put(bytes, 22, 2);
  put(bytes, static_cast<uint64_t>(bits), 2);
  put(bytes, mask, 4);
  put(bytes, bits == 32 ? 3 : 1, 2);
  bytes += std::string("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14);
  bytes += "data";
  put(bytes, block * num_samples, 4);
  for (size_t i = 0; i < num_samples; ++i) {
    for (const auto& plane : planes) {
      uint32_t value = 0;
      if (bits == 32) {
        std::memcpy(&value, &plane[i], 4);
      } else {
        value = static_cast<uint32_t>(std::lround(plane[i] * std::ldexp(1.0, bits - 1)));
      }
      put(bytes, value, bits / 8);
    }
  }
  write_text(path, bytes);
}

struct WavFile {
  int format = 0;  // 1 integers, 3 float
  int rate_hz = 0, bits = 0;
  uint32_t mask = 0;
  Planes planes;
};

inline uint64_t get(const std::string& bytes, size_t at, int num_bytes) {
  uint64_t value = 0;
  for (int i = num_bytes - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
  return value;
}

inline WavFile parse_wav(const std::string& bytes) {
  WavFile wav;
  const size_t format_at = bytes.find("fmt "), data_at = bytes.find("data");
  if (format_at == std::string::npos || data_at == std::string::npos) return wav;
  wav.format = static_cast<int>(get(bytes, format_at + 8, 2));
  wav.planes.resize(get(bytes, format_at + 10, 2));
  wav.rate_hz = static_cast<int>(get(bytes, format_at + 12, 4));
  wav.bits = static_cast<int>(get(bytes, format_at + 22, 2));
  if (wav.format == 0xfffe) {
    wav.mask = static_cast<uint32_t>(get(bytes, format_at + 28, 4));
    wav.format = static_cast<int>(get(bytes, format_at + 32, 2));
  }
  const size_t size = std::min<size_t>(get(bytes, data_at + 4, 4), bytes.size() - data_at - 8);
  const size_t sample_bytes = static_cast<size_t>(wav.bits) / 8;
  for (size_t at = 0; at + sample_bytes * wav.planes.size() <= size;) {
    for (auto& plane : wav.planes) {
      const uint64_t raw = get(bytes, data_at + 8 + at, static_cast<int>(sample_bytes));
      at += sample_bytes;
      float value = 0;
      if (wav.format == 3) {
        const auto bits = static_cast<uint32_t>(raw);
        std::memcpy(&value, &bits, 4);
      } else {
        const auto number = static_cast<int32_t>(raw << (32 - wav.bits)) >> (32 - wav.bits);
        value = static_cast<float>(std::ldexp(number, 1 - wav.bits));
      }
      plane.push_back(value);
    }
  }
  return wav;
}
inline WavFile read_wav(const std::string& path) { return parse_wav(read_text(path)); }

struct WholeSound {
  SoundProperties properties;
  Planes planes;                // frames one after the other; each must begin where the one before ended
  int64_t first_pts = 0;
  std::vector<AudioPacket> packets;
  size_t num_copied = 0;
  uint64_t num_source_samples = 0;
  std::vector<std::string> warnings;
  Status status;

  size_t num_samples() const { return planes.empty() ? 0 : planes[0].size(); }
};

inline WholeSound read_on(SoundReader& reader) {
  WholeSound sound;
  sound.properties = reader.properties();
  while (true) {
    auto item = reader.read();
    sound.status = item.status();
    if (!item.ok() || !item->has_value()) break;
    if (auto* packet = std::get_if<AudioPacket>(&**item)) {
      sound.packets.push_back(std::move(*packet));
    } else if (auto* frame = std::get_if<AudioFrame>(&**item)) {
      if (sound.planes.empty()) sound.first_pts = frame->pts_samples;
      EXPECT_EQ(frame->pts_samples, sound.first_pts + static_cast<int64_t>(sound.num_samples()));
      sound.planes.resize(frame->channels.size());
      for (size_t c = 0; c < frame->channels.size(); ++c) {
        sound.planes[c].insert(sound.planes[c].end(), frame->channels[c].begin(), frame->channels[c].end());
      }
    } else {
      ++sound.num_copied;
    }
  }
  sound.num_source_samples = reader.num_source_samples();
  sound.warnings = reader.take_warnings();
  return sound;
}

inline WholeSound read_sound(const std::string& path, const SoundReadOptions& options = {}) {
  auto reader = SoundReader::open(path, options);
  if (reader.ok()) return read_on(**reader);
  WholeSound sound;
  sound.status = reader.status();
  return sound;
}

// From one file to another by way of the coding rate: what remains of an encode and a decode if the codec loses nothing.
inline Status pass_through(const std::string& from, const std::string& to, std::vector<std::string>* warnings = nullptr) {
  LACONIC_ASSIGN_OR_RETURN(const auto reader, SoundReader::open(from, {}));
  SoundFileWriteOptions options;
  options.path = to;
  options.format = reader->properties().format;
  options.source = reader->source();
  options.stream_index = reader->properties().stream_index;
  LACONIC_ASSIGN_OR_RETURN(const auto writer, SoundFileWriter::create(options));
  if (warnings != nullptr) *warnings = writer->warnings();
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<SoundItem> item, reader->read());
    if (!item) return writer->finish(reader->num_source_samples());
    const auto* frame = std::get_if<AudioFrame>(&*item);
    LACONIC_RETURN_IF_ERROR(frame != nullptr ? writer->write(*frame) : writer->write(std::move(std::get<CopiedPacket>(*item))));
  }
}

// Packets of no meaning; a key packet is one whose first byte is 1.
inline std::vector<AudioPacket> fake_sound_packets(int num_packets, int key_interval = 94) {
  std::vector<AudioPacket> packets;
  for (int i = 0; i < num_packets; ++i) {
    AudioPacket packet;
    packet.is_key_packet = i % key_interval == 0;
    packet.bytes.push_back(packet.is_key_packet ? 1 : 0);
    for (const int part : {i & 255, i >> 8}) packet.bytes.push_back(static_cast<uint8_t>(part));
    for (int j = 0; j < 40 + 7 * (i % 9); ++j) packet.bytes.push_back(static_cast<uint8_t>(j * 31 + i * 17));
    packet.pts_samples = static_cast<int64_t>(i - 1) * kAudioPacketSamples;
    packets.push_back(std::move(packet));
  }
  return packets;
}

inline SoundReadOptions ask_fake_packets() {
  SoundReadOptions options;
  options.is_key_packet = [](ByteSpan packet) { return !packet.empty() && packet[0] == 1; };
  return options;
}

inline const Bytes kFakeSoundExtradata = {0xb1, 'L', 'A', 'A', 1, 7, 0, 255};

// num_samples: of the sound, at the coding rate.
inline Status write_fake_sound(const SoundWriteOptions& options, int64_t num_samples, int key_interval = 94) {
  LACONIC_ASSIGN_OR_RETURN(const auto writer, SoundWriter::create(options, kFakeSoundExtradata));
  const auto num_packets = static_cast<int>((num_samples + kAudioPacketSamples - 1) / kAudioPacketSamples) + 1;
  for (const AudioPacket& packet : fake_sound_packets(num_packets, key_interval)) {
    const auto num_left = static_cast<int>(std::min<int64_t>(kAudioPacketSamples, num_samples - packet.pts_samples));
    LACONIC_RETURN_IF_ERROR(writer->write(packet, num_left));
  }
  return writer->finish();
}

inline SoundWriteOptions sound_write_options(const std::string& path) {
  SoundWriteOptions options;
  options.path = path;
  options.format.channel_mask = 3;
  return options;
}

}  // namespace laconic::test
