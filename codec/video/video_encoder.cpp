#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "codec/format/video_header.h"
#include "codec/format/video_packet.h"
#include "codec/image/guard.h"
#include "codec/image/parallel.h"
#include "codec/image/refinement.h"
#include "codec/image/stages.h"
#include "codec/image/superblock_coder.h"
#include "codec/image/tiles.h"
#include "codec/video/frame_groups.h"
#include "codec/video/frame_planes.h"
#include "codec/video/model_impl.h"
#include "codec/video/predicted_frame.h"
#include "codec/video/rate_control.h"
#include "codec/video/reference_frames.h"
#include "entropy/section.h"
#include "models/video/motion_search.h"
#include "models/video/residual_choice.h"
#include "models/video/temporal_filter.h"

namespace laconic {
namespace {

// Quality steps that frames get more than the quality asked for, as others build on them; by the place in a group of four of frames coded one
// after another (DCVC's pattern), and of the last of a group with B-frames, those between that others are predicted from, and the rest. Measured
// on training clips (models/TRAINING.md).
constexpr int kKeyGain = 330;
constexpr int kStillKeyGain = 450;    // where much of a key frame stays:
constexpr double kStillShare = 0.1;   // FrameChange::share of the frame after it, at most
constexpr int kKeyEffort = 3;         // as of pictures
constexpr std::array<int, 4> kFrameGains = {100, 0, 50, 0};
constexpr int kGroupEndGain = 160, kInnerGain = -180, kLeafGain = -420;

int limited(int step) { return std::clamp<int>(step, 0, kMaxQualityStep); }

Status validate(const VideoFormat& format, const VideoEncoderOptions& options) {
  const std::string size = std::to_string(format.width_px) + "x" + std::to_string(format.height_px);
  if (format.width_px < 1 || format.height_px < 1) return invalid_argument("frames of " + size + " pixels cannot be coded");
  if (format.bit_depth != 8 && format.bit_depth != 10)
    return invalid_argument(std::to_string(format.bit_depth) + " bits a sample cannot be coded; 8 and 10 can");
  if (static_cast<uint64_t>(format.width_px) * static_cast<uint64_t>(format.height_px) > options.limits.max_pixels ||
      static_cast<uint32_t>(std::max(format.width_px, format.height_px)) > options.limits.max_dimension_px)
    return limit_exceeded("frames of " + size + " are larger than the limits allow");
  if (!(options.quality >= 0 && options.quality <= 100)) return invalid_argument("quality " + std::to_string(options.quality) + " is not within 0..100");
  if (options.max_b_frames < 0 || options.max_b_frames > static_cast<int>(kMaxFramesAhead))
    return invalid_argument(std::to_string(options.max_b_frames) + " B-frames are not possible, 0.." + std::to_string(kMaxFramesAhead) + " are");
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
    if (!packets_.empty() || group_size() > 0) return invalid_argument("receive the packets of the frames before first");
    if (frame.format.width_px != format_.width_px || frame.format.height_px != format_.height_px || frame.format.chroma != format_.chroma ||
        frame.format.bit_depth != format_.bit_depth || frame.samples.size() != format_.frame_bytes())
      return invalid_argument("a frame is not of the format the encoder was made for");
    return guard([&] { return wait(frame); });
  }

  void finish() override { is_finished_ = true; }

  Result<std::optional<VideoPacket>> receive_packet() override {
    if (packets_.empty() && group_size() > 0) LACONIC_RETURN_IF_ERROR(guard([&] { return encode_group(); }));
    std::optional<VideoPacket> packet;
    if (!packets_.empty()) {
      packet = std::move(packets_.front());
      packets_.pop_front();
    }
    return packet;
  }

  void request_key_frame() override { wants_key_frame_ = true; }
  std::vector<StageTime> stage_times() const override { return clock_.times(); }

 private:
  // A frame that was sent and is not coded.
  struct Waiting {
    models::FramePlanes planes;
    models::LumaPlane reduced;
    FrameChange change;
    int64_t pts_ticks, duration_ticks;
    bool is_key_frame;
  };

  Status wait(const VideoFrame& frame) {
    torch::NoGradGuard no_grad;
    use_threads(num_threads_);
    models::FramePlanes planes = clock_.run("planes", [&] { return read_frame(frame); });
    models::LumaPlane reduced = reduced_luma(planes.luma);
    const FrameChange change = reduced_before_.samples.empty() ? FrameChange() : clock_.run("scene cuts", [&] { return change_between(reduced, reduced_before_); });
    reduced_before_ = reduced;
    const bool is_key_frame = std::exchange(wants_key_frame_, false) || (options_.finds_scene_cuts && change.is_scene_cut());
    waiting_.push_back({std::move(planes), std::move(reduced), change, frame.pts_ticks, frame.duration_ticks, is_key_frame});
    return ok_status();
  }

