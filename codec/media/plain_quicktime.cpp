#include "codec/media/plain_quicktime.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "codec/audio.h"
#include "codec/media/film_input.h"
#include "codec/media/film_muxer.h"

namespace laconic {
namespace {

constexpr int kBufferBytes = 1 << 16;

Status failed(int error) { return io_error("cannot rewrite without fragments: " + ffmpeg_error(error)); }

// A file being written. The first way back after start_ending() is where the writer turns to its index; chapters appear only
// then, see Note [Chapters in QuickTime] in film_muxer.cpp.
class PlainOutput {
 public:
  ~PlainOutput() {
    if (format_ != nullptr) {
      show_chapters();
      avformat_free_context(format_);
    }
    if (access_ != nullptr) av_freep(&access_->buffer);
    avio_context_free(&access_);
    if (file_ >= 0) ::close(file_);
  }
  Status open(const std::string& path) {
    const std::string url = "file:" + path;  // named to libavformat, which reads it again to put the index first
    if (avformat_alloc_output_context2(&format_, nullptr, "mov", url.c_str()) < 0) return no_memory();
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file_ < 0) return failed(AVERROR(errno));
    auto* const buffer = static_cast<uint8_t*>(av_malloc(kBufferBytes));
    if (buffer == nullptr) return no_memory();
    access_ = avio_alloc_context(buffer, kBufferBytes, /*write_flag=*/1, this, nullptr, &PlainOutput::write, &PlainOutput::seek);
    if (access_ == nullptr) av_free(buffer);
    format_->pb = access_;
    return access_ != nullptr ? ok_status() : no_memory();
  }
  AVFormatContext& format() { return *format_; }
  void hide_chapters() { std::swap(num_hidden_, format_->nb_chapters); }
  void start_ending() {
    avio_flush(access_);  // a way back within the buffer would not be seen
    is_ending_ = true;
  }
  Status close() {
    avio_flush(access_);
    if (access_->error < 0) return failed(access_->error);
    const int error = ::close(std::exchange(file_, -1));
    return error != 0 ? failed(AVERROR(errno)) : ok_status();
  }
  static Status no_memory() { return limit_exceeded("there is not enough memory"); }

 private:
  void show_chapters() {
    if (num_hidden_ > 0) format_->nb_chapters = std::exchange(num_hidden_, 0);
  }
  static int write(void* output, uint8_t* bytes, int size) {
    const auto& self = *static_cast<PlainOutput*>(output);
    for (int done = 0; done < size;) {
      const ssize_t written = ::write(self.file_, bytes + done, static_cast<size_t>(size - done));
      if (written < 0 && errno != EINTR) return AVERROR(errno);
      done += static_cast<int>(std::max<ssize_t>(written, 0));
    }
    return size;
  }
  static int64_t seek(void* output, int64_t offset, int whence) {
    auto& self = *static_cast<PlainOutput*>(output);
    struct stat existing = {};
    if (whence == AVSEEK_SIZE) return ::fstat(self.file_, &existing) == 0 ? existing.st_size : AVERROR(errno);
    if (self.is_ending_) self.show_chapters();
    const off_t at = ::lseek(self.file_, offset, whence & ~AVSEEK_FORCE);
    return at < 0 ? AVERROR(errno) : at;
  }

  AVFormatContext* format_ = nullptr;
  AVIOContext* access_ = nullptr;
  int file_ = -1;
  unsigned num_hidden_ = 0;
  bool is_ending_ = false;
};

Status copy_stream(const AVStream& from, AVFormatContext& to) {
  AVStream* stream = avformat_new_stream(&to, nullptr);
  if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, from.codecpar) < 0) return PlainOutput::no_memory();
  stream->time_base = from.time_base;
  stream->disposition = from.disposition;
  stream->avg_frame_rate = from.avg_frame_rate;
  stream->sample_aspect_ratio = from.sample_aspect_ratio;
  if (from.sample_aspect_ratio.num > 0) stream->codecpar->sample_aspect_ratio = from.sample_aspect_ratio;
  av_dict_copy(&stream->metadata, from.metadata, 0);
  for (int i = 0; i < from.nb_side_data; ++i) {
    const AVPacketSideData& data = from.side_data[i];
    uint8_t* copy = av_stream_new_side_data(stream, data.type, data.size);
    if (copy == nullptr) return PlainOutput::no_memory();
    std::memcpy(copy, data.data, data.size);
  }
  return ok_status();
}

