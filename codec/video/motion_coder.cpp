#include "codec/video/motion_coder.h"

#include <algorithm>
#include <array>
#include <string>

namespace laconic {
namespace {

using models::BiMotion;
using models::kMaxMotion;
using models::MotionField;
using models::MotionVector;
using models::Prediction;

constexpr int kMaxGroup = 12;  // differences up to 2 * 2047 have at most 12 bits

// Kinds of decision; those of a component follow each other for x, then for y.
constexpr int kSplits = 0, kDiffers = 1, kComponents = 2;
constexpr int kGroup = 0, kTop = kGroup + kMaxGroup + 1, kSign = kTop + kMaxGroup + 1, kPerComponent = kSign + 1;
constexpr int kIsCandidate = kComponents + 2 * kPerComponent;
constexpr int kNumDecisions = kIsCandidate + models::kNumMotionCandidates;

// Contexts: see FORMAT.md 17.
enum Input : size_t { kSide, kAround, kSizes, kBefore, kAgreement, kSizesAndBefore, kNumInputs };
constexpr int kNumSizes = 6;    // of size_class()
constexpr int kNumBefore = 10;  // of before_class()
const std::vector<size_t> kNumContexts = {2, 2 * 9, 2 * kNumSizes * kNumSizes, 2 * kNumBefore * kNumBefore, 2 * 16, 2 * kNumSizes * kNumBefore};

int size_class(int magnitude) { return magnitude == 0 ? 0 : magnitude <= 1 ? 1 : magnitude <= 3 ? 2 : magnitude <= 8 ? 3 : magnitude <= 24 ? 4 : 5; }

// Of a difference, with its sign.
int before_class(int difference) {
  const int size = std::min(size_class(std::abs(difference)), 4);
  return difference < 0 ? 5 + size : size;
}

// One walk over the blocks for writer and reader: Coder is a MixedWriter or MixedReader.
template <typename Coder>
class MotionWalk {
 public:
  // is_coded: by large block; null: all are.
  MotionWalk(Coder& coder, ContextMixer& mixer, const MotionField& before, MotionField& field, const std::vector<bool>* is_coded = nullptr)
      : coder_(coder), mixer_(mixer), before_(before), field_(field), is_coded_(is_coded), is_split_(static_cast<size_t>(field.rows / 2) * (field.columns / 2)),
        differences_(static_cast<size_t>(field.rows) * field.columns) {}

  bool run() {
    for (int row = 0; row < field_.rows; row += 2) {
      for (int column = 0; column < field_.columns; column += 2) {
        if (!code_block(row, column)) return false;
      }
    }
    return true;
  }

 private:
  static bool splits(const MotionField& field, int row, int column) {
    const MotionVector first = field.at(row, column);
    return !(field.at(row, column + 1) == first && field.at(row + 1, column) == first && field.at(row + 1, column + 1) == first);
  }

  bool code_block(int row, int column) {
    const int columns = field_.columns / 2, at = row / 2 * columns + column / 2;
    if (is_coded_ != nullptr && !(*is_coded_)[static_cast<size_t>(at)]) return true;
    bool is_split = splits(field_, row, column);
    choose_contexts(row, column, 2, (column > 0 && is_split_[at - 1]) + (row > 0 && is_split_[at - columns]) + 3 * splits(before_, row, column));
    if (!coder_.bit(is_split, mixer_, kSplits)) return false;
    is_split_[at] = is_split;
    if (!is_split) return code_vector(row, column, 2);
    for (int i = 0; i < 4; ++i) {
      if (!code_vector(row + i / 2, column + i % 2, 1)) return false;
    }
    return true;
  }

  MotionVector difference_at(int row, int column) const {
    return row < 0 || column < 0 ? MotionVector{} : differences_[static_cast<size_t>(row) * field_.columns + column];
  }
  MotionVector vector_at(int row, int column) const { return row < 0 || column < 0 ? MotionVector{} : field_.at(row, column); }

  // around: 0..8, what is known for this kind of decision.
  void choose_contexts(int row, int column, int side, int around) {
    const size_t base = static_cast<size_t>(side - 1);
    const MotionVector left = difference_at(row, column - 1), above = difference_at(row - 1, column);
    predicted_ = models::predict_motion(field_, row, column, side);
    const int size_x = size_class(std::abs(left.x) + std::abs(above.x)), size_y = size_class(std::abs(left.y) + std::abs(above.y));
    const int before_x = before_class(before_.at(row, column).x - predicted_.x), before_y = before_class(before_.at(row, column).y - predicted_.y);
    const MotionVector a = vector_at(row, column - 1), b = vector_at(row - 1, column);
    const int agreement = (a == b) + 2 * (a == predicted_) + 4 * (b == predicted_) + 8 * predicted_.is_zero();
    mixer_.choose(kSide, base);
    mixer_.choose(kAround, base * 9 + around);
    mixer_.choose(kSizes, (base * kNumSizes + size_x) * kNumSizes + size_y);
    mixer_.choose(kBefore, (base * kNumBefore + before_x) * kNumBefore + before_y);
    mixer_.choose(kAgreement, base * 16 + agreement);
    mixer_.choose(kSizesAndBefore, (base * kNumSizes + std::max(size_x, size_y)) * kNumBefore + std::max(before_x, before_y));
    sizes_ = {size_x, size_y};
    befores_ = {before_x, before_y};
    side_ = base;
  }

