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
#include "codec/image/tiles.h"
#include "codec/video/frame_planes.h"
#include "codec/video/model_impl.h"
#include "codec/video/predicted_frame.h"
#include "codec/video/rate_control.h"
#include "entropy/section.h"
#include "models/video/motion_search.h"
#include "models/video/residual_choice.h"

namespace laconic {
namespace {

// Quality steps that key frames get more than predicted frames: all frames up to the next key frame build on them. Some
// predicted frames get more than others, for the same reason (DCVC's pattern); by frame_number mod 4. Measured on six training
// clips (models/TRAINING.md).
constexpr int kKeyGain = 360;
constexpr std::array<int, 4> kFrameGains = {100, 0, 50, 0};
// A scene cut: compensated, a frame differs from the one before by most of what it holds at all.
constexpr double kCutShare = 0.75;
constexpr double kMinCutError = 4;  // of 255

int limited(int step) { return std::min<int>(step, kMaxQualityStep); }

Status validate(const VideoFormat& format, const VideoEncoderOptions& options) {
  const std::string size = std::to_string(format.width_px) + "x" + std::to_string(format.height_px);
  if (format.width_px < 1 || format.height_px < 1) return invalid_argument("frames of " + size + " pixels cannot be coded");
  if (format.bit_depth != 8 && format.bit_depth != 10)
    return invalid_argument(std::to_string(format.bit_depth) + " bits a sample cannot be coded; 8 and 10 can");
  if (static_cast<uint64_t>(format.width_px) * static_cast<uint64_t>(format.height_px) > options.limits.max_pixels ||
      static_cast<uint32_t>(std::max(format.width_px, format.height_px)) > options.limits.max_dimension_px)
    return limit_exceeded("frames of " + size + " are larger than the limits allow");
  if (!(options.quality >= 0 && options.quality <= 100)) return invalid_argument("quality " + std::to_string(options.quality) + " is not within 0..100");
  if (options.key_interval < 1) return invalid_argument("a key frame every " + std::to_string(options.key_interval) + " frames is not possible");
  if (options.bits_per_second < 0 || (options.bits_per_second > 0 && !(options.frames_per_second > 0)))
    return invalid_argument("a bit rate must be positive, and needs the frame rate");
  return ok_status();
}

class Encoder : public VideoEncoder {
 public:
  Encoder(std::shared_ptr<const VideoModel> model, const VideoFormat& format, const VideoEncoderOptions& options, const SuperblockGrid& grid, Bytes extradata)
      : model_(std::move(model)), format_(format), options_(options), num_threads_(resolve_num_threads(options.num_threads)), grid_(grid),
        extradata_(std::move(extradata)) {
    if (options.bits_per_second > 0)
      rate_control_.emplace(options.bits_per_second, options.frames_per_second, options.key_interval, static_cast<double>(format.width_px) * format.height_px);
  }

  Bytes extradata() const override { return extradata_; }

  Status send_frame(const VideoFrame& frame) override {
    if (packet_) return invalid_argument("receive the packet of the frame before first");
    if (frame.format.width_px != format_.width_px || frame.format.height_px != format_.height_px || frame.format.chroma != format_.chroma ||
        frame.format.bit_depth != format_.bit_depth || frame.samples.size() != format_.frame_bytes())
      return invalid_argument("a frame is not of the format the encoder was made for");
    return guard([&] { return encode(frame); });
  }

  Result<std::optional<VideoPacket>> receive_packet() override {
    std::optional<VideoPacket> packet = std::move(packet_);
    packet_.reset();
    return packet;
  }

  void request_key_frame() override { wants_key_frame_ = true; }
  std::vector<StageTime> stage_times() const override { return clock_.times(); }

