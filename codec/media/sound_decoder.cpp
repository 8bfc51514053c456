#include "codec/media/sound_decoder.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "codec/media/film_ffmpeg.h"
#include "codec/media/sound_ffmpeg.h"
#include "codec/media/sound_resampler.h"

namespace laconic {
namespace {

constexpr double kGapSeconds = 0.05;
constexpr double kSilenceSeconds = 1;  // a piece of a longer gap
constexpr int kMinRateHz = 1000, kMaxRateHz = 768000;

int bits_of_decoded(const AVCodecContext& decoder, const AVCodecParameters& parameters) {
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get(parameters.codec_id);
  const bool is_lossless = descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_LOSSLESS) != 0;
  const AVSampleFormat samples = av_get_packed_sample_fmt(decoder.sample_fmt);
  if (!is_lossless) return 16;
  if (samples == AV_SAMPLE_FMT_FLT || samples == AV_SAMPLE_FMT_DBL) return 32;
  const int bits = parameters.bits_per_raw_sample > 0 ? parameters.bits_per_raw_sample : 8 * av_get_bytes_per_sample(samples);
  return bits > 16 ? 24 : 16;
}

}  // namespace

struct SoundDecoder::Impl {
  SoundTimes times = SoundTimes::kCounted;
  AudioFormat format;
  AVRational time_base{1, 1};
  Owned<AVCodecContext> decoder;
  Owned<AVFrame> decoded{av_frame_alloc()};
  OwnedResampler to_float;  // sample formats only
  std::unique_ptr<SoundResampler> resampler;
  std::optional<double> first_seconds;     // of the first frame ever
  int64_t origin_samples = 0;              // at the coding rate: where the resampler's first sample lies
  uint64_t origin_source = 0;              // the same at the source's rate, only with kCounted
  uint64_t end_source = UINT64_MAX;        // at the source's rate
  uint64_t num_decoded = 0;                // at the source's rate, since the resampler began
  uint64_t num_resampled = 0;
  uint64_t num_pending_silence = 0;        // at the source's rate: a gap not yet filled, before `held`
  SoundPlanes held;                        // decoded, comes after the gap
  size_t num_to_drop = 0;                  // at the source's rate, after a seek
  int64_t num_damaged = 0;
  bool is_at_start = true;                 // of the stream, or just after a seek
  bool is_drained = false;
  bool has_finished = false;

  Status open(const FilmSource::Impl::Stream& from);
  Status start_resampler();
  Result<SoundPlanes> take_samples();
  void place(SoundPlanes& samples);
  void place_first(double seconds);
  Status resample(const SoundPlanes& samples, AudioFrame& out);
  Status fill_gap(AudioFrame& out);
  Status finish(AudioFrame& out);
};

SoundDecoder::SoundDecoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SoundDecoder::~SoundDecoder() = default;
const AudioFormat& SoundDecoder::format() const { return impl_->format; }
uint64_t SoundDecoder::num_source_samples() const { return impl_->num_decoded; }
int64_t SoundDecoder::num_damaged() const { return impl_->num_damaged; }

Result<std::unique_ptr<SoundDecoder>> SoundDecoder::create(const FilmSource& source, int stream_index, SoundTimes times) {
  auto impl = std::make_unique<Impl>();
  impl->times = times;
  LACONIC_CHECK(stream_index >= 0 && static_cast<size_t>(stream_index) < source.impl().streams.size());
  LACONIC_RETURN_IF_ERROR(impl->open(source.impl().streams[static_cast<size_t>(stream_index)]));
  LACONIC_RETURN_IF_ERROR(impl->start_resampler());
  return std::unique_ptr<SoundDecoder>(new SoundDecoder(std::move(impl)));
}

