#include "codec/media/sound_reader.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <filesystem>
#include <system_error>

#include "codec/media/film_ffmpeg.h"
#include "codec/media/film_input.h"
#include "codec/media/sound_decoder.h"
#include "codec/media/sound_ffmpeg.h"
#include "codec/media/sound_resampler.h"

namespace laconic {
namespace {

// Containers of sound, and of films that may hold nothing else. Left out: play lists (they open other files).
constexpr char kContainers[] =
    "wav,w64,flac,mp3,ogg,mov,matroska,nut,aiff,caf,au,aac,ac3,eac3,dts,dtshd,truehd,mlp,amr,ape,wv,tta,tak,mpc,mpc8,oma,shn,"
    "voc,dsf,iff,sox,gsm,asf,avi,mpegts,mpeg,flv,rm,mxf,swf,loas,latm,mp2";

// A seek in FFmpeg's files lands near the time; a decoder needs some packets until its sound is right.
constexpr double kSeekLeadSeconds = 0.5;
// How far back the search for a key packet begins: an encoder's default distance between two. Then twice as far, and so on.
constexpr double kKeySearchSeconds = 2.1;

// -1 if there is none.
int first_sound(const AVFormatContext& format) {
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    if (format.streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) return static_cast<int>(i);
  }
  return -1;
}

bool has_film(const AVFormatContext& format) {
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    if (describe_stream(*format.streams[i]).kind == StreamKind::kVideo) return true;
  }
  return false;
}

// Note [End in QuickTime]
// AAC comes in whole frames, and libavformat does not cut what the last one has too much. Where the sound ends is said twice: by
// the edit list, rounded to (mostly) milliseconds, which is what stream.duration gives; and exactly by the track's own
// duration, which counts the samples that the encoder put in front as well, and shows only when edit lists are taken lightly.
// It is the one meant where both agree.
std::optional<double> track_seconds(const std::string& path, int stream_index) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  int error = 0;
  const Input format = open_input(path, "mov", error, "advanced_editlist=0");
  if (!format || stream_index >= static_cast<int>(format->nb_streams)) return std::nullopt;
  const AVStream& stream = *format->streams[stream_index];
  if (stream.duration <= 0) return std::nullopt;
  return static_cast<double>(stream.duration) * av_q2d(stream.time_base);
}

}  // namespace

struct SoundReader::Impl {
  SoundReadOptions options;
  Input format;
  AVStream* sound = nullptr;
  SoundProperties properties;
  std::shared_ptr<const FilmSource> source;
  std::unique_ptr<SoundDecoder> decoder;  // null for a stream of ours
  Owned<AVPacket> packet{av_packet_alloc()};
  std::deque<SoundItem> ahead;            // read already, comes next
  std::vector<std::string> warnings;
  std::optional<double> track_seconds;    // see Note [End in QuickTime]; only until the first packet
  std::optional<int64_t> first_pts;       // of a stream of ours: what the container says of its first packet, at the coding rate
  int64_t first_wanted = INT64_MIN;       // at the coding rate: frames before are dropped, after a seek
  int64_t num_told = 0;                   // damaged packets that a warning has named
  bool is_draining = false;
  bool has_seeked = false;

  Status open_without_edit_list(const std::string& path);
  Status describe();
  void find_end(const AVPacket& first);
  Result<std::optional<SoundItem>> next();
  Result<std::optional<SoundItem>> take_packet();
  bool cut(AudioFrame& frame) const;
  void warn_of_damage();
  Status seek_container(int64_t pts, int64_t max_pts);
  Status seek_packet(double seconds);
  Result<bool> collect_from_key(int64_t target);
};

SoundReader::SoundReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SoundReader::~SoundReader() = default;
const SoundProperties& SoundReader::properties() const { return impl_->properties; }
std::shared_ptr<const FilmSource> SoundReader::source() const { return impl_->source; }
uint64_t SoundReader::num_source_samples() const { return impl_->decoder ? impl_->decoder->num_source_samples() : 0; }

bool SoundReader::is_sound(const std::string& path) {
  int error = 0;
  const Input format = open_input(path, kContainers, error);
  if (!format) return false;
  // Containers that describe their streams in packets show them only after some reading.
  if (first_sound(*format) < 0 && avformat_find_stream_info(format.get(), nullptr) < 0) return false;
  return first_sound(*format) >= 0 && !has_film(*format);
}

