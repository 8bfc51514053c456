#include "codec/media/film_ffmpeg.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <mutex>

#include "codec/media/quicktime_language.h"

namespace laconic {
namespace {

const char* tag_value(const AVDictionary* tags, const char* key) {
  const AVDictionaryEntry* entry = av_dict_get(tags, key, nullptr, 0);
  return entry != nullptr ? entry->value : "";
}

StreamKind kind_of(const AVStream& stream) {
  if (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) return StreamKind::kCoverArt;
  switch (stream.codecpar->codec_type) {
    case AVMEDIA_TYPE_VIDEO: return StreamKind::kVideo;
    case AVMEDIA_TYPE_AUDIO: return StreamKind::kAudio;
    case AVMEDIA_TYPE_SUBTITLE: return StreamKind::kSubtitle;
    case AVMEDIA_TYPE_ATTACHMENT: return StreamKind::kAttachment;
    default: return StreamKind::kData;
  }
}

std::string codec_name(const AVCodecParameters& parameters) {
  if (parameters.codec_id != AV_CODEC_ID_NONE) return avcodec_get_name(parameters.codec_id);
  char tag[AV_FOURCC_MAX_STRING_SIZE];
  return parameters.codec_tag != 0 ? av_fourcc_make_string(tag, parameters.codec_tag) : "unknown";
}

Owned<AVDictionary> copy_tags(const AVDictionary* tags) {
  AVDictionary* copy = nullptr;
  av_dict_copy(&copy, tags, 0);
  return Owned<AVDictionary>(copy);
}

// Side data of streams has no container of its own in FFmpeg 5; a packet's has.
Result<Owned<AVPacket>> copy_side_data(const AVStream& stream) {
  Owned<AVPacket> packet(av_packet_alloc());
  if (!packet) return limit_exceeded("there is not enough memory");
  for (int i = 0; i < stream.nb_side_data; ++i) {
    const AVPacketSideData& from = stream.side_data[i];
    uint8_t* to = av_packet_new_side_data(packet.get(), from.type, from.size);
    if (to == nullptr) return limit_exceeded("there is not enough memory");
    std::memcpy(to, from.data, from.size);
  }
  return packet;
}

}  // namespace

void silence_ffmpeg() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_level(AV_LOG_QUIET); });
}

std::string ffmpeg_error(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof(text));
  if (text[0] >= 'A' && text[0] <= 'Z') text[0] += 'a' - 'A';
  return text;
}

AVRational to_av(Rational r) { return {r.num, r.den}; }
Rational from_av(AVRational r) { return r.num > 0 && r.den > 0 ? Rational{r.num, r.den} : Rational{0, 1}; }

// In the order of FieldOrder.
constexpr AVFieldOrder kFieldOrders[] = {AV_FIELD_UNKNOWN, AV_FIELD_PROGRESSIVE, AV_FIELD_TT, AV_FIELD_BB, AV_FIELD_TB, AV_FIELD_BT};

AVFieldOrder to_av(FieldOrder order) { return kFieldOrders[static_cast<int>(order)]; }

FieldOrder from_av(AVFieldOrder order) {
  const auto* found = std::find(std::begin(kFieldOrders), std::end(kFieldOrders), order);
  return found == std::end(kFieldOrders) ? FieldOrder::kUnknown : static_cast<FieldOrder>(found - std::begin(kFieldOrders));
}

const char* stream_kind_name(StreamKind kind) {
  static constexpr const char* kNames[] = {"video", "audio", "subtitle", "data", "attachment", "cover art"};
  return kNames[static_cast<int>(kind)];
}

std::string FilmStream::name() const {
  return std::string(stream_kind_name(kind)) + " stream " + std::to_string(index) + " (" + codec +
         (language.empty() ? "" : ", " + language) + ")";
}

double VideoProperties::rotation_degrees() const {
  if (!display_matrix) return 0;
  const double degrees = av_display_rotation_get(display_matrix->data());
  return std::isfinite(degrees) ? degrees : 0;
}

CopiedPacket::CopiedPacket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CopiedPacket::CopiedPacket(CopiedPacket&& other) noexcept = default;
CopiedPacket& CopiedPacket::operator=(CopiedPacket&& other) noexcept = default;
CopiedPacket::~CopiedPacket() = default;
int CopiedPacket::stream_index() const { return impl_->packet->stream_index; }
size_t CopiedPacket::size_bytes() const { return static_cast<size_t>(impl_->packet->size); }
double CopiedPacket::seconds() const {
  const AVPacket& packet = *impl_->packet;
  const int64_t ticks = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  if (ticks == AV_NOPTS_VALUE) return -std::numeric_limits<double>::infinity();
  return static_cast<double>(ticks) * av_q2d(impl_->time_base);
}