 private:
  // frame --> planes --motion--> reference --residual, filter map--> section --> packet, memory; of key frames see code_key_frame()
  Status encode(const VideoFrame& frame) {
    torch::NoGradGuard no_grad;
    use_threads(num_threads_);
    const models::FramePlanes planes = clock_.run("planes", [&] { return read_frame(frame); });
    models::LumaPlane luma = models::luma_of(planes.luma);
    VideoPacketSections packet;
    const int base_step = rate_control_ ? rate_control_->next_step(kKeyGain) : static_cast<int>(quality_step_of(options_.quality));
    const int step = limited(base_step + kFrameGains[(frame_number_ + 1) % kFrameGains.size()]);
    models::MotionField motion;
    const bool is_key_frame = !memory_.defined() || wants_key_frame_ || frame_number_ + 1 >= static_cast<uint32_t>(options_.key_interval) ||
                              !find_motion(luma, step, motion);
    packet.header.frame_number = is_key_frame ? 0 : frame_number_ + 1;
    packet.header.quality_step = static_cast<uint32_t>(is_key_frame ? limited(base_step + kKeyGain) : step);
    if (is_key_frame) coders_.reset();
    else if (!coders_) coders_.emplace(planes);
    LACONIC_RETURN_IF_ERROR(is_key_frame ? code_key_frame(planes, packet) : code_predicted_frame(planes, motion, packet));
    LACONIC_ASSIGN_OR_RETURN(Bytes bytes, write_video_packet(packet));
    if (rate_control_) rate_control_->spent(8.0 * static_cast<double>(bytes.size()), static_cast<int>(packet.header.quality_step), is_key_frame);
    packet_ = VideoPacket{std::move(bytes), frame.pts_ticks, frame.duration_ticks, is_key_frame};
    frame_number_ = packet.header.frame_number;
    motion_ = std::move(motion);
    luma_before_ = std::move(luma);
    wants_key_frame_ = false;
    return ok_status();
  }

  // False at a scene cut. What films show counts for that, not what coding made of it.
  bool find_motion(const models::LumaPlane& luma, int step, models::MotionField& motion) {
    motion = clock_.run("motion", [&] { return models::search_motion(luma, models::luma_of(memory_.luma), models::residual_step(step), motion_); });
    if (!options_.finds_scene_cuts) return true;
    const double difference = models::difference_along(motion, luma, luma_before_);
    return difference < kMinCutError || difference < kCutShare * models::activity_of(luma);
  }

  Status code_predicted_frame(const models::FramePlanes& planes, const models::MotionField& motion, VideoPacketSections& packet) {
    const int quality_step = static_cast<int>(packet.header.quality_step);
    const double step = models::residual_step(quality_step);
    const models::FramePlanes reference = clock_.run("prediction", [&] { return models::FramePlanes{models::compensate(memory_.luma, motion), models::compensate(memory_.chroma, motion)}; });
    const models::Residual residual = clock_.run("residual", [&] { return chooser_.choose(planes, reference, motion, step); });
    const models::FramePlanes coded = clock_.run("synthesis", [&] { return models::add_residual(reference, residual, step); });
    const models::FramePlanes filtered = clock_.run("loop filter", [&] { return filter_frame(impl().weights->filter, impl().device(), coded, reference, step, num_threads_); });
    const FilterMap map = choose_filter(planes, coded, filtered);
    memory_ = merge_filtered(coded, filtered, map);
    RangeEncoder encoder;
    LACONIC_RETURN_IF_ERROR(clock_.run("range coder", [&]() -> Status {
      LACONIC_RETURN_IF_ERROR(coders_->motion.encode(motion, encoder));
      LACONIC_RETURN_IF_ERROR(coders_->residual.encode(residual, motion, quality_step, encoder));
      return coders_->encode(map, encoder);
    }));
    packet.sections.push_back(seal_section(encoder.finish()));
    return ok_status();
  }

  // Filtered where that comes nearer to the frame.
  static FilterMap choose_filter(const models::FramePlanes& planes, const models::FramePlanes& coded, const models::FramePlanes& filtered) {
    FilterMap map(static_cast<int>(planes.luma.size(2)), static_cast<int>(planes.luma.size(3)));
    const int64_t chroma_px = kFilterBlockPx * planes.chroma.size(2) / planes.luma.size(2);
    const auto gain = [](const torch::Tensor& now, const torch::Tensor& before, const torch::Tensor& after, int64_t side) {
      const torch::Tensor difference = ((now - before).square() - (now - after).square()).sum(1, /*keepdim=*/true);
      const int64_t down = (side - difference.size(2) % side) % side, right = (side - difference.size(3) % side) % side;
      return torch::avg_pool2d(torch::constant_pad_nd(difference, {0, right, 0, down}), side) * static_cast<double>(side * side);
    };
    const torch::Tensor gains = (gain(planes.luma, coded.luma, filtered.luma, kFilterBlockPx) + gain(planes.chroma, coded.chroma, filtered.chroma, chroma_px)).contiguous();
    for (size_t i = 0; i < map.is_filtered.size(); ++i) map.is_filtered[i] = gains.data_ptr<float>()[i] > 0;
    return map;
  }

