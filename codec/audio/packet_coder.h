// What encoder and decoder of sound share: what earlier packets tell, and one walk over the symbols of a packet.
//
//   parameters --> z_hat --[exact networks]--> base --> pass 0..3: scale indexes --> r      FORMAT.md 22
//   r, mu, base, z_hat --g_s, noise--> y_hat
#pragma once

#include <vector>

#include "codec/audio/model_impl.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image/stages.h"

namespace laconic {

// What a packet says of a channel element before its symbols.
struct ElementParameters {
  bool is_silent = true;  // then nothing else is said, and nothing coded
  int blocks = 1;
  int step_index = 0;     // 0..models::kMaxStepIndex
};

struct CodedPacket {
  std::vector<ElementParameters> elements;
  Bytes payload;         // of encode()
  torch::Tensor y_hat;   // float32 [N, kPlaneChannels, 1, B], quantised units, on the CPU
  uint64_t symbol_hash = 0;
};

// One thread at a time. Borrows the model.
class PacketCoder {
 public:
  PacketCoder(const AudioModel::Impl& model, std::vector<bool> is_pair, StageClock& clock);

  // Forgets all packets: what a key packet begins with.
  void reset();
  // y: float32 [N, kPlaneChannels, 1, B]; elements: silent ones may have any y.
  Result<CodedPacket> encode(const torch::Tensor& y, const std::vector<ElementParameters>& elements);
  Result<CodedPacket> decode(ByteSpan payload);

 private:
  class Side;  // writes or reads
  class Writer;
  class Reader;

  Result<CodedPacket> walk(Side& side, bool is_all_silent);
  torch::Tensor conditions_of(const std::vector<ElementParameters>& elements) const;
  // Calls take(position) for each coded symbol of a pass, position in [N, kPassBins, 1, B].
  template <typename Take>
  void for_each_coded(int pass, const std::vector<ElementParameters>& elements, const uint8_t* indexes, Take&& take) const;
  torch::Tensor noise() const;

  int64_t num_elements() const { return static_cast<int64_t>(is_pair_.size()); }
  const AudioModel::Impl& model_;
  const std::vector<bool> is_pair_;
  StageClock& clock_;
  models::PacketHistory history_;
  models::StereoPrediction stereo_;
  std::vector<ElementParameters> before_;  // of the packet before
  uint64_t number_ = 0;                    // packets since reset()
};

}  // namespace laconic
