#include "codec/media/film_writer.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>

#include "codec/media/film_muxer.h"

namespace laconic {
namespace {

// A fragment a key frame, and a second of film, so that a killed process leaves a file that plays; the header waits for the first fragment
// (delay_moov) because only then it can say where each stream starts: without that, sound that starts before 0 shifts all
// other streams. Tags of any name are kept.
constexpr char kFragments[] = "frag_keyframe+empty_moov+default_base_moof+delay_moov+use_metadata_tags";
constexpr int kFragmentMicroseconds = 1000000;

std::string extension_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return extension;
}

Result<std::string> container_for(const std::string& path) {
  const std::string extension = extension_of(path);
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
  AVCodecParameters& parameters = *impl->muxer->video().codecpar;
  parameters.codec_id = AV_CODEC_ID_NONE;
  parameters.codec_tag = kVideoTag;
  parameters.extradata = static_cast<uint8_t*>(av_mallocz(extradata.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (parameters.extradata == nullptr) return limit_exceeded("there is not enough memory");
  if (!extradata.empty()) std::memcpy(parameters.extradata, extradata.data(), extradata.size());
  parameters.extradata_size = static_cast<int>(extradata.size());
  LACONIC_RETURN_IF_ERROR(impl->muxer->start());
  return std::unique_ptr<FilmWriter>(new FilmWriter(std::move(impl)));
}

Status FilmWriter::write(const VideoPacket& from) {
  AVPacket& packet = *impl_->packet;
  av_packet_unref(&packet);
  if (av_new_packet(&packet, static_cast<int>(from.bytes.size())) < 0) return limit_exceeded("there is not enough memory");
  if (!from.bytes.empty()) std::memcpy(packet.data, from.bytes.data(), from.bytes.size());
  packet.pts = packet.dts = from.pts_ticks;
  packet.duration = from.duration_ticks;
  if (from.is_key_frame) packet.flags |= AV_PKT_FLAG_KEY;
  return impl_->muxer->write_video(packet);
}

Status FilmWriter::write(CopiedPacket packet) { return impl_->muxer->write(std::move(packet)); }
Status FilmWriter::finish() { return impl_->muxer->finish(); }
const std::vector<std::string>& FilmWriter::warnings() const { return impl_->muxer->warnings(); }
uint64_t FilmWriter::bytes_written() const { return impl_->muxer->bytes_written(); }

}  // namespace laconic
