#include "codec/media/sound_writer.h"

#include "codec/media/film_muxer.h"
#include "codec/media/sound_ffmpeg.h"

namespace laconic {
namespace {

// What is lost when the process is killed. A fragment's own bytes weigh more beside sound than beside pictures, so it is longer.
constexpr int kFragmentMicroseconds = 4000000;

Result<std::string> container_for(const std::string& path) {
  const std::string extension = output_extension(path);
  if (path == "-" || extension == ".nut") return std::string("nut");
  if (extension == ".mov" || extension == ".qt") return std::string("mov");
  return unsupported("'" + path + "' does not name a container for Laconic sound; .mov and .nut do");
}

}  // namespace

struct SoundWriter::Impl {
  std::unique_ptr<FilmMuxer> muxer;
  int stream_index = 0;
  Owned<AVPacket> packet{av_packet_alloc()};
};

SoundWriter::SoundWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SoundWriter::~SoundWriter() = default;

Result<std::unique_ptr<SoundWriter>> SoundWriter::create(const SoundWriteOptions& options, ByteSpan extradata) {
  MuxerOptions muxer_options;
  muxer_options.film.path = options.path;
  muxer_options.film.sink = options.sink;
  muxer_options.film.tags = options.tags;
  muxer_options.film.source = options.source;
  LACONIC_ASSIGN_OR_RETURN(muxer_options.format, container_for(options.path));
  muxer_options.movflags = kFragments;
  muxer_options.fragment_microseconds = kFragmentMicroseconds;
  muxer_options.ends_plain = true;
  muxer_options.is_sound_only = true;
  auto impl = std::make_unique<Impl>();
  impl->stream_index = options.stream_index;
  if (!impl->packet) return no_memory_for_sound();
  LACONIC_ASSIGN_OR_RETURN(impl->muxer, FilmMuxer::create(muxer_options));
  LACONIC_ASSIGN_OR_RETURN(AVStream * stream, impl->muxer->add_sound(options.stream_index));
  LACONIC_RETURN_IF_ERROR(describe_our_sound(options.format, extradata, *stream));
  LACONIC_RETURN_IF_ERROR(impl->muxer->start());
  return std::unique_ptr<SoundWriter>(new SoundWriter(std::move(impl)));
}

Status SoundWriter::write(const AudioPacket& from, int num_samples) {
  LACONIC_RETURN_IF_ERROR(fill_sound_packet(from, num_samples, *impl_->packet));
  return impl_->muxer->write_sound(impl_->stream_index, *impl_->packet, kSoundTimeBase);
}

Status SoundWriter::write(CopiedPacket packet) { return impl_->muxer->write(std::move(packet)); }
Status SoundWriter::finish() { return impl_->muxer->finish(); }
const std::vector<std::string>& SoundWriter::warnings() const { return impl_->muxer->warnings(); }
uint64_t SoundWriter::bytes_written() const { return impl_->muxer->bytes_written(); }

}  // namespace laconic
