// Decodes streams with whichever weights each of them names.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/options.h"
#include "apps/cli/reporter.h"
#include "codec/image_codec.h"
#include "codec/model_store.h"

namespace laconic::cli {

// One thread at a time. The reporter outlives it.
class PictureDecoder {
 public:
  // num_slices: as in ImageDecoderOptions.
  PictureDecoder(const CommonOptions& options, bool conceals, int num_slices, Reporter& reporter);

  Result<Image> decode(ByteSpan stream, const std::optional<Rect>& region);
  Result<uint64_t> symbol_hash(ByteSpan stream);
  // Of the last decode().
  const std::vector<std::string>& damage() const { return damage_; }

  const Limits& limits() const { return limits_; }
  StageClock& stages() { return stages_; }

 private:
  Result<ImageDecoder*> decoder_for(ByteSpan stream);

  const CommonOptions options_;
  const bool conceals_;
  const int num_slices_;
  Reporter& reporter_;
  Limits limits_;
  ModelStore store_;
  std::map<std::string, std::unique_ptr<ImageDecoder>> decoders_;  // by model id
  std::vector<std::string> damage_;
  StageClock stages_;
};

}  // namespace laconic::cli
