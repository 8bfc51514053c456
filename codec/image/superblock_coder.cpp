#include "codec/image/superblock_coder.h"

#include <algorithm>
#include <chrono>

#include "codec/format/geometry.h"
#include "codec/format/image_header.h"
#include "entropy/range_coder.h"
#include "models/image/passes.h"

namespace laconic {
namespace {

using models::kNumPasses;
using models::kPhase;

constexpr int kMaxHyperSymbol = 2000;  // an encoder never writes more; a decoder takes any int16
constexpr int kMaxResidualSymbol = 32000;

class Stopwatch {
 public:
  explicit Stopwatch(double& sum) : sum_(sum), start_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() { sum_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& sum_;
  std::chrono::steady_clock::time_point start_;
};

int64_t round_up_to_even(int64_t n) { return n + n % 2; }

// What encoder and decoder know alike: shapes, the exact context, and for each pass which symbol uses which table.
class PassCoder {
 public:
  PassCoder(const CodingModel& model, int h, int w, int quality_step)
      : model_(model), h_(h), w_(w), even_h_(round_up_to_even(h)), even_w_(round_up_to_even(w)),
        steps_(torch::full({1}, quality_step, torch::TensorOptions().dtype(torch::kFloat).device(model.device))),
        anchor_(anchor_of_step(static_cast<uint32_t>(quality_step))) {}

  void begin(const torch::Tensor& z_hat) {
    scale_state_ = context()->begin(*model_.scale_networks, z_hat, steps_, even_h_, even_w_);
  }
  models::MeanContextImpl::State begin_means(const torch::Tensor& z_hat) const {
    return model_.network->mean_context->begin(z_hat, model_.network->unit(steps_), even_h_, even_w_);
  }
  // Scale indexes of the pass, uint8 on the CPU, contiguous [N, M, h/2, w/2].
  torch::Tensor indexes(int pass) {
    return context()->predict(*model_.scale_networks, scale_state_, pass).to(torch::kByte).to(torch::kCPU).contiguous();
  }
  void learn(int pass, const torch::Tensor& r) { context()->learn(*model_.scale_networks, scale_state_, pass, r); }

  // Calls take(position) for every symbol that pass `pass` of superblock `item` codes, in coding order (channel, row,
  // column); positions index the contiguous [N, M, h/2, w/2] tensors.
  template <typename Take>
  void for_each_coded(int pass, int64_t item, const uint8_t* indexes, Take&& take) const {
    const int64_t rows = even_h_ / 2, columns = even_w_ / 2, channels = model_.config().latents;
    const int64_t group = channels / models::kNumGroups;
    for (int64_t c = 0; c < channels; ++c) {
      const int phase = kPhase[pass][c / group];
      // The last row or column of an odd superblock does not exist for the phases beyond it.
      const int64_t num_rows = (h_ - phase / 2 + 1) / 2, num_columns = (w_ - phase % 2 + 1) / 2;
      for (int64_t row = 0; row < num_rows; ++row) {
        const int64_t start = ((item * channels + c) * rows + row) * columns;
        for (int64_t i = start; i < start + num_columns; ++i) {
          if (indexes[i] >= model_.tables->skip_below) take(i);
        }
      }
    }
  }

  std::vector<uint16_t> hyper_table_indexes() const {
    const int64_t z = model_.config().hyper_latents, positions = hyper_height() * hyper_width();
    std::vector<uint16_t> tables(static_cast<size_t>(z * positions));
    for (int64_t i = 0; i < z * positions; ++i) tables[i] = static_cast<uint16_t>(anchor_ * z + i / positions);
    return tables;
  }

  int64_t hyper_height() const { return ceil_div(h_, kHyperLatentStride); }
  int64_t hyper_width() const { return ceil_div(w_, kHyperLatentStride); }
  int64_t even_height() const { return even_h_; }
  int64_t even_width() const { return even_w_; }

 private:
  models::ScaleContextImpl* context() const { return model_.network->scale_context.get(); }

