// Validation on real bytes: pictures are encoded to whole .lac files with the exported weights and decoded again.
#pragma once

#include <string>
#include <vector>

#include "apps/train/shards.h"
#include "codec/base/status.h"

namespace laconic::train {

struct CurvePoint {
  double quality = 0;
  double bpp = 0;   // mean over pictures of bits of the file per pixel
  double psnr = 0;  // mean over pictures, RGB, dB
};

Result<std::vector<CurvePoint>> measure_curve(const std::string& weights_path, const std::vector<Picture>& pictures,
                                              const std::vector<double>& qualities, const std::string& device);

std::string curve_to_json(const std::vector<CurvePoint>& curve);

}  // namespace laconic::train
