#include "apps/train/validation.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "codec/image_codec.h"

namespace laconic::train {
namespace {

double psnr_of(const Bytes& a, const Bytes& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.size()) / std::max(sum, 1e-9));
}

}  // namespace

Result<std::vector<CurvePoint>> measure_curve(const std::string& weights_path, const std::vector<Picture>& pictures,
                                              const std::vector<double>& qualities, const std::string& device) {
  LACONIC_ASSIGN_OR_RETURN(const std::shared_ptr<const ImageModel> model, ImageModel::load(weights_path, {device}));
  ImageEncoderOptions one_pass;
  one_pass.effort = 0;  // the network itself is measured, not the search
  LACONIC_ASSIGN_OR_RETURN(const std::unique_ptr<ImageEncoder> encoder, ImageEncoder::create(model, one_pass));
  LACONIC_ASSIGN_OR_RETURN(const std::unique_ptr<ImageDecoder> decoder, ImageDecoder::create(model, {}));
  std::vector<CurvePoint> curve;
  for (const double quality : qualities) {
    LACONIC_RETURN_IF_ERROR(encoder->set_quality(static_cast<float>(quality)));
    CurvePoint point{quality, 0, 0};
    for (const Picture& picture : pictures) {
      Image image;
      image.width_px = static_cast<int>(picture.width_px);
      image.height_px = static_cast<int>(picture.height_px);
      image.samples.assign(picture.rgb.get(), picture.rgb.get() + image.size_bytes());
      LACONIC_ASSIGN_OR_RETURN(const Bytes stream, encoder->encode(image));
      LACONIC_ASSIGN_OR_RETURN(const Image decoded, decoder->decode(stream));
      point.bpp += 8.0 * static_cast<double>(stream.size()) / (static_cast<double>(image.width_px) * image.height_px);
      point.psnr += psnr_of(image.samples, decoded.samples);
    }
    point.bpp /= static_cast<double>(pictures.size());
    point.psnr /= static_cast<double>(pictures.size());
    curve.push_back(point);
  }
  return curve;
}

std::string curve_to_json(const std::vector<CurvePoint>& curve) {
  nlohmann::json json = nlohmann::json::array();
  for (const CurvePoint& point : curve) json.push_back({{"quality", point.quality}, {"bpp", point.bpp}, {"psnr", point.psnr}});
  return json.dump();
}

}  // namespace laconic::train
