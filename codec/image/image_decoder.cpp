#include <map>
#include <mutex>

#include "codec/format/geometry.h"
#include "codec/format/image_stream.h"
#include "codec/image/guard.h"
#include "codec/image/model_impl.h"
#include "codec/image/parallel.h"
#include "codec/image/planes.h"
#include "codec/image/stages.h"
#include "codec/image/superblock_coder.h"
#include "codec/image/symbol_hash.h"
#include "codec/image/tiles.h"
#include "entropy/bitmap_coder.h"
#include "entropy/section.h"

namespace laconic {
namespace {

class Decoder : public ImageDecoder {
 public:
  Decoder(std::shared_ptr<const ImageModel> model, const ImageDecoderOptions& options)
      : model_(std::move(model)), options_(options), num_threads_(resolve_num_threads(options.num_threads)) {}

  Result<Image> decode(ByteSpan stream) override {
    return guard([&]() -> Result<Image> {
      LACONIC_ASSIGN_OR_RETURN(const ImageStreamView view, open(stream));
      return decode_view(view, {0, 0, static_cast<int>(view.header.width_px), static_cast<int>(view.header.height_px)});
    });
  }

  Result<Image> decode_region(ByteSpan stream, const Rect& region) override {
    return guard([&]() -> Result<Image> {
      LACONIC_ASSIGN_OR_RETURN(const ImageStreamView view, open(stream));
      if (!view.grid.contains(region)) {
        return invalid_argument("the region " + std::to_string(region.x) + "," + std::to_string(region.y) + "," +
                                std::to_string(region.width) + "," + std::to_string(region.height) + " does not lie inside the picture of " +
                                std::to_string(view.header.width_px) + "x" + std::to_string(view.header.height_px));
      }
      return decode_view(view, region);
    });
  }

  Result<uint64_t> symbol_hash(ByteSpan stream) override {
    return guard([&]() -> Result<uint64_t> {
      LACONIC_ASSIGN_OR_RETURN(const ImageStreamView view, open(stream));
      SymbolHash hash;
      LACONIC_RETURN_IF_ERROR(hash_symbols(view.grid, view.colour_sections, PlaneSet::kColour, static_cast<int>(view.header.quality_step), hash));
      if (view.header.has_alpha_plane())
        LACONIC_RETURN_IF_ERROR(hash_symbols(view.grid, view.alpha_sections, PlaneSet::kAlpha, static_cast<int>(view.header.alpha_quality_step), hash));
      return hash.value();
    });
  }

  const std::vector<std::string>& damage() const override { return damage_; }
  std::vector<StageTime> stage_times() const override { return clock_.times(); }

 private:
  using LatentStore = std::map<int64_t, torch::Tensor>;  // y_hat [1, M, h, w] by superblock

  // .lac --> sections --superblocks--> y_hat --inverse gain, g_s--> x_hat --> samples
  Result<Image> decode_view(const ImageStreamView& view, const Rect& region) {
    Image image;
    image.width_px = region.width;
    image.height_px = region.height;
    image.num_channels = view.header.num_channels();
    image.bit_depth = view.header.bit_depth();
    image.metadata = copy_metadata(view.metadata);
    const double colour_share = view.header.has_alpha_plane() ? 0.6 : 1.0;  // of the progress
    LACONIC_RETURN_IF_ERROR(decode_planes(view.grid, view.colour_sections, PlaneSet::kColour, static_cast<int>(view.header.quality_step),
                                          region, 0, colour_share, image));
    if (view.header.has_alpha_plane())
      LACONIC_RETURN_IF_ERROR(decode_planes(view.grid, view.alpha_sections, PlaneSet::kAlpha,
                                            static_cast<int>(view.header.alpha_quality_step), region, colour_share, 1 - colour_share, image));
    if (view.header.has_alpha_bitmap()) LACONIC_RETURN_IF_ERROR(decode_alpha_bitmap(view, region, image));
    return image;
  }

