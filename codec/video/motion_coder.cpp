#include "codec/video/motion_coder.h"

#include <algorithm>
#include <array>
#include <string>

#include "entropy/adaptive_bit.h"
#include "entropy/range_coder.h"

namespace laconic {
namespace {

using models::kMaxMotion;
using models::MotionField;
using models::MotionVector;

constexpr int kMaxGroup = 12;  // differences up to 2 * 2047 have at most 12 bits

// The models of one section, shared by both directions.
struct MotionModels {
  std::array<AdaptiveBit, 3> splits;                            // by how many of left and above are split
  std::array<AdaptiveBit, 6> differs;                           // by size and how many of left and above differed
  std::array<std::array<AdaptiveBit, kMaxGroup + 1>, 2> group;  // of the components' magnitudes, unary
  std::array<std::array<AdaptiveBit, kMaxGroup + 1>, 2> top;    // the bit below the leading one, by group
  std::array<AdaptiveBit, 2> signs;
};

// One walk over the blocks for writer and reader: Coder has bit(bool&, AdaptiveBit&) and raw(uint32_t&, int), which write what
// they are given or put what they read in its place, and return false on an error.
template <typename Coder>
class MotionWalk {
 public:
  MotionWalk(Coder& coder, MotionField& field)
      : coder_(coder), field_(field), is_split_(static_cast<size_t>(field.rows / 2) * (field.columns / 2)),
        differs_(static_cast<size_t>(field.rows) * field.columns) {}

  bool run() {
    for (int row = 0; row < field_.rows; row += 2) {
      for (int column = 0; column < field_.columns; column += 2) {
        if (!code_block(row, column)) return false;
      }
    }
    return true;
  }

 private:
  bool code_block(int row, int column) {
    const int columns = field_.columns / 2, at = row / 2 * columns + column / 2;
    const MotionVector first = field_.at(row, column);
    bool splits = !(field_.at(row, column + 1) == first && field_.at(row + 1, column) == first && field_.at(row + 1, column + 1) == first);
    const int context = (column > 0 && is_split_[at - 1]) + (row > 0 && is_split_[at - columns]);
    if (!coder_.bit(splits, models_.splits[context])) return false;
    is_split_[at] = splits;
    if (!splits) return code_vector(row, column, 2);
    for (int i = 0; i < 4; ++i) {
      if (!code_vector(row + i / 2, column + i % 2, 1)) return false;
    }
    return true;
  }

  bool code_vector(int row, int column, int side) {
    const MotionVector predicted = models::predict_motion(field_, row, column, side);
    MotionVector vector = field_.at(row, column);
    bool differs = !(vector == predicted);
    const int context = (column > 0 && differs_at(row, column - 1)) + (row > 0 && differs_at(row - 1, column));
    if (!coder_.bit(differs, models_.differs[(side - 1) * 3 + context])) return false;
    if (differs) {
      int x = vector.x - predicted.x, y = vector.y - predicted.y;
      if (!code_difference(x, 0) || !code_difference(y, 1)) return false;
      x += predicted.x;
      y += predicted.y;
      if (std::max(std::abs(x), std::abs(y)) > kMaxMotion) return false;
      vector = {static_cast<int16_t>(x), static_cast<int16_t>(y)};
    } else {
      vector = predicted;
    }
    for (int i = 0; i < side * side; ++i) {
      field_.at(row + i / side, column + i % side) = vector;
      differs_[static_cast<size_t>(row + i / side) * field_.columns + column + i % side] = differs;
    }
    return true;
  }

  bool differs_at(int row, int column) const { return differs_[static_cast<size_t>(row) * field_.columns + column]; }

  // 0, or a sign and a magnitude m of n bits: n in unary, the bit below the leading one, the rest raw.
  bool code_difference(int& value, int component) {
    int magnitude = std::abs(value), group = 0;
    while (magnitude >> group) ++group;
    int coded = 0;
    for (; coded < kMaxGroup; ++coded) {
      bool more = coded < group;
      if (!coder_.bit(more, models_.group[component][coded])) return false;
      if (!more) break;
    }
    if (coded == 0) return value = 0, true;
    uint32_t rest = static_cast<uint32_t>(magnitude) & ((1u << (coded - 1)) - 1);
    if (coded >= 2) {
      bool top = rest >> (coded - 2) & 1;
      if (!coder_.bit(top, models_.top[component][coded])) return false;
      uint32_t low = rest & ((1u << (coded - 2)) - 1);
      if (coded > 2 && !coder_.raw(low, coded - 2)) return false;
      rest = static_cast<uint32_t>(top) << (coded - 2) | low;
    }
    bool is_negative = value < 0;
    if (!coder_.bit(is_negative, models_.signs[component])) return false;
    magnitude = static_cast<int>(1u << (coded - 1) | rest);
    value = is_negative ? -magnitude : magnitude;
    return true;
  }

  Coder& coder_;
  MotionField& field_;
  MotionModels models_;
  std::vector<bool> is_split_, differs_;  // by large block; by small block
};

class MotionWriter {
 public:
  bool bit(bool& value, AdaptiveBit& model) {
    encode_bit(value, model, encoder_);
    return true;
  }
  bool raw(uint32_t& value, int num_bits) {
    status_ = encoder_.encode_bypass(value, num_bits);
    return status_.ok();
  }
  const Status& status() const { return status_; }
  Bytes finish() { return encoder_.finish(); }

 private:
  RangeEncoder encoder_;
  Status status_;
};

class MotionReader {
 public:
  explicit MotionReader(ByteSpan payload) : decoder_(payload) {}
  bool bit(bool& value, AdaptiveBit& model) {
    status_ = decode_bit(model, decoder_, value);
    return status_.ok();
  }
  bool raw(uint32_t& value, int num_bits) {
    const Result<uint32_t> found = decoder_.decode_bypass(num_bits);
    if (found.ok()) value = *found;
    else status_ = found.status();
    return found.ok();
  }
  const Status& status() const { return status_; }
  Status finish() { return decoder_.finish(); }

 private:
  RangeDecoder decoder_;
  Status status_;
};

}  // namespace

Result<Bytes> encode_motion(const MotionField& motion) {
  if (motion.rows % 2 || motion.columns % 2) return invalid_argument("a motion field has an even number of rows and columns");
  MotionWriter writer;
  MotionField walked = motion;
  if (!MotionWalk(writer, walked).run())
    return writer.status().ok() ? invalid_argument("a motion vector is longer than " + std::to_string(kMaxMotion)) : writer.status();
  return writer.finish();
}

Result<MotionField> decode_motion(ByteSpan payload, int rows, int columns) {
  MotionField motion(rows, columns);
  MotionReader reader(payload);
  if (!MotionWalk(reader, motion).run())
    return corrupt(reader.status().ok() ? "a motion vector is longer than " + std::to_string(kMaxMotion) : reader.status().message());
  const Status end = reader.finish();
  if (!end.ok()) return corrupt(end.message());
  return motion;
}

}  // namespace laconic
