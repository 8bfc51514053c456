// Sound, packet by packet, at 48 kHz:
//
//   auto model = AudioModel::load(weights, {});
//   auto encoder = AudioEncoder::create(model, format, {});          auto decoder = AudioDecoder::create(model, extradata, {});
//   encoder->send_frame(frame);  encoder->receive_packet();          decoder->send_packet(packet);  decoder->receive_frame();
//   encoder->drain(num_source_samples);
//
// Note [Time]
// Packet n of a stream (n = 0, 1, ...) has pts (n - 1) * kAudioPacketSamples. Decoding it gives the samples of that pts: it
// completes what the packet before began. So the first packet, and the first one after reset(), gives a frame that is only half
// there (it fades in): before the start of the sound, or after a seek, to be dropped. To get sound from time t on, start at a key
// packet with pts + kAudioPacketSamples <= t. The encoder takes up to three packets' worth of samples before the first
// packet comes out (latency: 128 ms, and as much as the caller collects).
//
// Every method reports through Status; no exception leaves. Objects of these classes may be used by one thread at a time; an
// AudioModel may be shared by any number of encoders and decoders on any threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/audio.h"
#include "codec/base/limits.h"
#include "codec/base/status.h"
#include "codec/image_codec.h"

namespace laconic {

class AudioModel {
 public:
  // kModelMismatch for wrong or damaged files. options.device: "cpu" or "cuda".
  static Result<std::shared_ptr<const AudioModel>> load(const std::string& path, const ImageModelOptions& options);

  std::string id() const;           // first 8 bytes of the weights' SHA-256, as 16 hex digits
  std::string record_json() const;  // training record and architecture

  struct Impl;
  const Impl& impl() const { return *impl_; }
  explicit AudioModel(std::unique_ptr<Impl> impl);
  ~AudioModel();

 private:
  std::unique_ptr<Impl> impl_;
};

struct AudioEncoderOptions {
  float quality = 50;          // 0..100, higher is better; about 8 to 128 kbit/s for stereo
  // 0: constant quality. Else bits a second aimed at, over all channels, by moving the quality from packet to packet.
  double bits_per_second = 0;
  int key_interval = 47;       // packets from one key packet to the next at most: 2 s
  int num_threads = 0;         // 0 = one per core
  Limits limits;
};

class AudioEncoder {
 public:
  static Result<std::unique_ptr<AudioEncoder>> create(std::shared_ptr<const AudioModel> model, const AudioFormat& format,
                                                      const AudioEncoderOptions& options);
  virtual ~AudioEncoder() = default;

  // The stream header (FORMAT.md 20): goes into the container as the stream's extradata.
  virtual Bytes extradata() const = 0;
  // Any number of samples at kCodingRateHz, format.num_channels channels; they follow those sent before (pts is not looked at).
  virtual Status send_frame(const AudioFrame& frame) = 0;
  // Empty: send more, or after drain(): that was all.
  virtual Result<std::optional<AudioPacket>> receive_packet() = 0;
  // No more frames come. num_source_samples: per channel, at the source's rate; the last packet carries the number.
  virtual Status drain(uint64_t num_source_samples) = 0;
  virtual std::vector<StageTime> stage_times() const = 0;
};

struct AudioDecoderOptions {
  int num_threads = 0;  // 0 = one per core
  Limits limits;
  // After a damaged or missing packet, sound fades out, with a sentence in take_damage(), until the next key packet; else
  // damage is an error.
  bool conceal = false;
};

// What a stream header says; needs no model.
struct AudioStreamInfo {
  AudioFormat format;
  std::string model_id;
  int format_version = 0;
};

// What a packet's header says.
struct AudioPacketInfo {
  bool is_key_packet = false;
  std::optional<uint64_t> num_source_samples;  // in the last packet of a stream
};

Result<AudioStreamInfo> read_audio_info(ByteSpan extradata, const Limits& limits);
Result<AudioPacketInfo> read_audio_packet_info(ByteSpan packet);

class AudioDecoder {
 public:
  // extradata: the stream header.
  static Result<std::unique_ptr<AudioDecoder>> create(std::shared_ptr<const AudioModel> model, ByteSpan extradata,
                                                      const AudioDecoderOptions& options);
  virtual ~AudioDecoder() = default;

  virtual const AudioFormat& format() const = 0;
  // The first packet after create() and reset() must be a key packet; others give kCorrupt, or with `conceal` silence.
  // Each packet gives one frame of kAudioPacketSamples samples with the packet's pts; see Note [Time].
  virtual Status send_packet(const AudioPacket& packet) = 0;
  // Empty: send a packet first.
  virtual Result<std::optional<AudioFrame>> receive_frame() = 0;
  // Forgets all packets, after a seek.
  virtual void reset() = 0;
  // After the last packet of the stream: samples per channel at the source's rate, counted from the start of the stream.
  virtual std::optional<uint64_t> num_source_samples() const = 0;
  // One hash over all symbols of the last packet: equal on every machine.
  virtual uint64_t symbol_hash() const = 0;
  // With conceal: a sentence for each packet found damaged since the last call.
  virtual std::vector<std::string> take_damage() = 0;
  virtual std::vector<StageTime> stage_times() const = 0;
};

}  // namespace laconic
