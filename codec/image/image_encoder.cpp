#include <cmath>
#include <mutex>

#include "codec/format/geometry.h"
#include "codec/format/image_stream.h"
#include "codec/image/guard.h"
#include "codec/image/model_impl.h"
#include "codec/image/parallel.h"
#include "codec/image/planes.h"
#include "codec/image/refinement.h"
#include "codec/image/stages.h"
#include "codec/image/superblock_coder.h"
#include "codec/image/tiles.h"
#include "entropy/bitmap_coder.h"
#include "entropy/section.h"

namespace laconic {
namespace {

// Soft edges of alpha show more than noise in pixels: never below quality 75.
constexpr uint32_t kMinAlphaQualityStep = 1536;

Status validate(const Image& image, const Limits& limits) {
  const std::string size = std::to_string(image.width_px) + "x" + std::to_string(image.height_px);
  if (image.width_px < 1 || image.height_px < 1) return invalid_argument("a picture of " + size + " pixels cannot be coded");
  if (image.num_channels < 1 || image.num_channels > 4)
    return invalid_argument(std::to_string(image.num_channels) + " channels cannot be coded; 1 to 4 can");
  if (image.bit_depth != 8 && image.bit_depth != 16)
    return invalid_argument(std::to_string(image.bit_depth) + " bits a sample cannot be coded; 8 and 16 can");
  if (image.samples.size() != image.size_bytes()) return invalid_argument("the samples do not match a picture of " + size);
  const uint64_t pixels = static_cast<uint64_t>(image.width_px) * static_cast<uint64_t>(image.height_px);
  if (pixels > limits.max_pixels || static_cast<uint32_t>(std::max(image.width_px, image.height_px)) > limits.max_dimension_px)
    return limit_exceeded("a picture of " + size + " is larger than the limits allow");
  return ok_status();
}

// 0/1 values if every alpha sample is 0 or the largest, else empty.
std::vector<uint8_t> alpha_bitmap(const Image& image) {
  const size_t num_pixels = static_cast<size_t>(image.width_px) * static_cast<size_t>(image.height_px);
  std::vector<uint8_t> bitmap(num_pixels);
  const uint32_t full = image.bit_depth == 16 ? 65535 : 255;
  const auto* wide = reinterpret_cast<const uint16_t*>(image.samples.data());
  for (size_t i = 0; i < num_pixels; ++i) {
    const size_t at = i * image.num_channels + image.num_channels - 1;
    const uint32_t alpha = image.bit_depth == 16 ? wide[at] : image.samples[at];
    if (alpha != 0 && alpha != full) return {};
    bitmap[i] = alpha != 0;
  }
  return bitmap;
}

class Encoder : public ImageEncoder {
 public:
  Encoder(std::shared_ptr<const ImageModel> model, const ImageEncoderOptions& options)
      : model_(std::move(model)), options_(options), num_threads_(resolve_num_threads(options.num_threads)) {}

  Result<Bytes> encode(const Image& image) override {
    return guard([&] { return encode_checked(image); });
  }
  Status set_quality(float quality) override {
    if (!(quality >= 0 && quality <= 100)) return invalid_argument("quality " + std::to_string(quality) + " is not within 0..100");
    options_.quality = quality;
    return ok_status();
  }
  Status set_effort(int effort) override {
    if (effort < 0 || effort > 9) return invalid_argument("effort " + std::to_string(effort) + " is not within 0..9");
    plan_ = effort_plan(effort);
    return ok_status();
  }
  std::vector<StageTime> stage_times() const override { return clock_.times(); }

 private:
  // x --g_a, gain--> y --superblocks--> sections (superblock_coder.h) --> .lac (FORMAT.md 3)
  Result<Bytes> encode_checked(const Image& image) {
    LACONIC_RETURN_IF_ERROR(validate(image, options_.limits));
    clock_.clear();
    ImageStream stream;
    stream.header = header_of(image);
    stream.metadata = image.metadata;
    const double colour_share = stream.header.has_alpha() ? 0.75 : 1.0;  // of the progress
    LACONIC_ASSIGN_OR_RETURN(stream.colour_sections,
                             encode_planes(image, PlaneSet::kColour, static_cast<int>(stream.header.quality_step), 0, colour_share));
    if (stream.header.has_alpha()) LACONIC_RETURN_IF_ERROR(encode_alpha(image, stream));
    return write_image_stream(stream);
  }

