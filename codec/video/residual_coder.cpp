#include "codec/video/residual_coder.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

namespace laconic {
namespace {

using models::kCellPx;
using models::kMotionBlockPx;
using models::kNumTransforms;
using models::kResidualBlockPx;
using models::MotionField;
using models::MotionVector;
using models::NonzeroMap;
using models::Residual;
using models::Transform;

// Kinds of DCT block: luma of 16x16, 8x8, 4x4, and chroma of 8x8 (of 4:4:4: of any size), Cb and Cr.
constexpr size_t kKinds = 5;

// Decisions about blocks.
constexpr int kIsCoded = 0, kIsDct8 = 1, kIsDct4 = 2, kNumBlockDecisions = 3;
const std::vector<size_t> kNumBlockContexts = {8, 6 * 6, 6 * 6, 4 * 4 * 3, 6 * 9, 16};
// Decisions about how many coefficients of a DCT block are not zero, n of 0..256: its bits in unary, the two below the leading one.
constexpr int kMaxCountBits = 9;
constexpr int kCountGroup = 0, kCountTop = kCountGroup + kMaxCountBits + 1, kCountSecond = kCountTop + kMaxCountBits + 1,
              kNumCountDecisions = kCountSecond + 2 * (kMaxCountBits + 1);
constexpr size_t kCountClasses = 8;  // of count_class()
const std::vector<size_t> kNumCountContexts = {kKinds * 4, kKinds * kCountClasses * kCountClasses, kKinds * kCountClasses * kCountClasses, kKinds * kCountClasses * kCountClasses,
                                               kKinds * kCountClasses * 3, kKinds * kCountClasses * 9, kKinds * kCountClasses * kCountClasses};
// Decisions about coefficients.
constexpr int kIsNotZero = 0, kIsLarger = 1, kNumUnary = 14, kNumSymbolDecisions = kIsLarger + kNumUnary;
constexpr size_t kFrequencies = 64, kRadii = 16, kAround = 10;
const std::vector<size_t> kNumSymbolContexts = {kKinds * kFrequencies, kKinds * 16 * 8, kKinds * kAround * kRadii, kKinds * kFrequencies * 5,
                                                kKinds * kFrequencies * 5, kKinds * kCountClasses * kRadii, kKinds * kFrequencies * 8, kKinds * 9 * 8,
                                                kKinds * kAround * kCountClasses};

size_t count_class(int count) { return count < 4 ? static_cast<size_t>(count) : count < 6 ? 4 : count < 10 ? 5 : count < 20 ? 6 : 7; }
size_t size_class(int magnitude) { return magnitude == 0 ? 0 : magnitude <= 2 ? 1 : magnitude <= 8 ? 2 : magnitude <= 32 ? 3 : 4; }

// Coefficients from low frequencies to high ones: by diagonals, alternately down and up.
struct Scan {
  std::vector<std::pair<uint8_t, uint8_t>> places;  // row, column
  explicit Scan(int size) {
    for (int sum = 0; sum < 2 * size - 1; ++sum) {
      for (int k = 0; k <= sum; ++k) {
        const int row = sum % 2 ? k : sum - k, column = sum - row;
        if (row < size && column < size) places.emplace_back(row, column);
      }
    }
  }
};
const std::array<Scan, kNumTransforms> kScans = {Scan(16), Scan(8), Scan(4)};

}  // namespace

// see FORMAT.md 18.1
template <typename Coder>
class ResidualCoder::Walk {
 public:
  Walk(ResidualCoder& state, Coder& coder, const MotionField& motion, int quality_step, Residual& residual)
      : state_(state), coder_(coder), motion_(motion), quality_class_(std::min(3, quality_step / 512)), residual_(residual),
        luma_map_(2 * residual.rows, 2 * residual.columns) {
    const int scale = residual.chroma_px / kCellPx;
    for (NonzeroMap& map : chroma_maps_) map = NonzeroMap(scale * residual.rows, scale * residual.columns);
  }

  bool run() {
    for (int row = 0; row < residual_.rows; ++row) {
      for (int column = 0; column < residual_.columns; ++column) {
        if (!code_luma(row, column) || !code_chroma(row, column)) return false;
      }
    }
    return true;
  }
  NonzeroMap& luma_map() { return luma_map_; }
  std::array<NonzeroMap, 2>& chroma_maps() { return chroma_maps_; }

 private:
  // A plane of coefficients, and what is known of it.
  struct Plane {
    int16_t* values;
    const int16_t* before;
    int stride;
    NonzeroMap& map;
    const NonzeroMap& map_before;
    int cell_px;  // in samples of luma
  };

