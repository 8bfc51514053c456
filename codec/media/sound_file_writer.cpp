#include "codec/media/sound_file_writer.h"

#include "codec/media/film_muxer.h"
#include "codec/media/sound_ffmpeg.h"
#include "codec/media/sound_frame_encoder.h"

namespace laconic {
namespace {

struct Output {
  const char* extension;
  const char* format;
  const char* settings;
  const char* encoder;
  int bits_per_second;  // these two: as in SoundFrameCoding
  int quality;
};
constexpr Output kOutputs[] = {
    {".wav", "wav", "rf64=auto", "pcm", 0, 0},  {".flac", "flac", "", "flac", 0, 0},      {".mp3", "mp3", "", "libmp3lame", 0, 2},
    {".opus", "opus", "", "libopus", 64000, 0}, {".ogg", "ogg", "", "libvorbis", 0, 6}, {".m4a", "ipod", "", "aac", 96000, 0},
};

const Output* output_for(const std::string& path) {
  const std::string extension = path == "-" ? ".wav" : output_extension(path);
  for (const Output& output : kOutputs) {
    if (extension == output.extension) return &output;
  }
  return nullptr;
}

}  // namespace

struct SoundFileWriter::Impl {
  std::unique_ptr<FilmMuxer> muxer;
  std::unique_ptr<SoundFrameEncoder> encoder;
  int stream_index = 0;

  SoundFrameEncoder::Sink sink() {
    return [this](AVPacket& packet) { return muxer->write_sound(stream_index, packet, encoder->context().time_base); };
  }
};

SoundFileWriter::SoundFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SoundFileWriter::~SoundFileWriter() = default;

bool SoundFileWriter::writes_extension(const std::string& extension) { return output_for("x." + extension) != nullptr; }

Result<std::unique_ptr<SoundFileWriter>> SoundFileWriter::create(const SoundFileWriteOptions& options) {
  const Output* output = output_for(options.path);
  if (output == nullptr) {
    return invalid_argument("'" + options.path + "' does not name a file of sound; .wav, .flac, .mp3, .opus, .ogg and .m4a do");
  }
  MuxerOptions muxer_options;
  muxer_options.film.path = options.path;
  muxer_options.film.source = options.source;
  muxer_options.format = output->format;
  muxer_options.settings = output->settings;
  muxer_options.is_sound_only = true;
  SoundFrameCoding coding;
  coding.encoder = output->encoder;
  coding.bits_per_second = output->bits_per_second;
  coding.quality = output->quality;
  coding.format = options.format;
  coding.first_sample = options.first_sample;
  auto impl = std::make_unique<Impl>();
  impl->stream_index = options.stream_index;
  LACONIC_ASSIGN_OR_RETURN(impl->muxer, FilmMuxer::create(muxer_options));
  LACONIC_ASSIGN_OR_RETURN(impl->encoder, SoundFrameEncoder::create(coding, impl->muxer->needs_header()));
  LACONIC_ASSIGN_OR_RETURN(AVStream * stream, impl->muxer->add_sound(options.stream_index));
  LACONIC_RETURN_IF_ERROR(describe_coded_sound(impl->encoder->context(), *stream));
  LACONIC_RETURN_IF_ERROR(impl->muxer->start());
  return std::unique_ptr<SoundFileWriter>(new SoundFileWriter(std::move(impl)));
}

Status SoundFileWriter::write(const AudioFrame& frame) { return impl_->encoder->write(frame, impl_->sink()); }
Status SoundFileWriter::write(CopiedPacket packet) { return impl_->muxer->write(std::move(packet)); }

Status SoundFileWriter::finish(std::optional<uint64_t> end_sample) {
  LACONIC_RETURN_IF_ERROR(impl_->encoder->finish(end_sample, impl_->sink()));
  return impl_->muxer->finish();
}

const std::vector<std::string>& SoundFileWriter::warnings() const { return impl_->muxer->warnings(); }
uint64_t SoundFileWriter::bytes_written() const { return impl_->muxer->bytes_written(); }

}  // namespace laconic
