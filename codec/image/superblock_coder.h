// Between latents and section payloads: hyperprior, the four passes, range coder (FORMAT.md, superblock sections).
//
//   y --h_a--> z --round--> z_hat --[hyper tables]-------------------------------> payload
//                             |
//                             +--> scale context (exact) --> indexes --> tables -> payload
//                             +--> mean context (float) ---> means,  r = round(y - means)
//
// Encoder and decoder share everything up to the scale indexes. Thread-safe.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "codec/base/span.h"
#include "codec/image/coding_model.h"

namespace laconic {

// A batch of superblocks of one shape: latents h x w each.
struct CodedSuperblocks {
  std::vector<Bytes> payloads;  // not yet sealed
  double entropy_network_seconds = 0, range_coder_seconds = 0;
};

// z_hat [N, Z, ceil(h/4), ceil(w/4)] of y [N, M, h, w].
torch::Tensor hyper_latents(const CodingModel& model, const torch::Tensor& y);

// y: float32 [N, M, h, w] in quantised units (after gain).
Result<CodedSuperblocks> encode_superblocks(const CodingModel& model, const torch::Tensor& y, const torch::Tensor& z_hat,
                                            int quality_step);

struct DecodedSuperblocks {
  torch::Tensor y_hat;                  // float32 [N, M, h, w] in quantised units; undefined with kSymbols
  std::vector<std::vector<int16_t>> symbols;  // per superblock: z_hat then r, channel, row, column; not with kLatents
  double entropy_network_seconds = 0, range_coder_seconds = 0;
};

enum class DecodeWhat { kLatents, kSymbols, kBoth };

// num_slices: 1..4, how many of the four passes are decoded; the latents of the others are their means, and the section's end
// is not checked. All four but with kLatents. payloads: of N superblocks of h x w latents each. `damage` gets one status per
// superblock, ok where all is well; a damaged superblock's latents are zero.
Result<DecodedSuperblocks> decode_superblocks(const CodingModel& model, const std::vector<ByteSpan>& payloads, int h, int w,
                                              int quality_step, DecodeWhat what, int num_slices, std::vector<Status>& damage);

}  // namespace laconic
