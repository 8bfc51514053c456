#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

#include "codec/format/video_header.h"
#include "codec/format/video_packet.h"
#include "codec/image/guard.h"
#include "codec/image/parallel.h"
#include "codec/video/frame_coder.h"
#include "codec/video/frame_planes.h"
#include "codec/video/rate_control.h"
#include "entropy/section.h"
#include "models/video/motion_search.h"

namespace laconic {
namespace {

// Quality steps that key frames get more than predicted frames: all frames up to the next key frame build on them. Some
// predicted frames get more than others, for the same reason (DCVC's pattern); by frame_number mod 4. Measured on a panning
// clip, where 8 points are worth 0 %, 20 points 3 %, and the pattern 2.6 %.
constexpr int kKeyGain = 360;
constexpr std::array<int, 4> kFrameGains = {200, 0, 100, 0};
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
  // frame --> x --motion--> y_ref, features of time --> y - y_ref --superblocks--> sections --> packet; y_hat --g_s--> memory
  Status encode(const VideoFrame& frame) {
    at::set_num_threads(num_threads_);
    const torch::Tensor x = clock_.run("planes", [&] { return read_frame(frame).to(impl().device()); });
    VideoPacketSections packet;
    const int base_step = rate_control_ ? rate_control_->next_step(kKeyGain) : static_cast<int>(quality_step_of(options_.quality));
    const int step = limited(base_step + kFrameGains[(frame_number_ + 1) % kFrameGains.size()]);
    models::MotionField motion;
    const bool is_key_frame = !memory_.defined() || wants_key_frame_ || frame_number_ + 1 >= static_cast<uint32_t>(options_.key_interval) ||
                              !find_motion(x, step, motion);
    packet.header.frame_number = is_key_frame ? 0 : frame_number_ + 1;
    packet.header.quality_step = static_cast<uint32_t>(is_key_frame ? limited(base_step + kKeyGain) : step);
    Prediction prediction;
    if (is_key_frame) {
      coders_.reset();
    } else {
      if (!coders_) coders_.emplace(impl(), grid_);
      LACONIC_ASSIGN_OR_RETURN(Bytes motion_payload, coders_->motion.encode(motion));
      packet.sections.push_back(seal_section(std::move(motion_payload)));
      prediction = clock_.run("prediction", [&] { return predict_frame(impl(), memory_, motion, step); });
    }
    LACONIC_RETURN_IF_ERROR(code_latents(x, prediction, packet));
    LACONIC_ASSIGN_OR_RETURN(Bytes bytes, write_video_packet(packet));
    if (rate_control_) rate_control_->spent(8.0 * static_cast<double>(bytes.size()), static_cast<int>(packet.header.quality_step), is_key_frame);
    packet_ = VideoPacket{std::move(bytes), frame.pts_ticks, frame.duration_ticks, is_key_frame};
    frame_number_ = packet.header.frame_number;
    motion_ = std::move(motion);
    wants_key_frame_ = false;
    return ok_status();
  }

  // False at a scene cut.
  bool find_motion(const torch::Tensor& x, int step, models::MotionField& motion) {
    models::MotionSearchResult found = clock_.run("motion", [&] {
      return models::search_motion(models::luma_of(x), models::luma_of(memory_.x_hat), models::motion_bit_price(impl().config(), step), motion_);
    });
    motion = std::move(found.motion);
    return !options_.finds_scene_cuts || found.mean_error < kMinCutError || found.mean_error < kCutShare * found.mean_activity;
  }

  Status code_latents(const torch::Tensor& x, const Prediction& prediction, VideoPacketSections& packet) {
    const bool is_key_frame = packet.header.is_key_frame();
    const int step = static_cast<int>(packet.header.quality_step);
    const torch::Tensor steps = torch::full({1}, step, torch::TensorOptions().dtype(torch::kFloat).device(impl().device()));
    torch::Tensor y = clock_.run("analysis", [&] {
      torch::NoGradGuard no_grad;
      return impl().image_network()->analyse(x, steps, torch::kFloat);
    });
    if (!is_key_frame) y = y - prediction.reference.y_ref;
    const torch::Tensor curvature = models::latent_curvature(impl().image_network(), steps) * (is_key_frame ? 1.0 : models::kErrorPropagation);
    const CodingModel coding = is_key_frame ? impl().key_coding() : impl().coding();
    std::vector<int64_t> indexes(static_cast<size_t>(grid_.num_superblocks()));
    for (size_t i = 0; i < indexes.size(); ++i) indexes[i] = static_cast<int64_t>(i);
    const std::vector<SuperblockBatch> batches = batches_of(indexes, grid_);
    std::vector<Bytes> sections(indexes.size());
    FrameAssembly assembly(impl(), grid_);
    std::mutex mutex;  // guards clock_ and assembly
    LACONIC_RETURN_IF_ERROR(run_parallel(num_threads_, batches.size(), [&](size_t i) -> Status {
      torch::NoGradGuard no_grad;
      FrameContext context = context_of(prediction, grid_, batches[i], coders_ ? &*coders_ : nullptr);
      context.curvature = curvature;
      const torch::Tensor batch = cut_batch(y, grid_, batches[i]);
      LACONIC_ASSIGN_OR_RETURN(CodedSuperblocks coded, encode_superblocks(coding, batch, hyper_latents(coding, batch, context), step, context));
      const std::lock_guard lock(mutex);
      clock_.add("entropy networks", coded.entropy_network_seconds);
      clock_.add("range coder", coded.range_coder_seconds);
      for (size_t k = 0; k < coded.payloads.size(); ++k) {
        sections[static_cast<size_t>(batches[i].indexes[k])] = seal_section(std::move(coded.payloads[k]));
        assembly.put(batches[i].indexes[k], coded.y_hat, coded.outcome, static_cast<int64_t>(k));
      }
      return ok_status();
    }));
    for (Bytes& section : sections) packet.sections.push_back(std::move(section));
    at::set_num_threads(num_threads_);
    memory_ = clock_.run("synthesis", [&] { return assembly.finish(impl(), prediction, step, is_key_frame); });
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
  std::optional<SideCoders> coders_;  // in predicted frames
  std::optional<VideoPacket> packet_;
  models::FrameMemory memory_;
  models::MotionField motion_;  // of the frame before
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