Status copy_chapters(const AVFormatContext& from, AVFormatContext& to) {
  to.chapters = static_cast<AVChapter**>(av_calloc(std::max(from.nb_chapters, 1u), sizeof(AVChapter*)));
  if (to.chapters == nullptr) return PlainOutput::no_memory();
  for (unsigned i = 0; i < from.nb_chapters; ++i) {
    auto* chapter = static_cast<AVChapter*>(av_mallocz(sizeof(AVChapter)));
    if (chapter == nullptr) return PlainOutput::no_memory();
    *chapter = *from.chapters[i];
    chapter->metadata = nullptr;
    av_dict_copy(&chapter->metadata, from.chapters[i]->metadata, 0);
    to.chapters[to.nb_chapters++] = chapter;
  }
  return ok_status();
}

// The streams' places in the output.
Result<std::map<int, int>> describe(const AVFormatContext& from, PlainOutput& output) {
  AVFormatContext& to = output.format();
  std::map<int, int> places;
  for (unsigned i = 0; i < from.nb_streams; ++i) {
    if (is_timecode_or_chapters(*from.streams[i]->codecpar)) continue;
    places[static_cast<int>(i)] = static_cast<int>(to.nb_streams);
    LACONIC_RETURN_IF_ERROR(copy_stream(*from.streams[i], to));
  }
  av_dict_copy(&to.metadata, from.metadata, 0);
  LACONIC_RETURN_IF_ERROR(copy_chapters(from, to));
  if (fits_chapter_list(to)) output.hide_chapters();
  AVDictionary* given = nullptr;
  av_dict_set(&given, "movflags", "faststart+use_metadata_tags", 0);
  av_dict_set_int(&given, "movie_timescale", kCodingRateHz, 0);  // of the edit list: to the sample, not to the millisecond
  const int error = avformat_write_header(&to, &given);
  av_dict_free(&given);
  if (error < 0) return failed(error);
  return places;
}

int64_t rest_of_track(const AVStream& stream, const AVPacket& last) {
  const int64_t start = stream.start_time != AV_NOPTS_VALUE ? stream.start_time : 0;
  return std::max<int64_t>(start + stream.duration - last.dts, 0);
}

// How long a packet lasts is known when the next one of its stream has been read.
Status copy_packets(AVFormatContext& from, const std::map<int, int>& places, PlainOutput& output) {
  AVFormatContext& to = output.format();
  std::map<int, Owned<AVPacket>> held;
  const auto write = [&](AVPacket& packet) {
    const AVStream& stream = *from.streams[packet.stream_index];
    packet.pos = -1;
    packet.stream_index = places.at(packet.stream_index);
    av_packet_rescale_ts(&packet, stream.time_base, to.streams[packet.stream_index]->time_base);
    const int error = av_interleaved_write_frame(&to, &packet);
    return error < 0 ? failed(error) : ok_status();
  };
  while (true) {
    Owned<AVPacket> packet(av_packet_alloc());
    if (!packet) return PlainOutput::no_memory();
    LACONIC_ASSIGN_OR_RETURN(const bool has_packet, read_packet(from, *packet));
    if (!has_packet) break;
    if (places.count(packet->stream_index) == 0) continue;
    if (from.streams[packet->stream_index]->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE) {  // the next may be far
      complete_duration(from, *packet);
      LACONIC_RETURN_IF_ERROR(write(*packet));
      continue;
    }
    Owned<AVPacket>& before = held[packet->stream_index];
    if (before) {
      before->duration = packet->dts - before->dts;
      LACONIC_RETURN_IF_ERROR(write(*before));
    }
    before = std::move(packet);
  }
  for (auto& [index, last] : held) {
    last->duration = rest_of_track(*from.streams[index], *last);
    LACONIC_RETURN_IF_ERROR(write(*last));
  }
  output.start_ending();
  const int error = av_write_trailer(&to);
  return error < 0 ? failed(error) : output.close();
}

Status rewrite(const std::string& path, const std::string& to) {
  int error = 0;
  const Input input = open_input(path, "mov", error);
  if (!input || avformat_find_stream_info(input.get(), nullptr) < 0 || input->nb_streams == 0) {
    return internal_error("a file just written cannot be read");
  }
  PlainOutput output;
  LACONIC_RETURN_IF_ERROR(output.open(to));
  LACONIC_ASSIGN_OR_RETURN(const auto places, describe(*input, output));
  return copy_packets(*input, places, output);
}

}  // namespace

Status rewrite_without_fragments(const std::string& path) {
  const std::string made = path + "2";
  const Status status = rewrite(path, made);
  if (status.ok() && std::rename(made.c_str(), path.c_str()) == 0) return ok_status();
  ::unlink(made.c_str());
  return status.ok() ? io_error("cannot rename '" + made + "'") : status;
}

}  // namespace laconic