  bool code_vector(int row, int column, int side) {
    const int around = !difference_at(row, column - 1).is_zero() + !difference_at(row - 1, column).is_zero();
    choose_contexts(row, column, side, around);
    MotionVector vector = field_.at(row, column), difference;
    bool differs = !(vector == predicted_);
    if (!coder_.bit(differs, mixer_, kDiffers)) return false;
    if (!differs) {
      vector = predicted_;
    } else {
      bool is_candidate = false;
      if (!code_candidate(row, column, side, vector, is_candidate)) return false;
      if (!is_candidate && !code_new(vector)) return false;
      difference = {static_cast<int16_t>(vector.x - predicted_.x), static_cast<int16_t>(vector.y - predicted_.y)};
    }
    for (int i = 0; i < side * side; ++i) {
      field_.at(row + i / side, column + i % side) = vector;
      differences_[static_cast<size_t>(row + i / side) * field_.columns + column + i % side] = difference;
    }
    return true;
  }

  // One of those near by, each asked for once.
  bool code_candidate(int row, int column, int side, MotionVector& vector, bool& is_candidate) {
    const auto candidates = models::motion_candidates(field_, before_, row, column, side);
    for (size_t i = 0; i < candidates.size() && !is_candidate; ++i) {
      if (candidates[i] == predicted_ || std::find(candidates.begin(), candidates.begin() + i, candidates[i]) != candidates.begin() + i) continue;
      is_candidate = vector == candidates[i];
      if (!coder_.bit(is_candidate, mixer_, kIsCandidate + static_cast<int>(i))) return false;
      if (is_candidate) vector = candidates[i];
    }
    return true;
  }

  bool code_new(MotionVector& vector) {
    int x = vector.x - predicted_.x, y = vector.y - predicted_.y;
    mixer_.choose(kSizesAndBefore, (side_ * kNumSizes + sizes_[0]) * kNumBefore + befores_[0]);
    if (!code_difference(x, 0)) return false;
    mixer_.choose(kSizesAndBefore, (side_ * kNumSizes + sizes_[1]) * kNumBefore + befores_[1]);
    mixer_.choose(kAround, side_ * 9 + 3 + size_class(std::abs(x)));
    if (!code_difference(y, 1)) return false;
    x += predicted_.x;
    y += predicted_.y;
    if (std::max(std::abs(x), std::abs(y)) > kMaxMotion) return false;
    vector = {static_cast<int16_t>(x), static_cast<int16_t>(y)};
    return true;
  }

  // 0, or a sign and a magnitude m of n bits: n in unary, the bit below the leading one, the rest raw.
  bool code_difference(int& value, int component) {
    const int first = kComponents + component * kPerComponent;
    int magnitude = std::abs(value), group = 0;
    while (magnitude >> group) ++group;
    int coded = 0;
    for (; coded < kMaxGroup; ++coded) {
      bool more = coded < group;
      if (!coder_.bit(more, mixer_, first + kGroup + coded)) return false;
      if (!more) break;
    }
    if (coded == 0) return value = 0, true;
    uint32_t rest = static_cast<uint32_t>(magnitude) & ((1u << (coded - 1)) - 1);
    if (coded >= 2) {
      bool top = rest >> (coded - 2) & 1;
      if (!coder_.bit(top, mixer_, first + kTop + coded)) return false;
      uint32_t low = rest & ((1u << (coded - 2)) - 1);
      if (coded > 2 && !coder_.raw(low, coded - 2)) return false;
      rest = static_cast<uint32_t>(top) << (coded - 2) | low;
    }
    bool is_negative = value < 0;
    if (!coder_.bit(is_negative, mixer_, first + kSign)) return false;
    magnitude = static_cast<int>(1u << (coded - 1) | rest);
    value = is_negative ? -magnitude : magnitude;
    return true;
  }

