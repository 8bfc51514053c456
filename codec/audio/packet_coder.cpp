#include "codec/audio/packet_coder.h"

#include <algorithm>
#include <cmath>

#include "codec/image/symbol_hash.h"
#include "entropy/range_coder.h"

namespace laconic {
namespace {

using namespace models;

constexpr int kMaxHyperSymbol = 2000;  // an encoder never writes more; a decoder takes any int16
constexpr int kMaxResidualSymbol = 32000;
constexpr int kBlocksBits = 3, kStepBits = 8;

// Counts out of 1 << kDecisionBits (FORMAT.md 22.1).
constexpr int kDecisionBits = 15;
constexpr uint32_t kSilentCount = 1 << 9, kSameBlocksCount = 30 << 10, kSameStepCount = 24 << 10;

torch::Tensor quantised(const torch::Tensor& v, int limit) { return v.round().clamp(-limit, limit); }

std::vector<int16_t> int16_of(const torch::Tensor& t) {
  const torch::Tensor flat = t.to(torch::kCPU).to(torch::kShort).contiguous();
  return {flat.data_ptr<int16_t>(), flat.data_ptr<int16_t>() + flat.numel()};
}

// SplitMix64 (Steele, Lea, Flood 2014): FORMAT.md 23.
uint64_t next_random(uint64_t& state) {
  uint64_t x = state += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

class PacketCoder::Side {
 public:
  virtual ~Side() = default;
  // before: of the same element in the packet before; null in a key packet. element comes as if silent.
  virtual Status parameters(const ElementParameters* before, size_t index, ElementParameters& element) = 0;
  // z_hat, [N, Z, 1, P], of elements that are not silent; 0 for the others.
  virtual Result<torch::Tensor> hyper(const std::vector<ElementParameters>& elements, const torch::Tensor& history, const torch::Tensor& conditions) = 0;
  // r of a pass, [N, kPassBins, 1, B]. indexes: alike, means: the mid's prediction for the side, or zeros.
  virtual Result<torch::Tensor> residuals(int pass, const std::vector<ElementParameters>& elements, const torch::Tensor& indexes, const torch::Tensor& means) = 0;
  virtual Status finish() = 0;
};

class PacketCoder::Writer : public Side {
 public:
  Writer(const PacketCoder& coder, torch::Tensor y, const std::vector<ElementParameters>& elements) : coder_(coder), y_(std::move(y)), elements_(elements) {}

  Status parameters(const ElementParameters* before, size_t index, ElementParameters& element) override {
    const ElementParameters& wanted = elements_[index];
    encoder_.encode_binary(wanted.is_silent, kSilentCount, kDecisionBits);
    if (wanted.is_silent) return ok_status();
    element = wanted;
    const auto blocks = static_cast<uint32_t>(log2_of_blocks(wanted.blocks)), step = static_cast<uint32_t>(wanted.step_index);
    if (before) encoder_.encode_binary(wanted.blocks == before->blocks, kSameBlocksCount, kDecisionBits);
    if (!before || wanted.blocks != before->blocks) LACONIC_RETURN_IF_ERROR(encoder_.encode_bypass(blocks, kBlocksBits));
    if (before) encoder_.encode_binary(wanted.step_index == before->step_index, kSameStepCount, kDecisionBits);
    if (!before || wanted.step_index != before->step_index) LACONIC_RETURN_IF_ERROR(encoder_.encode_bypass(step, kStepBits));
    return ok_status();
  }

  Result<torch::Tensor> hyper(const std::vector<ElementParameters>& elements, const torch::Tensor& history, const torch::Tensor& conditions) override {
    const torch::Tensor z_hat = quantised(coder_.model_.network()->analyse_hyper(y_, history, conditions), kMaxHyperSymbol);
    for (size_t e = 0; e < elements.size(); ++e) {
      const torch::Tensor own = z_hat[static_cast<int64_t>(e)];
      if (elements[e].is_silent) {
        own.zero_();
        continue;
      }
      const std::vector<int16_t> symbols = int16_of(own);
      std::vector<uint16_t> tables(symbols.size());
      for (size_t i = 0; i < tables.size(); ++i) tables[i] = static_cast<uint16_t>(i);
      LACONIC_RETURN_IF_ERROR(encoder_.encode_symbols(symbols, tables, coder_.model_.tables.hyper));
    }
    return z_hat;
  }

  Result<torch::Tensor> residuals(int pass, const std::vector<ElementParameters>& elements, const torch::Tensor& indexes, const torch::Tensor& means) override {
    const torch::Tensor curvature = torch::full({1}, kAudioCurvature, means.options());
    const torch::Tensor chosen = cheapest_symbols(pass_of(y_, pass) - means, indexes, coder_.model_.tables.symbol_bits, curvature)
                                     .clamp(-kMaxResidualSymbol, kMaxResidualSymbol);
    const torch::Tensor index_bytes = indexes.to(torch::kByte).to(torch::kCPU).contiguous();
    const std::vector<int16_t> all = int16_of(chosen);
    torch::Tensor r = torch::zeros({static_cast<int64_t>(all.size())});
    std::vector<int16_t> symbols;
    std::vector<uint16_t> tables;
    float* const kept = r.data_ptr<float>();
    const uint8_t* const index = index_bytes.data_ptr<uint8_t>();
    coder_.for_each_coded(pass, elements, index, [&](int64_t i) {
      symbols.push_back(all[static_cast<size_t>(i)]);
      tables.push_back(index[i]);
      kept[i] = all[static_cast<size_t>(i)];
    });
    LACONIC_RETURN_IF_ERROR(encoder_.encode_symbols(symbols, tables, coder_.model_.tables.scales));
    return r.view_as(chosen).to(chosen.device());
  }

  Status finish() override { return ok_status(); }
  Bytes payload() { return encoder_.finish(); }

 private:
  const PacketCoder& coder_;
  const torch::Tensor y_;
  const std::vector<ElementParameters>& elements_;
  RangeEncoder encoder_;
};

class PacketCoder::Reader : public Side {
 public:
  Reader(const PacketCoder& coder, ByteSpan payload) : coder_(coder), decoder_(payload) {}

  Status parameters(const ElementParameters* before, size_t, ElementParameters& element) override {
    LACONIC_ASSIGN_OR_RETURN(element.is_silent, decide(kSilentCount));
    if (element.is_silent) return ok_status();
    bool is_same = false;
    if (before) { LACONIC_ASSIGN_OR_RETURN(is_same, decide(kSameBlocksCount)); }
    if (!is_same) {
      LACONIC_ASSIGN_OR_RETURN(const uint32_t blocks, decoder_.decode_bypass(kBlocksBits));
      if (1u << blocks > static_cast<uint32_t>(kMaxBlocks)) return corrupt("a packet has 2^" + std::to_string(blocks) + " blocks, allowed are 2^0..2^4");
      element.blocks = 1 << blocks;
    }
    is_same = false;
    if (before) { LACONIC_ASSIGN_OR_RETURN(is_same, decide(kSameStepCount)); }
    if (!is_same) {
      LACONIC_ASSIGN_OR_RETURN(const uint32_t step, decoder_.decode_bypass(kStepBits));
      if (step > static_cast<uint32_t>(kMaxStepIndex)) return corrupt("a packet's step index is " + std::to_string(step) + ", allowed are 0..191");
      element.step_index = static_cast<int>(step);
    }
    return ok_status();
  }

  Result<torch::Tensor> hyper(const std::vector<ElementParameters>& elements, const torch::Tensor&, const torch::Tensor& conditions) override {
    const int64_t channels = coder_.model_.config().hyper_latents, count = channels * kHyperPositions;
    torch::Tensor z_hat = torch::zeros({coder_.num_elements(), channels, 1, kHyperPositions});
    std::vector<int16_t> symbols(static_cast<size_t>(count));
    std::vector<uint16_t> tables(static_cast<size_t>(count));
    for (size_t i = 0; i < tables.size(); ++i) tables[i] = static_cast<uint16_t>(i);
    for (size_t e = 0; e < elements.size(); ++e) {
      if (elements[e].is_silent) continue;
      LACONIC_RETURN_IF_ERROR(decoder_.decode_symbols(tables, coder_.model_.tables.hyper, symbols));
      std::copy(symbols.begin(), symbols.end(), z_hat[static_cast<int64_t>(e)].data_ptr<float>());
    }
    return z_hat.to(conditions.device());
  }

  Result<torch::Tensor> residuals(int pass, const std::vector<ElementParameters>& elements, const torch::Tensor& indexes, const torch::Tensor&) override {
    const torch::Tensor index_bytes = indexes.to(torch::kByte).to(torch::kCPU).contiguous();
    const uint8_t* const index = index_bytes.data_ptr<uint8_t>();
    std::vector<int64_t> positions;
    std::vector<uint16_t> tables;
    coder_.for_each_coded(pass, elements, index, [&](int64_t i) {
      positions.push_back(i);
      tables.push_back(index[i]);
    });
    std::vector<int16_t> symbols(tables.size());
    LACONIC_RETURN_IF_ERROR(decoder_.decode_symbols(tables, coder_.model_.tables.scales, symbols));
    torch::Tensor r = torch::zeros({indexes.numel()});
    float* const values = r.data_ptr<float>();
    for (size_t i = 0; i < symbols.size(); ++i) values[positions[i]] = symbols[i];
    return r.view_as(indexes).to(indexes.device());
  }

  Status finish() override { return decoder_.finish(); }

 private:
  Result<bool> decide(uint32_t count) {
    bool is_first = false;
    if (!decoder_.decode_binary(count, kDecisionBits, is_first)) return decoder_.binary_error();
    return is_first;
  }

  const PacketCoder& coder_;
  RangeDecoder decoder_;
};

PacketCoder::PacketCoder(const AudioModel::Impl& model, std::vector<bool> is_pair, StageClock& clock)
    : model_(model), is_pair_(std::move(is_pair)), clock_(clock), history_(num_elements(), model.config(), model.device),
      stereo_(num_elements(), model.device) {}

void PacketCoder::reset() {
  history_ = PacketHistory(num_elements(), model_.config(), model_.device);
  stereo_ = StereoPrediction(num_elements(), model_.device);
  before_.clear();
  number_ = 0;
}

Result<CodedPacket> PacketCoder::encode(const torch::Tensor& y, const std::vector<ElementParameters>& elements) {
  const bool is_all_silent = std::all_of(elements.begin(), elements.end(), [](const ElementParameters& e) { return e.is_silent; });
  Writer writer(*this, y.to(model_.device), elements);
  LACONIC_ASSIGN_OR_RETURN(CodedPacket packet, walk(writer, is_all_silent));
  if (!is_all_silent) packet.payload = writer.payload();
  return packet;
}

Result<CodedPacket> PacketCoder::decode(ByteSpan payload) {
  Reader reader(*this, payload);
  Result<CodedPacket> packet = walk(reader, payload.empty());
  if (packet.ok() || packet.status().code() != StatusCode::kNeedMoreData) return packet;
  return corrupt("the packet is cut: " + packet.status().message());
}

// The one order of everything, for both sides.
Result<CodedPacket> PacketCoder::walk(Side& side, bool is_all_silent) {
  const torch::NoGradGuard no_grad;
  CodedPacket packet;
  for (size_t e = 0; e < is_pair_.size(); ++e) {
    const ElementParameters* before = before_.empty() ? nullptr : &before_[e];
    ElementParameters element;
    if (before) element = {true, before->blocks, before->step_index};
    if (!is_all_silent) LACONIC_RETURN_IF_ERROR(side.parameters(before, e, element));
    packet.elements.push_back(element);
  }
  AudioNetwork network = model_.network();
  const AudioScaleNetworks& networks = model_.weights->scale_networks;
  const torch::Tensor conditions = conditions_of(packet.elements), magnitudes = history_.magnitudes();
  torch::Tensor r = torch::zeros({num_elements(), kPlaneChannels, 1, kNumBands}, conditions.options()), y_hat = r;
  torch::Tensor z_hat = torch::zeros({num_elements(), model_.config().hyper_latents, 1, kHyperPositions}, conditions.options());
  if (is_all_silent) {
    stereo_.learn(r.narrow(1, 0, kBandBins), r.narrow(1, 0, kBandBins));
  } else {
    LACONIC_ASSIGN_OR_RETURN(z_hat, side.hyper(packet.elements, magnitudes, conditions));
    const torch::Tensor hyper = torch::cat({z_hat, history_.hyper()}, 1);
    const torch::Tensor base = clock_.run("entropy networks", [&] { return network->base(networks, magnitudes, hyper, conditions); });
    std::vector<torch::Tensor> residuals, indexes, means;
    torch::Tensor mid, side_means;
    for (int pass = 0; pass < kAudioPasses; ++pass) {
      indexes.push_back(clock_.run("entropy networks", [&] { return network->scale_indexes(networks, base, residuals); }));
      if (pass == 2) {
        mid = merge_signal(residuals[0], residuals[1]);
        side_means = model_.config().stereo_reference ? stereo_.predict(mid) : torch::zeros_like(mid);
      }
      means.push_back(pass < 2 ? torch::zeros_like(indexes[0]) : pass_of(torch::cat({side_means, side_means}, 1), pass));
      LACONIC_ASSIGN_OR_RETURN(torch::Tensor pass_residuals, clock_.run("range coder", [&] { return side.residuals(pass, packet.elements, indexes[pass], means[pass]); }));
      residuals.push_back(std::move(pass_residuals));
    }
    LACONIC_RETURN_IF_ERROR(side.finish());
    r = merge_plane(residuals);
    const torch::Tensor mean = merge_plane(means);
    stereo_.learn(mid, (mean + r).narrow(1, kBandBins, kBandBins));
    y_hat = clock_.run("synthesis", [&] {
      const AudioNetworkImpl::Synthesis synthesis = network->synthesise(base, r, merge_plane(indexes), hyper);
      for (int64_t e = 0; e < num_elements(); ++e) {
        torch::Tensor noise_of = synthesis.noise.narrow(0, e, 1);
        AudioNetworkImpl::spread_noise(noise_of, r.narrow(0, e, 1), packet.elements[static_cast<size_t>(e)].blocks);
      }
      return AudioNetworkImpl::reconstruct(mean, r, synthesis, noise().to(model_.device)).to(torch::kCPU);
    });
    for (int64_t e = 0; e < num_elements(); ++e) {
      if (packet.elements[static_cast<size_t>(e)].is_silent) y_hat[e].zero_();
      else if (!is_pair_[static_cast<size_t>(e)]) y_hat[e].slice(0, kBandBins).zero_();
    }
  }
  history_.learn(r, z_hat);
  before_ = packet.elements;
  ++number_;
  packet.y_hat = y_hat;
  SymbolHash hash;
  hash.add(int16_of(z_hat));
  hash.add(int16_of(r));
  packet.symbol_hash = hash.value();
  return packet;
}

torch::Tensor PacketCoder::conditions_of(const std::vector<ElementParameters>& elements) const {
  std::vector<torch::Tensor> rows;
  for (size_t e = 0; e < elements.size(); ++e) {
    PacketConditions c;
    c.blocks = elements[e].blocks;
    c.step_index = elements[e].step_index;
    c.is_stereo = is_pair_[e];
    if (!before_.empty()) {
      c.blocks_before = before_[e].blocks;
      c.step_before = before_[e].step_index;
    }
    rows.push_back(torch::tensor(condition_values(c)));
  }
  return torch::stack(rows).view({num_elements(), kNumConditions, 1, 1}).to(model_.device);
}

template <typename Take>
void PacketCoder::for_each_coded(int pass, const std::vector<ElementParameters>& elements, const uint8_t* indexes, Take&& take) const {
  const int64_t count = int64_t{kPassBins} * kNumBands;
  for (size_t e = 0; e < elements.size(); ++e) {
    if (elements[e].is_silent || (pass >= 2 && !is_pair_[e])) continue;
    const int64_t first = static_cast<int64_t>(e) * count;
    for (int64_t i = first; i < first + count; ++i) {
      if (indexes[i] >= model_.tables.skip_below) take(i);
    }
  }
}

// Deviation 1, uniform. FORMAT.md 23: not part of what must be equal, but the same here everywhere.
torch::Tensor PacketCoder::noise() const {
  torch::Tensor values = torch::empty({num_elements(), kPlaneChannels, 1, kNumBands});
  float* next = values.data_ptr<float>();
  for (int64_t e = 0; e < num_elements(); ++e) {
    uint64_t state = number_ * kMaxAudioChannels + static_cast<uint64_t>(e);
    for (int i = 0; i < kPlaneChannels * kNumBands; ++i)
      *next++ = static_cast<float>((static_cast<double>(next_random(state) >> 40) / (1 << 23) - 1) * std::sqrt(3.0));
  }
  return values;
}

}  // namespace laconic
