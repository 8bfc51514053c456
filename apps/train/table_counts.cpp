#include "apps/train/table_counts.h"

#include <algorithm>
#include <cmath>

#include "entropy/cdf_table.h"

namespace laconic::train {
namespace {

using models::kNumAnchors;
using models::kNumScales;

// A prior keeps symbols that were never seen possible and smooths what was seen rarely: this many symbols of a Gaussian
// (residuals) or of the learned logistic (z) are mixed into the counts.
constexpr double kResidualPriorWeight = 2000;
constexpr double kHyperPriorWeight = 40;
constexpr double kCountScale = 1 << 16;  // counts are integers: fractions of a symbol
constexpr int kMaxHyperSymbol = 31;

double normal_cdf(double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); }
double logistic_cdf(double x) { return 1 / (1 + std::exp(-x)); }

// counts: of symbols -range..range, then of everything else. cdf: of the prior.
template <typename Cdf>
models::StoredTable make_table(const std::vector<double>& counts, double prior_weight, const Cdf& cdf) {
  const int range = (static_cast<int>(counts.size()) - 2) / 2;
  std::vector<uint64_t> mixed;
  for (int symbol = -range; symbol <= range; ++symbol) {
    const double prior = cdf(symbol + 0.5) - cdf(symbol - 0.5);
    mixed.push_back(static_cast<uint64_t>((counts[symbol + range] + prior_weight * prior) * kCountScale));
  }
  const double tail = cdf(-range - 0.5) + 1 - cdf(range + 0.5);
  mixed.push_back(static_cast<uint64_t>((counts.back() + prior_weight * tail) * kCountScale));
  const CdfTable table = make_cdf_table(-range, mixed);
  return {table.min_symbol, table.cdf};
}

int residual_range(int index) {
  const double sigma = models::kScaleMin * std::exp(index * models::log_scale_step());
  return std::max(2, static_cast<int>(std::ceil(5 * sigma)) + 1);
}

void count_symbol(std::vector<double>& counts, int symbol, double weight) {
  const int range = (static_cast<int>(counts.size()) - 2) / 2;
  if (std::abs(symbol) <= range) counts[symbol + range] += weight;
  else counts.back() += weight;
}

// The first index whose symbols are worth coding.
int choose_skip(const std::vector<std::vector<double>>& scales, double share) {
  double all = 0, coded = 0;
  int skip = 0;
  for (int index = 0; index + 1 < kNumScales; ++index) {
    const int range = (static_cast<int>(scales[index].size()) - 2) / 2;
    for (const double count : scales[index]) all += count;
    for (const double count : scales[index]) coded += count;
    coded -= scales[index][range];
    if (all > 0 && coded / all < share) skip = index + 1;
    else break;
  }
  return skip;
}

}  // namespace

TableCounts::TableCounts(int num_hyper_tables) {
  for (int index = 0; index < kNumScales; ++index) scales_.emplace_back(2 * residual_range(index) + 2, 0.0);
  hyper_.assign(static_cast<size_t>(num_hyper_tables), std::vector<double>(2 * kMaxHyperSymbol + 2, 0.0));
}

void TableCounts::add_residuals(const torch::Tensor& residuals, const torch::Tensor& indexes) {
  const torch::Tensor r = residuals.to(torch::kCPU).to(torch::kInt).contiguous().flatten();
  const torch::Tensor index = indexes.to(torch::kCPU).to(torch::kInt).contiguous().flatten();
  for (int64_t i = 0; i < r.numel(); ++i) {
    // Symmetric: either sign tells about both.
    auto& counts = scales_[index.data_ptr<int>()[i]];
    count_symbol(counts, r.data_ptr<int>()[i], 0.5);
    count_symbol(counts, -r.data_ptr<int>()[i], 0.5);
  }
}

void TableCounts::add_hyper(int first_table, const torch::Tensor& z_hat) {
  const torch::Tensor z = z_hat.to(torch::kCPU).to(torch::kInt).contiguous();
  const int64_t channels = z.size(1), positions = z.size(2) * z.size(3);
  for (int64_t i = 0; i < z.numel(); ++i) count_symbol(hyper_[first_table + i / positions % channels], z.data_ptr<int>()[i], 1);
}

models::LatentTables TableCounts::tables(const torch::Tensor& z_log_scales, const torch::Tensor& z_means, double skip_share) const {
  models::LatentTables tables;
  for (int index = 0; index < kNumScales; ++index) {
    const double sigma = models::kScaleMin * std::exp(index * models::log_scale_step());
    tables.scales.push_back(make_table(scales_[index], kResidualPriorWeight, [&](double x) { return normal_cdf(x / sigma); }));
  }
  const torch::Tensor scales = z_log_scales.exp().flatten().to(torch::kCPU), means = z_means.flatten().to(torch::kCPU);
  for (size_t i = 0; i < hyper_.size(); ++i) {
    const double scale = scales[static_cast<int64_t>(i)].item<double>(), mean = means[static_cast<int64_t>(i)].item<double>();
    tables.hyper.push_back(make_table(hyper_[i], kHyperPriorWeight, [&](double x) { return logistic_cdf((x - mean) / scale); }));
  }
  tables.skip_below = choose_skip(scales_, skip_share);
  return tables;
}

models::LatentTables count_tables(models::ImageNetwork network, const PatchSampler& sampler, const CountOptions& options) {
  torch::NoGradGuard no_grad;
  const torch::Device device = network->log_gains.device();
  const int hyper_latents = network->config().hyper_latents;
  TableCounts counts(kNumAnchors * hyper_latents);
  for (int anchor = 0; anchor < kNumAnchors; ++anchor) {
    for (int i = 0; i < options.samples_per_anchor; ++i) {
      const torch::Tensor patch = sampler.batch(kFirstCountStep - i, 1, options.crop_px).to(device).to(torch::kFloat) / 255;
      const torch::Tensor steps = torch::full({1}, anchor * 256.0, patch.options());
      const models::ImageEstimate e = network->estimate(patch.contiguous(torch::MemoryFormat::ChannelsLast), steps, nullptr, torch::kFloat);
      counts.add_residuals(e.residuals, e.indexes);
      counts.add_hyper(anchor * hyper_latents, e.z_hat);
    }
  }
  return counts.tables(network->z_log_scales, network->z_means, kSkipShare);
}

}  // namespace laconic::train