  bool is_key_frame_next() const {
    return references_.empty() || waiting_.front().is_key_frame || static_cast<int>(frame_number_) + 1 >= options_.key_interval;
  }

  // How many of the waiting frames are coded together next: one that is a key frame, or some that are not; 0 as long as more may come.
  int group_size() const {
    const int num_waiting = static_cast<int>(waiting_.size());
    if (num_waiting == 0) return 0;
    int size = 1;
    if (!is_key_frame_next()) {
      const int most = std::min({options_.key_interval - 1 - static_cast<int>(frame_number_), options_.max_b_frames + 1, num_waiting});
      while (size < most && !waiting_[static_cast<size_t>(size)].is_key_frame) ++size;
    }
    return is_finished_ || num_waiting >= size + lookahead() ? size : 0;
  }

  // Of frames that none builds on, noise is part of what they show.
  int lookahead() const { return options_.max_b_frames > 0 && options_.key_interval > 1 ? kLookaheadFrames : 0; }

  // Frames --> packets, in the order of coding; see code_key_frame() and code_predicted_frame()
  Status encode_group() {
    torch::NoGradGuard no_grad;
    use_threads(num_threads_);
    const int size = group_size();
    const bool is_key_frame = is_key_frame_next();
    int base_step = static_cast<int>(quality_step_of(options_.quality));
    if (is_key_frame) key_gain_ = waiting_.size() > 1 && waiting_[1].change.share <= kStillShare ? kStillKeyGain : kKeyGain;
    for (int i = 0; rate_control_ && i < size; ++i) base_step = rate_control_->next_step(key_gain_);
    if (is_key_frame) {
      VideoPacketSections packet{{0, {{0, static_cast<uint32_t>(limited(base_step + key_gain_))}}}, {}};
      LACONIC_RETURN_IF_ERROR(code_key_frame(filtered_in_time(0, base_step), packet));
      LACONIC_RETURN_IF_ERROR(give(packet));
    } else if (size > 1 && is_better_between(size, base_step)) {
      const uint32_t last = frame_number_ + static_cast<uint32_t>(size);
      VideoPacketSections packet{{frame_number_ + 1, {}}, {}};
      LACONIC_RETURN_IF_ERROR(code_into(packet, last, limited(base_step + kGroupEndGain), /*is_filtered=*/true));
      LACONIC_RETURN_IF_ERROR(code_between(packet, frame_number_, last, base_step));
    } else {
      for (int i = 0; i < size; ++i) {
        const uint32_t number = frame_number_ + 1;
        VideoPacketSections packet{{number, {}}, {}};
        LACONIC_RETURN_IF_ERROR(code_into(packet, number, limited(base_step + kFrameGains[number % kFrameGains.size()])));
      }
    }
    if (rate_control_) tell_rate_control(base_step, is_key_frame);
    return ok_status();
  }

  // What the frames of a group took, each its share: the packets of those coded before others hold next to nothing.
  void tell_rate_control(int base_step, bool is_key_frame) {
    double bits = 0;
    for (const VideoPacket& packet : packets_) bits += 8.0 * static_cast<double>(packet.bytes.size());
    for (size_t i = 0; i < packets_.size(); ++i)
      rate_control_->spent(bits / static_cast<double>(packets_.size()), is_key_frame ? limited(base_step + key_gain_) : base_step, is_key_frame);
  }

  bool is_better_between(int size, int base_step) {
    return clock_.run("motion", [&] {
      std::vector<const models::LumaPlane*> frames;
      for (int i = 0; i < size; ++i) frames.push_back(&waiting_[static_cast<size_t>(i)].reduced);
      return gains_between(reduced_luma(references_.at(frame_number_).planes.luma), frames, models::residual_step(base_step));
    });
  }

  // The frames between two that are coded, the middle one first.
  Status code_between(VideoPacketSections& packet, uint32_t past, uint32_t future, int base_step) {
    if (future - past < 2) return ok_status();
    const uint32_t middle = (past + future) / 2;
    LACONIC_RETURN_IF_ERROR(code_into(packet, middle, limited(base_step + (future - past > 2 ? kInnerGain : kLeafGain))));
    LACONIC_RETURN_IF_ERROR(code_between(packet, past, middle, base_step));
    return code_between(packet, middle, future, base_step);
  }

