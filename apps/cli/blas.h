// Which BLAS LibTorch was given: the difference between implementations is a factor of twenty.
#pragma once

#include <string>

namespace laconic::cli {

struct BlasLibrary {
  std::string name;           // "OpenBLAS", "reference BLAS", ...
  std::string path;           // of the shared library; empty if none was found
  bool is_reference = false;  // the slow one of a minimal installation
};

// Looks at the shared libraries that are loaded in this process.
BlasLibrary find_blas();

}  // namespace laconic::cli