  Coder& coder_;
  ContextMixer& mixer_;
  const MotionField& before_;
  MotionField& field_;
  const std::vector<bool>* const is_coded_;
  std::vector<bool> is_split_;             // by large block
  std::vector<MotionVector> differences_;  // from the prediction, by small block
  // Of the block being coded.
  MotionVector predicted_;
  std::array<int, 2> sizes_{}, befores_{};
  size_t side_ = 0;
};

const std::vector<size_t> kNumPredictionContexts = {1, 16, 4, 64};

// By large block: does it have vectors of its own in this one of the two fields?
std::vector<bool> codes(const std::vector<Prediction>& predictions, Prediction field) {
  std::vector<bool> is_coded(predictions.size());
  for (size_t i = 0; i < predictions.size(); ++i) is_coded[i] = predictions[i] == field || predictions[i] == Prediction::kBoth;
  return is_coded;
}

Status not_written(const Status& status) {
  return status.ok() ? invalid_argument("a motion vector is longer than " + std::to_string(kMaxMotion)) : status;
}
Status not_read(const Status& status) {
  return corrupt(status.ok() ? "a motion vector is longer than " + std::to_string(kMaxMotion) : status.message());
}

}  // namespace

MotionCoder::MotionCoder(int rows, int columns) : before_(rows, columns), mixer_(kNumContexts, kNumDecisions) {}

Status MotionCoder::encode(const MotionField& motion, RangeEncoder& encoder) {
  if (motion.rows != before_.rows || motion.columns != before_.columns) return invalid_argument("a motion field of another size");
  MixedWriter writer(encoder);
  MotionField walked = motion;
  if (!MotionWalk(writer, mixer_, before_, walked).run()) return not_written(writer.status());
  before_ = motion;
  return ok_status();
}

Result<MotionField> MotionCoder::decode(RangeDecoder& decoder) {
  MotionField motion(before_.rows, before_.columns);
  MixedReader reader(decoder);
  if (!MotionWalk(reader, mixer_, before_, motion).run()) return not_read(reader.status());
  before_ = motion;
  return motion;
}

Status MotionCoder::encode(const MotionField& motion, const MotionField& direct, const std::vector<bool>& is_coded, RangeEncoder& encoder) {
  MixedWriter writer(encoder);
  MotionField walked = motion;
  return MotionWalk(writer, mixer_, direct, walked, &is_coded).run() ? ok_status() : not_written(writer.status());
}

Result<MotionField> MotionCoder::decode(const MotionField& direct, const std::vector<bool>& is_coded, RangeDecoder& decoder) {
  MotionField motion = direct;
  MixedReader reader(decoder);
  if (!MotionWalk(reader, mixer_, direct, motion, &is_coded).run()) return not_read(reader.status());
  return motion;
}

BiMotionCoder::BiMotionCoder(int rows, int columns)
    : columns_(static_cast<size_t>(columns / 2)), before_(static_cast<size_t>(rows / 2) * columns_, Prediction::kDirect), mixer_(kNumPredictionContexts, 3),
      past_(rows, columns), future_(rows, columns) {}

// Direct or not; if not, both or one; if one, which: kinds 0, 1, 2.
template <typename Coder>
bool BiMotionCoder::walk(std::vector<Prediction>& predictions, Coder& coder) {
  for (size_t i = 0; i < predictions.size(); ++i) {
    const auto left = static_cast<size_t>(i % columns_ ? predictions[i - 1] : Prediction::kDirect);
    const auto above = static_cast<size_t>(i >= columns_ ? predictions[i - columns_] : Prediction::kDirect);
    const auto before = static_cast<size_t>(before_[i]);
    constexpr size_t kNum = models::kNumPredictions;
    mixer_.choose(0, 0);
    mixer_.choose(1, left * kNum + above);
    mixer_.choose(2, before);
    mixer_.choose(3, (before * kNum + left) * kNum + above);
    bool is_direct = predictions[i] == Prediction::kDirect, is_both = predictions[i] == Prediction::kBoth, is_future = predictions[i] == Prediction::kFuture;
    if (!coder.bit(is_direct, mixer_, 0)) return false;
    if (!is_direct && !coder.bit(is_both, mixer_, 1)) return false;
    if (!is_direct && !is_both && !coder.bit(is_future, mixer_, 2)) return false;
    predictions[i] = is_direct ? Prediction::kDirect : is_both ? Prediction::kBoth : is_future ? Prediction::kFuture : Prediction::kPast;
  }
  before_ = predictions;
  return true;
}

Status BiMotionCoder::encode(const BiMotion& motion, const BiMotion& direct, RangeEncoder& encoder) {
  MixedWriter writer(encoder);
  std::vector<Prediction> walked = motion.predictions;
  if (!walk(walked, writer)) return writer.status();
  LACONIC_RETURN_IF_ERROR(past_.encode(motion.past, direct.past, codes(motion.predictions, Prediction::kPast), encoder));
  return future_.encode(motion.future, direct.future, codes(motion.predictions, Prediction::kFuture), encoder);
}

Result<BiMotion> BiMotionCoder::decode(const BiMotion& direct, RangeDecoder& decoder) {
  MixedReader reader(decoder);
  BiMotion motion;
  motion.predictions.resize(before_.size());
  if (!walk(motion.predictions, reader)) return reader.status();
  LACONIC_ASSIGN_OR_RETURN(motion.past, past_.decode(direct.past, codes(motion.predictions, Prediction::kPast), decoder));
  LACONIC_ASSIGN_OR_RETURN(motion.future, future_.decode(direct.future, codes(motion.predictions, Prediction::kFuture), decoder));
  return motion;
}

}  // namespace laconic
