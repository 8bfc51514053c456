// The C interface over video_codec.h.
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "codec/c/handles.h"
#include "codec/video_codec.h"

// object: made with options; made anew when they change, which they do before has_started only.
struct laconic_video_encoder {
  std::shared_ptr<const laconic::VideoModel> model;
  laconic::VideoFormat format;
  laconic::VideoEncoderOptions options;
  laconic::Bytes header;
  bool has_started = false;
  std::unique_ptr<laconic::VideoEncoder> object;

  auto make(const laconic::VideoEncoderOptions& changed) const { return laconic::VideoEncoder::create(model, format, changed); }
};

struct laconic_video_decoder {
  std::shared_ptr<const laconic::VideoModel> model;
  laconic::Bytes header;
  laconic::VideoDecoderOptions options;
  std::string damage;  // of the last packet
  bool has_started = false;
  std::unique_ptr<laconic::VideoDecoder> object;

  auto make(const laconic::VideoDecoderOptions& changed) const { return laconic::VideoDecoder::create(model, header, changed); }
};

struct laconic_video_frame {
  laconic::VideoFrame frame;
};

namespace {

using laconic::ByteSpan;
using laconic::ChromaFormat;
using laconic::invalid_argument;
using laconic::ok_status;
using laconic::Result;
using laconic::Status;
using laconic::VideoFormat;
using laconic::c::change_before_start;
using laconic::c::copy_model_id;
using laconic::c::guarded;
using laconic::c::guarded_making;
using laconic::c::guarded_receiving;
using laconic::c::joined_damage;
using laconic::c::null_argument;
using laconic::c::set_threads;

Result<ChromaFormat> chroma_of(int chroma) {
  if (chroma == 420) return ChromaFormat::k420;
  if (chroma == 422) return ChromaFormat::k422;
  if (chroma == 444) return ChromaFormat::k444;
  return invalid_argument("chroma is " + std::to_string(chroma) + ", allowed are 420, 422 and 444");
}

int number_of(ChromaFormat chroma) { return chroma == ChromaFormat::k420 ? 420 : chroma == ChromaFormat::k422 ? 422 : 444; }

Result<uint8_t> code_point(const char* name, int value) {
  if (value < 0 || value > 255) return invalid_argument(std::string(name) + " is " + std::to_string(value) + ", allowed are 0..255");
  return static_cast<uint8_t>(value);
}

Result<VideoFormat> format_of(const laconic_video_format& given) {
  VideoFormat format;
  format.width_px = given.width_px;
  format.height_px = given.height_px;
  LACONIC_ASSIGN_OR_RETURN(format.chroma, chroma_of(given.chroma));
  format.bit_depth = given.bit_depth;
  LACONIC_ASSIGN_OR_RETURN(format.colour.primaries, code_point("primaries", given.primaries));
  LACONIC_ASSIGN_OR_RETURN(format.colour.transfer, code_point("transfer", given.transfer));
  LACONIC_ASSIGN_OR_RETURN(format.colour.matrix, code_point("matrix", given.matrix));
  format.colour.is_full_range = given.is_full_range != 0;
  return format;
}

laconic_video_format c_format(const VideoFormat& format) {
  const laconic::VideoColour& colour = format.colour;
  return {format.width_px,  format.height_px, number_of(format.chroma), format.bit_depth,
          colour.primaries, colour.transfer,  colour.matrix,            colour.is_full_range ? 1 : 0};
}

size_t row_bytes(const VideoFormat& format, int plane) {
  return static_cast<size_t>(format.plane_width(plane)) * static_cast<size_t>(format.bytes_per_sample());
}

// The caller's planes, rows any distance apart, as one frame without gaps.
Result<laconic::Bytes> copy_planes(const VideoFormat& format, const void* const planes[3], const size_t stride_bytes[3]) {
  if (planes == nullptr) return null_argument("planes");
  if (stride_bytes == nullptr) return null_argument("stride_bytes");
  laconic::Bytes samples(format.frame_bytes());
  uint8_t* to = samples.data();
  for (int plane = 0; plane < 3; ++plane) {
    if (planes[plane] == nullptr) return null_argument("a plane");
    const size_t width_bytes = row_bytes(format, plane);
    if (stride_bytes[plane] < width_bytes) {
      return invalid_argument("stride_bytes of plane " + std::to_string(plane) + " is " + std::to_string(stride_bytes[plane]) +
                              ", a row has " + std::to_string(width_bytes));
    }
    for (int row = 0; row < format.plane_height(plane); ++row, to += width_bytes) {
      std::memcpy(to, static_cast<const uint8_t*>(planes[plane]) + static_cast<size_t>(row) * stride_bytes[plane], width_bytes);
    }
  }
  return samples;
}

bool has_plane(const laconic_video_frame* frame, int plane) { return frame != nullptr && plane >= 0 && plane < 3; }

}  // namespace

