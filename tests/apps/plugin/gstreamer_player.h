// GStreamer with our plugin from the build folder, and films that the program under test made.
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "apps/plugin/gstreamer/handles.h"
#include "codec/base/span.h"
#include "tests/apps/cli/run_program.h"

namespace laconic::gstreamer {

// A buffer that came out of a pipeline.
struct Piece {
  GstClockTime pts = GST_CLOCK_TIME_NONE;
  GstClockTime duration = GST_CLOCK_TIME_NONE;
  Bytes bytes;
};

// What the bus said up to the end, the first error, or the time limit.
struct Played {
  bool has_ended = false;            // end of stream
  std::vector<std::string> errors;   // of our elements and all others: "NAME: SENTENCE"
  std::vector<std::string> warnings;
};

// Takes all messages of errors and warnings from a bus.
Played read_messages(GstBus* bus);

// Built from a description as gst-launch-1.0 takes it; torn down by the destructor. An appsink needs wait-on-eos=false, or the end is
// said only when it has been emptied.
class Pipeline {
 public:
  explicit Pipeline(const std::string& description);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;

  GstElement* get() const { return pipeline_.get(); }
  Element element(const std::string& name) const;
  Played play(int limit_s = 60) const;
  void stop() const { gst_element_set_state(get(), GST_STATE_NULL); }
  // Paused, and the first buffers have arrived. False on failure.
  bool pause() const;
  bool seek(GstClockTime time, GstSeekFlags flags) const;  // flushing, from a pause to a pause
  // All that the appsink of this name holds; and what it shows while paused.
  std::vector<Piece> pieces(const std::string& sink) const;
  Piece shown(const std::string& sink) const;

 private:
  Element pipeline_;
};

// GStreamer is started with a registry of this process's own. Skips where data/weights is empty.
class Player : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  static std::string path(const std::string& name);  // in a folder of the suite's own
  // Made at the first call. "film.mov", "film.mkv": 30 frames of 96x64, 25 a second, a key frame every ten; sound of ours in the
  // .mov, PCM in the .mkv. "song.mov": 5 s of stereo. "wide.mov": 5 frames of 128x64.
  static std::string made(const std::string& name);
};

// Of 4:2:0 with 8 bits.
std::vector<Bytes> frames_of_y4m(const std::string& file);
// By the program: its frames; its samples, interleaved.
std::vector<Bytes> frames_by_program(const std::string& film);
std::vector<float> samples_by_program(const std::string& song);

// Interleaved.
std::vector<float> samples_of(const std::vector<Piece>& pieces);

// Exit status 0, else the test fails; all that was printed.
std::string run_command(const std::string& command);

}  // namespace laconic::gstreamer
