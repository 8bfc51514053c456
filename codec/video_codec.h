// Films, frame by frame:
//
//   auto model = VideoModel::load(video_weights, image_weights, {});
//   auto encoder = VideoEncoder::create(model, format, {});          auto decoder = VideoDecoder::create(model, extradata, {});
//   encoder->send_frame(frame);  encoder->receive_packet();          decoder->send_packet(packet);  decoder->receive_frame();
//   encoder->finish();           encoder->receive_packet();  ...
//
// Each frame sent gives one packet, each packet sent gives one frame, in the same order: frames at once, packets at once, or, with B-frames,
// a few frames later.
// Every method reports through Status; no exception leaves. Objects of these classes may be used by one thread at a time; a
// VideoModel may be shared by any number of encoders and decoders on any threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image_codec.h"
#include "codec/video.h"

namespace laconic {

// The image model codes the key frames and transforms all frames; the video weights add what predicts in time.
class VideoModel {
 public:
  // kModelMismatch for wrong or damaged files, and for image weights that the video weights were not trained with.
  static Result<std::shared_ptr<const VideoModel>> load(const std::string& video_path, const std::string& image_path,
                                                        const ImageModelOptions& options);

  std::string id() const;           // of the video weights: first 8 bytes of their SHA-256, as 16 hex digits
  std::string image_id() const;     // of the image weights
  std::string record_json() const;  // training record and architecture of the video weights

  struct Impl;
  const Impl& impl() const { return *impl_; }
  explicit VideoModel(std::unique_ptr<Impl> impl);
  ~VideoModel();

 private:
  std::unique_ptr<Impl> impl_;
};

// Frames after those being coded that an encoder looks at where it may code B-frames.
constexpr int kLookaheadFrames = 3;

struct VideoEncoderOptions {
  // 0..100, higher is better: that of plain predicted frames; key frames, and frames that others are predicted from, get more, B-frames less.
  float quality = 50;
  int key_interval = 60;       // frames from one key frame to the next at most; 1: key frames only
  bool finds_scene_cuts = true;  // a key frame where the picture changes altogether
  // How many frames at most are coded between two others (B-frames), where that pays: fewer bytes, and as many frames of delay and
  // kLookaheadFrames more, for frames that others build on are freed of noise. 0: each frame gives its packet at once.
  int max_b_frames = 0;
  // 0: constant quality. Else bits a second aimed at by moving the quality from frame to frame; needs frames_per_second.
  double bits_per_second = 0;
  double frames_per_second = 0;
  int num_threads = 0;  // 0 = one per core
  Limits limits;
};

class VideoEncoder {
 public:
  static Result<std::unique_ptr<VideoEncoder>> create(std::shared_ptr<const VideoModel> model, const VideoFormat& format,
                                                      const VideoEncoderOptions& options);
  virtual ~VideoEncoder() = default;

  // The stream header (FORMAT.md): goes into the container as the stream's extradata.
  virtual Bytes extradata() const = 0;
  // frame.format must be the one given to create(). Packets that are due have to be received before.
  virtual Status send_frame(const VideoFrame& frame) = 0;
  // No frames follow: the packets of those sent can be received.
  virtual void finish() = 0;
  // Codes what is due. Empty: send a frame first; after finish(), the film is complete.
  virtual Result<std::optional<VideoPacket>> receive_packet() = 0;
  // Makes the next frame sent a key frame.
  virtual void request_key_frame() = 0;
  virtual std::vector<StageTime> stage_times() const = 0;
};

struct VideoDecoderOptions {
  int num_threads = 0;  // 0 = one per core
  Limits limits;
  // After a damaged packet, the frame before is shown again, with a sentence in damage(), until the next key frame; else
  // damage is an error.
  bool conceal = false;
};

// What a stream header says; needs no model.
struct VideoStreamInfo {
  VideoFormat format;
  std::string model_id, image_model_id;
  int format_version = 0;
};

// What a packet's header says.
struct VideoPacketInfo {
  bool is_key_frame = false;
  double quality = 0;  // 0..100, of the first frame it brings; 0 if it brings none
};

Result<VideoStreamInfo> read_video_info(ByteSpan extradata, const Limits& limits);
Result<VideoPacketInfo> read_packet_info(ByteSpan packet);

class VideoDecoder {
 public:
  // extradata: the stream header.
  static Result<std::unique_ptr<VideoDecoder>> create(std::shared_ptr<const VideoModel> model, ByteSpan extradata,
                                                      const VideoDecoderOptions& options);
  virtual ~VideoDecoder() = default;

  virtual const VideoFormat& format() const = 0;
  // The first packet after create() and reset() must be a key frame; others give kCorrupt, or with `conceal` are dropped.
  virtual Status send_packet(const VideoPacket& packet) = 0;
  // Empty: send a packet first.
  virtual Result<std::optional<VideoFrame>> receive_frame() = 0;
  // Forgets all frames, after a seek.
  virtual void reset() = 0;
  // One hash over all symbols of the last packet: equal on every machine.
  virtual uint64_t symbol_hash() const = 0;
  // With conceal: a sentence for each packet found damaged since the last call.
  virtual std::vector<std::string> take_damage() = 0;
  virtual std::vector<StageTime> stage_times() const = 0;
};

}  // namespace laconic
