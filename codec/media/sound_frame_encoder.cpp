#include "codec/media/sound_frame_encoder.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "codec/media/sound.h"
#include "codec/media/sound_ffmpeg.h"
#include "codec/media/sound_resampler.h"

namespace laconic {
namespace {

// Frames are held back for so long, at the coding rate: the end is known only at the end, and the resampler must not see
// what lies behind it.
constexpr size_t kHeldSamples = 2 * kAudioPacketSamples;
constexpr int kSilencePiece = 1 << 16;

const char* pcm_encoder(const AudioFormat& format) {
  return format.bits_per_sample == 32 ? "pcm_f32le" : format.bits_per_sample == 24 ? "pcm_s24le" : "pcm_s16le";
}

// The source's rate, or the next one above it that the encoder takes, or its highest.
int rate_for(const AVCodec& codec, int wanted_hz) {
  if (codec.supported_samplerates == nullptr) return wanted_hz;
  int above = 0, highest = 0;
  for (const int* rate = codec.supported_samplerates; *rate != 0; ++rate) {
    if (*rate >= wanted_hz && (above == 0 || *rate < above)) above = *rate;
    highest = std::max(highest, *rate);
  }
  return above > 0 ? above : highest;
}

// Integers of 16 bits only where that is what the source had.
AVSampleFormat sample_format_for(const AVCodec& codec, const AudioFormat& format) {
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get(codec.id);
  const bool is_lossless = descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_LOSSLESS) != 0;
  for (const AVSampleFormat* s = codec.sample_fmts; s != nullptr && *s != AV_SAMPLE_FMT_NONE; ++s) {
    const bool is_16_bits = av_get_packed_sample_fmt(*s) == AV_SAMPLE_FMT_S16;
    if (is_16_bits == (is_lossless && format.bits_per_sample == 16)) return *s;
  }
  return codec.sample_fmts != nullptr ? codec.sample_fmts[0] : AV_SAMPLE_FMT_FLT;
}

Result<AVChannelLayout> layout_for(const AVCodec& codec, const AudioFormat& format) {
  const AVChannelLayout wanted = layout_of(format);
  if (codec.ch_layouts == nullptr) return wanted;
  const AVChannelLayout* same_count = nullptr;
  for (const AVChannelLayout* known = codec.ch_layouts; known->nb_channels != 0; ++known) {
    if (av_channel_layout_compare(known, &wanted) == 0) return wanted;
    if (known->nb_channels == wanted.nb_channels && same_count == nullptr) same_count = known;
  }
  if (same_count != nullptr) return *same_count;
  return unsupported(std::string(codec.name) + " does not take sound of " + std::to_string(format.num_channels) +
                     " channels; .wav does");
}

}  // namespace

struct SoundFrameEncoder::Impl {
  SoundFrameCoding coding;
  Owned<AVCodecContext> encoder;
  Owned<AVPacket> packet{av_packet_alloc()};
  OwnedResampler from_float;  // sample formats only
  OwnedFifo fifo;
  std::unique_ptr<SoundResampler> resampler;
  int64_t first_taken = 0;    // at the coding rate: what lies before is not resampled
  int64_t next_expected = 0;  // at the coding rate: the end of the frames so far
  uint64_t num_made = 0;      // at the encoder's rate, counted from 0 s: what the resampler gave, and what it left out in front
  uint64_t first_kept = 0;    // at the encoder's rate
  uint64_t end_kept = UINT64_MAX;
  int64_t next_pts = 0;
  SoundPlanes held;           // at the coding rate, not resampled yet

  Status open(bool needs_header);
  Status open_resampler();
  void take(SoundPlanes samples, int64_t pts);
  Status fill_silence(int64_t until, const Sink& sink);
  Status resample(const SoundPlanes& samples, const Sink& sink);
  Status make(SoundPlanes samples, const Sink& sink);
  Status encode_fifo(bool is_end, const Sink& sink);
  Result<Owned<AVFrame>> frame_of(int num_samples) const;
};

SoundFrameEncoder::SoundFrameEncoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SoundFrameEncoder::~SoundFrameEncoder() = default;
const AVCodecContext& SoundFrameEncoder::context() const { return *impl_->encoder; }

Result<std::unique_ptr<SoundFrameEncoder>> SoundFrameEncoder::create(const SoundFrameCoding& coding, bool needs_header) {
  auto impl = std::make_unique<Impl>();
  impl->coding = coding;
  LACONIC_RETURN_IF_ERROR(impl->open(needs_header));
  LACONIC_RETURN_IF_ERROR(impl->open_resampler());
  return std::unique_ptr<SoundFrameEncoder>(new SoundFrameEncoder(std::move(impl)));
}

