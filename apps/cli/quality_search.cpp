#include "apps/cli/quality_search.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace laconic::cli {
namespace {

constexpr int kFirstStep = kNumQualitySteps * 6 / 10;  // quality 60
constexpr int kProbe = 256;                            // first width of the bracket around a guess

// The next step to try strictly inside (low, high). values: all tried so far.
int next_step(const std::map<int, double>& values, int low, int high, double aim, bool is_logarithmic, int try_index) {
  const auto lower = values.find(low), upper = values.find(high);
  if (lower == values.end() && upper == values.end()) return kFirstStep;
  int guess = 0;
  if (lower == values.end()) {  // all tried so far lie above the target: go down in growing strides
    guess = high - (kProbe << (2 * (values.size() - 1)));
  } else if (upper == values.end()) {
    guess = low + (kProbe << (2 * (values.size() - 1)));
  } else if (try_index % 3 == 2) {  // interpolation alone may creep along one end of the bracket
    guess = low + (high - low) / 2;
  } else {
    const auto scale = [&](double v) { return is_logarithmic ? std::log(std::max(v, 1e-9)) : v; };
    const double a = scale(lower->second), b = scale(upper->second);
    const double part = b > a ? (scale(aim) - a) / (b - a) : 0.5;
    guess = low + static_cast<int>(std::lround(part * (high - low)));
  }
  return std::clamp(guess, std::max(low + 1, 0), std::min(high - 1, kNumQualitySteps));
}

}  // namespace

Result<QualityFound> find_quality(const QualitySearch& search) {
  // Invariant: steps <= low lie on the small side of the target, steps >= high on the large side.
  int low = -1, high = kNumQualitySteps + 1;
  std::map<int, double> values;
  QualityFound found;
  while (high - low > 1) {
    const double aim = search.target + (search.is_upper_bound ? -0.5 : 0.5) * search.close_enough;
    const int step = next_step(values, low, high, aim, search.is_logarithmic, found.num_tries);
    LACONIC_ASSIGN_OR_RETURN(const double value, search.value(step));
    values[step] = value;
    ++found.num_tries;
    const bool meets = search.is_upper_bound ? value <= search.target : value >= search.target;
    const bool is_better = !found.meets_target || (search.is_upper_bound ? step > found.step : step < found.step);
    if (meets && is_better) {
      found.step = step;
      found.value = value;
      found.meets_target = true;
    }
    if (meets && std::abs(value - search.target) <= search.close_enough) break;
    (meets == search.is_upper_bound ? low : high) = step;
  }
  if (!found.meets_target) {
    found.step = search.is_upper_bound ? 0 : kNumQualitySteps;
    found.value = values[found.step];  // the bracket closed on this end, so it was tried
  }
  return found;
}

}  // namespace laconic::cli