  Plane luma_plane() { return {residual_.luma.data(), state_.before_.luma.data(), residual_.columns * kResidualBlockPx, luma_map_, state_.luma_before_, kCellPx}; }
  Plane chroma_plane(int c) {
    const int stride = residual_.columns * residual_.chroma_px;
    const size_t start = static_cast<size_t>(c) * residual_.rows * residual_.chroma_px * stride;
    return {residual_.chroma.data() + start, state_.before_.chroma.data() + start, stride, chroma_maps_[c], state_.chroma_before_[c], kResidualBlockPx * kCellPx / residual_.chroma_px};
  }

  MotionVector vector_at(int row, int column) const { return motion_.at(row, column); }
  int before_at(const Plane& plane, int row, int column) const {
    const MotionVector v = vector_at(row * plane.cell_px / kMotionBlockPx, column * plane.cell_px / kMotionBlockPx);
    return plane.map_before.at(row + models::cells_moved(v.y, plane.cell_px), column + models::cells_moved(v.x, plane.cell_px));
  }

  // How the motion of a block differs from its neighbours': 0 not at all.
  int motion_class(int row, int column) const {
    const MotionVector v = vector_at(2 * row, 2 * column);
    const auto differs = [&](int r, int c) { return r >= 0 && c >= 0 && !(vector_at(r, c) == v); };
    const bool is_split = !(vector_at(2 * row, 2 * column + 1) == v && vector_at(2 * row + 1, 2 * column) == v && vector_at(2 * row + 1, 2 * column + 1) == v);
    return is_split ? 2 : differs(2 * row - 1, 2 * column) || differs(2 * row, 2 * column - 1) ? 1 : 0;
  }
  size_t speed_class(int row, int column) const {
    const MotionVector v = vector_at(2 * row, 2 * column);
    return size_class(std::abs(v.x) + std::abs(v.y));
  }

  static size_t coded_class(int sum) { return sum == 0 ? 0 : sum <= 2 ? 1 : sum <= 5 ? 2 : sum <= 10 ? 3 : sum <= 24 ? 4 : 5; }

  bool code_luma(int row, int column) {
    const Plane plane = luma_plane();
    const size_t block = static_cast<size_t>(row) * residual_.columns + column;
    bool is_coded = false;
    for (int i = 0; i < kResidualBlockPx && !is_coded; ++i) {
      const int16_t* values = plane.values + static_cast<size_t>(row * kResidualBlockPx + i) * plane.stride + column * kResidualBlockPx;
      is_coded = std::any_of(values, values + kResidualBlockPx, [](int16_t v) { return v != 0; });
    }
    Transform transform = residual_.transforms[block];
    // What lies around, by cells.
    const int top = 2 * row, left = 2 * column;
    int before = 0, around_before = 0;
    for (int k = 0; k < 4; ++k) before += before_at(plane, top + k / 2, left + k % 2);
    const MotionVector v = vector_at(top, left);
    const int moved_row = top + models::cells_moved(v.y, kCellPx), moved_column = left + models::cells_moved(v.x, kCellPx);
    for (int k = -1; k < 3; ++k) {
      around_before += plane.map_before.at(moved_row - 1, moved_column + k) + plane.map_before.at(moved_row + 2, moved_column + k);
      if (k >= 0 && k < 2) around_before += plane.map_before.at(moved_row + k, moved_column - 1) + plane.map_before.at(moved_row + k, moved_column + 2);
    }
    const int from_left = luma_map_.at(top, left - 1) + luma_map_.at(top + 1, left - 1), from_above = luma_map_.at(top - 1, left) + luma_map_.at(top - 1, left + 1);
    const int corner = luma_map_.at(top - 1, left + 2) + luma_map_.at(top - 1, left - 1);
    const int moves = motion_class(row, column);
    ContextMixer& mixer = state_.blocks_;
    const auto neighbour = [&](int r, int c) -> size_t {
      if (r < 0 || c < 0) return 3;
      return static_cast<size_t>(residual_.transforms[static_cast<size_t>(r) * residual_.columns + c]);
    };
    mixer.choose(0, static_cast<size_t>(quality_class_ * 2 + (moves > 0)));
    mixer.choose(1, coded_class(from_left) * 6 + coded_class(from_above));
    mixer.choose(2, coded_class(before) * 6 + coded_class(around_before / 2));
    mixer.choose(3, (neighbour(row - 1, column) * 4 + neighbour(row, column - 1)) * 3 + moves);
    mixer.choose(4, coded_class(from_left + from_above + corner) * 9 + coded_class(before) + (moves == 2 ? 3 : 0));
    mixer.choose(5, static_cast<size_t>(speed_class(row, column) * 3 + moves));
    if (!coder_.bit(is_coded, mixer, kIsCoded)) return false;
    if (!is_coded) {
      residual_.transforms[block] = Transform::kDct8;
      return true;
    }
    bool is_8 = transform == Transform::kDct8, is_4 = transform == Transform::kDct4;
    if (!coder_.bit(is_8, mixer, kIsDct8)) return false;
    if (!is_8 && !coder_.bit(is_4, mixer, kIsDct4)) return false;
    transform = is_8 ? Transform::kDct8 : is_4 ? Transform::kDct4 : Transform::kDct16;
    residual_.transforms[block] = transform;
    const int size = models::transform_size(transform);
    known_ = 0;
    for (int i = 0; i < kResidualBlockPx; i += size) {
      for (int j = 0; j < kResidualBlockPx; j += size) {
        if (!code_unit(plane, static_cast<size_t>(transform), static_cast<int>(transform), row * kResidualBlockPx + i, column * kResidualBlockPx + j, moves)) return false;
        known_ += last_count_;
      }
    }
    return true;
  }