  // planes --> red, green, blue --g_a--> y --superblocks--> sections; y_hat --g_s--> memory
  Status code_key_frame(const models::FramePlanes& planes, VideoPacketSections& packet) {
    const int step = static_cast<int>(packet.header.quality_step);
    const torch::Tensor steps = torch::full({1}, step, torch::TensorOptions().dtype(torch::kFloat).device(impl().device()));
    const torch::Tensor y = clock_.run("analysis", [&] {
      return impl().image_network()->analyse(to_rgb(planes, format_.colour).to(impl().device()), steps, torch::kFloat);
    });
    const torch::Tensor curvature = models::latent_curvature(impl().image_network(), steps);
    std::vector<int64_t> indexes(static_cast<size_t>(grid_.num_superblocks()));
    for (size_t i = 0; i < indexes.size(); ++i) indexes[i] = static_cast<int64_t>(i);
    const std::vector<SuperblockBatch> batches = batches_of(indexes, grid_);
    std::vector<Bytes> sections(indexes.size());
    const LatentRect whole{0, 0, grid_.latent_rows(), grid_.latent_columns()};
    torch::Tensor y_hat = torch::empty_like(y);
    std::mutex mutex;  // guards clock_ and y_hat
    LACONIC_RETURN_IF_ERROR(run_parallel(num_threads_, batches.size(), [&](size_t i) -> Status {
      torch::NoGradGuard no_grad;
      std::vector<torch::Tensor> parts;
      for (const int64_t index : batches[i].indexes) parts.push_back(part_of(y, whole, grid_.latents_of(index)));
      const torch::Tensor batch = torch::cat(parts).contiguous(torch::MemoryFormat::ChannelsLast);
      LACONIC_ASSIGN_OR_RETURN(CodedSuperblocks coded, encode_superblocks(impl().key_coding(), batch, hyper_latents(impl().key_coding(), batch), step, curvature));
      const std::lock_guard lock(mutex);
      clock_.add("entropy networks", coded.entropy_network_seconds);
      clock_.add("range coder", coded.range_coder_seconds);
      for (size_t k = 0; k < coded.payloads.size(); ++k) {
        sections[static_cast<size_t>(batches[i].indexes[k])] = seal_section(std::move(coded.payloads[k]));
        part_of(y_hat, whole, grid_.latents_of(batches[i].indexes[k])).copy_(coded.y_hat.narrow(0, static_cast<int64_t>(k), 1));
      }
      return ok_status();
    }));
    packet.sections = std::move(sections);
    use_threads(num_threads_);
    memory_ = clock_.run("synthesis", [&] { return from_rgb(impl().image_network()->synthesise(y_hat, steps, torch::kFloat).to(torch::kCPU), format_); });
    return ok_status();
  }

  const VideoModel::Impl& impl() const { return model_->impl(); }

  const std::shared_ptr<const VideoModel> model_;
  const VideoFormat format_;
  const VideoEncoderOptions options_;
  const int num_threads_;
  const SuperblockGrid grid_;
  const Bytes extradata_;
  std::optional<RateControl> rate_control_;
  std::optional<PredictionCoders> coders_;  // in predicted frames
  models::ResidualChooser chooser_;
  std::optional<VideoPacket> packet_;
  models::FramePlanes memory_;  // the frame before as decoders have it
  models::MotionField motion_;  // of the frame before
  models::LumaPlane luma_before_;  // of the frame before as it was given
  uint32_t frame_number_ = 0;
  bool wants_key_frame_ = false;
  StageClock clock_;
};

}  // namespace

Result<std::unique_ptr<VideoEncoder>> VideoEncoder::create(std::shared_ptr<const VideoModel> model, const VideoFormat& format,
                                                           const VideoEncoderOptions& options) {
  if (!model) return invalid_argument("an encoder needs a model");
  if (options.num_threads < 0) return invalid_argument("the number of threads cannot be negative");
  LACONIC_RETURN_IF_ERROR(validate(format, options));
  LACONIC_ASSIGN_OR_RETURN(const SuperblockGrid grid, SuperblockGrid::create(format.width_px, format.height_px));
  const VideoHeader header = VideoHeader::of(format, model->impl().image->impl().weights->model_id, model->impl().weights->model_id);
  LACONIC_ASSIGN_OR_RETURN(Bytes extradata, write_video_header(header));
  return std::unique_ptr<VideoEncoder>(std::make_unique<Encoder>(std::move(model), format, options, grid, std::move(extradata)));
}

}  // namespace laconic