Status SoundDecoder::Impl::open(const FilmSource::Impl::Stream& from) {
  const std::string name = from.description.name();
  const AVCodecParameters& parameters = *from.parameters;
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) return unsupported("this FFmpeg has no decoder for " + name);
  if (parameters.ch_layout.nb_channels > kMaxAudioChannels) {
    return unsupported(name + " has " + std::to_string(parameters.ch_layout.nb_channels) + " channels; up to " +
                       std::to_string(kMaxAudioChannels) + " are coded");
  }
  decoder.reset(avcodec_alloc_context3(codec));
  if (!decoder || !decoded) return no_memory_for_sound();
  if (avcodec_parameters_to_context(decoder.get(), &parameters) < 0) return corrupt(name + " has a damaged header");
  decoder->pkt_timebase = time_base = from.time_base;
  decoder->thread_count = 1;
  if (const int error = avcodec_open2(decoder.get(), codec, nullptr); error < 0) {
    return unsupported("the decoder for " + name + " does not start: " + ffmpeg_error(error));
  }
  format.sample_rate_hz = parameters.sample_rate;
  format.num_channels = parameters.ch_layout.nb_channels;
  format.channel_mask = mask_of(parameters.ch_layout);
  format.bits_per_sample = bits_of_decoded(*decoder, parameters);
  if (format.num_channels < 1 || format.sample_rate_hz < kMinRateHz || format.sample_rate_hz > kMaxRateHz) {
    return corrupt(name + " cannot be decoded, not even its sample rate is known");
  }
  return ok_status();
}

Status SoundDecoder::Impl::start_resampler() {
  LACONIC_ASSIGN_OR_RETURN(resampler, SoundResampler::create(format.sample_rate_hz, kCodingRateHz, format.num_channels));
  num_decoded = num_resampled = 0;
  return ok_status();
}

void SoundDecoder::set_end(uint64_t num_samples) { impl_->end_source = num_samples; }

Status SoundDecoder::send(const CopiedPacket& packet) {
  if (avcodec_send_packet(impl_->decoder.get(), packet.impl().packet.get()) < 0) ++impl_->num_damaged;
  return ok_status();
}

Status SoundDecoder::drain() {
  impl_->is_drained = true;
  avcodec_send_packet(impl_->decoder.get(), nullptr);
  return ok_status();
}

Result<std::optional<AudioFrame>> SoundDecoder::receive() {
  Impl& self = *impl_;
  AudioFrame out;
  while (out.num_samples() == 0) {
    if (self.num_pending_silence > 0) {
      LACONIC_RETURN_IF_ERROR(self.fill_gap(out));
      continue;
    }
    if (num_samples_in(self.held) > 0) {
      LACONIC_RETURN_IF_ERROR(self.resample(std::exchange(self.held, {}), out));
      continue;
    }
    const int error = avcodec_receive_frame(self.decoder.get(), self.decoded.get());
    if (error == AVERROR_EOF && self.is_drained && !self.has_finished) {
      LACONIC_RETURN_IF_ERROR(self.finish(out));
    } else if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) {
      return std::optional<AudioFrame>();
    } else if (error < 0) {
      ++self.num_damaged;
    } else {
      LACONIC_ASSIGN_OR_RETURN(self.held, self.take_samples());
      self.place(self.held);
    }
  }
  return std::optional<AudioFrame>(std::move(out));
}

// The decoder's frame as planes of floats, at its own rate.
Result<SoundPlanes> SoundDecoder::Impl::take_samples() {
  const AVFrame& frame = *decoded;
  if (frame.sample_rate != format.sample_rate_hz || frame.ch_layout.nb_channels != format.num_channels) {
    return unsupported("the sound changes from " + std::to_string(format.sample_rate_hz) + " Hz, " +
                       std::to_string(format.num_channels) + " channels to " + std::to_string(frame.sample_rate) + " Hz, " +
                       std::to_string(frame.ch_layout.nb_channels) + " channels on the way");
  }
  if (!to_float) {
    LACONIC_ASSIGN_OR_RETURN(to_float, sample_converter(static_cast<AVSampleFormat>(frame.format), AV_SAMPLE_FMT_FLTP,
                                                        format.num_channels));
  }
  SoundPlanes samples(static_cast<size_t>(format.num_channels), std::vector<float>(static_cast<size_t>(frame.nb_samples)));
  std::vector<uint8_t*> planes;
  for (auto& plane : samples) planes.push_back(reinterpret_cast<uint8_t*>(plane.data()));
  const int num_samples = swr_convert(to_float.get(), planes.data(), frame.nb_samples,
                                      const_cast<const uint8_t**>(frame.extended_data), frame.nb_samples);
  if (num_samples != frame.nb_samples) return internal_error("libswresample does not convert samples of this type");
  return samples;
}

