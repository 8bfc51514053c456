#include <mutex>
#include <optional>

#include "codec/format/video_header.h"
#include "codec/format/video_packet.h"
#include "codec/image/guard.h"
#include "codec/image/parallel.h"
#include "codec/image/symbol_hash.h"
#include "codec/video/frame_coder.h"
#include "codec/video/frame_planes.h"
#include "entropy/section.h"

namespace laconic {
namespace {

class Decoder : public VideoDecoder {
 public:
  Decoder(std::shared_ptr<const VideoModel> model, const VideoFormat& format, const VideoDecoderOptions& options, const SuperblockGrid& grid)
      : model_(std::move(model)), format_(format), options_(options), num_threads_(resolve_num_threads(options.num_threads)), grid_(grid) {}

  const VideoFormat& format() const override { return format_; }

  Status send_packet(const VideoPacket& packet) override {
    if (frame_) return invalid_argument("receive the frame of the packet before first");
    const Status status = guard([&] { return decode(packet); });
    if (status.ok()) return status;
    is_broken_ = true;
    if (status.code() != StatusCode::kCorrupt || !options_.conceal) return status;
    damage_.push_back(status.message());
    // The last good frame stands still until the next key frame; before the first there is nothing to show.
    if (shown_.empty()) return ok_status();
    frame_ = VideoFrame{format_, shown_, packet.pts_ticks, packet.duration_ticks};
    return ok_status();
  }

  Result<std::optional<VideoFrame>> receive_frame() override {
    std::optional<VideoFrame> frame = std::move(frame_);
    frame_.reset();
    return frame;
  }

  void reset() override {
    frame_.reset();
    memory_ = {};
    shown_.clear();
    is_broken_ = true;
  }

  uint64_t symbol_hash() const override { return hash_; }
  std::vector<std::string> take_damage() override { return std::exchange(damage_, {}); }
  std::vector<StageTime> stage_times() const override { return clock_.times(); }

 private:
  // packet --> sections --motion--> y_ref, features of time --superblocks--> d_hat --> y_hat --g_s--> x_hat --> frame
  Status decode(const VideoPacket& packet) {
    at::set_num_threads(num_threads_);
    LACONIC_ASSIGN_OR_RETURN(const VideoPacketView view, parse_video_packet(packet.bytes, static_cast<uint64_t>(grid_.num_superblocks()), options_.limits));
    const int step = static_cast<int>(view.header.quality_step);
    Prediction prediction;
    if (view.header.is_key_frame()) {
      coders_.reset();
    } else {
      if (is_broken_) return corrupt("a key frame has to come first");
      if (view.header.frame_number != frame_number_ + 1) {
        return corrupt("a packet is missing: after frame " + std::to_string(frame_number_) + " since the key frame comes frame " +
                       std::to_string(view.header.frame_number));
      }
      if (!coders_) coders_.emplace(impl(), grid_);
      LACONIC_ASSIGN_OR_RETURN(const models::MotionField motion, read_motion(view.sections[0]));
      prediction = clock_.run("prediction", [&] { return predict_frame(impl(), memory_, motion, step); });
    }
    LACONIC_RETURN_IF_ERROR(decode_latents(view, prediction, step));
    frame_number_ = view.header.frame_number;
    is_broken_ = false;
    shown_ = clock_.run("planes", [&] { return write_frame(memory_.x_hat, format_); });
    frame_ = VideoFrame{format_, shown_, packet.pts_ticks, packet.duration_ticks};
    return ok_status();
  }

  Result<models::MotionField> read_motion(ByteSpan section) {
    const Result<ByteSpan> payload = open_section(section);
    if (!payload.ok()) return corrupt("the motion is damaged: " + payload.status().message());
    Result<models::MotionField> motion = coders_->motion.decode(*payload);
    return motion.ok() ? std::move(motion) : Result<models::MotionField>(corrupt("the motion is damaged: " + motion.status().message()));
  }

