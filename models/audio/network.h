// The sound network: what turns the planes of packets (config.h) into symbols with probabilities, and back.
//
//   y = coefficients * perceptual weight / step --h_a--> z_hat ------------------+
//   |r| of the packets before, z_hat before, conditions --[exact networks]-------+--> base --> pass 0..3 --> scale indexes
//   |r| of the passes before ----------------------------[exact networks]--------------------> pass 1..3
//   mu: 0 for the mid; for the side the mid of this packet, times a factor learnt from the packets before (float)
//   r = round(y - mu),  y_hat = mu + r + what g_s says: values drawn towards 0, noise where r is 0
//
// Every probability comes from integers, as for pictures (design.md section 2); means, noise and g_s are float and nothing
// that chooses a probability reads them. Sizes: N channel elements, T packets, B = kNumBands, P = kHyperPositions.
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "models/audio/config.h"
#include "models/blocks.h"
#include "models/exact.h"

namespace laconic::models {

// What is known of a packet before its symbols.
struct PacketConditions {
  int blocks = 1;          // 1, 2, 4, 8 or 16
  int step_index = 0;      // 0..kMaxStepIndex
  int blocks_before = 0;   // of the packet before; 0: a key packet
  int step_before = 0;     // of the packet before
  bool is_stereo = true;
};
constexpr int kNumConditions = 6;
// The exact numbers that networks see, [kNumConditions] in -255..255.
std::vector<float> condition_values(const PacketConditions& conditions);

double step_size(int step_index);
// Weights of the kBins bins of a long block, [kBins]: what the ear hears more finely is quantised more finely. Interleaved bins
// of short blocks have those of the long block's bin at the same place.
torch::Tensor perceptual_weights();

// [N, kPlaneChannels, T, B] <-> coefficients [N, kSignals, T, kHop]; bins from kBins on are 0.
torch::Tensor plane_of(const torch::Tensor& coefficients);
torch::Tensor coefficients_of(const torch::Tensor& plane);
// The kPassBins channels that a pass codes, [N, kPassBins, T, B], and back: two passes to a signal, four to a plane.
torch::Tensor pass_of(const torch::Tensor& plane, int pass);
torch::Tensor merge_signal(const torch::Tensor& even_bins, const torch::Tensor& odd_bins);  // [N, kBandBins, T, B]
torch::Tensor merge_plane(const std::vector<torch::Tensor>& passes);

// What the packets since the key packet tell: exact. One packet: [N, kPlaneChannels, 1, B] and [N, Z, 1, P].
class PacketHistory {
 public:
  PacketHistory(int64_t num_elements, const AudioConfig& config, const torch::Device& device);
  torch::Tensor magnitudes() const;  // exact 0..255 [N, 4 * kPlaneChannels, 1, B]
  torch::Tensor hyper() const;       // exact [N, 2 Z, 1, P]
  void learn(const torch::Tensor& r, const torch::Tensor& z_hat);

 private:
  torch::Tensor last_, before_last_;    // magnitude activations of the last two packets
  torch::Tensor fast_, slow_;           // running sums that forget a quarter and a sixteenth with each packet
  torch::Tensor z_last_, z_before_last_;
};

// The side's means: in each band the mid times a factor, the one that would have served the packets before best. Float.
class StereoPrediction {
 public:
  StereoPrediction(int64_t num_elements, const torch::Device& device);
  // mid: y_hat of this packet's mid, [N, kBandBins, 1, B]. Result alike.
  torch::Tensor predict(const torch::Tensor& mid) const;
  void learn(const torch::Tensor& mid, const torch::Tensor& side);

 private:
  torch::Tensor cross_, power_;  // [N, 1, 1, B]
};

// The exact networks, ready to run.
struct AudioScaleNetworks {
  ExactConv h_s, embed, mix;
  std::vector<ExactConv> known;        // of passes 1..3
  std::vector<ExactConv> hidden, out;  // of passes 0..3
  torch::Tensor band_embedding;        // exact [1, scale_width, 1, B]
  // In the order of AudioNetworkImpl::convolutions().
  std::vector<ExactConv*> layers();
};

// Bits of the symbols -k..k at each scale index, float32 [kNumScales, 2 k + 1]: stored tables, or a start for training.
torch::Tensor laplacian_symbol_bits();
// Bits of r at scale indexes, with the tables' slope as the gradient of the index.
torch::Tensor table_bits(const torch::Tensor& symbol_bits, const torch::Tensor& r, const torch::Tensor& indexes);

class AudioNetworkImpl : public torch::nn::Module {
 public:
  explicit AudioNetworkImpl(const AudioConfig& config);

  // All that follows: history [N, 4 kPlaneChannels, T, B]; hyper: z_hat of this packet and the two before, [N, 3 Z, T, P];
  // conditions [N, kNumConditions, T, 1], all exact.
  // y: float [N, kPlaneChannels, T, B] -> z, to be rounded: [N, Z, T, P].
  torch::Tensor analyse_hyper(const torch::Tensor& y, const torch::Tensor& history, const torch::Tensor& conditions);
  // Exact features that all passes share, [N, scale_width, T, B].
  torch::Tensor base(const AudioScaleNetworks& networks, const torch::Tensor& history, const torch::Tensor& hyper,
                     const torch::Tensor& conditions) const;
  // Scale indexes of a pass, exact 0..63 [N, kPassBins, T, B]. passes: symbols r of the passes before.
  torch::Tensor scale_indexes(const AudioScaleNetworks& networks, const torch::Tensor& base, const std::vector<torch::Tensor>& passes) const;

  // What g_s adds to mu + r.
  struct Synthesis {
    torch::Tensor shrink;  // 0..0.5: what |r| > 0 is drawn towards 0 by
    torch::Tensor noise;   // deviation of the noise where r = 0
  };
  Synthesis synthesise(const torch::Tensor& base, const torch::Tensor& r, const torch::Tensor& indexes, const torch::Tensor& hyper);
  // Evens out the noise of one element, [1, kPlaneChannels, 1, B], in place: training holds the energy of a band to its level, not
  // where in the band it lies, and noise on few bins would sound like tones. So all bins of a band and block where r is 0 share it.
  static void spread_noise(torch::Tensor& noise, const torch::Tensor& r, int blocks);
  // y_hat. unit_noise: deviation 1.
  static torch::Tensor reconstruct(const torch::Tensor& means, const torch::Tensor& r, const Synthesis& synthesis, const torch::Tensor& unit_noise);

  // Bits of z, per element and packet [N, T], by the logistic prior of training.
  torch::Tensor hyper_bits(const torch::Tensor& z) const;

  AudioScaleNetworks prepare() const;
  std::vector<std::pair<std::string, ExactConv2d>> convolutions() const;
  void set_integers(AudioScaleNetworks& networks);
  const AudioConfig& config() const { return config_; }

  torch::Tensor z_log_scales, z_means;  // [Z, P]: the logistic prior of z while training

 private:
  const AudioConfig config_;
  RowConv h_a_embed_{nullptr};
  Pointwise h_a_down_{nullptr}, h_a_out_{nullptr};
  torch::Tensor band_embedding_;  // float master [scale_width, B], in units of kUnit
  ExactConv2d scales_h_s_{nullptr}, scales_embed_{nullptr}, scales_mix_{nullptr};
  std::vector<ExactConv2d> scales_known_, scales_hidden_, scales_out_;
  Pointwise g_s_hyper_{nullptr}, g_s_out_{nullptr};
  RowConv g_s_embed_{nullptr}, g_s_mix_{nullptr};
};
TORCH_MODULE(AudioNetwork);

}  // namespace laconic::models
