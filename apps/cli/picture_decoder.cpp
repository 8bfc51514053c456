#include "apps/cli/picture_decoder.h"

namespace laconic::cli {

PictureDecoder::PictureDecoder(const CommonOptions& options, bool conceals, int num_slices, Reporter& reporter)
    : options_(options), conceals_(conceals), num_slices_(num_slices), reporter_(reporter), store_(store_options(options)) {}

Result<ImageDecoder*> PictureDecoder::decoder_for(ByteSpan stream) {
  const auto info = read_image_info(stream, limits_);
  // With conceal a decoder may save something of a stream that ends early; the default weights are then the best guess.
  if (!info.ok() && !conceals_) return info.status();
  std::unique_ptr<ImageDecoder>& decoder = decoders_[info.ok() ? info->model_id : ""];
  if (decoder != nullptr) return decoder.get();
  const double loading_before = store_.seconds_loading();
  LACONIC_ASSIGN_OR_RETURN(const auto model, info.ok() ? store_.for_stream(info->model_id) : store_.for_encoding());
  stages_.add("loading weights", store_.seconds_loading() - loading_before);
  ImageDecoderOptions decoder_options;
  decoder_options.num_threads = options_.num_threads;
  decoder_options.limits = limits_;
  decoder_options.progress = reporter_.progress();
  decoder_options.conceal = conceals_;
  decoder_options.num_slices = num_slices_;
  LACONIC_ASSIGN_OR_RETURN(decoder, ImageDecoder::create(model, decoder_options));
  return decoder.get();
}

Result<Image> PictureDecoder::decode(ByteSpan stream, const std::optional<Rect>& region) {
  damage_.clear();
  LACONIC_ASSIGN_OR_RETURN(ImageDecoder* const decoder, decoder_for(stream));
  LACONIC_ASSIGN_OR_RETURN(Image image, region ? decoder->decode_region(stream, *region) : decoder->decode(stream));
  stages_.add(decoder->stage_times());
  damage_ = decoder->damage();
  return image;
}

Result<uint64_t> PictureDecoder::symbol_hash(ByteSpan stream) {
  LACONIC_ASSIGN_OR_RETURN(ImageDecoder* const decoder, decoder_for(stream));
  return decoder->symbol_hash(stream);
}

}  // namespace laconic::cli