  ImageHeader header_of(const Image& image) const {
    ImageHeader header;
    header.set_flag(kFlagGrey, image.is_grey());
    header.set_flag(kFlagAlpha, image.has_alpha());
    header.set_flag(kFlag16Bit, image.bit_depth == 16);
    header.width_px = static_cast<uint32_t>(image.width_px);
    header.height_px = static_cast<uint32_t>(image.height_px);
    header.model_id = model_->impl().weights->model_id;
    header.quality_step = quality_step_of(options_.quality);
    return header;
  }

  Status encode_alpha(const Image& image, ImageStream& stream) {
    const std::vector<uint8_t> bitmap = alpha_bitmap(image);
    if (!bitmap.empty()) {
      stream.header.alpha_coding = static_cast<uint8_t>(AlphaCoding::kBitmap);
      LACONIC_ASSIGN_OR_RETURN(Bytes payload, encode_bitmap(bitmap, image.width_px, image.height_px));
      stream.alpha_sections.push_back(seal_section(std::move(payload)));
      return ok_status();
    }
    stream.header.alpha_coding = static_cast<uint8_t>(AlphaCoding::kPlane);
    stream.header.alpha_quality_step = std::max(stream.header.quality_step, kMinAlphaQualityStep);
    LACONIC_ASSIGN_OR_RETURN(stream.alpha_sections,
                             encode_planes(image, PlaneSet::kAlpha, static_cast<int>(stream.header.alpha_quality_step), 0.75, 0.25));
    return ok_status();
  }

  // One sealed section for each superblock, raster order. Progress runs from progress_start over progress_share.
  Result<std::vector<Bytes>> encode_planes(const Image& image, PlaneSet set, int quality_step, double progress_start, double progress_share) {
    LACONIC_ASSIGN_OR_RETURN(const SuperblockGrid grid, SuperblockGrid::create(image.width_px, image.height_px));
    std::vector<Bytes> sections(static_cast<size_t>(grid.num_superblocks()));
    const std::vector<Tile> tiles = tiles_over(0, grid.num_rows(), 0, grid.num_columns());
    for (size_t i = 0; i < tiles.size(); ++i) {
      // A search for better latents looks at what the synthesis sees around a superblock.
      const int halo = plan_.is_one_pass() ? 0 : models::synthesis_halo_latents(model_->impl().config());
      const LatentRect rect = grow(tiles[i].latents(grid), halo, grid);
      const torch::Tensor y = clock_.run("analysis", [&] { return analyse(image, set, quality_step, grid, rect); });
      const double tile_share = progress_share / static_cast<double>(tiles.size());
      const double tile_start = progress_start + tile_share * static_cast<double>(i);
      const auto tile_progress = [&](double part) { return !options_.progress || options_.progress(tile_start + tile_share * part); };
      LACONIC_RETURN_IF_ERROR(encode_tile(image, set, y, grid, tiles[i], rect, quality_step, tile_progress, sections));
    }
    return sections;
  }

  // y in quantised units of the latents `rect`, from its pixels and their halo.
  torch::Tensor analyse(const Image& image, PlaneSet set, int quality_step, const SuperblockGrid& grid, const LatentRect& rect) {
    torch::NoGradGuard no_grad;
    use_threads(num_threads_);
    const ImageModel::Impl& model = model_->impl();
    const LatentRect seen = grow(rect, models::analysis_halo_px(model.config()) / kLatentPx, grid);
    const Rect pixels{seen.column * kLatentPx, seen.row * kLatentPx, seen.width * kLatentPx, seen.height * kLatentPx};
    const torch::Tensor x = read_planes(image, set, pixels).to(model.device);
    const torch::Tensor steps = torch::full({1}, quality_step, x.options().memory_format(torch::MemoryFormat::Contiguous));
    return part_of(model.network()->analyse(x, steps, torch::kFloat), seen, rect);
  }