// Where samples come to lie: after those before, unless times say otherwise.
void SoundDecoder::Impl::place(SoundPlanes& samples) {
  const int64_t pts = decoded->best_effort_timestamp;
  const auto num_samples = num_samples_in(samples);
  if (pts != AV_NOPTS_VALUE || is_at_start) {
    const double seconds = pts != AV_NOPTS_VALUE ? static_cast<double>(pts) * av_q2d(time_base) : 0;
    if (std::exchange(is_at_start, false)) {
      place_first(seconds);
    } else if (times == SoundTimes::kOfPackets) {
      const double here = static_cast<double>(origin_samples) / kCodingRateHz +
                          static_cast<double>(num_decoded) / format.sample_rate_hz;
      if (seconds - here > kGapSeconds) num_pending_silence = static_cast<uint64_t>((seconds - here) * format.sample_rate_hz);
    }
  }
  const size_t num_dropped = std::min(num_to_drop, num_samples);
  drop_first_samples(num_dropped, samples);
  num_to_drop -= num_dropped;
  const uint64_t begin = origin_source + num_decoded;
  const uint64_t num_left = end_source > begin ? end_source - begin : 0;
  for (auto& plane : samples) plane.resize(static_cast<size_t>(std::min<uint64_t>(plane.size(), num_left)));
}

// After a seek the resampler has to begin at a sample whose time is a whole number of samples at the coding rate as well.
void SoundDecoder::Impl::place_first(double seconds) {
  const bool is_first = !first_seconds.has_value();
  if (is_first) first_seconds = seconds;
  if (times == SoundTimes::kOfPackets) origin_samples = std::llround(seconds * kCodingRateHz);
  if (is_first || times == SoundTimes::kOfPackets) return;
  const int64_t common = std::gcd(format.sample_rate_hz, kCodingRateHz);
  const int64_t block = format.sample_rate_hz / common;
  const int64_t sample = std::llround((seconds - *first_seconds) * format.sample_rate_hz);
  const int64_t aligned = std::max<int64_t>((sample + block - 1) / block * block, 0);
  num_to_drop = static_cast<size_t>(aligned - sample);
  origin_source = static_cast<uint64_t>(aligned);
  origin_samples = aligned / block * (kCodingRateHz / common);
}

Status SoundDecoder::Impl::resample(const SoundPlanes& samples, AudioFrame& out) {
  num_decoded += num_samples_in(samples);
  LACONIC_RETURN_IF_ERROR(resampler->convert(samples, out.channels));
  out.pts_samples = origin_samples + static_cast<int64_t>(num_resampled);
  num_resampled += out.num_samples();
  return ok_status();
}

Status SoundDecoder::Impl::fill_gap(AudioFrame& out) {
  const auto piece = std::min<uint64_t>(num_pending_silence, static_cast<uint64_t>(kSilenceSeconds * format.sample_rate_hz));
  num_pending_silence -= piece;
  return resample(SoundPlanes(static_cast<size_t>(format.num_channels), std::vector<float>(static_cast<size_t>(piece))), out);
}

Status SoundDecoder::Impl::finish(AudioFrame& out) {
  has_finished = true;
  LACONIC_RETURN_IF_ERROR(resampler->finish(out.channels));
  out.pts_samples = origin_samples + static_cast<int64_t>(num_resampled);
  num_resampled += out.num_samples();
  return ok_status();
}

Status SoundDecoder::reset() {
  Impl& self = *impl_;
  avcodec_flush_buffers(self.decoder.get());
  self.held.clear();
  self.num_pending_silence = 0;
  self.num_to_drop = 0;
  self.is_at_start = true;
  self.is_drained = self.has_finished = false;
  return self.start_resampler();
}

}  // namespace laconic
