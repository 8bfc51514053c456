// Nothing stays when a pipeline has gone. Valgrind is too slow with LibTorch under it, so the memory of the process is measured
// instead, and GStreamer counts its objects.
#include <fstream>
#include <string>

#include "tests/apps/plugin/gstreamer_packets.h"

namespace laconic::gstreamer {
namespace {

constexpr int kNumPipelines = 200;
constexpr int kNumWarmUp = 40;         // weights, thread pools, and what allocators keep
constexpr long kMostGrowth_kib = 24 * 1024;  // of 160 pipelines; one film and one picture of weights are 60 MiB

class GStreamerLeaks : public Player {};

long resident_kib() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stol(line.substr(6));
  }
  return 0;
}

TEST_F(GStreamerLeaks, TwoHundredPipelinesDoNotGrowTheProcess) {
  const std::string film = path("short.mov");
  {
    const Pipeline pipeline("laconicmux name=mux ! filesink location=" + film +
                            " videotestsrc num-buffers=2 ! video/x-raw,format=I420,width=32,height=32,framerate=25/1 ! laconicvideoenc ! mux."
                            " audiotestsrc num-buffers=4 ! audio/x-raw,format=F32LE,rate=48000,channels=1 ! laconicaudioenc ! mux.");
    ASSERT_TRUE(pipeline.play().has_ended);
  }
  long before_kib = 0;
  for (int i = 0; i < kNumPipelines; ++i) {
    if (i == kNumWarmUp) before_kib = resident_kib();
    const Pipeline pipeline("filesrc location=" + film + " ! decodebin name=d  d. ! queue ! video/x-raw ! fakesink  d. ! queue ! audio/x-raw ! fakesink");
    ASSERT_TRUE(pipeline.play().has_ended) << i;
  }
  const long growth_kib = resident_kib() - before_kib;
  RecordProperty("growth_kib", static_cast<int>(growth_kib));
  EXPECT_LT(growth_kib, kMostGrowth_kib);
}

// What GStreamer's tracer writes for each object that is alive at the end.
constexpr const char* kAlive = "object-alive, type-name=(string)Gst";

TEST_F(GStreamerLeaks, NoObjectOfGStreamersIsLeft) {
  const std::string film = made("film.mov");
  const std::string traced = "GST_TRACERS=leaks GST_DEBUG=GST_TRACER:7 gst-launch-1.0 -q ";
  const std::string decoding = run_command(traced + "filesrc location=" + film + " ! decodebin name=d  d. ! queue ! video/x-raw ! fakesink"
                                           "  d. ! queue ! audio/x-raw ! fakesink");
  EXPECT_EQ(decoding.find(kAlive), std::string::npos) << decoding;
  const std::string encoding = run_command(
      traced + "laconicmux name=mux ! fakesink  videotestsrc num-buffers=3 ! laconicvideoenc ! mux.  "
               "audiotestsrc num-buffers=9 ! audioconvert ! audioresample ! laconicaudioenc ! mux.");
  EXPECT_EQ(encoding.find(kAlive), std::string::npos) << encoding;
}

}  // namespace
}  // namespace laconic::gstreamer
