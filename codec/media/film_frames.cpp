// Between FFmpeg's frames and ours.
extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include "codec/media/film_ffmpeg.h"

namespace laconic {
namespace {

struct KnownFormat {
  AVPixelFormat pixels;
  ChromaFormat chroma;
  int bit_depth;
};
constexpr KnownFormat kKnownFormats[] = {
    {AV_PIX_FMT_YUV420P, ChromaFormat::k420, 8},    {AV_PIX_FMT_YUV422P, ChromaFormat::k422, 8},
    {AV_PIX_FMT_YUV444P, ChromaFormat::k444, 8},    {AV_PIX_FMT_YUV420P10, ChromaFormat::k420, 10},
    {AV_PIX_FMT_YUV422P10, ChromaFormat::k422, 10}, {AV_PIX_FMT_YUV444P10, ChromaFormat::k444, 10},
};

// The deprecated formats that say "full range" by their name.
AVPixelFormat without_range(AVPixelFormat pixels) {
  switch (pixels) {
    case AV_PIX_FMT_YUVJ420P: return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P: return AV_PIX_FMT_YUV411P;
    default: return pixels;
  }
}

bool is_rgb(const AVPixFmtDescriptor& descriptor) {
  return (descriptor.flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
}

// More chroma rather than less; grey has none to lose.
ChromaFormat nearest_chroma(const AVPixFmtDescriptor& descriptor) {
  if (is_rgb(descriptor)) return ChromaFormat::k444;
  if (descriptor.nb_components < 3) return ChromaFormat::k420;
  if (descriptor.log2_chroma_w == 0) return ChromaFormat::k444;
  return descriptor.log2_chroma_h == 0 ? ChromaFormat::k422 : ChromaFormat::k420;
}

uint8_t code_point(int value) { return value >= 0 && value <= 255 ? static_cast<uint8_t>(value) : 2; }

// libswscale's coefficients for an H.273 matrix; its numbers are those of H.273 where it knows one.
const int* coefficients(int matrix) {
  return sws_getCoefficients(matrix == AVCOL_SPC_UNSPECIFIED ? static_cast<int>(SWS_CS_DEFAULT) : matrix);
}

}  // namespace

AVPixelFormat pixel_format_of(const VideoFormat& format) {
  for (const KnownFormat& known : kKnownFormats) {
    if (known.chroma == format.chroma && known.bit_depth == format.bit_depth) return known.pixels;
  }
  return AV_PIX_FMT_NONE;
}

Result<VideoFormat> nearest_format(AVPixelFormat pixels, const AVCodecParameters& parameters, const Limits& limits) {
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(without_range(pixels));
  if (descriptor == nullptr || parameters.width <= 0 || parameters.height <= 0) {
    return corrupt("no frame of the video stream can be decoded, not even its size is known");
  }
  if (static_cast<uint32_t>(parameters.width) > limits.max_dimension_px ||
      static_cast<uint32_t>(parameters.height) > limits.max_dimension_px ||
      static_cast<uint64_t>(parameters.width) * static_cast<uint64_t>(parameters.height) > limits.max_pixels) {
    return limit_exceeded("frames of " + std::to_string(parameters.width) + " x " + std::to_string(parameters.height) +
                          " pixels are larger than allowed");
  }
  VideoFormat format;
  format.width_px = parameters.width;
  format.height_px = parameters.height;
  format.chroma = nearest_chroma(*descriptor);
  format.bit_depth = descriptor->comp[0].depth > 8 ? 10 : 8;
  format.colour.primaries = code_point(parameters.color_primaries);
  format.colour.transfer = code_point(parameters.color_trc);
  format.colour.matrix = code_point(parameters.color_space);
  format.colour.is_full_range = parameters.color_range == AVCOL_RANGE_JPEG || without_range(pixels) != pixels;
  if (is_rgb(*descriptor)) {  // H.273 matrix 0 is RGB itself; ours is converted, at the precision that full range keeps
    format.colour.matrix = AVCOL_SPC_BT709;
    format.colour.is_full_range = true;
  }
  return format;
}

void FrameConverter::copy_samples(const AVFrame& from, VideoFrame& to) const {
  to.samples.resize(format_.frame_bytes());
  uint8_t* next = to.samples.data();
  for (int p = 0; p < 3; ++p) {
    const int row_bytes = format_.plane_width(p) * format_.bytes_per_sample();
    av_image_copy_plane(next, row_bytes, from.data[p], from.linesize[p], row_bytes, format_.plane_height(p));
    next += format_.plane_bytes(p);
  }
}

Result<VideoFrame> FrameConverter::convert(const AVFrame& from) {
  VideoFrame frame;
  frame.format = format_;
  const auto pixels = without_range(static_cast<AVPixelFormat>(from.format));
  const AVPixelFormat wanted = pixel_format_of(format_);
  const bool fits = pixels == wanted && from.width == format_.width_px && from.height == format_.height_px;
  if (!fits) LACONIC_RETURN_IF_ERROR(scale(from, pixels, wanted));
  copy_samples(fits ? from : *scaled_, frame);
  return frame;
}

// By way of a frame of FFmpeg's own: libswscale writes a little past the end of rows, which ours do not allow.
Status FrameConverter::scale(const AVFrame& from, AVPixelFormat pixels, AVPixelFormat wanted) {
  scaler_.reset(sws_getCachedContext(scaler_.release(), from.width, from.height, pixels, format_.width_px,
                                     format_.height_px, wanted, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP,
                                     nullptr, nullptr, nullptr));
  if (!scaler_) return unsupported("libswscale cannot convert frames of this pixel format");
  if (!scaled_) {
    scaled_.reset(av_frame_alloc());
    if (!scaled_) return limit_exceeded("there is not enough memory for a frame");
    scaled_->format = wanted;
    scaled_->width = format_.width_px;
    scaled_->height = format_.height_px;
    if (av_frame_get_buffer(scaled_.get(), 0) < 0) return limit_exceeded("there is not enough memory for a frame");
  }
  const bool from_rgb = is_rgb(*av_pix_fmt_desc_get(pixels));
  const bool from_full = from_rgb || from.color_range == AVCOL_RANGE_JPEG || pixels != from.format;
  const int matrix = from_rgb ? format_.colour.matrix : from.colorspace;
  sws_setColorspaceDetails(scaler_.get(), coefficients(matrix), from_full, coefficients(format_.colour.matrix),
                           format_.colour.is_full_range, 0, 1 << 16, 1 << 16);
  if (sws_scale(scaler_.get(), from.data, from.linesize, 0, from.height, scaled_->data, scaled_->linesize) !=
      format_.height_px) {
    return internal_error("libswscale did not convert the whole frame");
  }
  return ok_status();
}

Result<Owned<AVFrame>> to_av_frame(const VideoFrame& frame) {
  const VideoFormat& format = frame.format;
  LACONIC_CHECK(frame.samples.size() == format.frame_bytes());
  Owned<AVFrame> out(av_frame_alloc());
  if (!out) return limit_exceeded("there is not enough memory for a frame");
  out->format = pixel_format_of(format);
  out->width = format.width_px;
  out->height = format.height_px;
  out->color_primaries = static_cast<AVColorPrimaries>(format.colour.primaries);
  out->color_trc = static_cast<AVColorTransferCharacteristic>(format.colour.transfer);
  out->colorspace = static_cast<AVColorSpace>(format.colour.matrix);
  out->color_range = format.colour.is_full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  if (av_frame_get_buffer(out.get(), 0) < 0) return limit_exceeded("there is not enough memory for a frame");
  const uint8_t* next = frame.samples.data();
  for (int p = 0; p < 3; ++p) {
    const int row_bytes = format.plane_width(p) * format.bytes_per_sample();
    av_image_copy_plane(out->data[p], out->linesize[p], next, row_bytes, row_bytes, format.plane_height(p));
    next += format.plane_bytes(p);
  }
  out->pts = frame.pts_ticks;
  return out;
}

}  // namespace laconic
