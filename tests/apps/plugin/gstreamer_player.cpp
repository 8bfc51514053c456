#include "tests/apps/plugin/gstreamer_player.h"

#include <gst/app/gstappsink.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

namespace laconic::gstreamer {
namespace {

struct UnrefHere {  // inline functions in GStreamer's headers
  void operator()(GstMessage* message) const { gst_message_unref(message); }
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
};
using Message = std::unique_ptr<GstMessage, UnrefHere>;
using Bus = std::unique_ptr<GstBus, FreeWith<gst_object_unref>>;
using Sample = std::unique_ptr<GstSample, UnrefHere>;

std::unique_ptr<cli::TestFolder>& folder() {
  static std::unique_ptr<cli::TestFolder> the_only_one;
  return the_only_one;
}

std::string scratch(const std::string& name) { return *folder() / name; }

void keep(GstMessage* message, Played& played) {
  GError* error = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, nullptr);
    played.errors.push_back(std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + error->message);
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
    gst_message_parse_warning(message, &error, nullptr);
    played.warnings.push_back(std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + error->message);
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    played.has_ended = true;
  }
  g_clear_error(&error);
}

constexpr auto kWanted = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING | GST_MESSAGE_EOS);

Piece piece_of(GstSample* sample) {
  GstBuffer* const buffer = gst_sample_get_buffer(sample);
  const MappedBuffer mapped(buffer);
  return {GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer), Bytes(mapped.bytes(), mapped.bytes() + mapped.size())};
}

void make_sources() {
  const std::string film = " -f lavfi -i testsrc2=s=96x64:r=25:d=1.2";
  const std::string sound = " -f lavfi -i 'aevalsrc=0.3*sin(2*PI*440*t)|0.3*sin(2*PI*660*t*(1+t/9)):s=48000:d=";
  run_command("ffmpeg -v error -y" + film + sound + "1.2' -c:v ffv1 -pix_fmt yuv420p -c:a pcm_s16le " + scratch("source.mkv"));
  run_command("ffmpeg -v error -y" + sound + "5' -c:a pcm_s16le " + scratch("song.wav"));
  run_command("ffmpeg -v error -y -f lavfi -i testsrc2=s=128x64:r=25:d=0.2 -c:v ffv1 -pix_fmt yuv420p " + scratch("wide.mkv"));
}

}  // namespace

Played read_messages(GstBus* bus) {
  Played played;
  while (const Message message{gst_bus_pop_filtered(bus, kWanted)}) keep(message.get(), played);
  return played;
}

// ---- Pipeline ----

Pipeline::Pipeline(const std::string& description) {
  GError* error = nullptr;
  pipeline_.reset(gst_parse_launch(description.c_str(), &error));
  EXPECT_EQ(error, nullptr) << error->message;
  g_clear_error(&error);
}

Pipeline::~Pipeline() { stop(); }

Element Pipeline::element(const std::string& name) const {
  return Element(GST_IS_BIN(get()) ? gst_bin_get_by_name(GST_BIN(get()), name.c_str()) : nullptr);
}

Played Pipeline::play(int limit_s) const {
  const Bus bus(gst_element_get_bus(get()));
  gst_element_set_state(get(), GST_STATE_PLAYING);
  Played played;
  const gint64 deadline = g_get_monotonic_time() + limit_s * G_USEC_PER_SEC;
  while (!played.has_ended && played.errors.empty() && g_get_monotonic_time() < deadline) {
    const Message message(gst_bus_timed_pop_filtered(bus.get(), 100 * GST_MSECOND, kWanted));
    if (message != nullptr) keep(message.get(), played);
  }
  if (played.errors.empty()) return played;
  stop();  // nothing more is posted
  const Played rest = read_messages(bus.get());
  played.errors.insert(played.errors.end(), rest.errors.begin(), rest.errors.end());
  return played;
}

bool Pipeline::pause() const {
  gst_element_set_state(get(), GST_STATE_PAUSED);
  return gst_element_get_state(get(), nullptr, nullptr, 60 * GST_SECOND) == GST_STATE_CHANGE_SUCCESS;
}

bool Pipeline::seek(GstClockTime time, GstSeekFlags flags) const {
  return gst_element_seek_simple(get(), GST_FORMAT_TIME, static_cast<GstSeekFlags>(flags | GST_SEEK_FLAG_FLUSH), static_cast<gint64>(time)) &&
         gst_element_get_state(get(), nullptr, nullptr, 60 * GST_SECOND) == GST_STATE_CHANGE_SUCCESS;
}

