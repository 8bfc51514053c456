#include "entropy/adaptive_bit.h"

namespace laconic {

void encode_bit(bool bit, AdaptiveBit& model, RangeEncoder& encoder) {
  encoder.encode_binary(bit, model.count_of_one(), AdaptiveBit::kBits);
  model.update(bit);
}

Status decode_bit(AdaptiveBit& model, RangeDecoder& decoder, bool& bit) {
  if (!decoder.decode_binary(model.count_of_one(), AdaptiveBit::kBits, bit)) return decoder.binary_error();
  model.update(bit);
  return ok_status();
}

}  // namespace laconic
