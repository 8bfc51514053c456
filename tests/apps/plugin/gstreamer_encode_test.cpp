// From raw frames and samples to files that the program decodes.
#include <gst/video/video.h>

#include <algorithm>
#include <cmath>

#include "tests/apps/plugin/gstreamer_packets.h"

namespace laconic::gstreamer {
namespace {

class GStreamerEncoders : public Player {};

constexpr const char* kPicture = "videotestsrc pattern=ball num-buffers=30 ! video/x-raw,format=I420,width=96,height=64,framerate=25/1";
constexpr const char* kSound =
    "audiotestsrc freq=440 num-buffers=50 samplesperbuffer=1152 ! audio/x-raw,format=F32LE,rate=48000,channels=2";

double signal_to_noise_db(const std::vector<float>& signal, const std::vector<float>& other) {
  double power = 0, noise = 1e-20;
  for (size_t i = 0; i < std::min(signal.size(), other.size()); ++i) {
    power += static_cast<double>(signal[i]) * signal[i];
    noise += std::pow(static_cast<double>(signal[i]) - other[i], 2);
  }
  return 10 * std::log10(power / noise);
}

TEST_F(GStreamerEncoders, AFilmTranscodedDecodesWithTheProgram) {
  const std::string film = path("transcoded.mov");
  const Pipeline pipeline("laconicmux name=mux ! filesink location=" + film + " filesrc location=" + made("film.mov") +
                          " ! decodebin name=d  d. ! queue ! videoconvert ! laconicvideoenc quality=90 key-int=7 ! mux."
                          "  d. ! queue ! audioconvert ! audioresample ! laconicaudioenc quality=90 ! mux.");
  const Played played = pipeline.play();
  EXPECT_TRUE(played.has_ended);
  EXPECT_TRUE(played.errors.empty()) << played.errors[0];
  pipeline.stop();

  const std::vector<Bytes> frames = frames_by_program(film), source = frames_by_program(made("film.mov"));
  ASSERT_EQ(frames.size(), source.size());
  double error = 0;
  for (size_t f = 0; f < frames.size(); ++f) {
    for (size_t i = 0; i < frames[f].size(); ++i) error += std::pow(frames[f][i] - source[f][i], 2.0);
  }
  const double psnr = 10 * std::log10(255 * 255 / (error / static_cast<double>(frames.size() * frames[0].size())));
  EXPECT_GT(psnr, 30);
  const std::string info = cli::run_laconic({"info", film}).out;
  EXPECT_NE(info.find("30, 5 of them key frames"), std::string::npos) << info;
  EXPECT_NE(info.find("LACA"), std::string::npos) << info;

  // The sound of the film has its length and its place.
  ASSERT_EQ(cli::run_laconic({"decode", film, path("back.mkv")}).exit_code, 0);
  ASSERT_EQ(cli::run_laconic({"decode", made("film.mov"), path("source-back.mkv")}).exit_code, 0);
  for (const char* name : {"back", "source-back"}) {
    run_command("ffmpeg -v error -y -i " + path(std::string(name) + ".mkv") + " -f f32le " + path(std::string(name) + ".f32"));
  }
  const auto floats = [](const std::string& bytes) {
    return std::vector<float>(reinterpret_cast<const float*>(bytes.data()), reinterpret_cast<const float*>(bytes.data() + bytes.size()));
  };
  const std::vector<float> sound = floats(cli::read_text(path("back.f32"))), expected = floats(cli::read_text(path("source-back.f32")));
  EXPECT_EQ(sound.size(), expected.size());
  EXPECT_GT(signal_to_noise_db(expected, sound), 15);
}

TEST_F(GStreamerEncoders, SoundBackAndForthHasItsLengthAndTimes) {
  const Pipeline source(std::string(kSound) + " ! appsink name=sink sync=false wait-on-eos=false max-buffers=0");
  const Pipeline coded(std::string(kSound) + " ! laconicaudioenc quality=80 ! laconicaudiodec ! appsink name=sink sync=false wait-on-eos=false max-buffers=0");
  EXPECT_TRUE(source.play().has_ended);
  EXPECT_TRUE(coded.play().has_ended);
  const std::vector<float> expected = samples_of(source.pieces("sink"));
  const std::vector<Piece> pieces = coded.pieces("sink");
  const std::vector<float> samples = samples_of(pieces);
  EXPECT_EQ(samples.size(), 2u * 50 * 1152);
  EXPECT_EQ(samples.size(), expected.size());
  ASSERT_FALSE(pieces.empty());
  EXPECT_EQ(pieces[0].pts, 0u);
  EXPECT_GT(signal_to_noise_db(expected, samples), 20);
}

TEST_F(GStreamerEncoders, ASongGoesThroughTheMuxer) {
  const std::string song = path("muxed.mov");
  const Pipeline pipeline(std::string(kSound) + " ! taginject tags=title=Tone ! laconicaudioenc ! laconicmux ! filesink location=" + song);
  const Played played = pipeline.play();
  EXPECT_TRUE(played.has_ended);
  pipeline.stop();
  EXPECT_EQ(samples_by_program(song).size(), 2u * 50 * 1152);
  EXPECT_NE(run_command("ffprobe -v error -show_entries format_tags=title " + song).find("Tone"), std::string::npos);
}

TEST_F(GStreamerEncoders, SurroundChannelsComeBackInTheirPlaces) {
  // In GStreamer side channels come after the rear centre, as in our mask; each channel here has a level of its own.
  const std::string caps = "audio/x-raw,format=F32LE,rate=48000,channels=6,channel-mask=(bitmask)0x3f";
  const Pipeline pipeline("audiotestsrc num-buffers=30 samplesperbuffer=1024 ! audio/x-raw,channels=1,rate=48000 ! audioconvert "
                          "mix-matrix=\"<<(float)0.1>,<(float)0.2>,<(float)0.3>,<(float)0.4>,<(float)0.5>,<(float)0.6>>\" ! " + caps +
                          " ! laconicaudioenc quality=80 ! laconicaudiodec ! " + caps + " ! appsink name=sink sync=false wait-on-eos=false max-buffers=0");
  const Played played = pipeline.play();
  ASSERT_TRUE(played.errors.empty()) << played.errors[0];
  const std::vector<float> samples = samples_of(pipeline.pieces("sink"));
  ASSERT_EQ(samples.size(), 6u * 30 * 1024);
  for (size_t c = 0; c < 6; ++c) {
    float peak = 0;
    for (size_t i = 6 * 8192 + c; i < 6 * 16384; i += 6) peak = std::max(peak, std::abs(samples[i]));
    EXPECT_NEAR(peak, 0.8 * 0.1 * static_cast<double>(c + 1), 0.05) << c;
  }
}

TEST_F(GStreamerEncoders, EveryRawFormatComesBackAsItIs) {
  for (const char* format : {"I420", "Y42B", "Y444", "I420_10LE", "I422_10LE", "Y444_10LE"}) {
    SCOPED_TRACE(format);
    const std::string caps = std::string("video/x-raw,width=35,height=21,framerate=25/1,colorimetry=bt709,format=") + format;
    const Pipeline pipeline("videotestsrc num-buffers=2 ! " + caps + " ! tee name=t  t. ! queue ! appsink name=source sync=false wait-on-eos=false"
                            "  t. ! queue ! laconicvideoenc quality=95 ! laconicvideodec ! " + caps + " ! appsink name=sink sync=false wait-on-eos=false");
    const Played played = pipeline.play();
    ASSERT_TRUE(played.errors.empty()) << played.errors[0];
    const std::vector<Piece> source = pipeline.pieces("source"), back = pipeline.pieces("sink");
    ASSERT_EQ(back.size(), 2u);
    ASSERT_EQ(back[0].bytes.size(), source[0].bytes.size());
  }
}

TEST_F(GStreamerEncoders, AKeyFrameComesWhenAskedFor) {
  const Caps caps(gst_caps_from_string("video/x-raw,format=I420,width=64,height=48,framerate=25/1"));
  const Lonely lonely("laconicvideoenc", caps, {{"key-int", "100"}, {"b-frames", "0"}});
  std::vector<bool> are_keys;
  for (guint64 i = 0; i < 4; ++i) {
    if (i == 2) gst_harness_push_upstream_event(lonely.get(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, FALSE, 1));
    const Buffer frame(gst_harness_create_buffer(lonely.get(), 64 * 48 * 3 / 2));
    gst_buffer_memset(frame.get(), 0, 100, 64 * 48 * 3 / 2);
    GST_BUFFER_PTS(frame.get()) = i * 40 * GST_MSECOND;
    GST_BUFFER_DURATION(frame.get()) = 40 * GST_MSECOND;
    ASSERT_EQ(lonely.push(frame.get()), GST_FLOW_OK);
    const Buffer packet(gst_harness_pull(lonely.get()));
    are_keys.push_back(!GST_BUFFER_FLAG_IS_SET(packet.get(), GST_BUFFER_FLAG_DELTA_UNIT));
  }
  EXPECT_EQ(are_keys, (std::vector<bool>{true, false, true, false}));
}

TEST_F(GStreamerEncoders, AFlushForgetsTheFramesThatWait) {
  const Caps caps(gst_caps_from_string("video/x-raw,format=I420,width=64,height=48,framerate=25/1"));
  const Lonely lonely("laconicvideoenc", caps, {{"b-frames", "3"}});
  const auto push = [&](guint64 i) {
    const Buffer frame(gst_harness_create_buffer(lonely.get(), 64 * 48 * 3 / 2));
    gst_buffer_memset(frame.get(), 0, 100, 64 * 48 * 3 / 2);
    GST_BUFFER_PTS(frame.get()) = i * 40 * GST_MSECOND;
    GST_BUFFER_DURATION(frame.get()) = 40 * GST_MSECOND;
    ASSERT_EQ(lonely.push(frame.get()), GST_FLOW_OK);
  };
  for (guint64 i = 0; i < 7; ++i) push(i);  // the key frame's packet comes, six wait
  EXPECT_EQ(gst_harness_buffers_received(lonely.get()), 1u);
  EXPECT_EQ(gst_harness_query_latency(lonely.get()), 6 * 40 * GST_MSECOND);
  gst_harness_push_event(lonely.get(), gst_event_new_flush_start());
  gst_harness_push_event(lonely.get(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(lonely.get(), gst_event_new_segment(&segment));
  for (guint64 i = 10; i < 12; ++i) push(i);
  gst_harness_push_event(lonely.get(), gst_event_new_eos());
  ASSERT_EQ(gst_harness_buffers_received(lonely.get()), 3u);
  const Buffer before(gst_harness_pull(lonely.get())), key(gst_harness_pull(lonely.get())), last(gst_harness_pull(lonely.get()));
  EXPECT_EQ(GST_BUFFER_PTS(key.get()), 400 * GST_MSECOND);
  EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(key.get(), GST_BUFFER_FLAG_DELTA_UNIT));
  EXPECT_EQ(GST_BUFFER_PTS(last.get()), 440 * GST_MSECOND);
  EXPECT_TRUE(lonely.messages().errors.empty());
}

TEST_F(GStreamerEncoders, FramesThatWaitComeBeforeThoseOfAnotherFormat) {
  const Caps large(gst_caps_from_string("video/x-raw,format=I420,width=64,height=48,framerate=25/1"));
  const Lonely lonely("laconicvideoenc", large, {{"b-frames", "3"}});
  const auto push = [&](guint64 i, size_t size) {
    const Buffer frame(gst_harness_create_buffer(lonely.get(), size));
    gst_buffer_memset(frame.get(), 0, 100, size);
    GST_BUFFER_PTS(frame.get()) = i * 40 * GST_MSECOND;
    GST_BUFFER_DURATION(frame.get()) = 40 * GST_MSECOND;
    ASSERT_EQ(lonely.push(frame.get()), GST_FLOW_OK);
  };
  for (guint64 i = 0; i < 3; ++i) push(i, 64 * 48 * 3 / 2);
  gst_harness_set_src_caps_str(lonely.get(), "video/x-raw,format=I420,width=32,height=32,framerate=25/1");
  for (guint64 i = 3; i < 5; ++i) push(i, 32 * 32 * 3 / 2);
  gst_harness_push_event(lonely.get(), gst_event_new_eos());
  ASSERT_EQ(gst_harness_buffers_received(lonely.get()), 5u);
  for (guint64 i = 0; i < 5; ++i) {
    const Buffer packet(gst_harness_pull(lonely.get()));
    EXPECT_EQ(GST_BUFFER_PTS(packet.get()), i * 40 * GST_MSECOND);
    EXPECT_EQ(!GST_BUFFER_FLAG_IS_SET(packet.get(), GST_BUFFER_FLAG_DELTA_UNIT), i == 0 || i == 3) << i;
  }
  EXPECT_TRUE(lonely.messages().errors.empty());
}

TEST_F(GStreamerEncoders, TheirLatencyIsReported) {
  const Caps sound(gst_caps_from_string("audio/x-raw,format=F32LE,layout=interleaved,rate=48000,channels=1"));
  const Lonely audio("laconicaudioenc", sound);
  GstBuffer* const silence = gst_harness_create_buffer(audio.get(), 4 * 8192);
  gst_buffer_memset(silence, 0, 0, 4 * 8192);
  GST_BUFFER_PTS(silence) = 0;
  EXPECT_EQ(gst_harness_push(audio.get(), silence), GST_FLOW_OK);
  EXPECT_EQ(gst_harness_query_latency(audio.get()), 128 * GST_MSECOND);
  EXPECT_TRUE(audio.messages().errors.empty());
}

TEST_F(GStreamerEncoders, ABitRateIsHeldRoughly) {
  const auto bits_per_second = [](const std::string& settings) {
    const Pipeline pipeline(std::string(kPicture) + " ! laconicvideoenc " + settings + " ! appsink name=sink sync=false wait-on-eos=false");
    EXPECT_TRUE(pipeline.play().has_ended);
    size_t num_bytes = 0;
    for (const Piece& piece : pipeline.pieces("sink")) num_bytes += piece.bytes.size();
    return static_cast<double>(num_bytes) * 8 / 1.2;
  };
  EXPECT_LT(bits_per_second("bitrate=10000"), bits_per_second("quality=90"));
}

TEST_F(GStreamerEncoders, TheMuxerRefusesWhatAFileCannotHold) {
  const std::string two_sounds = std::string(kSound) + " ! laconicaudioenc ! mux.  ";
  const Pipeline pipeline("laconicmux name=mux ! fakesink  " + two_sounds + two_sounds);
  const Played played = pipeline.play();
  ASSERT_GE(played.errors.size(), 1u);
  EXPECT_NE(played.errors[0].find("several streams of sound"), std::string::npos) << played.errors[0];
}

}  // namespace
}  // namespace laconic::gstreamer