std::vector<Piece> Pipeline::pieces(const std::string& sink) const {
  std::vector<Piece> pieces;
  const Element owner = element(sink);
  while (const Sample sample{gst_app_sink_try_pull_sample(GST_APP_SINK(owner.get()), 0)}) pieces.push_back(piece_of(sample.get()));
  return pieces;
}

Piece Pipeline::shown(const std::string& sink) const {
  const Element owner = element(sink);
  const Sample sample(gst_app_sink_try_pull_preroll(GST_APP_SINK(owner.get()), 30 * GST_SECOND));
  return sample != nullptr ? piece_of(sample.get()) : Piece{};
}

// ---- Player ----

void Player::SetUpTestSuite() {
  if (folder() == nullptr) folder() = std::make_unique<cli::TestFolder>();
  ::setenv("GST_PLUGIN_PATH", LACONIC_GSTREAMER_PLUGINS, 1);
  ::setenv("GST_REGISTRY", path("registry.bin").c_str(), 1);
  gst_init(nullptr, nullptr);
}

void Player::TearDownTestSuite() { folder().reset(); }

void Player::SetUp() {
  if (!cli::has_weights()) GTEST_SKIP() << "skipped: data/weights is empty";
}

std::string Player::path(const std::string& name) { return scratch(name); }

std::string Player::made(const std::string& name) {
  if (!std::filesystem::exists(path("source.mkv"))) make_sources();
  const std::string file = path(name);
  if (std::filesystem::exists(file)) return file;
  std::vector<std::string> arguments = {"encode", path(name == "song.mov" ? "song.wav" : name == "wide.mov" ? "wide.mkv" : "source.mkv"), file};
  if (name == "film.mov") arguments.insert(arguments.end(), {"--audio", "laconic"});
  if (name != "song.mov") arguments.insert(arguments.end(), {"--gop", "10"});
  const cli::Outcome outcome = cli::run_laconic(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return file;
}

// ---- What the program makes of the same files ----

std::vector<Bytes> frames_of_y4m(const std::string& file) {
  const std::string text = cli::read_text(file);
  int width = 0, height = 0;
  EXPECT_EQ(std::sscanf(text.c_str() + text.find(" W"), " W%d", &width), 1);
  EXPECT_EQ(std::sscanf(text.c_str() + text.find(" H"), " H%d", &height), 1);
  const size_t size = static_cast<size_t>(width * height * 3 / 2);
  std::vector<Bytes> frames;
  for (size_t at = text.find('\n') + 1; at < text.size();) {
    const size_t begin = text.find('\n', at) + 1;  // after "FRAME"
    frames.emplace_back(text.begin() + static_cast<ptrdiff_t>(begin), text.begin() + static_cast<ptrdiff_t>(begin + size));
    at = begin + size;
  }
  return frames;
}

std::vector<Bytes> frames_by_program(const std::string& film) {
  const std::string file = film + ".y4m";
  if (!std::filesystem::exists(file)) {
    const cli::Outcome outcome = cli::run_laconic({"decode", film, file});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }
  return frames_of_y4m(file);
}

std::vector<float> samples_by_program(const std::string& song) {
  const cli::Outcome outcome = cli::run_laconic({"decode", song, song + ".wav"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  run_command("ffmpeg -v error -y -i " + song + ".wav -f f32le " + song + ".f32");
  const std::string bytes = cli::read_text(song + ".f32");
  std::vector<float> samples(bytes.size() / sizeof(float));
  std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(float));
  return samples;
}

std::vector<float> samples_of(const std::vector<Piece>& pieces) {
  std::vector<float> samples;
  for (const Piece& piece : pieces) {
    const size_t old_size = samples.size();
    samples.resize(old_size + piece.bytes.size() / sizeof(float));
    if (!piece.bytes.empty()) std::memcpy(samples.data() + old_size, piece.bytes.data(), piece.bytes.size());
  }
  return samples;
}

std::string run_command(const std::string& command) {
  FILE* const pipe = ::popen((command + " 2>&1 </dev/null").c_str(), "r");
  std::string text;
  std::array<char, 4096> piece;
  for (size_t count; pipe != nullptr && (count = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;) text.append(piece.data(), count);
  EXPECT_EQ(pipe != nullptr ? ::pclose(pipe) : -1, 0) << command << "\n" << text;
  return text;
}

}  // namespace laconic::gstreamer
