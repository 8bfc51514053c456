#include "codec/media/opencv_codec.h"

#include <climits>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>

namespace laconic {
namespace {

// Its messages would stand beside our one sentence. (What libjpeg and imdecode() themselves say of damaged files goes
// to standard error all the same.)
void silence_opencv() {
  static const bool done = [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    return true;
  }();
  static_cast<void>(done);
}

int mat_type(const Image& image) { return CV_MAKETYPE(image.bit_depth == 16 ? CV_16U : CV_8U, image.num_channels); }

// A view; OpenCV takes no const pointers.
cv::Mat as_mat(const Image& image) {
  return cv::Mat(image.height_px, image.width_px, mat_type(image), const_cast<uint8_t*>(image.samples.data()));
}

template <typename Sample>
void swap_red_and_blue(Image& image) {
  const size_t step = static_cast<size_t>(image.num_channels) * sizeof(Sample);
  uint8_t* const end = image.samples.data() + image.samples.size();
  for (uint8_t* pixel = image.samples.data(); pixel != end; pixel += step) {
    Sample red_and_blue[2];
    std::memcpy(&red_and_blue[0], pixel, sizeof(Sample));
    std::memcpy(&red_and_blue[1], pixel + 2 * sizeof(Sample), sizeof(Sample));
    std::memcpy(pixel, &red_and_blue[1], sizeof(Sample));
    std::memcpy(pixel + 2 * sizeof(Sample), &red_and_blue[0], sizeof(Sample));
  }
}

}  // namespace

Status decode_with_opencv(ByteSpan bytes, const char* format_name, Image& image) try {
  silence_opencv();
  const std::string name = format_name;
  if (bytes.size() > INT_MAX) return unsupported(name + " files of 2 GiB and more are not read");
  const cv::Mat coded(1, static_cast<int>(bytes.size()), CV_8U, const_cast<uint8_t*>(bytes.data()));
  cv::Mat decoded = as_mat(image);
  cv::imdecode(coded, cv::IMREAD_UNCHANGED, &decoded);
  if (decoded.empty()) return corrupt("the " + name + " is damaged, or of a kind that is not read");
  if (decoded.cols != image.width_px || decoded.rows != image.height_px) {
    return corrupt("the " + name + " decodes to a size other than its header says");
  }
  if (decoded.data != image.samples.data()) {
    const bool is_held = (decoded.depth() == CV_8U || decoded.depth() == CV_16U) && decoded.isContinuous();
    const int channels = decoded.channels();
    if (!is_held || (channels != 1 && channels != 3 && channels != 4)) {
      return unsupported(name + " with samples of this type is not read");
    }
    image.num_channels = channels;
    image.bit_depth = decoded.depth() == CV_16U ? 16 : 8;
    image.samples.assign(decoded.data, decoded.data + image.size_bytes());
  }
  if (image.num_channels < 3) return ok_status();
  if (image.bit_depth == 16) {
    swap_red_and_blue<uint16_t>(image);
  } else {
    swap_red_and_blue<uint8_t>(image);
  }
  return ok_status();
} catch (const cv::Exception& error) {
  return corrupt(std::string("the ") + format_name + " is not read by OpenCV: " + error.err);
}

Result<Bytes> encode_with_opencv(const Image& image, OpencvFormat format, int quality) try {
  silence_opencv();
  cv::Mat swapped;
  if (image.num_channels == 3) cv::cvtColor(as_mat(image), swapped, cv::COLOR_RGB2BGR);
  if (image.num_channels == 4) cv::cvtColor(as_mat(image), swapped, cv::COLOR_RGBA2BGRA);
  const cv::Mat& pixels = image.num_channels >= 3 ? swapped : as_mat(image);
  const char* extension = format == OpencvFormat::kJpeg ? ".jpg" : ".webp";
  std::vector<int> parameters;
  if (format == OpencvFormat::kJpeg) parameters = {cv::IMWRITE_JPEG_QUALITY, quality, cv::IMWRITE_JPEG_OPTIMIZE, 1};
  if (format == OpencvFormat::kWebp) parameters = {cv::IMWRITE_WEBP_QUALITY, quality};
  Bytes coded;
  if (!cv::imencode(extension, pixels, coded, parameters)) return internal_error("OpenCV does not encode this picture");
  return coded;
} catch (const cv::Exception& error) {
  return internal_error("OpenCV does not encode this picture: " + error.err);
}

}  // namespace laconic