Status SoundFrameEncoder::Impl::open(bool needs_header) {
  const AudioFormat& format = coding.format;
  const std::string name = coding.encoder == "pcm" ? pcm_encoder(format) : coding.encoder;
  const AVCodec* codec = avcodec_find_encoder_by_name(name.c_str());
  if (codec == nullptr) return unsupported("this FFmpeg was built without " + name);
  encoder.reset(avcodec_alloc_context3(codec));
  if (!encoder || !packet) return no_memory_for_sound();
  encoder->sample_rate = rate_for(*codec, format.sample_rate_hz);
  encoder->sample_fmt = sample_format_for(*codec, format);
  LACONIC_ASSIGN_OR_RETURN(encoder->ch_layout, layout_for(*codec, format));
  encoder->time_base = {1, encoder->sample_rate};
  if (format.bits_per_sample > 16) encoder->bits_per_raw_sample = 24;
  if (coding.bits_per_second > 0) encoder->bit_rate = static_cast<int64_t>(coding.bits_per_second) * format.num_channels;
  if (coding.quality > 0) {
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = coding.quality * FF_QP2LAMBDA;
  }
  if (needs_header) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  encoder->thread_count = 1;
  if (const int error = avcodec_open2(encoder.get(), codec, nullptr); error < 0) {
    return unsupported(name + " does not start with " + std::to_string(format.num_channels) + " channels at " +
                       std::to_string(encoder->sample_rate) + " Hz: " + ffmpeg_error(error));
  }
  LACONIC_ASSIGN_OR_RETURN(from_float, sample_converter(AV_SAMPLE_FMT_FLTP, encoder->sample_fmt, format.num_channels));
  fifo.reset(av_audio_fifo_alloc(encoder->sample_fmt, format.num_channels, encoder->sample_rate));
  return fifo ? ok_status() : no_memory_for_sound();
}

// The resampler begins at a sample whose time is a whole number of samples at both rates, far enough before the first one kept
// that nothing is heard of its beginning.
Status SoundFrameEncoder::Impl::open_resampler() {
  constexpr uint64_t kLead = 1024;
  const uint64_t common = static_cast<uint64_t>(std::gcd(kCodingRateHz, encoder->sample_rate));
  const uint64_t block = kCodingRateHz / common;
  const uint64_t first = samples_at_rate(coding.first_sample, coding.format.sample_rate_hz, kCodingRateHz);
  const uint64_t first_block = first > kLead ? (first - kLead) / block : 0;
  first_taken = static_cast<int64_t>(first_block * block);
  num_made = first_block * (static_cast<uint64_t>(encoder->sample_rate) / common);
  first_kept = samples_at_rate(coding.first_sample, coding.format.sample_rate_hz, encoder->sample_rate);
  next_expected = first_taken;
  held.resize(static_cast<size_t>(coding.format.num_channels));
  LACONIC_ASSIGN_OR_RETURN(resampler, SoundResampler::create(kCodingRateHz, encoder->sample_rate, coding.format.num_channels));
  return ok_status();
}

Status SoundFrameEncoder::write(const AudioFrame& frame, const Sink& sink) {
  Impl& self = *impl_;
  LACONIC_CHECK(frame.channels.size() == self.held.size());
  LACONIC_RETURN_IF_ERROR(self.fill_silence(frame.pts_samples, sink));
  self.take(frame.channels, frame.pts_samples);
  const size_t num_held = num_samples_in(self.held);
  if (num_held <= kHeldSamples) return ok_status();
  SoundPlanes ready = self.held;
  for (auto& plane : ready) plane.resize(num_held - kHeldSamples);
  drop_first_samples(num_held - kHeldSamples, self.held);
  return self.resample(ready, sink);
}

// What lies before the part wanted is left out.
void SoundFrameEncoder::Impl::take(SoundPlanes samples, int64_t pts) {
  if (pts < next_expected) drop_first_samples(static_cast<size_t>(next_expected - pts), samples);
  next_expected += static_cast<int64_t>(num_samples_in(samples));
  append_samples(samples, held);
}

// Where frames are missing.
Status SoundFrameEncoder::Impl::fill_silence(int64_t until, const Sink& sink) {
  while (next_expected < until) {
    const auto piece = static_cast<size_t>(std::min<int64_t>(until - next_expected, kSilencePiece));
    take(SoundPlanes(held.size(), std::vector<float>(piece)), next_expected);
    LACONIC_RETURN_IF_ERROR(resample(std::exchange(held, SoundPlanes(held.size())), sink));
  }
  return ok_status();
}