// ---- Model ----

laconic_status laconic_video_model_load(const char* video_path, const char* image_path, const char* device,
                                        laconic_video_model** model, laconic_error* error) {
  return guarded_making(model, error, [&](laconic_video_model& made) -> Status {
    if (video_path == nullptr) return null_argument("video_path");
    if (image_path == nullptr) return null_argument("image_path");
    laconic::ImageModelOptions options;
    if (device != nullptr) options.device = device;
    LACONIC_ASSIGN_OR_RETURN(made.model, laconic::VideoModel::load(video_path, image_path, options));
    made.id = made.model->id();
    return ok_status();
  });
}

const char* laconic_video_model_id(const laconic_video_model* model) { return model != nullptr ? model->id.c_str() : nullptr; }

void laconic_video_model_free(laconic_video_model* model) { delete model; }

// ---- Encoding ----

laconic_status laconic_video_encoder_create(const laconic_video_model* model, const laconic_video_format* format,
                                            laconic_video_encoder** encoder, laconic_error* error) {
  return guarded_making(encoder, error, [&](laconic_video_encoder& made) -> Status {
    if (model == nullptr) return null_argument("model");
    if (format == nullptr) return null_argument("format");
    made.model = model->model;
    LACONIC_ASSIGN_OR_RETURN(made.format, format_of(*format));
    LACONIC_ASSIGN_OR_RETURN(made.object, made.make(made.options));
    made.header = made.object->extradata();
    return ok_status();
  });
}

laconic_status laconic_video_encoder_set_quality(laconic_video_encoder* encoder, float quality, laconic_error* error) {
  return change_before_start(encoder, error, [&](auto& options) {
    options.quality = quality;
    return ok_status();
  });
}

laconic_status laconic_video_encoder_set_bitrate(laconic_video_encoder* encoder, double bits_per_second, double frames_per_second,
                                                 laconic_error* error) {
  return change_before_start(encoder, error, [&](auto& options) -> Status {
    if (!std::isfinite(bits_per_second) || !std::isfinite(frames_per_second)) return invalid_argument("a bit rate or frame rate is not a number");
    options.bits_per_second = bits_per_second;
    options.frames_per_second = frames_per_second;
    return ok_status();
  });
}

laconic_status laconic_video_encoder_set_key_interval(laconic_video_encoder* encoder, int num_frames, laconic_error* error) {
  return change_before_start(encoder, error, [&](auto& options) {
    options.key_interval = num_frames;
    return ok_status();
  });
}

static_assert(LACONIC_LOOKAHEAD_FRAMES == laconic::kLookaheadFrames);

laconic_status laconic_video_encoder_set_max_b_frames(laconic_video_encoder* encoder, int num_frames, laconic_error* error) {
  return change_before_start(encoder, error, [&](auto& options) {
    options.max_b_frames = num_frames;
    return ok_status();
  });
}

laconic_status laconic_video_encoder_set_threads(laconic_video_encoder* encoder, int num_threads, laconic_error* error) {
  return change_before_start(encoder, error, [&](auto& options) { return set_threads(options, num_threads); });
}

laconic_status laconic_video_encoder_header(laconic_video_encoder* encoder, const uint8_t** bytes, size_t* size, laconic_error* error) {
  if (bytes != nullptr) *bytes = nullptr;
  if (size != nullptr) *size = 0;
  return guarded(error, [&]() -> Status {
    if (encoder == nullptr) return null_argument("encoder");
    if (bytes == nullptr) return null_argument("bytes");
    if (size == nullptr) return null_argument("size");
    encoder->has_started = true;
    *bytes = encoder->header.data();
    *size = encoder->header.size();
    return ok_status();
  });
}

laconic_status laconic_video_encoder_send(laconic_video_encoder* encoder, const void* const planes[3], const size_t stride_bytes[3],
                                          int64_t pts, int64_t duration, int is_key, laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (encoder == nullptr) return null_argument("encoder");
    laconic::VideoFrame frame;
    frame.format = encoder->format;
    LACONIC_ASSIGN_OR_RETURN(frame.samples, copy_planes(frame.format, planes, stride_bytes));
    frame.pts_ticks = pts;
    frame.duration_ticks = duration;
    encoder->has_started = true;
    if (is_key != 0) encoder->object->request_key_frame();
    return encoder->object->send_frame(frame);
  });
}

laconic_status laconic_video_encoder_drain(laconic_video_encoder* encoder, laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (encoder == nullptr) return null_argument("encoder");
    encoder->has_started = true;
    encoder->object->finish();
    return ok_status();
  });
}

