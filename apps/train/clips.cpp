#include "apps/train/clips.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "apps/train/mapped_file.h"
#include "apps/train/random.h"

namespace laconic::train {
namespace {

constexpr size_t kMaxHeaderBytes = 4096;
constexpr int kMaxStride = 3;  // frames

// The text up to the next line feed, which is skipped; false if there is none nearby.
bool read_line(const MappedFile& file, uint64_t& at, std::string& line) {
  const auto* begin = reinterpret_cast<const char*>(file.bytes.get()) + at;
  const size_t room = static_cast<size_t>(std::min<uint64_t>(file.size_bytes - at, kMaxHeaderBytes));
  const auto* end = static_cast<const char*>(std::memchr(begin, '\n', room));
  if (!end) return false;
  line.assign(begin, end);
  at += line.size() + 1;
  return true;
}

// float32 [1, 1, crop, crop] of a plane, clamped to its edge.
torch::Tensor cut(const uint8_t* plane, int width, int height, int x0, int y0, int crop) {
  torch::Tensor out = torch::empty({1, 1, crop, crop});
  float* to = out.data_ptr<float>();
  for (int y = 0; y < crop; ++y) {
    const uint8_t* row = plane + static_cast<size_t>(std::min(y0 + y, height - 1)) * width;
    for (int x = 0; x < crop; ++x) *to++ = row[std::min(x0 + x, width - 1)];
  }
  return out;
}

}  // namespace

Result<Clip> open_clip(const std::string& path) {
  LACONIC_ASSIGN_OR_RETURN(const MappedFile file, map_file(path));
  uint64_t at = 0;
  std::string line;
  if (!read_line(file, at, line) || line.rfind("YUV4MPEG2", 0) != 0) return corrupt(path + " is not a .y4m file");
  Clip clip;
  clip.path = path;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (word[0] == 'W') clip.width_px = std::atoi(word.c_str() + 1);
    if (word[0] == 'H') clip.height_px = std::atoi(word.c_str() + 1);
    if (word[0] == 'C' && (word.rfind("C420", 0) != 0 || word.rfind("C420p1", 0) == 0))
      return unsupported(path + " has samples " + word + "; make it with -pix_fmt yuv420p");
  }
  if (clip.width_px < 16 || clip.height_px < 16 || clip.width_px > 16384 || clip.height_px > 16384)
    return corrupt(path + " has frames of " + std::to_string(clip.width_px) + "x" + std::to_string(clip.height_px));
  const uint64_t chroma = static_cast<uint64_t>((clip.width_px + 1) / 2) * ((clip.height_px + 1) / 2);
  const uint64_t frame_bytes = static_cast<uint64_t>(clip.width_px) * clip.height_px + 2 * chroma;
  while (at < file.size_bytes && read_line(file, at, line)) {
    if (line.rfind("FRAME", 0) != 0 || file.size_bytes - at < frame_bytes) return corrupt(path + " is cut or damaged");
    clip.frames.emplace_back(file.bytes, file.bytes.get() + at);
    at += frame_bytes;
  }
  if (clip.frames.empty()) return corrupt(path + " holds no frames");
  return clip;
}

Result<std::vector<Clip>> open_clips(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".y4m") paths.push_back(entry.path().string());
  }
  if (error) return io_error("cannot list " + folder + ": " + error.message());
  if (paths.empty()) return io_error("no .y4m files in " + folder);
  std::sort(paths.begin(), paths.end());
  std::vector<Clip> clips;
  for (const std::string& path : paths) {
    LACONIC_ASSIGN_OR_RETURN(Clip clip, open_clip(path));
    clips.push_back(std::move(clip));
  }
  return clips;
}

models::FramePlanes ClipSampler::sample(int64_t step, int64_t sample, int num_frames, int crop_px) const {
  Random random(sample_stream(seed_, step, sample));
  const Clip& clip = clips_[static_cast<size_t>(random.below(static_cast<int64_t>(clips_.size())))];
  const int num_there = static_cast<int>(clip.frames.size());
  // Half of the samples at the clip's own speed; a clip too short repeats its last frame.
  int stride = std::max<int>(1, static_cast<int>(random.below(2 * kMaxStride)) - kMaxStride + 1);
  stride = std::max(1, std::min(stride, (num_there - 1) / std::max(1, num_frames - 1)));
  const int span = (num_frames - 1) * stride;
  const int first = static_cast<int>(random.below(std::max(1, num_there - span)));
  const bool runs_backwards = random.bits() & 1, flips_x = random.bits() & 1, flips_y = random.bits() & 1;
  const auto place = [&](int size) { return static_cast<int>(random.below(std::max(1, (size - crop_px) / 2 + 1))) * 2; };
  const int x0 = place(clip.width_px), y0 = place(clip.height_px);

  const int chroma_width = (clip.width_px + 1) / 2, chroma_height = (clip.height_px + 1) / 2;
  std::vector<torch::Tensor> luma, chroma;
  for (int t = 0; t < num_frames; ++t) {
    const int offset = (runs_backwards ? num_frames - 1 - t : t) * stride;
    const uint8_t* y = clip.frames[static_cast<size_t>(std::min(first + offset, num_there - 1))].get();
    const uint8_t* cb = y + static_cast<size_t>(clip.width_px) * clip.height_px;
    const uint8_t* cr = cb + static_cast<size_t>(chroma_width) * chroma_height;
    const auto cut_chroma = [&](const uint8_t* plane) { return cut(plane, chroma_width, chroma_height, x0 / 2, y0 / 2, crop_px / 2); };
    luma.push_back(cut(y, clip.width_px, clip.height_px, x0, y0, crop_px));
    chroma.push_back(torch::cat({cut_chroma(cb), cut_chroma(cr)}, 1));
  }
  const auto mirrored = [&](torch::Tensor x) {
    if (flips_x) x = x.flip({3});
    if (flips_y) x = x.flip({2});
    return x.contiguous();
  };
  return {mirrored((torch::cat(luma) - 16) * (255.0 / 219)), mirrored((torch::cat(chroma) - 128) * (255.0 / 224))};
}

}  // namespace laconic::train