Status SoundFrameEncoder::Impl::resample(const SoundPlanes& samples, const Sink& sink) {
  SoundPlanes made;
  LACONIC_RETURN_IF_ERROR(resampler->convert(samples, made));
  return make(std::move(made), sink);
}

// Samples at the encoder's rate: those that are kept go to the encoder.
Status SoundFrameEncoder::Impl::make(SoundPlanes samples, const Sink& sink) {
  const uint64_t begin = num_made;
  num_made += num_samples_in(samples);
  if (num_made > end_kept) {
    const auto num_kept = static_cast<size_t>(end_kept > begin ? end_kept - begin : 0);
    for (auto& plane : samples) plane.resize(num_kept);
  }
  if (begin < first_kept) drop_first_samples(static_cast<size_t>(std::min<uint64_t>(first_kept - begin, SIZE_MAX)), samples);
  const auto num_samples = static_cast<int>(num_samples_in(samples));
  if (num_samples == 0) return ok_status();
  LACONIC_ASSIGN_OR_RETURN(const Owned<AVFrame> converted, frame_of(num_samples));
  std::vector<const uint8_t*> planes;
  for (auto& plane : samples) planes.push_back(reinterpret_cast<const uint8_t*>(plane.data()));
  if (swr_convert(from_float.get(), converted->extended_data, num_samples, planes.data(), num_samples) != num_samples) {
    return internal_error("libswresample does not convert samples of this type");
  }
  if (av_audio_fifo_write(fifo.get(), reinterpret_cast<void**>(converted->extended_data), num_samples) < 0) {
    return no_memory_for_sound();
  }
  return encode_fifo(/*is_end=*/false, sink);
}

Result<Owned<AVFrame>> SoundFrameEncoder::Impl::frame_of(int num_samples) const {
  Owned<AVFrame> frame(av_frame_alloc());
  if (!frame) return no_memory_for_sound();
  frame->nb_samples = num_samples;
  frame->format = encoder->sample_fmt;
  frame->sample_rate = encoder->sample_rate;
  if (av_channel_layout_copy(&frame->ch_layout, &encoder->ch_layout) < 0 || av_frame_get_buffer(frame.get(), 0) < 0) {
    return no_memory_for_sound();
  }
  return frame;
}

Status SoundFrameEncoder::Impl::encode_fifo(bool is_end, const Sink& sink) {
  while (const int num_waiting = av_audio_fifo_size(fifo.get())) {
    const int frame_size = encoder->frame_size > 0 ? encoder->frame_size : num_waiting;
    if (num_waiting < frame_size && !is_end) break;
    LACONIC_ASSIGN_OR_RETURN(const Owned<AVFrame> frame, frame_of(std::min(num_waiting, frame_size)));
    if (av_audio_fifo_read(fifo.get(), reinterpret_cast<void**>(frame->extended_data), frame->nb_samples) != frame->nb_samples) {
      return internal_error("samples are missing");
    }
    frame->pts = next_pts;
    next_pts += frame->nb_samples;
    LACONIC_RETURN_IF_ERROR(encode_frame(*encoder, frame.get(), *packet, sink));
  }
  return ok_status();
}

Status SoundFrameEncoder::finish(std::optional<uint64_t> end_sample, const Sink& sink) {
  Impl& self = *impl_;
  const int source_hz = self.coding.format.sample_rate_hz;
  if (end_sample) {
    self.end_kept = samples_at_rate(*end_sample, source_hz, self.encoder->sample_rate);
    const auto end = static_cast<int64_t>(samples_at_rate(*end_sample, source_hz, kCodingRateHz));
    const int64_t num_behind = std::clamp<int64_t>(self.next_expected - end, 0, static_cast<int64_t>(num_samples_in(self.held)));
    for (auto& plane : self.held) plane.resize(plane.size() - static_cast<size_t>(num_behind));
    self.next_expected -= num_behind;
    LACONIC_RETURN_IF_ERROR(self.fill_silence(end, sink));
  } else {
    self.end_kept = static_cast<uint64_t>(self.next_expected) * static_cast<uint64_t>(self.encoder->sample_rate) / kCodingRateHz;
  }
  LACONIC_RETURN_IF_ERROR(self.resample(self.held, sink));
  SoundPlanes rest;
  LACONIC_RETURN_IF_ERROR(self.resampler->finish(rest));
  LACONIC_RETURN_IF_ERROR(self.make(std::move(rest), sink));
  LACONIC_RETURN_IF_ERROR(self.encode_fifo(/*is_end=*/true, sink));
  return encode_frame(*self.encoder, nullptr, *self.packet, sink);
}

}  // namespace laconic
