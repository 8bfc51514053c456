#include <cmath>
#include <deque>

#include "codec/audio/channel_elements.h"
#include "codec/audio/packet_coder.h"
#include "codec/audio/step_control.h"
#include "codec/format/audio_header.h"
#include "codec/format/audio_packet.h"
#include "codec/image/parallel.h"
#include "codec/image/guard.h"
#include "models/audio/block_choice.h"

namespace laconic {
namespace {

using models::kBins;
using models::kHop;

constexpr float kLoudest = 64;  // of full scale 1: louder samples are limited, what is not a number is 0

std::vector<bool> pairs_of(const std::vector<ChannelElement>& elements) {
  std::vector<bool> is_pair;
  for (const ChannelElement& element : elements) is_pair.push_back(element.is_pair());
  return is_pair;
}

// One channel element on its way to planes: mid and side of a pair, or a channel and silence.
class ElementAnalysis {
 public:
  ElementAnalysis(const AudioModel::Impl& model, bool is_pair) : model_(model), is_pair_(is_pair) {}

  // The next hop of samples, float32 [kSignals, kHop]. True once a frame is ready: the one two hops back.
  void push(torch::Tensor hop) {
    hops_.push_back(std::move(hop));
    if (hops_.size() >= 2) blocks_.push_back(models::choose_blocks(model_.transform, samples(hops_.size() - 2), last_step_)[0]);
    if (hops_.size() > 3) {
      hops_.pop_front();
      blocks_.pop_front();
    }
  }
  // The frame of the two hops before the last one, float32 [kSignals, kHop], as it lies between its neighbours.
  torch::Tensor frame() const {
    return model_.transform.analyse(samples(hops_.size() - 3), blocks_before_, blocks(), blocks_.back());
  }
  int blocks() const { return blocks_[blocks_.size() - 2]; }
  // Digital silence in both hops of the frame, not only inside its windows: a silent packet does not tell its blocks, so the
  // decoder's windows towards the packets beside it can be narrower than ours; where all is zero it makes no difference.
  bool is_silent() const { return (samples(hops_.size() - 3) == 0).all().item<bool>(); }
  void frame_done(double step) {
    blocks_before_ = blocks();
    last_step_ = step;
  }
  bool is_pair() const { return is_pair_; }
  Loudness loudness;

 private:
  torch::Tensor samples(size_t first) const {
    const torch::Tensor both = torch::cat({hops_[first], hops_[first + 1]}, 1);
    return is_pair_ ? both : both.slice(0, 0, 1);
  }

  const AudioModel::Impl& model_;
  const bool is_pair_;
  std::deque<torch::Tensor> hops_;  // the last three
  std::deque<int> blocks_;          // of the frames between them
  int blocks_before_ = 1;
  double last_step_ = 0.01;
};

class Encoder : public AudioEncoder {
 public:
  Encoder(std::shared_ptr<const AudioModel> model, const AudioFormat& format, const AudioEncoderOptions& options, Bytes extradata)
      : model_(std::move(model)), format_(format), options_(options), extradata_(std::move(extradata)), elements_(channel_elements(format)),
        coder_(impl(), pairs_of(elements_), clock_), pending_(static_cast<size_t>(format.num_channels)) {
    for (const ChannelElement& element : elements_) analyses_.emplace_back(impl(), element.is_pair());
    if (options.bits_per_second > 0) rate_control_.emplace(options.bits_per_second, format.num_channels);
    // Packet 0 sees one hop before the start of the sound.
    for (std::vector<float>& channel : pending_) channel.assign(kHop, 0.f);
  }

  Bytes extradata() const override { return extradata_; }

  Status send_frame(const AudioFrame& frame) override {
    if (is_draining_) return invalid_argument("no sound can follow the end");
    if (frame.channels.size() != pending_.size())
      return invalid_argument("the sound has " + std::to_string(frame.channels.size()) + " channels, the encoder was made for " + std::to_string(pending_.size()));
    for (size_t c = 0; c < pending_.size(); ++c) {
      if (frame.channels[c].size() != frame.num_samples()) return invalid_argument("the channels of a frame differ in length");
    }
    for (size_t c = 0; c < pending_.size(); ++c) pending_[c].insert(pending_[c].end(), frame.channels[c].begin(), frame.channels[c].end());
    num_samples_ += frame.num_samples();
    return guard([&] { return take_hops(); });
  }

  Status drain(uint64_t num_source_samples) override {
    if (is_draining_) return invalid_argument("the end was told already");
    if (num_source_samples > kMaxSourceSamples) return invalid_argument("a stream cannot have " + std::to_string(num_source_samples) + " samples");
    is_draining_ = true;
    num_source_samples_ = num_source_samples;
    // Packet n gives the samples up to n * kHop.
    num_packets_wanted_ = (num_samples_ + kHop - 1) / kHop + 1;
    return guard([&]() -> Status {
      while (num_packets_ < num_packets_wanted_) {
        for (std::vector<float>& channel : pending_) channel.resize(channel.size() / kHop * kHop + kHop, 0.f);
        LACONIC_RETURN_IF_ERROR(take_hops());
      }
      return ok_status();
    });
  }

  Result<std::optional<AudioPacket>> receive_packet() override {
    if (packets_.empty()) return std::optional<AudioPacket>();
    std::optional<AudioPacket> packet = std::move(packets_.front());
    packets_.pop_front();
    return packet;
  }

  std::vector<StageTime> stage_times() const override { return clock_.times(); }