Result<std::unique_ptr<SoundReader>> SoundReader::open(const std::string& path, const SoundReadOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  int error = 0;
  impl->format = open_input(path, kContainers, error);
  if (!impl->format) return cannot_open(path, error, "a file of sound");
  if (!impl->packet) return no_memory_for_sound();
  if (avformat_find_stream_info(impl->format.get(), nullptr) < 0) {
    return corrupt("is not a file of sound, or is damaged at its start");
  }
  const int index = first_sound(*impl->format);
  if (index < 0) return corrupt("holds no sound");
  if (laconic::is_laconic(*impl->format->streams[index]->codecpar)) LACONIC_RETURN_IF_ERROR(impl->open_without_edit_list(path));
  impl->sound = impl->format->streams[index];
  LACONIC_ASSIGN_OR_RETURN(impl->source, snapshot_source(*impl->format, /*video_index=*/-1, index));
  LACONIC_RETURN_IF_ERROR(impl->describe());
  if (!impl->properties.is_laconic && options.decodes) {
    LACONIC_ASSIGN_OR_RETURN(impl->decoder, SoundDecoder::create(*impl->source, index, SoundTimes::kCounted));
    impl->properties.format = impl->decoder->format();
    impl->track_seconds = track_seconds(path, index);
  }
  // The first frame tells what time the others count from, so it is read before any seek.
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<SoundItem> first, impl->next());
    if (!first) break;
    impl->ahead.push_back(std::move(*first));
    if (!std::holds_alternative<CopiedPacket>(impl->ahead.back())) break;
  }
  return std::unique_ptr<SoundReader>(new SoundReader(std::move(impl)));
}

// Our streams say themselves where their sound starts and ends. libavformat drops the last packet of a QuickTime file whose
// writer did not know how long it lasts (`ffmpeg -c copy` from NUT), as lying behind the edit list's end.
Status SoundReader::Impl::open_without_edit_list(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored) || std::string(format->iformat->name).find("mov") == std::string::npos) {
    return ok_status();
  }
  int error = 0;
  format = open_input(path, "mov", error, "ignore_editlist=1");
  if (!format) return cannot_open(path, error, "a file of sound");
  return avformat_find_stream_info(format.get(), nullptr) < 0 ? corrupt("is damaged at its start") : ok_status();
}

Status SoundReader::Impl::describe() {
  const AVCodecParameters& parameters = *sound->codecpar;
  SoundProperties& p = properties;
  p.stream_index = sound->index;
  p.is_laconic = laconic::is_laconic(parameters);
  if (p.is_laconic) p.extradata.assign(parameters.extradata, parameters.extradata + parameters.extradata_size);
  p.format.num_channels = parameters.ch_layout.nb_channels;
  p.format.sample_rate_hz = parameters.sample_rate;
  p.duration_seconds = duration_seconds_of(*format, *sound);
  // The packet that only primes the decoder counts there.
  if (p.is_laconic && p.duration_seconds > 0) p.duration_seconds -= static_cast<double>(kAudioPacketSamples) / kCodingRateHz;
  p.container = format->iformat->name;
  for (unsigned i = 0; i < format->nb_streams; ++i) {
    p.streams.push_back(describe_stream(*format->streams[i]));
    const bool is_wanted = format->streams[i] == sound || p.streams.back().kind == StreamKind::kCoverArt;
    if (!is_wanted) format->streams[i]->discard = AVDISCARD_ALL;
  }
  return ok_status();
}

Result<std::optional<SoundItem>> SoundReader::read() {
  Impl& self = *impl_;
  while (true) {
    std::optional<SoundItem> item;
    if (!self.ahead.empty()) {
      item = std::move(self.ahead.front());
      self.ahead.pop_front();
    } else {
      LACONIC_ASSIGN_OR_RETURN(item, self.next());
    }
    if (!item) {
      self.warn_of_damage();
      return item;
    }
    auto* frame = std::get_if<AudioFrame>(&*item);
    if (frame == nullptr || self.cut(*frame)) return item;
  }
}

void SoundReader::Impl::warn_of_damage() {
  const int64_t num_damaged = decoder ? decoder->num_damaged() : 0;
  if (num_damaged > num_told) {
    warnings.push_back(std::to_string(num_damaged - num_told) + " packets of " + describe_stream(*sound).name() +
                       " are damaged; the sound is shorter by what was in them");
  }
  num_told = num_damaged;
}

// Whether anything is left of a frame after a seek.
bool SoundReader::Impl::cut(AudioFrame& frame) const {
  if (frame.pts_samples >= first_wanted) return true;
  const auto num_early = static_cast<size_t>(first_wanted - frame.pts_samples);
  frame.pts_samples += static_cast<int64_t>(std::min(num_early, frame.num_samples()));
  drop_first_samples(num_early, frame.channels);
  return frame.num_samples() > 0;
}

Result<std::optional<SoundItem>> SoundReader::Impl::next() {
  while (true) {
    if (decoder) {
      LACONIC_ASSIGN_OR_RETURN(std::optional<AudioFrame> frame, decoder->receive());
      if (frame) return std::optional<SoundItem>(std::move(*frame));
    }
    if (is_draining) return std::optional<SoundItem>();
    LACONIC_ASSIGN_OR_RETURN(const bool has_packet, read_packet(*format, *packet));
    if (!has_packet) {
      is_draining = true;
      if (decoder) LACONIC_RETURN_IF_ERROR(decoder->drain());
    } else if (packet->stream_index == sound->index) {
      if (!decoder) {
        LACONIC_ASSIGN_OR_RETURN(std::optional<SoundItem> item, take_packet());
        if (item) return item;
        continue;
      }
      if (track_seconds) find_end(*packet);
      LACONIC_ASSIGN_OR_RETURN(const CopiedPacket copy, take_copy(*format, *packet));
      LACONIC_RETURN_IF_ERROR(decoder->send(copy));
    } else if (!has_seeked && format->streams[packet->stream_index]->disposition & AV_DISPOSITION_ATTACHED_PIC) {
      LACONIC_ASSIGN_OR_RETURN(CopiedPacket copy, take_copy(*format, *packet));
      return std::optional<SoundItem>(std::move(copy));
    }
  }
}