laconic_status laconic_video_encoder_receive(laconic_video_encoder* encoder, laconic_packet** packet, laconic_error* error) {
  return guarded_receiving(packet, error, [&](std::unique_ptr<laconic_packet>& made) -> Status {
    if (encoder == nullptr) return null_argument("encoder");
    LACONIC_ASSIGN_OR_RETURN(std::optional<laconic::VideoPacket> received, encoder->object->receive_packet());
    if (!received) return ok_status();
    made = std::make_unique<laconic_packet>();
    *made = {std::move(received->bytes), received->pts_ticks, received->duration_ticks, received->is_key_frame};
    return ok_status();
  });
}

void laconic_video_encoder_free(laconic_video_encoder* encoder) { delete encoder; }

// ---- Decoding ----

laconic_status laconic_video_info(const uint8_t* header, size_t size, laconic_video_format* format, char model_id[17],
                                  char image_model_id[17], laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (header == nullptr && size != 0) return null_argument("header");
    LACONIC_ASSIGN_OR_RETURN(const laconic::VideoStreamInfo info, laconic::read_video_info(ByteSpan(header, size), laconic::Limits()));
    if (format != nullptr) *format = c_format(info.format);
    copy_model_id(info.model_id, model_id);
    copy_model_id(info.image_model_id, image_model_id);
    return ok_status();
  });
}

laconic_status laconic_video_decoder_create(const laconic_video_model* model, const uint8_t* header, size_t size,
                                            laconic_video_decoder** decoder, laconic_error* error) {
  return guarded_making(decoder, error, [&](laconic_video_decoder& made) -> Status {
    if (model == nullptr) return null_argument("model");
    if (header == nullptr && size != 0) return null_argument("header");
    made.model = model->model;
    made.header.assign(header, header + size);
    LACONIC_ASSIGN_OR_RETURN(made.object, made.make(made.options));
    return ok_status();
  });
}

laconic_status laconic_video_decoder_set_threads(laconic_video_decoder* decoder, int num_threads, laconic_error* error) {
  return change_before_start(decoder, error, [&](auto& options) { return set_threads(options, num_threads); });
}

laconic_status laconic_video_decoder_set_conceal(laconic_video_decoder* decoder, int conceal, laconic_error* error) {
  return change_before_start(decoder, error, [&](auto& options) {
    options.conceal = conceal != 0;
    return ok_status();
  });
}

laconic_status laconic_video_decoder_decode(laconic_video_decoder* decoder, const uint8_t* bytes, size_t size, int64_t pts,
                                            int64_t duration, laconic_video_frame** frame, laconic_error* error) {
  return guarded_receiving(frame, error, [&](std::unique_ptr<laconic_video_frame>& made) -> Status {
    if (decoder == nullptr) return null_argument("decoder");
    if (bytes == nullptr && size != 0) return null_argument("bytes");
    laconic::VideoPacket packet;
    packet.bytes.assign(bytes, bytes + size);
    packet.pts_ticks = pts;
    packet.duration_ticks = duration;
    decoder->has_started = true;
    const Status status = decoder->object->send_packet(packet);
    decoder->damage = joined_damage(decoder->object->take_damage());
    LACONIC_RETURN_IF_ERROR(status);
    LACONIC_ASSIGN_OR_RETURN(std::optional<laconic::VideoFrame> received, decoder->object->receive_frame());
    if (received) made = std::make_unique<laconic_video_frame>(laconic_video_frame{std::move(*received)});
    return ok_status();
  });
}

laconic_status laconic_video_decoder_reset(laconic_video_decoder* decoder, laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (decoder == nullptr) return null_argument("decoder");
    decoder->object->reset();
    decoder->damage.clear();
    return ok_status();
  });
}

const char* laconic_video_decoder_damage(const laconic_video_decoder* decoder) {
  return decoder != nullptr && !decoder->damage.empty() ? decoder->damage.c_str() : nullptr;
}

void laconic_video_decoder_free(laconic_video_decoder* decoder) { delete decoder; }

// ---- Frames ----

const void* laconic_video_frame_plane(const laconic_video_frame* frame, int plane) {
  if (!has_plane(frame, plane)) return nullptr;
  size_t offset = 0;
  for (int before = 0; before < plane; ++before) offset += frame->frame.format.plane_bytes(before);
  return frame->frame.samples.data() + offset;
}

size_t laconic_video_frame_stride(const laconic_video_frame* frame, int plane) {
  return has_plane(frame, plane) ? row_bytes(frame->frame.format, plane) : 0;
}

int laconic_video_frame_rows(const laconic_video_frame* frame, int plane) {
  return has_plane(frame, plane) ? frame->frame.format.plane_height(plane) : 0;
}

int64_t laconic_video_frame_pts(const laconic_video_frame* frame) { return frame != nullptr ? frame->frame.pts_ticks : 0; }
int64_t laconic_video_frame_duration(const laconic_video_frame* frame) { return frame != nullptr ? frame->frame.duration_ticks : 0; }
void laconic_video_frame_free(laconic_video_frame* frame) { delete frame; }
