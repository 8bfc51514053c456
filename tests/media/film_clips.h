// Films for the tests, made by the ffmpeg program, and all of a film in memory.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "codec/media/film_reader.h"
#include "codec/media/film_writer.h"

namespace laconic::test {

// A folder of this process's own, removed at the end of the test.
class FilmFolder {
 public:
  FilmFolder() {
    std::string name = std::filesystem::temp_directory_path() / "laconic-film-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~FilmFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void run_ffmpeg(const std::string& arguments) {
  const std::string command = "ffmpeg -nostdin -v error -y " + arguments + " 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

constexpr char kPicture[] = "-f lavfi -i testsrc2=s=64x48:r=25:d=2 ";

// Two seconds with sound, subtitles, two chapters, tags, odd pixels, rotation: what MP4 can hold.
inline void make_rich_film(const FilmFolder& folder, const std::string& path) {
  write_text(folder / "s.srt", "1\n00:00:00,200 --> 00:00:01,000\nHello\n\n2\n00:00:01,200 --> 00:00:01,800\nWorld\n");
  write_text(folder / "chapters.txt",
             ";FFMETADATA1\ntitle=My film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n"
             "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n");
  run_ffmpeg(std::string(kPicture) + "-f lavfi -i sine=440:d=2 -i " + folder / "s.srt" + " -i " + folder / "chapters.txt" +
             " -map 0 -map 1 -map 2 -map_metadata 3 -map_chapters 3 -c:v mpeg4 -bf 2 -g 10 -q:v 3 -c:a aac -c:s mov_text"
             " -metadata:s:a:0 language=fra -metadata:s:s:0 language=deu -vf setsar=4/3 " + folder / "upright.mp4");
  run_ffmpeg("-i " + folder / "upright.mp4" + " -map 0 -map -0:d -c copy -metadata:s:v:0 rotate=90 " + path);
}

struct WholeFilm {
  FilmProperties properties;
  std::vector<VideoFrame> frames;
  std::vector<VideoPacket> packets;
  std::map<int, std::vector<double>> copied_seconds;  // by stream
  std::map<int, size_t> copied_bytes;
  std::vector<std::string> warnings;
  Status status;

  double seconds_of(int64_t ticks) const { return static_cast<double>(ticks) * properties.video.time_base.value(); }
  int num_streams(StreamKind kind) const {
    int count = 0;
    for (const FilmStream& stream : properties.streams) count += stream.kind == kind;
    return count;
  }
  const FilmStream* first(StreamKind kind) const {
    for (const FilmStream& stream : properties.streams) {
      if (stream.kind == kind) return &stream;
    }
    return nullptr;
  }
};

inline WholeFilm read_on(FilmReader& reader) {
  WholeFilm film;
  film.properties = reader.properties();
  while (true) {
    auto item = reader.read();
    film.status = item.status();
    if (!item.ok() || !item->has_value()) break;
    if (auto* frame = std::get_if<VideoFrame>(&**item)) {
      film.frames.push_back(std::move(*frame));
    } else if (auto* packet = std::get_if<VideoPacket>(&**item)) {
      film.packets.push_back(std::move(*packet));
    } else {
      const auto& copy = std::get<CopiedPacket>(**item);
      film.copied_seconds[copy.stream_index()].push_back(copy.seconds());
      film.copied_bytes[copy.stream_index()] += copy.size_bytes();
    }
  }
  film.warnings = reader.take_warnings();
  return film;
}

inline WholeFilm read_film(const std::string& path) {
  auto reader = FilmReader::open(path, {});
  if (reader.ok()) return read_on(**reader);
  WholeFilm film;
  film.status = reader.status();
  return film;
}

// Packets of no meaning, with irregular times in 1/1000 s and a key frame every ten.
inline std::vector<VideoPacket> fake_packets(int num_packets) {
  std::vector<VideoPacket> packets;
  int64_t pts = 0;
  for (int i = 0; i < num_packets; ++i) {
    VideoPacket packet;
    for (int j = 0; j < 50 + 37 * (i % 5); ++j) packet.bytes.push_back(static_cast<uint8_t>(j * 31 + i * 17));
    packet.is_key_frame = i % 10 == 0;
    packet.pts_ticks = pts;
    packet.duration_ticks = 30 + i % 4 * 7;
    pts += packet.duration_ticks;
    packets.push_back(std::move(packet));
  }
  return packets;
}

inline const Bytes kFakeExtradata = {0xb1, 'L', 'A', 'V', 1, 2, 3, 0, 0, 255};

inline FilmWriteOptions write_options(const std::string& path) {
  FilmWriteOptions options;
  options.path = path;
  options.video.format.width_px = 64;
  options.video.format.height_px = 48;
  options.video.time_base = {1, 1000};
  options.video.frame_rate = {25, 1};
  return options;
}

inline Status write_fake_film(const FilmWriteOptions& options, int num_packets = 25) {
  LACONIC_ASSIGN_OR_RETURN(const auto writer, FilmWriter::create(options, kFakeExtradata));
  for (const VideoPacket& packet : fake_packets(num_packets)) LACONIC_RETURN_IF_ERROR(writer->write(packet));
  return writer->finish();
}

// A film's video replaced by fake packets, a packet a frame; the rest copied as the encoder does it.
inline Status replace_video(const std::string& from, FilmWriteOptions options, std::vector<std::string>* warnings = nullptr) {
  LACONIC_ASSIGN_OR_RETURN(const auto reader, FilmReader::open(from, {}));
  options.video = reader->properties().video;
  options.source = reader->source();
  LACONIC_ASSIGN_OR_RETURN(const auto writer, FilmWriter::create(options, kFakeExtradata));
  if (warnings != nullptr) *warnings = writer->warnings();
  const std::vector<VideoPacket> packets = fake_packets(10);
  for (int num_frames = 0;;) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<FilmItem> item, reader->read());
    if (!item) break;
    if (auto* frame = std::get_if<VideoFrame>(&*item)) {
      VideoPacket packet = packets[static_cast<size_t>(num_frames++ % 10)];
      packet.pts_ticks = frame->pts_ticks;
      packet.duration_ticks = frame->duration_ticks;
      LACONIC_RETURN_IF_ERROR(writer->write(packet));
    } else {
      LACONIC_RETURN_IF_ERROR(writer->write(std::move(std::get<CopiedPacket>(*item))));
    }
  }
  return writer->finish();
}

}  // namespace laconic::test