  // Codes a frame and gives all packets that are complete with it: that of the frame itself, if it is next to be shown, and of those after it that
  // were coded before.
  Status code_into(VideoPacketSections& packet, uint32_t number, int quality_step, bool is_filtered = false) {
    const uint32_t ahead = number - packet.header.frame_number;
    packet.header.frames.push_back({ahead, static_cast<uint32_t>(quality_step)});
    const models::FramePlanes planes = is_filtered ? filtered_in_time(static_cast<int>(ahead), quality_step) : waiting_[ahead].planes;
    LACONIC_RETURN_IF_ERROR(code_predicted_frame(planes, number, quality_step, packet));
    while (references_.has(packet.header.frame_number)) {
      LACONIC_RETURN_IF_ERROR(give(packet));
      packet = {{frame_number_ + 1, {}}, {}};
    }
    return ok_status();
  }

  // A waiting frame, for frames that others build on: less the noise that those around it in the same scene do not show.
  models::FramePlanes filtered_in_time(int at, int quality_step) {
    if (lookahead() == 0) return waiting_[static_cast<size_t>(at)].planes;
    const auto frame = [&](int i) -> const Waiting& { return i >= 0 ? waiting_[static_cast<size_t>(i)] : recent_[static_cast<size_t>(-1 - i)]; };
    std::vector<models::NearbyFrame> nearby;
    for (const int side : {1, -1}) {
      for (int distance = 1; distance <= kLookaheadFrames; ++distance) {
        const int other = at + side * distance, later = std::max(other, other - side);
        if (other >= static_cast<int>(waiting_.size()) || other < -static_cast<int>(recent_.size()) || frame(later).change.is_scene_cut()) break;
        nearby.push_back({&frame(other).planes, distance});
      }
    }
    return clock_.run("temporal filter", [&] { return models::filter_in_time(frame(at).planes, nearby, models::residual_step(quality_step)); });
  }

  // The packet of the frame that waited longest.
  Status give(const VideoPacketSections& packet) {
    LACONIC_ASSIGN_OR_RETURN(Bytes bytes, write_video_packet(packet));
    const VideoPacketHeader& header = packet.header;
    packets_.push_back({std::move(bytes), waiting_.front().pts_ticks, waiting_.front().duration_ticks, header.is_key_frame()});
    if (lookahead() > 0) recent_.push_front(std::move(waiting_.front()));
    if (recent_.size() > kLookaheadFrames) recent_.pop_back();
    waiting_.pop_front();
    frame_number_ = header.frame_number;
    references_.forget_before(frame_number_);
    return ok_status();
  }