  // y: of the latents `rect`, which hold the tile's.
  template <typename TileProgress>
  Status encode_tile(const Image& image, PlaneSet set, const torch::Tensor& y, const SuperblockGrid& grid, const Tile& tile,
                     const LatentRect& rect, int quality_step, const TileProgress& progress, std::vector<Bytes>& sections) {
    std::vector<int64_t> indexes;
    for (int row = tile.first_row; row < tile.last_row; ++row) {
      for (int column = tile.first_column; column < tile.last_column; ++column) indexes.push_back(int64_t{row} * grid.num_columns() + column);
    }
    // One superblock at a time where each takes long, so that the threads end together.
    const std::vector<SuperblockBatch> batches = batches_of(indexes, grid, plan_.is_one_pass() ? kMaxBatch : 1);
    std::mutex mutex;  // guards clock_, progress and num_done
    size_t num_done = 0;
    return run_parallel(num_threads_, batches.size(), [&](size_t i) -> Status {
      std::vector<torch::Tensor> parts;
      for (const int64_t index : batches[i].indexes) parts.push_back(part_of(y, rect, grid.latents_of(index)));
      torch::Tensor batch = torch::cat(parts).contiguous(torch::MemoryFormat::ChannelsLast);
      const torch::Tensor z_hat = hyper_latents(model_->impl().coding(), batch);
      StageClock search_clock;
      if (!plan_.is_one_pass())
        batch = search_clock.run("search", [&] { return refine(image, set, y, z_hat, grid, rect, batches[i].indexes[0], quality_step); });
      LACONIC_ASSIGN_OR_RETURN(CodedSuperblocks coded, encode_superblocks(model_->impl().coding(), batch, z_hat, quality_step));
      for (size_t k = 0; k < coded.payloads.size(); ++k) {
        sections[static_cast<size_t>(batches[i].indexes[k])] = seal_section(std::move(coded.payloads[k]));
      }
      const std::lock_guard lock(mutex);
      for (const StageTime& time : search_clock.times()) clock_.add(time.stage, time.seconds);
      clock_.add("entropy networks", coded.entropy_network_seconds);
      clock_.add("range coder", coded.range_coder_seconds);
      ++num_done;
      return progress(static_cast<double>(num_done) / static_cast<double>(batches.size())) ? ok_status() : invalid_argument("cancelled");
    });
  }

  torch::Tensor refine(const Image& image, PlaneSet set, const torch::Tensor& y, const torch::Tensor& z_hat, const SuperblockGrid& grid,
                       const LatentRect& rect, int64_t index, int quality_step) {
    RefinementInput input;
    input.superblock = grid.latents_of(index);
    input.region = grow(input.superblock, models::synthesis_halo_latents(model_->impl().config()), grid);
    const Rect pixels{input.region.column * kLatentPx, input.region.row * kLatentPx,
                      std::min(input.region.width * kLatentPx, image.width_px - input.region.column * kLatentPx),
                      std::min(input.region.height * kLatentPx, image.height_px - input.region.row * kLatentPx)};
    input.pixels = read_planes(image, set, pixels).to(model_->impl().device);
    input.y = part_of(y, rect, input.region);
    input.z_hat = z_hat;
    return refine_latents(model_->impl(), input, quality_step, plan_);
  }

  const std::shared_ptr<const ImageModel> model_;
  ImageEncoderOptions options_;
  EffortPlan plan_;
  const int num_threads_;
  StageClock clock_;
};

}  // namespace

Result<std::unique_ptr<ImageEncoder>> ImageEncoder::create(std::shared_ptr<const ImageModel> model, const ImageEncoderOptions& options) {
  if (!model) return invalid_argument("an encoder needs a model");
  if (options.num_threads < 0) return invalid_argument("the number of threads cannot be negative");
  auto encoder = std::make_unique<Encoder>(std::move(model), options);
  LACONIC_RETURN_IF_ERROR(encoder->set_quality(options.quality));
  LACONIC_RETURN_IF_ERROR(encoder->set_effort(options.effort));
  return std::unique_ptr<ImageEncoder>(std::move(encoder));
}

}  // namespace laconic