  bool code_chroma(int row, int column) {
    const size_t block = static_cast<size_t>(row) * residual_.columns + column;
    const Transform transform = residual_.chroma_px == kResidualBlockPx ? residual_.transforms[block] : Transform::kDct8;
    const int size = models::transform_size(transform), px = residual_.chroma_px, moves = motion_class(row, column);
    int luma = 0;
    for (int k = 0; k < 4; ++k) luma += luma_map_.at(2 * row + k / 2, 2 * column + k % 2);
    int first = 0;
    for (int c = 0; c < 2; ++c) {
      int sum = 0;
      for (int i = 0; i < px; i += size) {
        for (int j = 0; j < px; j += size) {
          known_ = c == 0 ? luma : first > 0 ? 3 + first : std::min(luma, 3);
          if (!code_unit(chroma_plane(c), 3 + static_cast<size_t>(c), static_cast<int>(transform), row * px + i, column * px + j, moves)) return false;
          sum += last_count_;
        }
      }
      first = sum;
    }
    return true;
  }

  // One DCT block with its corner at sample (top, left) of the plane.
  bool code_unit(const Plane& plane, size_t kind, int transform, int top, int left, int moves) {
    const Scan& scan = kScans[transform];
    const int size = 16 >> transform, row = top / kCellPx, column = left / kCellPx, num_cells = size == 16 ? 2 : 1;
    int16_t* values = plane.values + static_cast<size_t>(top) * plane.stride + left;
    int count = 0;
    for (const auto& [i, j] : scan.places) count += values[i * plane.stride + j] != 0;
    int from_left = 0, from_above = 0, before = 0;
    for (int k = 0; k < num_cells; ++k) {
      from_left += plane.map.at(row + k, column - 1);
      from_above += plane.map.at(row - 1, column + k);
      for (int l = 0; l < num_cells; ++l) before += before_at(plane, row + k, column + l);
    }
    if (num_cells == 2) from_left *= 2, from_above *= 2;  // as counts of a whole block
    if (!code_count(kind, from_left, from_above, before, moves, size, count)) return false;
    if (size == 16) {
      for (int k = 0; k < 4; ++k) plane.map.add(row + k / 2, column + k % 2, (count + 3) / 4);
    } else {
      plane.map.add(row, column, count);
    }
    last_count_ = count;
    if (count == 0) return true;

    // The same coefficients of the blocks left and above and of what the block shows of the frame before. Near enough when their transforms differ.
    const MotionVector v = vector_at(row * plane.cell_px / kMotionBlockPx, column * plane.cell_px / kMotionBlockPx);
    const int moved_row = row + models::cells_moved(v.y, plane.cell_px), moved_column = column + models::cells_moved(v.x, plane.cell_px);
    const bool has_before = moved_row >= 0 && moved_column >= 0 && moved_row * kCellPx + size <= rows_of(plane) && moved_column * kCellPx + size <= plane.stride;
    const int inner_row = top - row * kCellPx, inner_column = left - column * kCellPx;
    const int16_t* before_values = has_before ? plane.before + static_cast<size_t>(moved_row * kCellPx + inner_row) * plane.stride + moved_column * kCellPx + inner_column : nullptr;
    const int16_t* left_values = left >= size ? values - size : nullptr;
    const int16_t* above_values = top >= size ? values - static_cast<size_t>(size) * plane.stride : nullptr;
    ContextMixer& mixer = state_.symbols_;
    const size_t total = count_class(count);
    int missing = count, last = 0, last_but_one = 0;
    const int num_places = static_cast<int>(scan.places.size());
    for (int k = 0; k < num_places && missing > 0; ++k) {
      const int i = scan.places[k].first, j = scan.places[k].second;
      int16_t& value = values[i * plane.stride + j];
      const auto magnitude = [&](int r, int c) { return r < 0 || c < 0 ? 0 : std::abs(int{values[r * plane.stride + c]}); };
      const int near = 2 * (magnitude(i - 1, j) + magnitude(i, j - 1)) + magnitude(i - 1, j - 1) + magnitude(i - 2, j) + magnitude(i, j - 2);
      const size_t around = near < 5 ? static_cast<size_t>(near) : near < 7 ? 5 : near < 10 ? 6 : near < 15 ? 7 : near < 25 ? 8 : 9;
      const size_t frequency = size == 16 ? static_cast<size_t>((i / 2) * 8 + j / 2) : size == 8 ? static_cast<size_t>(i * 8 + j) : static_cast<size_t>(i * 4 + j);
      const size_t radius = static_cast<size_t>(std::min(15, size == 16 ? (i + j) / 2 : size == 8 ? i + j : 2 * (i + j)));
      const auto at = [&](const int16_t* from) { return from ? std::abs(int{from[i * plane.stride + j]}) : 0; };
      const int beside = at(left_values) + at(above_values), behind = at(before_values);
      const size_t rest = static_cast<size_t>(std::min(15, missing)), open = static_cast<size_t>(std::min(7, (num_places - k) * 8 / num_places));
      const size_t base = kind;
      mixer.choose(0, base * kFrequencies + frequency);
      mixer.choose(1, (base * 16 + rest) * 8 + open);
      mixer.choose(2, (base * kAround + around) * kRadii + radius);
      mixer.choose(3, (base * kFrequencies + frequency) * 5 + static_cast<size_t>(std::min(4, beside)));
      mixer.choose(4, (base * kFrequencies + frequency) * 5 + static_cast<size_t>(std::min(4, behind)));
      mixer.choose(5, (base * kCountClasses + total) * kRadii + radius);
      mixer.choose(6, (base * kFrequencies + frequency) * 8 + std::min<size_t>(7, count_class(missing)));
      mixer.choose(7, (base * 9 + static_cast<size_t>(std::min(2, last) * 3 + std::min(2, last_but_one))) * 8 + std::min<size_t>(7, rest));
      mixer.choose(8, (base * kAround + around) * kCountClasses + count_class(missing));
      int coded = 0;
      bool is_not_zero = value != 0;
      if (missing == num_places - k) is_not_zero = true;
      else if (!coder_.bit(is_not_zero, mixer, kIsNotZero)) return false;
      if (is_not_zero) {
        if (!code_value(mixer, value)) return false;
        coded = std::abs(int{value});
        --missing;
      } else {
        value = 0;
      }
      last_but_one = last;
      last = coded;
    }
    return true;
  }

