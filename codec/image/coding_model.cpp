#include "codec/image/coding_model.h"

#include <algorithm>
#include <cmath>

namespace laconic {
namespace {

Result<CdfTables> to_cdf_tables(const std::vector<models::StoredTable>& stored, const char* what) {
  std::vector<CdfTable> tables;
  for (const models::StoredTable& table : stored) tables.push_back({table.min_symbol, table.cdf});
  Result<CdfTables> result = CdfTables::create(tables);
  if (!result.ok()) return model_mismatch(std::string("the weights' ") + what + " tables: " + result.status().message());
  return result;
}

// Symbols outside a table cost its escape and an Exp-Golomb code of about twice the bits of the distance.
torch::Tensor bits_of_symbols(const std::vector<models::StoredTable>& tables) {
  constexpr int kReach = 64;
  torch::Tensor bits = torch::empty({static_cast<int64_t>(tables.size()), 2 * kReach + 1});
  auto at = bits.accessor<float, 2>();
  for (int64_t t = 0; t < bits.size(0); ++t) {
    const models::StoredTable& table = tables[static_cast<size_t>(t)];
    const int num_symbols = static_cast<int>(table.cdf.size()) - 2;
    for (int symbol = -kReach; symbol <= kReach; ++symbol) {
      const int k = std::clamp(symbol - table.min_symbol, -1, num_symbols);
      const bool is_escape = k < 0 || k == num_symbols;
      const size_t cell = static_cast<size_t>(is_escape ? num_symbols : k);
      const double distance = is_escape ? std::max(table.min_symbol - symbol, symbol - table.min_symbol - num_symbols + 1) : 0;
      at[t][symbol + kReach] = static_cast<float>(kCdfBits - std::log2(table.cdf[cell + 1] - table.cdf[cell]) + 2 * std::log2(1 + distance));
    }
  }
  return bits;
}

}  // namespace

Result<CodingTables> CodingTables::create(const models::LatentTables& stored, const torch::Device& device) {
  LACONIC_ASSIGN_OR_RETURN(CdfTables scales, to_cdf_tables(stored.scales, "scale"));
  LACONIC_ASSIGN_OR_RETURN(CdfTables hyper, to_cdf_tables(stored.hyper, "hyper-latent"));
  return CodingTables{std::move(scales), std::move(hyper), bits_of_symbols(stored.scales).to(device), stored.skip_below};
}

Status prepare_device(const std::string& device) {
  if (device == "cpu") return ok_status();
  if (device != "cuda") return invalid_argument("device '" + device + "' is neither cpu nor cuda");
  if (!torch::cuda::is_available()) return unsupported("no CUDA device is available; use --device cpu");
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
  return ok_status();
}

}  // namespace laconic