  Result<ImageStreamView> open(ByteSpan stream) {
    clock_.clear();
    damage_.clear();
    LACONIC_ASSIGN_OR_RETURN(ImageStreamView view, parse_image_stream(stream, options_.limits));
    if (view.header.model_id != model_->impl().weights->model_id)
      return model_mismatch("the picture was encoded with model " + model_id_to_hex(view.header.model_id) + ", but the weights given are " + model_->id());
    return view;
  }

  Status decode_planes(const SuperblockGrid& grid, const std::vector<ByteSpan>& sections, PlaneSet set, int quality_step,
                       const Rect& region, double progress_start, double progress_share, Image& image) {
    const std::vector<int64_t> wanted = grid.superblocks_under(region);
    const int columns = grid.num_columns();
    const std::vector<Tile> tiles = tiles_over(static_cast<int>(wanted.front() / columns), static_cast<int>(wanted.back() / columns) + 1,
                                               static_cast<int>(wanted.front() % columns), static_cast<int>(wanted.back() % columns) + 1);
    LatentStore store;
    for (size_t i = 0; i < tiles.size(); ++i) {
      // Of the tile only what the region shows, and around that what the synthesis sees.
      const LatentRect shown = intersect(tiles[i].latents(grid), region);
      const LatentRect seen = grow(shown, models::synthesis_halo_latents(model_->impl().config()), grid);
      LACONIC_RETURN_IF_ERROR(decode_missing(grid, sections, set, quality_step, seen, store));
      // Not before some sections proved sound: a header alone must not cost the memory of its picture.
      if (image.samples.empty()) image.samples.resize(image.size_bytes());
      const torch::Tensor x_hat = clock_.run("synthesis", [&] { return synthesise(grid, store, seen, shown, quality_step); });
      clock_.run("samples", [&] {
        write_shown(x_hat, set, shown, region, image);
        return 0;
      });
      // The superblock row above the next tile is part of its halo; what lies higher is done with.
      const int64_t needed_row = i + 1 < tiles.size() ? tiles[i + 1].first_row - 1 : 0;
      while (!store.empty() && store.begin()->first / columns < needed_row) store.erase(store.begin());
      const double done = progress_start + progress_share * static_cast<double>(i + 1) / static_cast<double>(tiles.size());
      if (options_.progress && !options_.progress(done)) return invalid_argument("cancelled");
    }
    return ok_status();
  }

  static LatentRect intersect(const LatentRect& latents, const Rect& region) {
    const int top = std::max(latents.row, region.y / kLatentPx), left = std::max(latents.column, region.x / kLatentPx);
    const int bottom = std::min<int>(latents.row + latents.height, ceil_div(region.y + region.height, kLatentPx));
    const int right = std::min<int>(latents.column + latents.width, ceil_div(region.x + region.width, kLatentPx));
    return {top, left, bottom - top, right - left};
  }

  // Decodes the superblocks under `seen` that the store does not hold.
  Status decode_missing(const SuperblockGrid& grid, const std::vector<ByteSpan>& sections, PlaneSet set, int quality_step,
                        const LatentRect& seen, LatentStore& store) {
    std::vector<int64_t> missing;
    for (int row = seen.row / kSuperblockLatents; row * kSuperblockLatents < seen.row + seen.height; ++row) {
      for (int column = seen.column / kSuperblockLatents; column * kSuperblockLatents < seen.column + seen.width; ++column) {
        const int64_t index = int64_t{row} * grid.num_columns() + column;
        if (store.count(index) == 0) missing.push_back(index);
      }
    }
    std::mutex mutex;  // guards store, clock_ and damage_
    const std::vector<SuperblockBatch> batches = batches_of(missing, grid);
    return run_parallel(num_threads_, batches.size(), [&](size_t i) -> Status {
      std::vector<Status> damage;
      LACONIC_ASSIGN_OR_RETURN(DecodedSuperblocks decoded, decode_batch(grid, sections, set, batches[i], quality_step, DecodeWhat::kLatents, damage));
      const std::lock_guard lock(mutex);
      clock_.add("entropy networks", decoded.entropy_network_seconds);
      clock_.add("range coder", decoded.range_coder_seconds);
      for (size_t k = 0; k < damage.size(); ++k) {
        const int64_t index = batches[i].indexes[k];
        store[index] = decoded.y_hat.narrow(0, static_cast<int64_t>(k), 1);
        if (!damage[k].ok()) LACONIC_RETURN_IF_ERROR(note_damage(grid, index, set, damage[k]));
      }
      return ok_status();
    });
  }

