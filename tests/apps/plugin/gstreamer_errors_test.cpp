// What the elements make of streams that are damaged, contradict themselves, or come too late.
#include <gst/base/gsttypefindhelper.h>
#include <gst/video/video.h>

#include <cstdlib>

#include "tests/apps/plugin/gstreamer_packets.h"

namespace laconic::gstreamer {
namespace {

class GStreamerErrors : public Player {
 protected:
  void SetUp() override {
    Player::SetUp();
    if (IsSkipped()) return;
    static const Stream the_film = encode_video(96, 64), the_sound = encode_sound();
    film_ = &the_film;
    sound_ = &the_sound;
    ASSERT_EQ(film_->packets.size(), 30u);
    ASSERT_GT(sound_->packets.size(), 50u);
  }
  const Stream* film_ = nullptr;
  const Stream* sound_ = nullptr;
};

// All packets up to `broken`, that one in its damaged form, and the one after.
void expect_one_error(const std::string& element, const Stream& stream, size_t broken, GstBuffer* packet) {
  const Lonely lonely(element, stream.caps);
  for (size_t i = 0; i < broken; ++i) ASSERT_EQ(lonely.push(stream.packets[i].get()), GST_FLOW_OK);
  EXPECT_EQ(lonely.push(packet), GST_FLOW_ERROR);
  const Played said = lonely.messages();
  ASSERT_EQ(said.errors.size(), 1u);
  EXPECT_GT(said.errors[0].size(), element.size() + 20) << said.errors[0];
  EXPECT_EQ(said.errors[0].find("internal"), std::string::npos) << said.errors[0];
}

TEST_F(GStreamerErrors, ADamagedPacketIsOneError) {
  for (const auto& [element, stream] : {std::pair<const char*, const Stream*>{"laconicvideodec", film_}, {"laconicaudiodec", sound_}}) {
    for (const size_t broken : {0, 3}) {
      GstBuffer* const whole = stream->packets[broken].get();
      const size_t size = gst_buffer_get_size(whole);
      for (const size_t at : {size_t{0}, size_t{1}, size / 2, size - 1}) {
        SCOPED_TRACE(std::string(element) + " packet " + std::to_string(broken) + " byte " + std::to_string(at));
        // A packet of sound that is no key packet any more is not damage at the start: it is waited for one.
        if (stream == sound_ && broken == 0 && at == 0) continue;
        // GStreamer's base class of sound decoders passes over empty packets.
        if (stream == film_ || at != 0) expect_one_error(element, *stream, broken, cut(whole, at).get());
        expect_one_error(element, *stream, broken, flipped(whole, at).get());
      }
    }
  }
}

TEST_F(GStreamerErrors, AMissingPacketIsOneErrorUnlessConcealed) {
  expect_one_error("laconicvideodec", *film_, 3, film_->packets[5].get());
  expect_one_error("laconicaudiodec", *sound_, 3, sound_->packets[5].get());

  const Lonely lonely("laconicvideodec", film_->caps, {{"conceal", "true"}});
  for (size_t i = 0; i < 30; ++i) {
    if (i == 4) continue;
    EXPECT_EQ(lonely.push(film_->packets[i].get()), GST_FLOW_OK);
  }
  const Played said = lonely.messages();
  EXPECT_TRUE(said.errors.empty());
  EXPECT_GE(said.warnings.size(), 1u);
  EXPECT_EQ(lonely.pull().size(), 29u);
}

TEST_F(GStreamerErrors, ABadStreamHeaderIsOneError) {
  for (const auto& [element, stream] : {std::pair<const char*, const Stream*>{"laconicvideodec", film_}, {"laconicaudiodec", sound_}}) {
    const GValue* const value = gst_structure_get_value(gst_caps_get_structure(stream->caps.get(), 0), "codec_data");
    GstBuffer* const header = gst_value_get_buffer(value);
    const size_t size = gst_buffer_get_size(header);
    for (size_t at = 0; at <= size; ++at) {  // at the end: none at all
      SCOPED_TRACE(std::string(element) + " byte " + std::to_string(at));
      const Caps caps(gst_caps_copy(stream->caps.get()));
      if (at < size) {
        const Buffer damaged = at % 2 == 0 ? flipped(header, at) : cut(header, at);
        gst_caps_set_simple(caps.get(), "codec_data", GST_TYPE_BUFFER, damaged.get(), nullptr);
      } else {
        gst_structure_remove_field(gst_caps_get_structure(caps.get(), 0), "codec_data");
      }
      const Lonely lonely(element, caps);
      EXPECT_NE(lonely.push(stream->packets[0].get()), GST_FLOW_OK);
      EXPECT_EQ(lonely.messages().errors.size(), 1u);
    }
  }
}

TEST_F(GStreamerErrors, CapsMayChangeInTheMiddle) {
  const Stream wide = encode_video(128, 64);
  const Lonely lonely("laconicvideodec", film_->caps);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(lonely.push(film_->packets[i].get()), GST_FLOW_OK);
  gst_harness_set_src_caps(lonely.get(), gst_caps_ref(wide.caps.get()));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(lonely.push(wide.packets[i].get()), GST_FLOW_OK);
  const std::vector<Piece> frames = lonely.pull();
  ASSERT_EQ(frames.size(), 6u);
  EXPECT_EQ(frames[2].bytes.size(), 96u * 64 * 3 / 2);
  EXPECT_EQ(frames[5].bytes.size(), 128u * 64 * 3 / 2);
  EXPECT_TRUE(lonely.messages().errors.empty());
}

TEST_F(GStreamerErrors, AFlushForgetsAndAPredictedFrameAfterItIsDropped) {
  const Lonely lonely("laconicvideodec", film_->caps);
  for (size_t i = 0; i < 30; ++i) EXPECT_EQ(lonely.push(film_->packets[i].get()), GST_FLOW_OK);
  const std::vector<Piece> frames = lonely.pull();
  gst_harness_push_event(lonely.get(), gst_event_new_flush_start());
  gst_harness_push_event(lonely.get(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(lonely.get(), gst_event_new_segment(&segment));
  for (size_t i = 18; i < 30; ++i) EXPECT_EQ(lonely.push(film_->packets[i].get()), GST_FLOW_OK);
  const std::vector<Piece> again = lonely.pull();
  ASSERT_EQ(again.size(), 10u);
  for (size_t i = 0; i < 10; ++i) EXPECT_TRUE(again[i].bytes == frames[20 + i].bytes) << i;
  EXPECT_TRUE(lonely.messages().errors.empty());
}

TEST_F(GStreamerErrors, FramesThatAreHopelesslyLateAreSkippedUpToAKeyFrame) {
  const Lonely lonely("laconicvideodec", film_->caps);
  EXPECT_EQ(lonely.push(film_->packets[0].get()), GST_FLOW_OK);
  EXPECT_EQ(lonely.pull().size(), 1u);
  // As a display says it: the frame of time 0 came two seconds late.
  gst_harness_push_upstream_event(lonely.get(), gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, 2 * GST_SECOND, 0));
  const gint64 start = g_get_monotonic_time();
  for (size_t i = 1; i < 10; ++i) EXPECT_EQ(lonely.push(film_->packets[i].get()), GST_FLOW_OK);
  EXPECT_EQ(lonely.pull().size(), 0u);
  EXPECT_LT(g_get_monotonic_time() - start, 2 * G_USEC_PER_SEC);  // nothing was decoded
  // In time again: the next key frame does not need what was dropped.
  gst_harness_push_upstream_event(lonely.get(), gst_event_new_qos(GST_QOS_TYPE_OVERFLOW, 0.5, -static_cast<GstClockTimeDiff>(GST_SECOND), GST_SECOND));
  for (size_t i = 10; i < 20; ++i) EXPECT_EQ(lonely.push(film_->packets[i].get()), GST_FLOW_OK);
  EXPECT_EQ(lonely.pull().size(), 10u);
  EXPECT_TRUE(lonely.messages().errors.empty());
}

TEST_F(GStreamerErrors, ADamagedFilePostsOneErrorOfOurs) {
  std::string bytes = cli::read_text(made("film.mov"));
  const size_t at = bytes.find("mdat") + 600;  // within the first key frame
  bytes[at] = static_cast<char>(bytes[at] ^ 4);
  cli::write_text(path("flipped.mov"), bytes);
  const Pipeline pipeline("filesrc location=" + path("flipped.mov") + " ! decodebin ! video/x-raw ! fakesink");
  const Played played = pipeline.play();
  int num_ours = 0;
  for (const std::string& error : played.errors) num_ours += error.rfind("laconic", 0) == 0;
  EXPECT_EQ(num_ours, 1) << (played.errors.empty() ? "none" : played.errors[0]);
}

TEST_F(GStreamerErrors, ADamagedPictureIsOneError) {
  cli::write_picture(cli::draw_picture(64, 48), path("picture.png"));
  ASSERT_EQ(cli::run_laconic({"encode", path("picture.png"), path("picture.lac")}).exit_code, 0);
  const std::string whole = cli::read_text(path("picture.lac"));
  const Caps caps(gst_caps_from_string("image/x-laconic"));
  for (const size_t size : {size_t{1}, size_t{30}, whole.size() / 2, whole.size() - 1}) {
    const Lonely lonely("laconicimagedec", caps);
    EXPECT_EQ(lonely.push(buffer_of(reinterpret_cast<const uint8_t*>(whole.data()), size).get()), GST_FLOW_OK);
    gst_harness_push_event(lonely.get(), gst_event_new_eos());
    EXPECT_EQ(lonely.messages().errors.size(), 1u) << size;
  }
}

// The type finders read files before anybody vouches for them.
TEST_F(GStreamerErrors, TheTypeFindersSurviveEveryCutAndFlip) {
  const auto type_of = [](const std::string& bytes) {
    const Caps caps(gst_type_find_helper_for_data(nullptr, reinterpret_cast<const guint8*>(bytes.data()), bytes.size(), nullptr));
    const Text text(caps != nullptr ? gst_caps_to_string(caps.get()) : nullptr);
    return std::string(text != nullptr ? text.get() : "");
  };
  for (const char* name : {"film.mov", "film.mkv"}) {
    const std::string whole = cli::read_text(made(name)).substr(0, 1800);
    EXPECT_NE(type_of(whole).find("laconic-headers"), std::string::npos) << name;
    for (size_t size = 0; size < whole.size(); ++size) type_of(std::string(whole, 0, size));
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
      type_of(damaged);
    }
  }
}

TEST_F(GStreamerErrors, WeightsThatAreMissingAreNamed) {
  const std::string film = made("film.mov");
  const std::string command = "(LACONIC_MODEL=/nowhere gst-launch-1.0 filesrc location=" + film + " ! decodebin ! fakesink; true)";
  EXPECT_NE(run_command(command).find("/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace laconic::gstreamer
