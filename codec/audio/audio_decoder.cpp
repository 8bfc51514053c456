#include <cmath>

#include "codec/audio/channel_elements.h"
#include "codec/audio/packet_coder.h"
#include "codec/format/audio_header.h"
#include "codec/format/audio_packet.h"
#include "codec/image/parallel.h"
#include "codec/image/guard.h"

namespace laconic {
namespace {

using models::kBins;
using models::kHop;

constexpr float kFade = 0.6f;  // a missing packet repeats the one before, so much weaker

// One channel element on its way back to samples.
class ElementSynthesis {
 public:
  explicit ElementSynthesis(const models::LappedTransform& transform) : transform_(&transform) {}

  // coefficients: float32 [kSignals, kHop]. Result: the hop that this frame completes, alike.
  torch::Tensor next(torch::Tensor coefficients, int blocks) {
    torch::Tensor hop = transform_->first_half(coefficients, coefficients_.defined() ? blocks_ : blocks, blocks);
    if (coefficients_.defined()) hop = hop + transform_->second_half(coefficients_, blocks_, blocks);
    coefficients_ = std::move(coefficients);
    blocks_ = blocks;
    return hop;
  }
  // In place of a packet that is not there: the one before, weaker.
  torch::Tensor conceal() {
    if (!coefficients_.defined()) return next(torch::zeros({models::kSignals, kHop}), 1);
    return next(coefficients_ * kFade, blocks_);
  }

 private:
  const models::LappedTransform* transform_;
  torch::Tensor coefficients_;  // of the packet before
  int blocks_ = 1;
};

class Decoder : public AudioDecoder {
 public:
  Decoder(std::shared_ptr<const AudioModel> model, const AudioFormat& format, const AudioDecoderOptions& options)
      : model_(std::move(model)), format_(format), options_(options), elements_(channel_elements(format)), coder_(impl(), pairs(), clock_) {
    reset();
  }

  const AudioFormat& format() const override { return format_; }

  Status send_packet(const AudioPacket& packet) override {
    if (frame_) return invalid_argument("receive the frame of the packet before first");
    const Status status = guard([&] { return decode(packet); });
    if (status.ok()) return status;
    is_broken_ = true;
    if (status.code() != StatusCode::kCorrupt || !options_.conceal) return status;
    damage_.push_back(status.message());
    return guard([&] {
      std::vector<torch::Tensor> hops;
      for (ElementSynthesis& synthesis : syntheses_) hops.push_back(synthesis.conceal());
      return put_frame(hops, packet.pts_samples);
    });
  }

  Result<std::optional<AudioFrame>> receive_frame() override {
    std::optional<AudioFrame> frame = std::move(frame_);
    frame_.reset();
    return frame;
  }

  void reset() override {
    frame_.reset();
    syntheses_.assign(elements_.size(), ElementSynthesis(impl().transform));
    num_source_samples_.reset();
    is_broken_ = true;
  }

  std::optional<uint64_t> num_source_samples() const override { return num_source_samples_; }
  uint64_t symbol_hash() const override { return hash_; }
  std::vector<std::string> take_damage() override { return std::exchange(damage_, {}); }
  std::vector<StageTime> stage_times() const override { return clock_.times(); }

 private:
  // packet --> payload --symbols--> y_hat --step, weights--> coefficients --lapped transform--> samples
  Status decode(const AudioPacket& packet) {
    const torch::NoGradGuard no_grad;
    use_threads(1);  // the tensors of a packet are too small to share
    LACONIC_ASSIGN_OR_RETURN(const AudioPacketView view, parse_audio_packet(packet.bytes));
    if (view.header.is_key_packet) {
      coder_.reset();
      number_ = 0;
      is_broken_ = false;
    } else if (is_broken_) {
      return corrupt("a key packet has to come first");
    } else if (view.header.number != (number_ + 1) % kAudioNumberModulus) {
      return corrupt("a packet is missing: after packet " + std::to_string(number_) + " since the key packet comes one with the number " +
                     std::to_string(view.header.number));
    }
    LACONIC_ASSIGN_OR_RETURN(const CodedPacket coded, coder_.decode(view.payload));
    if (!view.header.is_key_packet) ++number_;
    hash_ = coded.symbol_hash;
    if (view.header.num_source_samples) num_source_samples_ = view.header.num_source_samples;
    return clock_.run("lapped transform", [&] {
      std::vector<torch::Tensor> hops;
      for (size_t e = 0; e < elements_.size(); ++e) {
        const ElementParameters& element = coded.elements[e];
        const torch::Tensor y_hat = models::coefficients_of(coded.y_hat.narrow(0, static_cast<int64_t>(e), 1)).view({models::kSignals, kHop});
        const torch::Tensor bins = y_hat.slice(1, 0, kBins) / impl().perceptual_weights * models::step_size(element.step_index);
        hops.push_back(syntheses_[e].next(torch::constant_pad_nd(bins, {0, kHop - kBins}), element.blocks));
      }
      return put_frame(hops, packet.pts_samples);
    });
  }

