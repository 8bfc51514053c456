// The probability tables that ship with the weights: counted on training patches, so that they have the symbols' true shape.
#pragma once

#include "apps/train/patch_sampler.h"
#include "models/image/network.h"
#include "models/image/weights.h"

namespace laconic::train {

struct CountOptions {
  int patches_per_anchor = 24;
  int crop_px = 512;
  // Symbols with scale indexes so low that fewer than this share is not 0 are left out of the stream (selective coding).
  double skip_share = 0.01;
};

// Runs the network (with the weights it has now) over patches at every quality anchor.
models::ImageTables count_tables(models::ImageNetwork network, const PatchSampler& sampler, const CountOptions& options);

}  // namespace laconic::train
