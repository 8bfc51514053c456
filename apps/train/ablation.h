// What each part of the entropy model is worth: estimated rate on validation pictures with the part switched off.
#pragma once

#include <string>
#include <vector>

#include "apps/train/shards.h"
#include "models/image/network.h"

namespace laconic::train {

struct AblationRow {
  std::string variant;
  double bpp = 0;          // mean over pictures and qualities
  double more_rate = 0;    // in percent of the whole model's
};

// Without training anew: networks that learned to lean on a reference lose more when it goes than ones that never had it.
std::vector<AblationRow> measure_ablations(models::ImageNetwork network, const std::vector<Picture>& pictures);

}  // namespace laconic::train