  Status decode_latents(const VideoPacketView& view, const Prediction& prediction, int step) {
    const bool is_key_frame = view.header.is_key_frame();
    const size_t first = is_key_frame ? 0 : 1;  // section of superblock 0
    const CodingModel coding = is_key_frame ? impl().key_coding() : impl().coding();
    std::vector<int64_t> indexes(static_cast<size_t>(grid_.num_superblocks()));
    for (size_t i = 0; i < indexes.size(); ++i) indexes[i] = static_cast<int64_t>(i);
    const std::vector<SuperblockBatch> batches = batches_of(indexes, grid_);
    FrameAssembly assembly(impl(), grid_);
    std::vector<std::vector<int16_t>> symbols(indexes.size());
    std::mutex mutex;  // guards clock_, assembly and symbols
    LACONIC_RETURN_IF_ERROR(run_parallel(num_threads_, batches.size(), [&](size_t i) -> Status {
      torch::NoGradGuard no_grad;
      std::vector<ByteSpan> payloads;
      for (const int64_t index : batches[i].indexes) {
        const Result<ByteSpan> payload = open_section(view.sections[first + static_cast<size_t>(index)]);
        if (!payload.ok()) return damaged(index, payload.status());
        payloads.push_back(*payload);
      }
      std::vector<Status> damage;
      LACONIC_ASSIGN_OR_RETURN(DecodedSuperblocks decoded,
                               decode_superblocks(coding, payloads, batches[i].height, batches[i].width, step, DecodeWhat::kFrame,
                                                  models::kNumPasses, damage, context_of(prediction, grid_, batches[i], coders_ ? &*coders_ : nullptr)));
      const std::lock_guard lock(mutex);
      clock_.add("entropy networks", decoded.entropy_network_seconds);
      clock_.add("range coder", decoded.range_coder_seconds);
      for (size_t k = 0; k < damage.size(); ++k) {
        const int64_t index = batches[i].indexes[k];
        if (!damage[k].ok()) return damaged(index, damage[k]);
        assembly.put(index, decoded.y_hat, decoded.outcome, static_cast<int64_t>(k));
        symbols[static_cast<size_t>(index)] = std::move(decoded.symbols[k]);
      }
      return ok_status();
    }));
    SymbolHash hash;
    for (const std::vector<int16_t>& values : symbols) hash.add(values);
    hash_ = hash.value();
    at::set_num_threads(num_threads_);
    memory_ = clock_.run("synthesis", [&] { return assembly.finish(impl(), prediction, step, is_key_frame); });
    return ok_status();
  }

  static Status damaged(int64_t superblock, const Status& status) {
    return corrupt("superblock " + std::to_string(superblock) + " is damaged: " + status.message());
  }

  const VideoModel::Impl& impl() const { return model_->impl(); }

  const std::shared_ptr<const VideoModel> model_;
  const VideoFormat format_;
  const VideoDecoderOptions options_;
  const int num_threads_;
  const SuperblockGrid grid_;
  std::optional<VideoFrame> frame_;
  Bytes shown_;  // samples of the last good frame
  models::FrameMemory memory_;
  std::optional<SideCoders> coders_;  // in predicted frames
  uint32_t frame_number_ = 0;
  bool is_broken_ = true;  // nothing to predict from
  uint64_t hash_ = 0;
  std::vector<std::string> damage_;
  StageClock clock_;
};

}  // namespace

Result<VideoStreamInfo> read_video_info(ByteSpan extradata, const Limits& limits) {
  LACONIC_ASSIGN_OR_RETURN(const VideoHeader header, parse_video_header(extradata, limits));
  return VideoStreamInfo{header.format(), model_id_to_hex(header.video_model_id), model_id_to_hex(header.image_model_id), header.format_version};
}

Result<VideoPacketInfo> read_packet_info(ByteSpan packet) {
  LACONIC_ASSIGN_OR_RETURN(const VideoPacketHeader header, read_video_packet_header(packet));
  return VideoPacketInfo{header.is_key_frame(), quality_of_step(header.quality_step)};
}

Result<std::unique_ptr<VideoDecoder>> VideoDecoder::create(std::shared_ptr<const VideoModel> model, ByteSpan extradata,
                                                           const VideoDecoderOptions& options) {
  if (!model) return invalid_argument("a decoder needs a model");
  if (options.num_threads < 0) return invalid_argument("the number of threads cannot be negative");
  LACONIC_ASSIGN_OR_RETURN(const VideoHeader header, parse_video_header(extradata, options.limits));
  const VideoModel::Impl& impl = model->impl();
  if (header.video_model_id != impl.weights->model_id || header.image_model_id != impl.image->impl().weights->model_id) {
    return model_mismatch("the film was encoded with model " + model_id_to_hex(header.video_model_id) + " (pictures: " +
                          model_id_to_hex(header.image_model_id) + "), but the weights given are " + model->id() + " (" + model->image_id() + ")");
  }
  LACONIC_ASSIGN_OR_RETURN(const SuperblockGrid grid, SuperblockGrid::create(header.width_px, header.height_px));
  return std::unique_ptr<VideoDecoder>(std::make_unique<Decoder>(std::move(model), header.format(), options, grid));
}

}  // namespace laconic
