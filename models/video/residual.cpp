#include "models/video/residual.h"

#include <array>

namespace laconic::models {
namespace {

// [size, size] of copies of a DCT along the diagonal, each as large as the transform's.
torch::Tensor basis_of(Transform transform, int size) {
  const int n = transform_size(transform);
  torch::Tensor basis = torch::zeros({size, size});
  auto at = basis.accessor<float, 2>();
  for (int first = 0; first < size; first += n) {
    for (int k = 0; k < n; ++k) {
      const double norm = std::sqrt((k == 0 ? 1.0 : 2.0) / n);
      for (int i = 0; i < n; ++i) at[first + k][first + i] = static_cast<float>(norm * std::cos(M_PI * (2 * i + 1) * k / (2.0 * n)));
    }
  }
  return basis;
}

// [H, W] -> [blocks, side, side], and back.
torch::Tensor to_blocks(const torch::Tensor& plane, int64_t side) {
  const int64_t rows = plane.size(0) / side, columns = plane.size(1) / side;
  return plane.reshape({rows, side, columns, side}).permute({0, 2, 1, 3}).reshape({rows * columns, side, side});
}
torch::Tensor to_plane(const torch::Tensor& blocks, int64_t height, int64_t width) {
  const int64_t side = blocks.size(1);
  return blocks.reshape({height / side, width / side, side, side}).permute({0, 2, 1, 3}).reshape({height, width});
}

// Every block X -> B X B', B being the basis or, for the inverse, its transpose.
torch::Tensor apply(const torch::Tensor& blocks, const torch::Tensor& basis) { return torch::matmul(torch::matmul(basis, blocks), basis.t()); }

torch::Tensor dequantised(const int16_t* symbols, int64_t height, int64_t width, double step) {
  return torch::from_blob(const_cast<int16_t*>(symbols), {height, width}, torch::kShort).to(torch::kFloat) * step;
}

// The inverse of transform_plane() where blocks of `side` samples have transforms of their own.
torch::Tensor inverse_plane(const torch::Tensor& coefficients, const std::vector<Transform>& transforms, int side) {
  torch::Tensor blocks = to_blocks(coefficients, side);
  for (int t = 0; t < kNumTransforms; ++t) {
    std::vector<int64_t> chosen;
    for (size_t i = 0; i < transforms.size(); ++i) {
      if (static_cast<int>(transforms[i]) == t) chosen.push_back(static_cast<int64_t>(i));
    }
    if (chosen.empty()) continue;
    const torch::Tensor indexes = torch::tensor(chosen);
    blocks.index_copy_(0, indexes, apply(blocks.index_select(0, indexes), basis_of(static_cast<Transform>(t), side).t()));
  }
  return to_plane(blocks, coefficients.size(0), coefficients.size(1));
}

}  // namespace

torch::Tensor transform_plane(const torch::Tensor& plane, Transform transform) {
  const int side = transform_size(transform);
  return to_plane(apply(to_blocks(plane, side), basis_of(transform, side)), plane.size(0), plane.size(1));
}

FramePlanes add_residual(const FramePlanes& reference, const Residual& residual, double step) {
  const int64_t height = reference.luma.size(2), width = reference.luma.size(3);
  FramePlanes result;
  result.luma = reference.luma + inverse_plane(dequantised(residual.luma.data(), height, width, step), residual.transforms, kResidualBlockPx);
  const int64_t chroma_height = reference.chroma.size(2), chroma_width = reference.chroma.size(3);
  const bool is_whole = residual.chroma_px == kResidualBlockPx;
  const std::vector<Transform> transforms = is_whole ? residual.transforms : std::vector<Transform>(residual.transforms.size(), Transform::kDct8);
  std::vector<torch::Tensor> planes;
  for (int c = 0; c < 2; ++c) {
    const int16_t* symbols = residual.chroma.data() + c * chroma_height * chroma_width;
    planes.push_back(inverse_plane(dequantised(symbols, chroma_height, chroma_width, step), transforms, residual.chroma_px));
  }
  result.chroma = reference.chroma + torch::stack(planes).unsqueeze(0);
  return result;
}

}  // namespace laconic::models
