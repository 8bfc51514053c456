// The C interface over audio_codec.h. Samples are interleaved here and planar there.
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/audio_codec.h"
#include "codec/base/checked.h"
#include "codec/c/handles.h"

// object: made with options; made anew when they change, which they do before has_started only.
struct laconic_audio_encoder {
  std::shared_ptr<const laconic::AudioModel> model;
  laconic::AudioFormat format;
  laconic::AudioEncoderOptions options;
  laconic::Bytes header;
  bool has_started = false;
  std::unique_ptr<laconic::AudioEncoder> object;

  auto make(const laconic::AudioEncoderOptions& changed) const { return laconic::AudioEncoder::create(model, format, changed); }
};

struct laconic_audio_decoder {
  std::shared_ptr<const laconic::AudioModel> model;
  laconic::Bytes header;
  laconic::AudioDecoderOptions options;
  std::string damage;  // of the last packet
  bool has_started = false;
  std::unique_ptr<laconic::AudioDecoder> object;

  auto make(const laconic::AudioDecoderOptions& changed) const { return laconic::AudioDecoder::create(model, header, changed); }
};

struct laconic_audio_frame {
  std::vector<float> samples;  // interleaved
  int num_channels = 0;
  int64_t pts = 0;
};

namespace {

using laconic::AudioFormat;
using laconic::AudioFrame;
using laconic::ByteSpan;
using laconic::invalid_argument;
using laconic::ok_status;
using laconic::Status;
using laconic::c::change_before_start;
using laconic::c::copy_model_id;
using laconic::c::guarded;
using laconic::c::guarded_making;
using laconic::c::guarded_receiving;
using laconic::c::joined_damage;
using laconic::c::null_argument;
using laconic::c::set_threads;

AudioFormat format_of(const laconic_audio_format& given) {
  return {given.sample_rate_hz, given.num_channels, given.channel_mask, given.bits_per_sample};
}

laconic_audio_format c_format(const AudioFormat& format) {
  return {format.sample_rate_hz, format.num_channels, format.channel_mask, format.bits_per_sample};
}

AudioFrame planar(const float* samples, size_t num_samples, size_t num_channels) {
  AudioFrame frame;
  frame.channels.assign(num_channels, std::vector<float>(num_samples));
  for (size_t i = 0; i < num_samples; ++i) {
    for (size_t c = 0; c < num_channels; ++c) frame.channels[c][i] = samples[i * num_channels + c];
  }
  return frame;
}

std::vector<float> interleaved(const AudioFrame& frame) {
  const size_t num_channels = frame.channels.size();
  std::vector<float> samples(frame.num_samples() * num_channels);
  for (size_t c = 0; c < num_channels; ++c) {
    for (size_t i = 0; i < frame.num_samples(); ++i) samples[i * num_channels + c] = frame.channels[c][i];
  }
  return samples;
}

}  // namespace

// ---- Model ----

laconic_status laconic_audio_model_load(const char* path, const char* device, laconic_audio_model** model, laconic_error* error) {
  return guarded_making(model, error, [&](laconic_audio_model& made) -> Status {
    if (path == nullptr) return null_argument("path");
    laconic::ImageModelOptions options;
    if (device != nullptr) options.device = device;
    LACONIC_ASSIGN_OR_RETURN(made.model, laconic::AudioModel::load(path, options));
    made.id = made.model->id();
    return ok_status();
  });
}

const char* laconic_audio_model_id(const laconic_audio_model* model) { return model != nullptr ? model->id.c_str() : nullptr; }

void laconic_audio_model_free(laconic_audio_model* model) { delete model; }

// ---- Encoding ----

laconic_status laconic_audio_encoder_create(const laconic_audio_model* model, const laconic_audio_format* format,
                                            laconic_audio_encoder** encoder, laconic_error* error) {
  return guarded_making(encoder, error, [&](laconic_audio_encoder& made) -> Status {
    if (model == nullptr) return null_argument("model");
    if (format == nullptr) return null_argument("format");
    made.model = model->model;
    made.format = format_of(*format);
    LACONIC_ASSIGN_OR_RETURN(made.object, made.make(made.options));
    made.header = made.object->extradata();
    return ok_status();
  });
}

laconic_status laconic_audio_encoder_set_quality(laconic_audio_encoder* encoder, float quality, laconic_error* error) {
  return change_before_start(encoder, error, [&](auto& options) {
    options.quality = quality;
    return ok_status();
  });
}

laconic_status laconic_audio_encoder_set_bitrate(laconic_audio_encoder* encoder, double bits_per_second, laconic_error* error) {
  return change_before_start(encoder, error, [&](auto& options) -> Status {
    if (!std::isfinite(bits_per_second)) return invalid_argument("a bit rate is not a number");
    options.bits_per_second = bits_per_second;
    return ok_status();
  });
}

laconic_status laconic_audio_encoder_set_threads(laconic_audio_encoder* encoder, int num_threads, laconic_error* error) {
  return change_before_start(encoder, error, [&](auto& options) { return set_threads(options, num_threads); });
}

laconic_status laconic_audio_encoder_header(laconic_audio_encoder* encoder, const uint8_t** bytes, size_t* size, laconic_error* error) {
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

laconic_status laconic_audio_encoder_send(laconic_audio_encoder* encoder, const float* samples, size_t num_samples, laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (encoder == nullptr) return null_argument("encoder");
    if (samples == nullptr && num_samples != 0) return null_argument("samples");
    const auto num_channels = static_cast<size_t>(encoder->format.num_channels);
    const auto num_bytes = laconic::checked_mul(num_samples, num_channels * sizeof(float));
    if (!num_bytes || *num_bytes > static_cast<uint64_t>(PTRDIFF_MAX)) return invalid_argument("the sound is larger than memory");
    encoder->has_started = true;
    return encoder->object->send_frame(planar(samples, num_samples, num_channels));
  });
}