  const CodingModel& model_;
  const int64_t h_, w_, even_h_, even_w_;
  const torch::Tensor steps_;
  const int anchor_;
  models::ScaleContextImpl::State scale_state_;
};

torch::Tensor to_channels_last(const torch::Tensor& x) { return x.contiguous(torch::MemoryFormat::ChannelsLast); }

// y_hat from all residuals: the float half of the decoder, which no symbol depends on.
torch::Tensor add_means(const CodingModel& model, const PassCoder& coder, const torch::Tensor& z_hat,
                        const std::vector<torch::Tensor>& residuals) {
  models::LatentModelImpl* network = model.network;
  auto state = coder.begin_means(z_hat);
  std::vector<torch::Tensor> y_hat;
  for (int pass = 0; pass < kNumPasses; ++pass) {
    y_hat.push_back(residuals[pass] + network->mean_context->predict(state, pass));
    if (pass + 1 < kNumPasses) network->mean_context->learn(state, pass, y_hat.back());
  }
  return models::merge_passes(y_hat);
}

torch::Tensor crop(const torch::Tensor& x, int64_t h, int64_t w) { return x.slice(2, 0, h).slice(3, 0, w); }

bool are_all_damaged(const std::vector<Status>& damage) {
  return std::none_of(damage.begin(), damage.end(), [](const Status& status) { return status.ok(); });
}

// What is left of n superblocks that are all damaged: zeros, no symbols.
DecodedSuperblocks nothing_of(const CodingModel& model, int64_t n, int h, int w, DecodedSuperblocks result) {
  result.symbols.resize(static_cast<size_t>(n));
  result.y_hat = torch::zeros({n, model.config().latents, h, w}, torch::TensorOptions().device(model.device));
  return result;
}

}  // namespace

torch::Tensor hyper_latents(const CodingModel& model, const torch::Tensor& y) {
  torch::NoGradGuard no_grad;
  return torch::round(model.network->h_a(y)).clamp(-kMaxHyperSymbol, kMaxHyperSymbol);
}

Result<CodedSuperblocks> encode_superblocks(const CodingModel& model, const torch::Tensor& y_in, const torch::Tensor& z_hat,
                                            int quality_step) {
  torch::NoGradGuard no_grad;
  CodedSuperblocks result;
  const int64_t n = y_in.size(0), h = y_in.size(2), w = y_in.size(3);
  models::LatentModelImpl* network = model.network;
  PassCoder coder(model, static_cast<int>(h), static_cast<int>(w), quality_step);
  std::vector<RangeEncoder> encoders(static_cast<size_t>(n));

  torch::Tensor y = y_in;
  {
    const Stopwatch watch(result.entropy_network_seconds);
    if (h % 2 || w % 2) y = to_channels_last(torch::replication_pad2d(y.contiguous(), {0, w % 2, 0, h % 2}));
    coder.begin(z_hat);
  }
  const torch::Tensor z_symbols = z_hat.to(torch::kShort).to(torch::kCPU).contiguous();
  const std::vector<uint16_t> hyper_tables = coder.hyper_table_indexes();
  for (int64_t item = 0; item < n; ++item) {
    const Stopwatch watch(result.range_coder_seconds);
    const Span<const int16_t> z(z_symbols.data_ptr<int16_t>() + item * hyper_tables.size(), hyper_tables.size());
    LACONIC_RETURN_IF_ERROR(encoders[item].encode_symbols(z, hyper_tables, model.tables->hyper));
  }

  auto mean_state = coder.begin_means(z_hat);
  const std::vector<torch::Tensor> y_passes = models::split_passes(y);
  std::vector<int16_t> symbols;
  std::vector<uint16_t> tables;
  for (int pass = 0; pass < kNumPasses; ++pass) {
    torch::Tensor indexes, r_symbols;
    {
      const Stopwatch watch(result.entropy_network_seconds);
      indexes = coder.indexes(pass);
      const torch::Tensor means = network->mean_context->predict(mean_state, pass);
      r_symbols = torch::round(y_passes[pass] - means).clamp(-kMaxResidualSymbol, kMaxResidualSymbol).to(torch::kShort).to(torch::kCPU).contiguous();
      // What is not coded is 0, for the decoder knows no better.
      torch::Tensor coded = torch::zeros_like(r_symbols);
      for (int64_t item = 0; item < n; ++item) {
        coder.for_each_coded(pass, item, indexes.data_ptr<uint8_t>(), [&](int64_t i) { coded.data_ptr<int16_t>()[i] = r_symbols.data_ptr<int16_t>()[i]; });
      }
      r_symbols = coded;
      if (pass + 1 < kNumPasses) {
        const torch::Tensor r = to_channels_last(r_symbols.to(model.device).to(torch::kFloat));
        coder.learn(pass, r);
        network->mean_context->learn(mean_state, pass, means + r);
      }
    }
    for (int64_t item = 0; item < n; ++item) {
      const Stopwatch watch(result.range_coder_seconds);
      symbols.clear();
      tables.clear();
      coder.for_each_coded(pass, item, indexes.data_ptr<uint8_t>(), [&](int64_t i) {
        symbols.push_back(r_symbols.data_ptr<int16_t>()[i]);
        tables.push_back(indexes.data_ptr<uint8_t>()[i]);
      });
      LACONIC_RETURN_IF_ERROR(encoders[item].encode_symbols(symbols, tables, model.tables->scales));
    }
  }
  for (RangeEncoder& encoder : encoders) result.payloads.push_back(encoder.finish());
  return result;
}

Result<DecodedSuperblocks> decode_superblocks(const CodingModel& model, const std::vector<ByteSpan>& payloads, int h, int w,
                                              int quality_step, DecodeWhat what, int num_slices, std::vector<Status>& damage) {
  torch::NoGradGuard no_grad;
  DecodedSuperblocks result;
  const int64_t n = static_cast<int64_t>(payloads.size()), channels = model.config().latents;
  PassCoder coder(model, h, w, quality_step);
  std::vector<RangeDecoder> decoders(payloads.begin(), payloads.end());
  damage.assign(static_cast<size_t>(n), ok_status());
  // A section ends where the table says: too few bytes in it is damage, not a matter of more data.
  const auto note = [&](int64_t item, const Status& status) {
    if (!status.ok() && damage[item].ok()) damage[item] = corrupt(status.message());
  };

  torch::Tensor z_symbols = torch::zeros({n, model.config().hyper_latents, coder.hyper_height(), coder.hyper_width()}, torch::kShort);
  const std::vector<uint16_t> hyper_tables = coder.hyper_table_indexes();
  for (int64_t item = 0; item < n; ++item) {
    const Stopwatch watch(result.range_coder_seconds);
    const Span<int16_t> z(z_symbols.data_ptr<int16_t>() + item * hyper_tables.size(), hyper_tables.size());
    note(item, decoders[item].decode_symbols(hyper_tables, model.tables->hyper, z));
  }
  // Worthless sections under a large header must not cost the memory of the networks.
  const auto is_hopeless = [&] { return are_all_damaged(damage); };
  if (is_hopeless()) return nothing_of(model, n, h, w, std::move(result));
  const torch::Tensor z_hat = to_channels_last(z_symbols.to(model.device).to(torch::kFloat));
  {
    const Stopwatch watch(result.entropy_network_seconds);
    coder.begin(z_hat);
  }
  std::vector<torch::Tensor> residuals;
  std::vector<uint16_t> tables;
  std::vector<int64_t> places;
  std::vector<int16_t> symbols;
  for (int pass = 0; pass < kNumPasses; ++pass) {
    torch::Tensor r = torch::zeros({n, channels, coder.even_height() / 2, coder.even_width() / 2}, torch::kShort);
    if (pass >= num_slices) {
      residuals.push_back(to_channels_last(r.to(model.device).to(torch::kFloat)));
      continue;
    }
    torch::Tensor indexes;
    {
      const Stopwatch watch(result.entropy_network_seconds);
      indexes = coder.indexes(pass);
    }
    for (int64_t item = 0; item < n; ++item) {
      const Stopwatch watch(result.range_coder_seconds);
      if (!damage[item].ok()) continue;
      tables.clear();
      places.clear();
      coder.for_each_coded(pass, item, indexes.data_ptr<uint8_t>(), [&](int64_t i) {
        places.push_back(i);
        tables.push_back(indexes.data_ptr<uint8_t>()[i]);
      });
      symbols.resize(tables.size());
      note(item, decoders[item].decode_symbols(tables, model.tables->scales, symbols));
      for (size_t i = 0; i < places.size(); ++i) r.data_ptr<int16_t>()[places[i]] = symbols[i];
    }
    if (is_hopeless()) return nothing_of(model, n, h, w, std::move(result));
    residuals.push_back(to_channels_last(r.to(model.device).to(torch::kFloat)));
    const Stopwatch watch(result.entropy_network_seconds);
    if (pass + 1 < num_slices) coder.learn(pass, residuals.back());
  }
  for (int64_t item = 0; item < n && num_slices == kNumPasses; ++item) {
    if (damage[item].ok()) note(item, decoders[item].finish());
  }
  if (what != DecodeWhat::kLatents) {
    const torch::Tensor r = crop(models::merge_passes(residuals), h, w).to(torch::kShort).to(torch::kCPU).contiguous();
    for (int64_t item = 0; item < n; ++item) {
      const auto* z = z_symbols.data_ptr<int16_t>() + item * hyper_tables.size();
      const auto* y = r.data_ptr<int16_t>() + item * channels * h * w;
      result.symbols.emplace_back(z, z + hyper_tables.size());
      result.symbols.back().insert(result.symbols.back().end(), y, y + channels * h * w);
    }
    if (what == DecodeWhat::kSymbols) return result;
  }
  const Stopwatch watch(result.entropy_network_seconds);
  result.y_hat = crop(add_means(model, coder, z_hat, residuals), h, w);
  for (int64_t item = 0; item < n; ++item) {
    if (!damage[item].ok()) result.y_hat[item].zero_();
  }
  return result;
}

}  // namespace laconic
