#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

#include "codec/format/video_header.h"
#include "codec/format/video_packet.h"
#include "codec/image/guard.h"
#include "codec/image/parallel.h"
#include "codec/image/stages.h"
#include "codec/image/superblock_coder.h"
#include "codec/image/symbol_hash.h"
#include "codec/image/tiles.h"
#include "codec/video/frame_planes.h"
#include "codec/video/model_impl.h"
#include "codec/video/predicted_frame.h"
#include "codec/video/reference_frames.h"
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
    references_.clear();
    shown_.clear();
    is_broken_ = true;
  }

  uint64_t symbol_hash() const override { return hash_; }
  std::vector<std::string> take_damage() override { return std::exchange(damage_, {}); }
  std::vector<StageTime> stage_times() const override { return clock_.times(); }

 private:
  // packet --> its frames, each: motion, residual, filter map --> reference frame; of key frames see decode_key_frame()
  Status decode(const VideoPacket& packet) {
    torch::NoGradGuard no_grad;
    use_threads(num_threads_);
    LACONIC_ASSIGN_OR_RETURN(const VideoPacketView view, parse_video_packet(packet.bytes, static_cast<uint64_t>(grid_.num_superblocks()), options_.limits));
    const uint32_t number = view.header.frame_number;
    SymbolHash hash;
    if (view.header.is_key_frame()) {
      references_.clear();
      coders_ = {};
      LACONIC_RETURN_IF_ERROR(decode_key_frame(view, hash));
    } else {
      if (is_broken_) return corrupt("a key frame has to come first");
      if (number != frame_number_ + 1) {
        return corrupt("a packet is missing: after frame " + std::to_string(frame_number_) + " since the key frame comes frame " + std::to_string(number));
      }
      for (size_t i = 0; i < view.header.frames.size(); ++i) {
        LACONIC_RETURN_IF_ERROR(decode_predicted_frame(number + view.header.frames[i].ahead, static_cast<int>(view.header.frames[i].quality_step), view.sections[i], hash));
      }
      if (!references_.has(number)) return corrupt("frame " + std::to_string(number) + " since the key frame was not brought by its packet, nor by one before");
    }
    hash_ = hash.value();
    references_.forget_before(number);
    frame_number_ = number;
    is_broken_ = false;
    shown_ = clock_.run("planes", [&] { return write_frame(references_.at(number).planes, format_); });
    frame_ = VideoFrame{format_, shown_, packet.pts_ticks, packet.duration_ticks};
    return ok_status();
  }

  Status decode_predicted_frame(uint32_t number, int quality_step, ByteSpan section, SymbolHash& hash) {
    if (references_.has(number)) return corrupt("frame " + std::to_string(number) + " since the key frame comes twice");
    const ReferenceFrames::Neighbours neighbours = references_.neighbours_of(number);
    const models::FramePlanes& past = references_.at(neighbours.past).planes;
    const models::FramePlanes* future = neighbours.has_future ? &references_.at(neighbours.future).planes : nullptr;
    std::optional<models::BiMotion> direct;
    if (future != nullptr) direct = references_.direct_motion_of(number, neighbours);
    std::optional<PredictionCoders>& coders = coders_[future != nullptr];
    if (!coders) coders.emplace(past);

    const Result<ByteSpan> payload = open_section(section);
    if (!payload.ok()) return damaged("the frame", payload.status());
    PredictedFrame frame;
    const Status status = clock_.run("range coder", [&]() -> Status {
      RangeDecoder decoder(*payload);
      LACONIC_ASSIGN_OR_RETURN(frame, coders->decode(direct ? &*direct : nullptr, quality_step, decoder));
      return decoder.finish();
    });
    if (!status.ok()) return damaged("the frame", status);
    std::vector<int16_t> symbols;
    add_symbols(frame, symbols);
    hash.add(symbols);
    const double step = models::residual_step(quality_step);
    const models::FramePlanes reference = clock_.run("prediction", [&] { return predict(frame, past, future); });
    models::FramePlanes planes = clock_.run("synthesis", [&] { return models::add_residual(reference, frame.residual, step); });
    const std::vector<uint8_t>& is_filtered = frame.filter.is_filtered;
    if (std::any_of(is_filtered.begin(), is_filtered.end(), [](uint8_t f) { return f != 0; })) {
      planes = clock_.run("loop filter", [&] { return merge_filtered(planes, filter_frame(impl().weights->filter, impl().device(), planes, reference, step, num_threads_), frame.filter); });
    }
    references_.add(number, {std::move(planes), std::move(frame.motion.past), std::move(frame.motion.future), neighbours.past, neighbours.future});
    return ok_status();
  }

  Status decode_key_frame(const VideoPacketView& view, SymbolHash& hash) {
    const int step = static_cast<int>(view.header.frames[0].quality_step);
    std::vector<int64_t> indexes(static_cast<size_t>(grid_.num_superblocks()));
    for (size_t i = 0; i < indexes.size(); ++i) indexes[i] = static_cast<int64_t>(i);
    const std::vector<SuperblockBatch> batches = batches_of(indexes, grid_);
    const LatentRect whole{0, 0, grid_.latent_rows(), grid_.latent_columns()};
    torch::Tensor y_hat = torch::empty({1, impl().image->impl().config().latents, whole.height, whole.width},
                                       torch::TensorOptions().device(impl().device()).memory_format(torch::MemoryFormat::ChannelsLast));
    std::vector<std::vector<int16_t>> symbols(indexes.size());
    std::mutex mutex;  // guards clock_, y_hat and symbols
    LACONIC_RETURN_IF_ERROR(run_parallel(num_threads_, batches.size(), [&](size_t i) -> Status {
      torch::NoGradGuard no_grad;
      std::vector<ByteSpan> payloads;
      for (const int64_t index : batches[i].indexes) {
        const Result<ByteSpan> payload = open_section(view.sections[static_cast<size_t>(index)]);
        if (!payload.ok()) return damaged("superblock " + std::to_string(index), payload.status());
        payloads.push_back(*payload);
      }
      std::vector<Status> damage;
      LACONIC_ASSIGN_OR_RETURN(DecodedSuperblocks decoded, decode_superblocks(impl().key_coding(), payloads, batches[i].height, batches[i].width, step,
                                                                              DecodeWhat::kBoth, models::kNumPasses, damage));
      const std::lock_guard lock(mutex);
      clock_.add("entropy networks", decoded.entropy_network_seconds);
      clock_.add("range coder", decoded.range_coder_seconds);
      for (size_t k = 0; k < damage.size(); ++k) {
        const int64_t index = batches[i].indexes[k];
        if (!damage[k].ok()) return damaged("superblock " + std::to_string(index), damage[k]);
        part_of(y_hat, whole, grid_.latents_of(index)).copy_(decoded.y_hat.narrow(0, static_cast<int64_t>(k), 1));
        symbols[static_cast<size_t>(index)] = std::move(decoded.symbols[k]);
      }
      return ok_status();
    }));
    for (const std::vector<int16_t>& values : symbols) hash.add(values);
    use_threads(num_threads_);
    const torch::Tensor steps = torch::full({1}, step, torch::TensorOptions().dtype(torch::kFloat).device(impl().device()));
    references_.add(0, {clock_.run("synthesis", [&] { return from_rgb(impl().image_network()->synthesise(y_hat, steps, torch::kFloat).to(torch::kCPU), format_); }), {}, {}, 0, 0});
    return ok_status();
  }

  static Status damaged(const std::string& what, const Status& status) { return corrupt(what + " is damaged: " + status.message()); }

  const VideoModel::Impl& impl() const { return model_->impl(); }

  const std::shared_ptr<const VideoModel> model_;
  const VideoFormat format_;
  const VideoDecoderOptions options_;
  const int num_threads_;
  const SuperblockGrid grid_;
  std::optional<VideoFrame> frame_;
  Bytes shown_;  // samples of the last good frame
  ReferenceFrames references_;
  std::array<std::optional<PredictionCoders>, 2> coders_;  // of frames predicted from the past; between two
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
  return VideoPacketInfo{header.is_key_frame(), header.frames.empty() ? 0 : quality_of_step(header.frames[0].quality_step)};
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