  static std::string damage_text(const SuperblockGrid& grid, int64_t index, PlaneSet set, const Status& status) {
    const Rect place = grid.pixels_of(index);
    return std::string(set == PlaneSet::kAlpha ? "alpha " : "") + "superblock " + std::to_string(index) + " at " + std::to_string(place.x) +
           "," + std::to_string(place.y) + " is damaged: " + status.message();
  }

  Status note_damage(const SuperblockGrid& grid, int64_t index, PlaneSet set, const Status& status) {
    const std::string text = damage_text(grid, index, set, status);
    if (!options_.conceal) return corrupt(text);
    damage_.push_back(text);
    return ok_status();
  }

  // Sections whose check fails are damaged; their symbols are not looked at.
  Result<DecodedSuperblocks> decode_batch(const SuperblockGrid& grid, const std::vector<ByteSpan>& sections, PlaneSet set,
                                          const SuperblockBatch& batch, int quality_step, DecodeWhat what, std::vector<Status>& damage) {
    std::vector<ByteSpan> payloads;
    std::vector<Status> checks;
    for (const int64_t index : batch.indexes) {
      const Result<ByteSpan> payload = open_section(sections[static_cast<size_t>(index)]);
      if (!payload.ok() && !options_.conceal) return corrupt(damage_text(grid, index, set, payload.status()));
      payloads.push_back(payload.ok() ? *payload : ByteSpan());
      checks.push_back(payload.status());
    }
    LACONIC_ASSIGN_OR_RETURN(DecodedSuperblocks decoded,
                             decode_superblocks(model_->impl().coding(), payloads, batch.height, batch.width, quality_step, what,
                                               what == DecodeWhat::kSymbols ? models::kNumPasses : options_.num_slices, damage));
    for (size_t i = 0; i < checks.size(); ++i) {
      if (!checks[i].ok()) damage[i] = corrupt(checks[i].message());
    }
    return decoded;
  }

  // x_hat of the latents `shown`: float32 [1, 3, h, w].
  torch::Tensor synthesise(const SuperblockGrid& grid, const LatentStore& store, const LatentRect& seen, const LatentRect& shown, int quality_step) {
    torch::NoGradGuard no_grad;
    use_threads(num_threads_);
    const ImageModel::Impl& model = model_->impl();
    const torch::Tensor y_hat = torch::empty({1, model.config().latents, seen.height, seen.width},
                                             torch::TensorOptions().device(model.device).memory_format(torch::MemoryFormat::ChannelsLast));
    for (const auto& [index, latents] : store) {
      const LatentRect whole = grid.latents_of(index);
      LatentRect common;
      common.row = std::max(whole.row, seen.row);
      common.column = std::max(whole.column, seen.column);
      common.height = std::min(whole.row + whole.height, seen.row + seen.height) - common.row;
      common.width = std::min(whole.column + whole.width, seen.column + seen.width) - common.column;
      if (common.height > 0 && common.width > 0) part_of(y_hat, seen, common).copy_(part_of(latents, whole, common));
    }
    const torch::Tensor steps = torch::full({1}, quality_step, torch::TensorOptions().dtype(torch::kFloat).device(model.device));
    return part_of(model.network()->synthesise(y_hat, steps, torch::kFloat), seen, shown, kLatentPx);
  }