  int rows_of(const Plane& plane) const { return plane.map.rows() * kCellPx; }

  // n = bits of the count in unary, then the bits below the leading one.
  bool code_count(size_t kind, int from_left, int from_above, int before, int moves, int size, int& count) {
    ContextMixer& mixer = state_.counts_;
    const size_t a = count_class(from_left), b = count_class(from_above), before_class = count_class(before), known = count_class(known_);
    const int sum = (2 * from_left + 2 * from_above + 3 * before + 3) / 7;
    mixer.choose(0, kind * 4 + static_cast<size_t>(quality_class_));
    mixer.choose(1, (kind * kCountClasses + a) * kCountClasses + b);
    mixer.choose(2, (kind * kCountClasses + count_class((from_left + from_above + 1) / 2)) * kCountClasses + before_class);
    mixer.choose(3, (kind * kCountClasses + count_class((from_left + from_above + 1) / 2)) * kCountClasses + known);
    mixer.choose(4, (kind * kCountClasses + count_class(sum)) * 3 + static_cast<size_t>(moves));
    mixer.choose(5, (kind * kCountClasses + known) * 9);
    mixer.choose(6, (kind * kCountClasses + before_class) * kCountClasses + known);
    int bits = 0, coded = 0;
    while (count >> bits) ++bits;
    const int max_count = size * size;
    int max_bits = 0;
    while (max_count >> max_bits) ++max_bits;
    for (; coded < max_bits; ++coded) {
      bool more = coded < bits;
      if (!coder_.bit(more, mixer, kCountGroup + coded)) return false;
      if (!more) break;
    }
    if (coded <= 1) return count = coded, true;
    int value = 1;
    for (int k = coded - 2; k >= 0; --k) {
      bool one = count >> k & 1;
      const int depth = coded - 2 - k;
      if (depth == 0) {
        if (!coder_.bit(one, mixer, kCountTop + coded)) return false;
      } else if (depth == 1) {
        if (!coder_.bit(one, mixer, kCountSecond + 2 * coded + (value & 1))) return false;
      } else {
        uint32_t raw = one;
        if (!coder_.raw(raw, 1)) return false;
        one = raw != 0;
      }
      value = value * 2 + one;
    }
    count = value;
    return count <= max_count;
  }