FilmSource::FilmSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FilmSource::~FilmSource() = default;

bool is_laconic(const AVCodecParameters& parameters) {
  return parameters.codec_id == AV_CODEC_ID_NONE && (parameters.codec_tag == kVideoTag || parameters.codec_tag == kAudioTag);
}

FilmStream describe_stream(const AVStream& stream) {
  FilmStream description;
  description.index = stream.index;
  description.kind = kind_of(stream);
  description.codec = codec_name(*stream.codecpar);
  description.language = from_quicktime_language(tag_value(stream.metadata, "language"));
  if (description.language == "und") description.language.clear();
  description.title = tag_value(stream.metadata, "title");
  description.sample_rate_hz = stream.codecpar->sample_rate;
  description.num_channels = stream.codecpar->ch_layout.nb_channels;
  description.time_base = from_av(stream.time_base);
  const AVCodecParameters& parameters = *stream.codecpar;
  description.is_laconic = is_laconic(parameters);
  if (description.is_laconic) {
    description.extradata.assign(parameters.extradata, parameters.extradata + parameters.extradata_size);
  }
  return description;
}

Result<std::shared_ptr<const FilmSource>> snapshot_source(const AVFormatContext& format, int video_index, int sound_index) {
  auto impl = std::make_unique<FilmSource::Impl>();
  impl->video_index = video_index;
  AVDictionary* tags = nullptr;
  av_dict_copy(&tags, format.metadata, 0);
  if (sound_index >= 0) av_dict_copy(&tags, format.streams[sound_index]->metadata, AV_DICT_DONT_OVERWRITE);
  impl->tags.reset(tags);
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    const AVStream& from = *format.streams[i];
    FilmSource::Impl::Stream stream;
    stream.description = describe_stream(from);
    stream.parameters.reset(avcodec_parameters_alloc());
    if (!stream.parameters || avcodec_parameters_copy(stream.parameters.get(), from.codecpar) < 0) {
      return limit_exceeded("there is not enough memory");
    }
    AVDictionary* stream_tags = nullptr;
    av_dict_copy(&stream_tags, from.metadata, 0);
    if (!stream.description.language.empty()) av_dict_set(&stream_tags, "language", stream.description.language.c_str(), 0);
    stream.tags.reset(stream_tags);
    stream.time_base = from.time_base;
    stream.frame_rate = from.avg_frame_rate;
    stream.disposition = from.disposition;
    LACONIC_ASSIGN_OR_RETURN(stream.side_data, copy_side_data(from));
    impl->streams.push_back(std::move(stream));
  }
  for (unsigned i = 0; i < format.nb_chapters; ++i) {
    const AVChapter& from = *format.chapters[i];
    impl->chapters.push_back({from.id, from.time_base, from.start, from.end, copy_tags(from.metadata)});
  }
  return std::shared_ptr<const FilmSource>(std::make_shared<FilmSource>(std::move(impl)));
}

Status describe_as_ours(AVStream& stream, uint32_t tag, ByteSpan extradata) {
  AVCodecParameters& parameters = *stream.codecpar;
  parameters.codec_id = AV_CODEC_ID_NONE;
  parameters.codec_tag = tag;
  parameters.extradata = static_cast<uint8_t*>(av_mallocz(extradata.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (parameters.extradata == nullptr) return limit_exceeded("there is not enough memory");
  if (!extradata.empty()) std::memcpy(parameters.extradata, extradata.data(), extradata.size());
  parameters.extradata_size = static_cast<int>(extradata.size());
  return ok_status();
}

Status encode_frame(AVCodecContext& encoder, const AVFrame* frame, AVPacket& packet, const std::function<Status(AVPacket&)>& sink) {
  if (const int error = avcodec_send_frame(&encoder, frame); error < 0) {
    return internal_error(std::string(encoder.codec->name) + " refuses a frame: " + ffmpeg_error(error));
  }
  while (true) {
    const int error = avcodec_receive_packet(&encoder, &packet);
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return ok_status();
    if (error < 0) return internal_error(std::string(encoder.codec->name) + " fails: " + ffmpeg_error(error));
    LACONIC_RETURN_IF_ERROR(sink(packet));
  }
}

Status fill_packet(ByteSpan bytes, AVPacket& packet) {
  av_packet_unref(&packet);
  if (av_new_packet(&packet, static_cast<int>(bytes.size())) < 0) return limit_exceeded("there is not enough memory");
  if (!bytes.empty()) std::memcpy(packet.data, bytes.data(), bytes.size());
  return ok_status();
}

}  // namespace laconic