  static void write_shown(const torch::Tensor& x_hat, PlaneSet set, const LatentRect& shown, const Rect& region, Image& image) {
    const int x = shown.column * kLatentPx - region.x, y = shown.row * kLatentPx - region.y;
    // The first latent's pixels may begin left of or above the region.
    const torch::Tensor inside = x_hat.slice(2, std::max(0, -y)).slice(3, std::max(0, -x));
    write_planes(inside, set, std::max(0, x), std::max(0, y), image);
  }

  Status decode_alpha_bitmap(const ImageStreamView& view, const Rect& region, Image& image) {
    const int width = static_cast<int>(view.header.width_px), height = static_cast<int>(view.header.height_px);
    const Result<ByteSpan> payload = open_section(view.alpha_sections[0]);
    Result<std::vector<uint8_t>> bitmap = payload.ok() ? decode_bitmap(*payload, width, height) : payload.status();
    if (!bitmap.ok()) {
      const std::string text = "the alpha bitmap is damaged: " + bitmap.status().message();
      if (!options_.conceal) return corrupt(text);
      damage_.push_back(text);
      bitmap = std::vector<uint8_t>(static_cast<size_t>(width) * static_cast<size_t>(height), 1);
    }
    const int bytes = image.bytes_per_sample();
    for (int row = 0; row < region.height; ++row) {
      const uint8_t* from = bitmap->data() + static_cast<size_t>(region.y + row) * static_cast<size_t>(width) + region.x;
      uint8_t* to = image.samples.data() + row * image.row_bytes() + static_cast<size_t>(image.num_channels - 1) * bytes;
      for (int column = 0; column < region.width; ++column, to += static_cast<size_t>(image.num_channels) * bytes) {
        for (int b = 0; b < bytes; ++b) to[b] = from[column] ? 0xFF : 0;
      }
    }
    return ok_status();
  }

  Status hash_symbols(const SuperblockGrid& grid, const std::vector<ByteSpan>& sections, PlaneSet set, int quality_step, SymbolHash& hash) {
    // A row of superblocks at a time, so that memory stays bounded.
    for (int row = 0; row < grid.num_rows(); ++row) {
      std::vector<int64_t> indexes(static_cast<size_t>(grid.num_columns()));
      for (int column = 0; column < grid.num_columns(); ++column) indexes[column] = int64_t{row} * grid.num_columns() + column;
      const std::vector<SuperblockBatch> batches = batches_of(indexes, grid);
      std::map<int64_t, std::vector<int16_t>> symbols;
      std::mutex mutex;  // guards symbols
      LACONIC_RETURN_IF_ERROR(run_parallel(num_threads_, batches.size(), [&](size_t i) -> Status {
        std::vector<Status> damage;
        LACONIC_ASSIGN_OR_RETURN(DecodedSuperblocks decoded, decode_batch(grid, sections, set, batches[i], quality_step, DecodeWhat::kSymbols, damage));
        const std::lock_guard lock(mutex);
        for (size_t k = 0; k < damage.size(); ++k) {
          if (!damage[k].ok()) return corrupt(damage_text(grid, batches[i].indexes[k], set, damage[k]));
          symbols[batches[i].indexes[k]] = std::move(decoded.symbols[k]);
        }
        return ok_status();
      }));
      for (const auto& [index, values] : symbols) hash.add(values);
    }
    return ok_status();
  }

  const std::shared_ptr<const ImageModel> model_;
  const ImageDecoderOptions options_;
  const int num_threads_;
  StageClock clock_;
  std::vector<std::string> damage_;
};

}  // namespace

Result<std::unique_ptr<ImageDecoder>> ImageDecoder::create(std::shared_ptr<const ImageModel> model, const ImageDecoderOptions& options) {
  if (!model) return invalid_argument("a decoder needs a model");
  if (options.num_threads < 0) return invalid_argument("the number of threads cannot be negative");
  if (options.num_slices < 1 || options.num_slices > models::kNumPasses)
    return invalid_argument(std::to_string(options.num_slices) + " slices cannot be decoded; 1 to " + std::to_string(models::kNumPasses) + " can");
  return std::unique_ptr<ImageDecoder>(std::make_unique<Decoder>(std::move(model), options));
}

}  // namespace laconic
