// Private to codec/media: an input of libavformat, as the readers of films and of sound open it and read packets from it.
#pragma once

#include <memory>
#include <string>

#include "codec/media/film_ffmpeg.h"

namespace laconic {

struct InputFree {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
};
using Input = std::unique_ptr<AVFormatContext, InputFree>;

// Files and pipes only ("-": standard input); containers: libavformat's names, with commas; settings: more for libavformat's
// reader, "name=value". Null, with `error` set to an AVERROR, if it cannot be opened.
Input open_input(const std::string& path, const char* containers, int& error, const char* settings = "");

// The sentence for that error; what: "a film".
Status cannot_open(const std::string& path, int error, const char* what);

// The next packet of any stream; false at the end. kCorrupt where the container is damaged.
Result<bool> read_packet(AVFormatContext& format, AVPacket& packet);

// Of a stream, else of the file; 0 if unknown.
double duration_seconds_of(const AVFormatContext& format, const AVStream& stream);

// Of QuickTime in fragments libavformat says the durations of no subtitle, and of sound not where the last packet is cut short:
// sets both.
void complete_duration(const AVFormatContext& format, AVPacket& packet);

// Takes what is in the packet, its duration completed.
Result<CopiedPacket> take_copy(const AVFormatContext& format, AVPacket& packet);

}  // namespace laconic
