#include "codec/media/film_input.h"

#include <cstring>
#include <fstream>

#include "codec/media/film_check.h"

namespace laconic {
namespace {

constexpr char kProtocols[] = "file,pipe,subfile";

// libavformat calls it an error of reading, too, when Matroska ends within its header.
bool can_be_read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return file.get() != std::ifstream::traits_type::eof();
}

Input open_url(const std::string& url, const char* containers, int& error, const char* settings) {
  AVDictionary* given = nullptr;
  av_dict_set(&given, "format_whitelist", containers, 0);
  av_dict_set(&given, "protocol_whitelist", kProtocols, 0);
  av_dict_parse_string(&given, settings, "=", ":", 0);
  AVFormatContext* format = nullptr;
  error = avformat_open_input(&format, url.c_str(), nullptr, &given);
  av_dict_free(&given);
  return Input(error < 0 ? nullptr : format);
}

}  // namespace

Input open_input(const std::string& path, const char* containers, int& error, const char* settings) {
  silence_ffmpeg();
  const std::string file = "file:" + path;  // a name with colons is no address
  Input input = open_url(path == "-" ? "pipe:0" : file, containers, error, settings);
  if (input || path == "-") return input;
  // libavformat refuses a file that ends within a fragment's index; all that comes before is whole.
  if (const auto end = end_of_whole_fragments(path)) {
    input = open_url("subfile,,start,0,end," + std::to_string(*end) + ",,:" + file, containers, error, settings);
  }
  return input;
}

Status cannot_open(const std::string& path, int error, const char* what) {
  const std::string name = path == "-" ? "standard input" : "'" + path + "'";
  if (error == AVERROR(ENOENT)) return io_error(name + " does not exist");
  if (error == AVERROR(EISDIR)) return io_error(name + " is a directory, not a file");
  if (error == AVERROR_INVALIDDATA || error == AVERROR(EINVAL)) {
    return corrupt(std::string("is not ") + what + ", or is damaged at its start");
  }
  const bool ends_early = error == AVERROR_EOF || (error == AVERROR(EIO) && can_be_read(path));
  if (ends_early) return need_more_data("is empty or ends within its header");
  return io_error("cannot read " + name + ": " + ffmpeg_error(error));
}

Result<bool> read_packet(AVFormatContext& format, AVPacket& packet) {
  while (true) {
    av_packet_unref(&packet);
    const int error = av_read_frame(&format, &packet);
    if (error == AVERROR(EAGAIN)) continue;
    if (error == AVERROR_EOF) return format.pb != nullptr && format.pb->error < 0 && format.pb->error != AVERROR_EOF
                                         ? Result<bool>(io_error("cannot read on: " + ffmpeg_error(format.pb->error)))
                                         : Result<bool>(false);
    const bool is_nonsense = error == AVERROR(ENOMEM) || error == AVERROR(EINVAL) || error == AVERROR(ERANGE);  // sizes, offsets
    if (error == AVERROR_INVALIDDATA || is_nonsense) return corrupt("the container is damaged or ends early");
    if (error < 0) return io_error("cannot read on: " + ffmpeg_error(error));
    return true;
  }
}

double duration_seconds_of(const AVFormatContext& format, const AVStream& stream) {
  if (stream.duration > 0) return static_cast<double>(stream.duration) * av_q2d(stream.time_base);
  return format.duration > 0 ? static_cast<double>(format.duration) / AV_TIME_BASE : 0;
}

// The demuxer knows the packets after this one as far as it has read, and the end of what it has read.
void complete_duration(const AVFormatContext& format, AVPacket& packet) {
  AVStream& stream = *format.streams[packet.stream_index];
  const bool is_video = stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
  if (is_video || std::strstr(format.iformat->name, "mov") == nullptr) return;
  if (packet.dts == AV_NOPTS_VALUE || stream.duration <= 0) return;
  const int at = av_index_search_timestamp(&stream, packet.dts, AVSEEK_FLAG_ANY | AVSEEK_FLAG_BACKWARD);
  const AVIndexEntry* next = at >= 0 ? avformat_index_get_entry(&stream, at + 1) : nullptr;
  const int64_t start = stream.start_time != AV_NOPTS_VALUE ? stream.start_time : 0;
  const int64_t end = next != nullptr ? next->timestamp : start + stream.duration;
  const int64_t duration = end - packet.dts;
  const bool is_cut_short = next == nullptr && duration < packet.duration;
  if (duration > 0 && (packet.duration <= 0 || is_cut_short)) packet.duration = duration;
}

Result<CopiedPacket> take_copy(const AVFormatContext& format, AVPacket& packet) {
  auto copy = std::make_unique<CopiedPacket::Impl>();
  copy->packet.reset(av_packet_alloc());
  if (!copy->packet) return limit_exceeded("there is not enough memory");
  copy->time_base = format.streams[packet.stream_index]->time_base;
  complete_duration(format, packet);
  av_packet_move_ref(copy->packet.get(), &packet);
  return CopiedPacket(std::move(copy));
}

}  // namespace laconic