  // A symbol that is not 0: its sign, then its magnitude.
  bool code_value(ContextMixer& mixer, int16_t& value) {
    uint32_t sign = value < 0;
    if (!coder_.raw(sign, 1)) return false;
    const int magnitude = std::abs(int{value});
    int coded = 1;
    bool more = true;
    for (; coded <= kNumUnary; ++coded) {
      more = magnitude > coded;
      if (!coder_.bit(more, mixer, kIsLarger + coded - 1)) return false;
      if (!more) break;
    }
    if (more) {  // exponential Golomb
      uint32_t rest = static_cast<uint32_t>(std::max(0, magnitude - coded)) + 1;
      int bits = 0;
      while (rest >> (bits + 1)) ++bits;
      int read = 0;
      for (; read < 15; ++read) {
        uint32_t longer = read < bits;
        if (!coder_.raw(longer, 1)) return false;
        if (!longer) break;
      }
      uint32_t low = rest & ((1u << read) - 1);
      if (read > 0 && !coder_.raw(low, read)) return false;
      coded += static_cast<int>((1u << read | low) - 1);
    }
    if (coded > kMaxSymbol) return false;
    value = static_cast<int16_t>(sign ? -coded : coded);
    return true;
  }

  ResidualCoder& state_;
  Coder& coder_;
  const MotionField& motion_;
  const int quality_class_;
  Residual& residual_;
  NonzeroMap luma_map_;
  std::array<NonzeroMap, 2> chroma_maps_;
  int known_ = 0;       // what a count is likely to depend on: the counts so far of the block
  int last_count_ = 0;
};

ResidualCoder::ResidualCoder(int rows, int columns, int chroma_px)
    : before_(rows, columns, chroma_px), luma_before_(2 * rows, 2 * columns), blocks_(kNumBlockContexts, kNumBlockDecisions),
      counts_(kNumCountContexts, kNumCountDecisions), symbols_(kNumSymbolContexts, kNumSymbolDecisions) {
  const int scale = chroma_px / kCellPx;
  for (NonzeroMap& map : chroma_before_) map = NonzeroMap(scale * rows, scale * columns);
}

Status ResidualCoder::encode(const Residual& residual, const MotionField& motion, int quality_step, RangeEncoder& encoder) {
  if (residual.rows != before_.rows || residual.columns != before_.columns || residual.chroma_px != before_.chroma_px) return invalid_argument("a residual of another size");
  MixedWriter writer(encoder);
  Residual walked = residual;
  Walk<MixedWriter> walk(*this, writer, motion, quality_step, walked);
  if (!walk.run()) return writer.status().ok() ? invalid_argument("a coefficient is larger than " + std::to_string(kMaxSymbol)) : writer.status();
  before_ = std::move(walked);
  luma_before_ = std::move(walk.luma_map());
  chroma_before_ = std::move(walk.chroma_maps());
  return ok_status();
}

Result<Residual> ResidualCoder::decode(const MotionField& motion, int quality_step, RangeDecoder& decoder) {
  MixedReader reader(decoder);
  Residual residual(before_.rows, before_.columns, before_.chroma_px);
  Walk<MixedReader> walk(*this, reader, motion, quality_step, residual);
  if (!walk.run()) return corrupt(reader.status().ok() ? "a residual holds values that no encoder writes" : reader.status().message());
  before_ = residual;
  luma_before_ = std::move(walk.luma_map());
  chroma_before_ = std::move(walk.chroma_maps());
  return residual;
}

}  // namespace laconic