  // planes --motion--> reference --residual, filter map--> section, reference frame
  Status code_predicted_frame(const models::FramePlanes& planes, uint32_t number, int quality_step, VideoPacketSections& packet) {
    const double step = models::residual_step(quality_step);
    const ReferenceFrames::Neighbours neighbours = references_.neighbours_of(number);
    const models::FramePlanes& past = references_.at(neighbours.past).planes;
    const models::FramePlanes* future = neighbours.has_future ? &references_.at(neighbours.future).planes : nullptr;
    std::optional<models::BiMotion> direct;
    if (future != nullptr) direct = references_.direct_motion_of(number, neighbours);
    PredictedFrame frame;
    frame.motion = clock_.run("motion", [&]() -> models::BiMotion {
      const models::LumaPlane luma = models::luma_of(planes.luma);
      if (future != nullptr) return models::search_bi_motion(luma, past.luma, future->luma, step, *direct);
      return {models::search_motion(luma, models::luma_of(past.luma), step, motion_before_, static_cast<int>(number - neighbours.past)), {}, {}};
    });
    const models::FramePlanes reference = clock_.run("prediction", [&] { return predict(frame, past, future); });
    frame.residual = clock_.run("residual", [&] { return choosers_[future != nullptr].choose(planes, reference, frame.motion.past, step); });
    const models::FramePlanes coded = clock_.run("synthesis", [&] { return models::add_residual(reference, frame.residual, step); });
    // Frames that no other builds on go unfiltered: half of all, for 0.5 % more bytes.
    const bool is_filtered = future == nullptr || neighbours.future - neighbours.past > 2;
    const models::FramePlanes filtered =
        is_filtered ? clock_.run("loop filter", [&] { return filter_frame(impl().weights->filter, impl().device(), coded, reference, step, num_threads_); }) : coded;
    frame.filter = choose_filter(planes, coded, filtered);
    std::optional<PredictionCoders>& coders = coders_[future != nullptr];
    if (!coders) coders.emplace(planes);
    RangeEncoder encoder;
    LACONIC_RETURN_IF_ERROR(clock_.run("range coder", [&] { return coders->encode(frame, direct ? &*direct : nullptr, quality_step, encoder); }));
    packet.sections.push_back(seal_section(encoder.finish()));
    if (future == nullptr) motion_before_ = frame.motion.past;
    references_.add(number, {merge_filtered(coded, filtered, frame.filter), std::move(frame.motion.past), std::move(frame.motion.future), neighbours.past, neighbours.future});
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

  // planes --> red, green, blue --g_a--> y --search, superblocks--> sections; y_hat --g_s--> memory
  Status code_key_frame(const models::FramePlanes& planes, VideoPacketSections& packet) {
    const int step = static_cast<int>(packet.header.frames[0].quality_step);
    const torch::Tensor steps = torch::full({1}, step, torch::TensorOptions().dtype(torch::kFloat).device(impl().device()));
    const torch::Tensor rgb = to_rgb(planes, format_.colour).to(impl().device());
    const torch::Tensor y = clock_.run("analysis", [&] { return impl().image_network()->analyse(rgb, steps, torch::kFloat); });
    const LatentRect whole{0, 0, grid_.latent_rows(), grid_.latent_columns()};
    torch::Tensor y_hat = torch::empty_like(y);
    std::vector<Bytes> sections(static_cast<size_t>(grid_.num_superblocks()));
    std::mutex mutex;  // guards clock_ and y_hat
    LACONIC_RETURN_IF_ERROR(run_parallel(num_threads_, sections.size(), [&](size_t i) -> Status {
      torch::NoGradGuard no_grad;
      const ImageModel::Impl& image = impl().image->impl();
      RefinementInput input;
      input.superblock = grid_.latents_of(static_cast<int64_t>(i));
      input.region = grow(input.superblock, models::synthesis_halo_latents(image.config()), grid_);
      input.pixels = rgb.slice(2, input.region.row * kLatentPx, (input.region.row + input.region.height) * kLatentPx)
                         .slice(3, input.region.column * kLatentPx, (input.region.column + input.region.width) * kLatentPx);
      input.y = part_of(y, whole, input.region);
      input.z_hat = hyper_latents(impl().key_coding(), part_of(y, whole, input.superblock).contiguous(torch::MemoryFormat::ChannelsLast));
      StageClock search_clock;
      const torch::Tensor chosen = search_clock.run("search", [&] { return refine_latents(image, input, step, effort_plan(kKeyEffort)); });
      LACONIC_ASSIGN_OR_RETURN(CodedSuperblocks coded, encode_superblocks(impl().key_coding(), chosen, input.z_hat, step));
      sections[i] = seal_section(std::move(coded.payloads[0]));
      const std::lock_guard lock(mutex);
      for (const StageTime& time : search_clock.times()) clock_.add(time.stage, time.seconds);
      clock_.add("entropy networks", coded.entropy_network_seconds);
      clock_.add("range coder", coded.range_coder_seconds);
      part_of(y_hat, whole, input.superblock).copy_(chosen);
      return ok_status();
    }));
    packet.sections = std::move(sections);
    use_threads(num_threads_);
    references_.clear();
    references_.add(0, {clock_.run("synthesis", [&] { return from_rgb(impl().image_network()->synthesise(y_hat, steps, torch::kFloat).to(torch::kCPU), format_); }), {}, {}, 0, 0});
    coders_ = {};
    motion_before_ = {};
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
  std::deque<Waiting> waiting_;
  std::deque<Waiting> recent_;  // frames whose packets were given, the last one first
  std::deque<VideoPacket> packets_;
  models::LumaPlane reduced_before_;  // of the frame sent last
  ReferenceFrames references_;
  // Of frames predicted from the past; between two.
  std::array<std::optional<PredictionCoders>, 2> coders_;
  std::array<models::ResidualChooser, 2> choosers_;
  models::MotionField motion_before_;  // of the last frame predicted from the past
  uint32_t frame_number_ = 0;  // of the last packet
  int key_gain_ = kKeyGain;    // of the last key frame
  bool wants_key_frame_ = false, is_finished_ = false;
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
