#include "codec/media/plain_quicktime.h"

#include <unistd.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "codec/audio.h"
#include "codec/media/film_input.h"

namespace laconic {
namespace {

struct OutputFree {
  void operator()(AVFormatContext* format) const {
    avio_closep(&format->pb);
    avformat_free_context(format);
  }
};
using Output = std::unique_ptr<AVFormatContext, OutputFree>;

Status failed(int error) { return io_error("cannot rewrite without fragments: " + ffmpeg_error(error)); }

Result<Output> open_output(const AVFormatContext& from, const std::string& path) {
  const std::string url = "file:" + path;  // named to libavformat, which reads it again to put the index first
  AVFormatContext* made = nullptr;
  if (avformat_alloc_output_context2(&made, nullptr, "mov", url.c_str()) < 0) return limit_exceeded("there is not enough memory");
  Output output(made);
  AVStream* stream = avformat_new_stream(made, nullptr);
  if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, from.streams[0]->codecpar) < 0) {
    return limit_exceeded("there is not enough memory");
  }
  stream->time_base = from.streams[0]->time_base;
  stream->disposition = from.streams[0]->disposition;
  av_dict_copy(&stream->metadata, from.streams[0]->metadata, 0);
  av_dict_copy(&made->metadata, from.metadata, 0);
  if (const int error = avio_open(&made->pb, url.c_str(), AVIO_FLAG_WRITE); error < 0) return failed(error);
  AVDictionary* given = nullptr;
  av_dict_set(&given, "movflags", "faststart+use_metadata_tags", 0);
  av_dict_set_int(&given, "movie_timescale", kCodingRateHz, 0);  // of the edit list: to the sample, not to the millisecond
  const int error = avformat_write_header(made, &given);
  av_dict_free(&given);
  if (error < 0) return failed(error);
  return output;
}

// A packet's duration is known when the next one has been read.
Status copy_packets(AVFormatContext& from, AVFormatContext& to, int64_t last_duration) {
  const AVRational time_base = from.streams[0]->time_base;
  Owned<AVPacket> held(av_packet_alloc()), next(av_packet_alloc());
  if (!held || !next) return limit_exceeded("there is not enough memory");
  bool has_held = false;
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const bool has_next, read_packet(from, *next));
    if (has_held) {
      held->duration = has_next ? next->dts - held->dts : last_duration;
      held->pos = -1;
      av_packet_rescale_ts(held.get(), time_base, to.streams[0]->time_base);
      if (const int error = av_interleaved_write_frame(&to, held.get()); error < 0) return failed(error);
    }
    if (!has_next) break;
    std::swap(held, next);
    has_held = true;
  }
  const int error = av_write_trailer(&to);
  return error < 0 ? failed(error) : ok_status();
}

Status rewrite(const std::string& path, const std::string& to, int64_t last_duration) {
  int error = 0;
  const Input input = open_input(path, "mov", error);
  if (!input || avformat_find_stream_info(input.get(), nullptr) < 0 || input->nb_streams != 1) {
    return internal_error("a file just written cannot be read");
  }
  LACONIC_ASSIGN_OR_RETURN(Output output, open_output(*input, to));
  LACONIC_RETURN_IF_ERROR(copy_packets(*input, *output, last_duration));
  error = avio_closep(&output->pb);
  return error < 0 ? failed(error) : ok_status();
}

}  // namespace

Status rewrite_without_fragments(const std::string& path, int64_t last_duration) {
  const std::string made = path + "2";
  const Status status = rewrite(path, made, last_duration);
  if (status.ok() && std::rename(made.c_str(), path.c_str()) == 0) return ok_status();
  ::unlink(made.c_str());
  return status.ok() ? io_error("cannot rename '" + made + "'") : status;
}

}  // namespace laconic