laconic_status laconic_audio_encoder_drain(laconic_audio_encoder* encoder, uint64_t num_source_samples, laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (encoder == nullptr) return null_argument("encoder");
    encoder->has_started = true;
    return encoder->object->drain(num_source_samples);
  });
}

laconic_status laconic_audio_encoder_receive(laconic_audio_encoder* encoder, laconic_packet** packet, laconic_error* error) {
  return guarded_receiving(packet, error, [&](std::unique_ptr<laconic_packet>& made) -> Status {
    if (encoder == nullptr) return null_argument("encoder");
    LACONIC_ASSIGN_OR_RETURN(std::optional<laconic::AudioPacket> received, encoder->object->receive_packet());
    if (!received) return ok_status();
    made = std::make_unique<laconic_packet>();
    *made = {std::move(received->bytes), received->pts_samples, laconic::kAudioPacketSamples, received->is_key_packet};
    return ok_status();
  });
}

void laconic_audio_encoder_free(laconic_audio_encoder* encoder) { delete encoder; }

// ---- Decoding ----

laconic_status laconic_audio_info(const uint8_t* header, size_t size, laconic_audio_format* format, char model_id[17],
                                  laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (header == nullptr && size != 0) return null_argument("header");
    LACONIC_ASSIGN_OR_RETURN(const laconic::AudioStreamInfo info, laconic::read_audio_info(ByteSpan(header, size), laconic::Limits()));
    if (format != nullptr) *format = c_format(info.format);
    copy_model_id(info.model_id, model_id);
    return ok_status();
  });
}

laconic_status laconic_audio_decoder_create(const laconic_audio_model* model, const uint8_t* header, size_t size,
                                            laconic_audio_decoder** decoder, laconic_error* error) {
  return guarded_making(decoder, error, [&](laconic_audio_decoder& made) -> Status {
    if (model == nullptr) return null_argument("model");
    if (header == nullptr && size != 0) return null_argument("header");
    made.model = model->model;
    made.header.assign(header, header + size);
    LACONIC_ASSIGN_OR_RETURN(made.object, made.make(made.options));
    return ok_status();
  });
}

laconic_status laconic_audio_decoder_set_threads(laconic_audio_decoder* decoder, int num_threads, laconic_error* error) {
  return change_before_start(decoder, error, [&](auto& options) { return set_threads(options, num_threads); });
}

laconic_status laconic_audio_decoder_set_conceal(laconic_audio_decoder* decoder, int conceal, laconic_error* error) {
  return change_before_start(decoder, error, [&](auto& options) {
    options.conceal = conceal != 0;
    return ok_status();
  });
}

laconic_status laconic_audio_decoder_decode(laconic_audio_decoder* decoder, const uint8_t* bytes, size_t size, int64_t pts,
                                            laconic_audio_frame** frame, laconic_error* error) {
  return guarded_making(frame, error, [&](laconic_audio_frame& made) -> Status {
    if (decoder == nullptr) return null_argument("decoder");
    if (bytes == nullptr && size != 0) return null_argument("bytes");
    laconic::AudioPacket packet;
    packet.bytes.assign(bytes, bytes + size);
    packet.pts_samples = pts;
    decoder->has_started = true;
    const Status status = decoder->object->send_packet(packet);
    decoder->damage = joined_damage(decoder->object->take_damage());
    LACONIC_RETURN_IF_ERROR(status);
    LACONIC_ASSIGN_OR_RETURN(const std::optional<AudioFrame> received, decoder->object->receive_frame());
    LACONIC_CHECK(received.has_value());
    made.samples = interleaved(*received);
    made.num_channels = static_cast<int>(received->channels.size());
    made.pts = received->pts_samples;
    return ok_status();
  });
}

laconic_status laconic_audio_decoder_reset(laconic_audio_decoder* decoder, laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (decoder == nullptr) return null_argument("decoder");
    decoder->object->reset();
    decoder->damage.clear();
    return ok_status();
  });
}

int laconic_audio_decoder_source_samples(const laconic_audio_decoder* decoder, uint64_t* num_samples) {
  const std::optional<uint64_t> known = decoder != nullptr ? decoder->object->num_source_samples() : std::nullopt;
  if (num_samples != nullptr) *num_samples = known.value_or(0);
  return known.has_value();
}

const char* laconic_audio_decoder_damage(const laconic_audio_decoder* decoder) {
  return decoder != nullptr && !decoder->damage.empty() ? decoder->damage.c_str() : nullptr;
}

void laconic_audio_decoder_free(laconic_audio_decoder* decoder) { delete decoder; }

// ---- Frames ----

const float* laconic_audio_frame_samples(const laconic_audio_frame* frame) { return frame != nullptr ? frame->samples.data() : nullptr; }
size_t laconic_audio_frame_count(const laconic_audio_frame* frame) {
  return frame != nullptr ? frame->samples.size() / static_cast<size_t>(frame->num_channels) : 0;
}
int laconic_audio_frame_channels(const laconic_audio_frame* frame) { return frame != nullptr ? frame->num_channels : 0; }
int64_t laconic_audio_frame_pts(const laconic_audio_frame* frame) { return frame != nullptr ? frame->pts : 0; }
void laconic_audio_frame_free(laconic_audio_frame* frame) { delete frame; }
