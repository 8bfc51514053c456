#include "codec/image/coding_model.h"

namespace laconic {
namespace {

Result<CdfTables> to_cdf_tables(const std::vector<models::StoredTable>& stored, const char* what) {
  std::vector<CdfTable> tables;
  for (const models::StoredTable& table : stored) tables.push_back({table.min_symbol, table.cdf});
  Result<CdfTables> result = CdfTables::create(tables);
  if (!result.ok()) return model_mismatch(std::string("the weights' ") + what + " tables: " + result.status().message());
  return result;
}

}  // namespace

Result<CodingTables> CodingTables::create(const models::LatentTables& stored, const torch::Device& device) {
  constexpr int kReach = 64;  // symbols further out are chosen by distance alone
  LACONIC_ASSIGN_OR_RETURN(CdfTables scales, to_cdf_tables(stored.scales, "scale"));
  LACONIC_ASSIGN_OR_RETURN(CdfTables hyper, to_cdf_tables(stored.hyper, "hyper-latent"));
  return CodingTables{std::move(scales), std::move(hyper), models::stored_symbol_bits(stored.scales, kReach).to(device), stored.skip_below};
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
