#include "codec/media/film_writer.h"

#include "codec/media/film_muxer.h"
#include "codec/media/sound_ffmpeg.h"

namespace laconic {
namespace {

constexpr int kFragmentMicroseconds = 1000000;  // so much is lost when the process is killed

Result<std::string> container_for(const std::string& path) {
  const std::string extension = output_extension(path);
  if (path == "-" || extension == ".nut") return std::string("nut");
  if (extension == ".mov" || extension == ".qt") return std::string("mov");
  if (extension == ".mkv") return std::string("matroska");
  if (extension == ".mp4" || extension == ".m4v") {
    return unsupported("an MP4 file cannot hold Laconic video; name the output .mov, which most players of MP4 read as well");
  }
  return unsupported("'" + path + "' does not name a container for Laconic video; .mov, .mkv and .nut do");
}

}  // namespace

struct FilmWriter::Impl {
  std::unique_ptr<FilmMuxer> muxer;
  Owned<AVPacket> packet{av_packet_alloc()};
};

FilmWriter::FilmWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FilmWriter::~FilmWriter() = default;

Result<std::unique_ptr<FilmWriter>> FilmWriter::create(const FilmWriteOptions& options, ByteSpan extradata) {
  MuxerOptions muxer_options;
  muxer_options.film = options;
  LACONIC_ASSIGN_OR_RETURN(muxer_options.format, container_for(options.path));
  muxer_options.movflags = kFragments;
  muxer_options.fragment_microseconds = kFragmentMicroseconds;
  auto impl = std::make_unique<Impl>();
  if (!impl->packet) return limit_exceeded("there is not enough memory");
  LACONIC_ASSIGN_OR_RETURN(impl->muxer, FilmMuxer::create(muxer_options));
  LACONIC_RETURN_IF_ERROR(describe_as_ours(impl->muxer->video(), kVideoTag, extradata));
  if (!options.coded_sounds.empty() && muxer_options.format == "matroska") {
    return unsupported("a Matroska file cannot hold Laconic sound; name the output .mov or .nut, or copy the sound");
  }
  for (const CodedSound& sound : options.coded_sounds) {
    LACONIC_ASSIGN_OR_RETURN(AVStream * stream, impl->muxer->add_sound(sound.stream_index));
    LACONIC_RETURN_IF_ERROR(describe_our_sound(sound.format, sound.extradata, *stream));
  }
  LACONIC_RETURN_IF_ERROR(impl->muxer->start());
  return std::unique_ptr<FilmWriter>(new FilmWriter(std::move(impl)));
}

Status FilmWriter::write(const VideoPacket& from) {
  AVPacket& packet = *impl_->packet;
  LACONIC_RETURN_IF_ERROR(fill_packet(from.bytes, packet));
  packet.pts = packet.dts = from.pts_ticks;
  packet.duration = from.duration_ticks;
  if (from.is_key_frame) packet.flags |= AV_PKT_FLAG_KEY;
  return impl_->muxer->write_video(packet);
}

Status FilmWriter::write(int stream_index, const AudioPacket& from, int num_samples) {
  LACONIC_RETURN_IF_ERROR(fill_sound_packet(from, num_samples, *impl_->packet));
  return impl_->muxer->write_sound(stream_index, *impl_->packet, kSoundTimeBase);
}

Status FilmWriter::write(CopiedPacket packet) { return impl_->muxer->write(std::move(packet)); }
Status FilmWriter::finish() { return impl_->muxer->finish(); }
const std::vector<std::string>& FilmWriter::warnings() const { return impl_->muxer->warnings(); }
uint64_t FilmWriter::bytes_written() const { return impl_->muxer->bytes_written(); }

}  // namespace laconic