  // hops: of each element, mid and side or one channel.
  Status put_frame(const std::vector<torch::Tensor>& hops, int64_t pts_samples) {
    AudioFrame frame;
    frame.pts_samples = pts_samples;
    frame.channels.resize(static_cast<size_t>(format_.num_channels));
    for (size_t e = 0; e < elements_.size(); ++e) {
      const torch::Tensor &mid = hops[e][0], &side = hops[e][1];
      const auto put = [&](int channel, const torch::Tensor& samples) {
        const torch::Tensor flat = samples.contiguous();
        frame.channels[static_cast<size_t>(channel)].assign(flat.data_ptr<float>(), flat.data_ptr<float>() + kHop);
      };
      if (!elements_[e].is_pair()) {
        put(elements_[e].first, mid);
        continue;
      }
      put(elements_[e].first, (mid + side) * M_SQRT1_2);
      put(elements_[e].second, (mid - side) * M_SQRT1_2);
    }
    frame_ = std::move(frame);
    return ok_status();
  }

  std::vector<bool> pairs() const {
    std::vector<bool> is_pair;
    for (const ChannelElement& element : elements_) is_pair.push_back(element.is_pair());
    return is_pair;
  }
  const AudioModel::Impl& impl() const { return model_->impl(); }

  const std::shared_ptr<const AudioModel> model_;
  const AudioFormat format_;
  const AudioDecoderOptions options_;
  const std::vector<ChannelElement> elements_;
  StageClock clock_;
  PacketCoder coder_;  // uses clock_
  std::vector<ElementSynthesis> syntheses_;
  std::optional<AudioFrame> frame_;
  std::optional<uint64_t> num_source_samples_;
  uint32_t number_ = 0;    // of the last packet since its key packet
  bool is_broken_ = true;  // contexts are lost until the next key packet
  uint64_t hash_ = 0;
  std::vector<std::string> damage_;
};

}  // namespace

Result<AudioStreamInfo> read_audio_info(ByteSpan extradata, const Limits& limits) {
  LACONIC_ASSIGN_OR_RETURN(const AudioHeader header, parse_audio_header(extradata, limits));
  return AudioStreamInfo{header.format(), model_id_to_hex(header.model_id), header.format_version};
}

Result<AudioPacketInfo> read_audio_packet_info(ByteSpan packet) {
  LACONIC_ASSIGN_OR_RETURN(const AudioPacketView view, parse_audio_packet(packet));
  return AudioPacketInfo{view.header.is_key_packet, view.header.num_source_samples};
}

Result<std::unique_ptr<AudioDecoder>> AudioDecoder::create(std::shared_ptr<const AudioModel> model, ByteSpan extradata,
                                                           const AudioDecoderOptions& options) {
  if (!model) return invalid_argument("a decoder needs a model");
  if (options.num_threads < 0) return invalid_argument("the number of threads cannot be negative");
  LACONIC_ASSIGN_OR_RETURN(const AudioHeader header, parse_audio_header(extradata, options.limits));
  if (header.model_id != model->impl().weights->model_id) {
    return model_mismatch("the sound was encoded with model " + model_id_to_hex(header.model_id) + ", but the weights given are " + model->id());
  }
  return std::unique_ptr<AudioDecoder>(std::make_unique<Decoder>(std::move(model), header.format(), options));
}

}  // namespace laconic