void SoundReader::Impl::find_end(const AVPacket& first) {
  constexpr double kEditListSeconds = 0.002;
  const double said = static_cast<double>(sound->duration) * av_q2d(sound->time_base);
  const double counted = *track_seconds + (first.pts < 0 ? static_cast<double>(first.pts) * av_q2d(sound->time_base) : 0);
  track_seconds.reset();
  if (sound->duration <= 0) return;
  const double end = std::abs(said - counted) < kEditListSeconds ? counted : said;
  decoder->set_end(static_cast<uint64_t>(std::llround(end * properties.format.sample_rate_hz)));
}

// codec/audio_codec.h, Note [Time]: the first packet of a stream only primes the decoder, and lies before 0, wherever a container
// that knows no time before 0 has shifted it. Empty for what lies before the first key packet of a stream that was cut there.
Result<std::optional<SoundItem>> SoundReader::Impl::take_packet() {
  AudioPacket out;
  out.bytes.assign(packet->data, packet->data + packet->size);
  const int64_t ticks = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  if (ticks == AV_NOPTS_VALUE) return corrupt("a packet of sound has no time");
  const int64_t pts = av_rescale_q(ticks, sound->time_base, {1, kCodingRateHz});
  const bool asks = properties.is_laconic && options.is_key_packet;
  out.is_key_packet = asks ? options.is_key_packet(out.bytes) : (packet->flags & AV_PKT_FLAG_KEY) != 0;
  out.pts_samples = pts;
  if (properties.is_laconic) {
    if (!first_pts && !out.is_key_packet) return std::optional<SoundItem>();
    if (!first_pts) first_pts = pts;
    out.pts_samples = pts - *first_pts - kAudioPacketSamples;
  }
  return std::optional<SoundItem>(std::move(out));
}

// In ticks of the stream.
Status SoundReader::Impl::seek_container(int64_t pts, int64_t max_pts) {
  has_seeked = true;
  is_draining = false;
  ahead.clear();
  const int error = avformat_seek_file(format.get(), sound->index, INT64_MIN, pts, max_pts, 0);
  return error < 0 ? unsupported("cannot seek in this input: " + ffmpeg_error(error)) : ok_status();
}

Status SoundReader::seek(double seconds) {
  Impl& self = *impl_;
  if (!(std::abs(seconds) < 1e9)) return invalid_argument("time " + std::to_string(seconds) + " s is out of range");
  seconds = std::max(seconds, 0.0);
  if (!self.decoder) return self.seek_packet(seconds);
  self.first_wanted = std::llround(seconds * kCodingRateHz);
  const int64_t start = self.sound->start_time != AV_NOPTS_VALUE ? self.sound->start_time : 0;
  const int64_t target = start + std::llround((seconds - kSeekLeadSeconds) / av_q2d(self.sound->time_base));
  // Before the first packet there is only the start.
  Status sought = self.seek_container(target, target);
  if (!sought.ok()) sought = self.seek_container(target, INT64_MAX);
  LACONIC_RETURN_IF_ERROR(sought);
  return self.decoder->reset();
}

Status SoundReader::Impl::seek_packet(double seconds) {
  const int64_t target = std::llround(seconds * kCodingRateHz) - kAudioPacketSamples;  // the latest pts that will do
  const auto ticks_of = [this](int64_t pts) {
    return av_rescale_q(pts + first_pts.value_or(0) + kAudioPacketSamples, {1, kCodingRateHz}, sound->time_base);
  };
  for (double back = kKeySearchSeconds;; back *= 2) {
    const int64_t from = std::max<int64_t>(target - std::llround(back * kCodingRateHz), -kAudioPacketSamples);
    const bool is_whole = from == -kAudioPacketSamples;
    Status sought = seek_container(ticks_of(from), ticks_of(from));
    if (!sought.ok()) sought = seek_container(ticks_of(from), INT64_MAX);
    LACONIC_RETURN_IF_ERROR(sought);
    LACONIC_ASSIGN_OR_RETURN(const bool is_found, collect_from_key(target));
    if (is_found || is_whole) return ok_status();
  }
}

// Reads to the packet behind `target` and keeps all from the last key packet up to it on. False if there is no such key packet.
Result<bool> SoundReader::Impl::collect_from_key(int64_t target) {
  bool is_found = false;
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<SoundItem> item, next());
    if (!item) return is_found;
    const auto& found = std::get<AudioPacket>(*item);
    const bool is_behind = found.pts_samples > target;
    if (found.is_key_packet && !is_behind) {
      ahead.clear();
      is_found = true;
    }
    ahead.push_back(std::move(*item));
    if (is_behind) return is_found;
  }
}

std::vector<std::string> SoundReader::take_warnings() {
  std::vector<std::string> taken;
  taken.swap(impl_->warnings);
  return taken;
}

}  // namespace laconic