 private:
  Status take_hops() {
    const torch::NoGradGuard no_grad;
    use_threads(1);  // the tensors of a packet are too small to share
    const size_t num_hops = pending_[0].size() / kHop;
    for (size_t hop = 0; hop < num_hops && !(is_draining_ && num_packets_ >= num_packets_wanted_); ++hop) {
      for (size_t e = 0; e < elements_.size(); ++e) analyses_[e].push(signals_of(elements_[e], hop));
      if (++num_hops_ >= 3) LACONIC_RETURN_IF_ERROR(encode_packet());
    }
    for (std::vector<float>& channel : pending_) channel.erase(channel.begin(), channel.begin() + static_cast<int64_t>(num_hops * kHop));
    return ok_status();
  }

  torch::Tensor samples_of(int channel, size_t hop) const {
    const torch::Tensor all = torch::from_blob(const_cast<float*>(pending_[static_cast<size_t>(channel)].data()) + hop * kHop, {kHop}, torch::kFloat);
    return torch::nan_to_num(all, 0, kLoudest, -kLoudest).clamp(-kLoudest, kLoudest);
  }

  // Mid and side, [kSignals, kHop], of the same energy as left and right.
  torch::Tensor signals_of(const ChannelElement& element, size_t hop) const {
    const torch::Tensor first = samples_of(element.first, hop);
    if (!element.is_pair()) return torch::stack({first, torch::zeros_like(first)});
    const torch::Tensor second = samples_of(element.second, hop);
    return torch::stack({first + second, first - second}) * M_SQRT1_2;
  }

  // samples --lapped transform--> coefficients --weights, step--> y --symbols--> payload --> packet
  Status encode_packet() {
    const double offset = rate_control_ ? rate_control_->offset() : offset_of_quality(options_.quality);
    std::vector<ElementParameters> parameters;
    std::vector<torch::Tensor> planes;
    clock_.run("lapped transform", [&] {
      for (ElementAnalysis& analysis : analyses_) planes.push_back(plane_and_parameters(analysis, offset, parameters));
      return 0;
    });
    AudioPacketHeader header;
    header.is_key_packet = num_packets_ % static_cast<uint64_t>(options_.key_interval) == 0;
    if (header.is_key_packet) {
      coder_.reset();
      number_ = 0;
    }
    header.number = number_++ % kAudioNumberModulus;
    LACONIC_ASSIGN_OR_RETURN(const CodedPacket coded, coder_.encode(torch::cat(planes), parameters));
    if (is_draining_ && num_packets_ + 1 == num_packets_wanted_) header.num_source_samples = num_source_samples_;
    AudioPacket packet;
    packet.bytes = write_audio_packet(header, coded.payload);
    packet.pts_samples = (static_cast<int64_t>(num_packets_) - 1) * kHop;
    packet.is_key_packet = header.is_key_packet;
    if (rate_control_) rate_control_->spent(8.0 * static_cast<double>(packet.bytes.size()));
    packets_.push_back(std::move(packet));
    ++num_packets_;
    return ok_status();
  }

  // y of a frame, [1, kPlaneChannels, 1, B].
  torch::Tensor plane_and_parameters(ElementAnalysis& analysis, double offset, std::vector<ElementParameters>& parameters) const {
    torch::Tensor weighted = analysis.frame().slice(1, 0, kBins) * impl().perceptual_weights;
    const double energy = weighted.square().sum().item<double>() / kBins;
    ElementParameters element;
    element.is_silent = analysis.is_silent();
    element.blocks = analysis.blocks();
    element.step_index = step_index_at(analysis.loudness.follow(energy), offset);
    analysis.frame_done(models::step_size(element.step_index));
    parameters.push_back(element);
    weighted = torch::constant_pad_nd(weighted * (1 / models::step_size(element.step_index)), {0, kHop - kBins});
    if (!analysis.is_pair()) weighted = torch::cat({weighted, torch::zeros_like(weighted)});
    return models::plane_of(weighted.view({1, models::kSignals, 1, kHop}));
  }

  const AudioModel::Impl& impl() const { return model_->impl(); }

  const std::shared_ptr<const AudioModel> model_;
  const AudioFormat format_;
  const AudioEncoderOptions options_;
  const Bytes extradata_;
  const std::vector<ChannelElement> elements_;
  StageClock clock_;
  PacketCoder coder_;  // uses clock_
  std::vector<ElementAnalysis> analyses_;
  std::optional<AudioRateControl> rate_control_;
  std::vector<std::vector<float>> pending_;  // by channel: samples not yet in a hop
  std::deque<AudioPacket> packets_;
  uint64_t num_samples_ = 0, num_hops_ = 0, num_packets_ = 0, num_packets_wanted_ = 0, num_source_samples_ = 0;
  uint32_t number_ = 0;
  bool is_draining_ = false;
};

}  // namespace

Result<std::unique_ptr<AudioEncoder>> AudioEncoder::create(std::shared_ptr<const AudioModel> model, const AudioFormat& format,
                                                           const AudioEncoderOptions& options) {
  if (!model) return invalid_argument("an encoder needs a model");
  if (options.num_threads < 0) return invalid_argument("the number of threads cannot be negative");
  if (!(options.quality >= 0 && options.quality <= 100)) return invalid_argument("quality " + std::to_string(options.quality) + " is not within 0..100");
  if (options.key_interval < 1) return invalid_argument("a key packet every " + std::to_string(options.key_interval) + " packets is not possible");
  if (!(options.bits_per_second >= 0)) return invalid_argument("a bit rate must be positive");
  const AudioHeader header = AudioHeader::of(format, model->impl().weights->model_id);
  const Status valid = check_audio_header(header);
  if (!valid.ok()) return invalid_argument(valid.message());
  LACONIC_ASSIGN_OR_RETURN(Bytes extradata, write_audio_header(header));
  return std::unique_ptr<AudioEncoder>(std::make_unique<Encoder>(std::move(model), format, options, std::move(extradata)));
}

}  // namespace laconic
